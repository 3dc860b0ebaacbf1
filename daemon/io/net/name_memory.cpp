// Implementation of name_memory.hpp.
#include "daemon/io/net/name_memory.hpp"

#include <array>

#include <boost/asio/redirect_error.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ntpopt {
namespace asio = boost::asio;
namespace {

constexpr std::string_view kServices = "srv";

std::string kind_of(Families families) {
    return std::string(families.ipv4 ? "a" : "") + (families.ipv6 ? "aaaa" : "");
}

std::string key_of(const HostName& name, Families families) {
    return name.text() + ' ' + kind_of(families);
}

RealTime time_of(double seconds) {
    return RealTime(std::chrono::duration_cast<RealTime::duration>(std::chrono::duration<double>(seconds)));
}

/// The record's document is the one answer.
CachedAnswer cached(std::string name, std::string_view kind, const NameRecord& record, const Json& document) {
    return {
        std::move(name), std::string(kind), {render_json(document)}, time_of(record.asked_s), time_of(record.until_s)};
}

constexpr std::array<Families, 3> kAllKinds{{{true, true}, {true, false}, {false, true}}};

std::optional<Json> document_of(Cache& cache, std::string_view name, std::string_view kind) {
    const auto found = cache.answer(name, kind);
    if (!found || found->answers.size() != 1) return std::nullopt;
    auto document = parse_json(found->answers.front());
    return document ? std::optional(*std::move(document)) : std::nullopt;
}

Json to_json(const std::vector<SrvRecord>& records) {
    auto out = Json::array();
    for (const auto& record : records)
        out.push_back({{"priority", record.priority},
                       {"weight", record.weight},
                       {"port", record.port},
                       {"target", record.target}});
    return out;
}

std::vector<SrvRecord> parse_services(const Json& rows) {
    const auto number = [](const Json& row, std::string_view key) {
        return static_cast<std::uint16_t>(get_integer(row, key).value_or(0) & 0xffff);
    };
    std::vector<SrvRecord> out;
    for (const auto& row : rows)
        out.push_back({number(row, "priority"), number(row, "weight"), number(row, "port"), get_string(row, "target")});
    return out;
}

}  // namespace

std::optional<NameRecord> NameMemory::find(const HostName& name, Families families) const {
    const auto document = document_of(cache_, name.text(), kind_of(families));
    return document ? parse_name_record(*document) : std::nullopt;
}

asio::awaitable<Result<std::vector<Address>>> NameMemory::resolve(HostName name, Families families, Duration deadline) {
    if (auto local = source_.local(name, families)) {
        if (!*local) co_return local->error();
        co_return std::move((*local)->addresses);
    }
    // What was answered for one family is no answer where only the other one leads anywhere.
    families = source_.worth_asking(families);
    const auto key = key_of(name, families);
    if (const auto other = open_.find(key); other != open_.end())
        co_return co_await wait_for(other->second, this, name, families);
    const auto before = find(name, families);
    if (before && settled(*before)) co_return recall(*before, clock_.now_s());
    if (auto held = held_for_others(name, families); !held.empty()) co_return held;
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto executor = co_await asio::this_coro::executor;
    const auto done = std::make_shared<asio::steady_timer>(executor, asio::steady_timer::time_point::max());
    open_.emplace(key, done);
    const auto known = before.value_or(NameRecord());
    const auto remember = [this, &name, families](const NameRecord& record) {
        cache_.put(cached(name.text(), kind_of(families), record, ntpopt::to_json(record)));
    };
    remember(note_question(known, clock_.now_s()));
    auto answer = co_await source_.lookup(name, families, deadline);
    open_.erase(key);
    done->cancel();
    if (!answer && answer.error().code == Errc::shutting_down) co_return answer.error();
    const auto record =
        answer ? note_answer(*answer, clock_.now_s()) : note_failure(known, answer.error(), clock_.now_s());
    remember(record);
    co_return recall(record, clock_.now_s());
}

/// What was learnt of the name within the hour by a question for other families, as far as it leads anywhere now.
std::vector<Address> NameMemory::held_for_others(const HostName& name, Families families) const {
    for (const auto other : kAllKinds) {
        const auto record = find(name, other);
        if (!record || !settled(*record) || clock_.now_s() >= record->asked_s + kLeastBetweenQuestions_s) continue;
        auto addresses = record->addresses;
        std::erase_if(addresses, [&](const auto& one) { return one.is_v4() ? !families.ipv4 : !families.ipv6; });
        if (!addresses.empty()) return addresses;
    }
    return {};
}

/// The same name is asked for already: its answer is ours.
asio::awaitable<Result<std::vector<Address>>> NameMemory::wait_for(std::shared_ptr<asio::steady_timer> other,
                                                                   const NameMemory* self, HostName name,
                                                                   Families families) {
    co_await asio::this_coro::throw_if_cancelled(false);
    boost::system::error_code woken;
    auto token = asio::redirect_error(asio::use_awaitable, woken);
    co_await other->async_wait(token);
    const auto record = self->find(name, families);
    if (!record) co_return Error{Errc::not_found, "the name has no usable address"};
    co_return recall(*record, self->clock_.now_s());
}

std::vector<Address> NameMemory::known(const HostName& name) const {
    for (const auto families : kAllKinds)
        if (const auto record = find(name, families); record && !record->addresses.empty()) return record->addresses;
    return {};
}

asio::awaitable<Result<std::vector<SrvRecord>>> NameMemory::services(HostName domain, Duration deadline) {
    if (const auto document = document_of(cache_, domain.text(), kServices)) {
        const auto record = parse_name_record(*document);
        if (record && settled(*record)) {
            if (record->failure.empty()) co_return parse_services(get_array(*document, "services"));
            co_return Error{record->code, record->failure};
        }
    }
    const NameRecord unknown;
    const auto question = note_question(unknown, clock_.now_s());
    cache_.put(cached(domain.text(), kServices, question, ntpopt::to_json(question)));
    auto answer = co_await source_.services(domain, deadline);
    if (!answer && answer.error().code == Errc::shutting_down) co_return answer.error();
    const NameAnswer none;
    const auto record =
        answer ? note_answer(none, clock_.now_s()) : note_failure(unknown, answer.error(), clock_.now_s());
    auto document = ntpopt::to_json(record);
    if (answer) document["services"] = to_json(*answer);
    cache_.put(cached(domain.text(), kServices, record, document));
    co_return answer;
}

}  // namespace ntpopt
