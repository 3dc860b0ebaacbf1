// Implementation of ports.hpp, without the prober.
#include "tests/fleet/ports.hpp"

#include <algorithm>

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace ntpopt::fleet {
namespace asio = boost::asio;
namespace {

/// After its start chronyd needs so long until the first of its sources has answered often enough.
constexpr Duration kServiceStarts = std::chrono::seconds(20);

}  // namespace

asio::awaitable<void> Alarms::One::wait_until(Duration since_boot) {
    if (since_boot <= all_.clock_.since_boot()) co_return;
    at_ = all_.clock_.booted + since_boot;
    auto start = [this](auto handler) {
        auto kept = std::make_shared<decltype(handler)>(std::move(handler));
        resume_ = [kept] { std::move (*kept)(); };
    };
    auto waiting = asio::async_initiate<const asio::use_awaitable_t<>, void()>(start, asio::use_awaitable);
    co_await std::move(waiting);
}

void Alarms::One::ring() {
    at_ = Duration::max();
    if (resume_) asio::post(all_.io_, std::exchange(resume_, nullptr));
}

Alarms::One* Alarms::first() const {
    const auto found =
        std::min_element(known_.begin(), known_.end(), [](const One* a, const One* b) { return a->at_ < b->at_; });
    return found == known_.end() || (*found)->at_ == Duration::max() ? nullptr : *found;
}

std::optional<Duration> Alarms::next() const {
    const auto* one = first();
    return one ? std::optional(one->at_) : std::nullopt;
}

void Alarms::ring_next() {
    auto* one = first();
    if (!one) return;
    clock_.time = std::max(clock_.time, one->at_);
    one->ring();
}

void Alarms::drop() {
    for (auto* one : known_)
        std::exchange(one->resume_, nullptr);
}

Result<Json> StateFile::load(std::string_view name) {
    const auto found = documents_.find(name);
    return found == documents_.end() ? Json(nullptr) : found->second;
}

Status StateFile::save(const Remembered& what) {
    for (const auto& [name, document] : what.documents) {
        if (document.is_null())
            documents_.erase(name);
        else
            documents_[name] = document;
    }
    if (what.round) last_round_ = *what.round;
    return {};
}

std::optional<CachedAnswer> StateFile::answer(std::string_view name, std::string_view kind) {
    const auto found = answers_.find({std::string(name), std::string(kind)});
    return found == answers_.end() ? std::nullopt : std::optional(found->second);
}

void StateFile::put(CachedAnswer answer) {
    answers_[{answer.name, answer.kind}] = answer;
}

void Conduct::note_packet(const Address& address, Duration when) {
    ++packets;
    most_a_round = std::max(most_a_round, ++in_round);
    auto& times = sent[address];
    if (!times.empty()) closest_packets = std::min(closest_packets, when - times.back());
    times.push_back(when);
    const auto day =
        std::find_if(times.begin(), times.end(), [&](Duration t) { return t > when - std::chrono::days(1); });
    times.erase(times.begin(), day);
    most_a_day = std::max(most_a_day, times.size());
}

void Conduct::note_question(const std::string& name, Duration when) {
    ++questions;
    const auto [before, is_new] = asked.try_emplace(name, when);
    if (!is_new) closest_questions = std::min(closest_questions, when - std::exchange(before->second, when));
}

asio::awaitable<Result<NameAnswer>> SimulatedNames::lookup(HostName name, Families families, Duration) {
    // Now and then there is no way to a name server: nobody got the question.
    if (chance(random_) < 0.01) co_return Error{Errc::unavailable, "no name server can be reached"};
    conduct_.note_question(name.text(), clock_.time);
    fate_("lookup");
    if (chance(random_) < 0.01) co_return Error{Errc::timeout, "no name server answered in time"};
    co_return world_.lookup(name, ipv6_ && families.ipv6, random_);
}

asio::awaitable<Result<std::vector<SrvRecord>>> SimulatedNames::services(HostName domain, Duration) {
    conduct_.note_question("_ntp._udp." + domain.text(), clock_.time);
    fate_("services");
    // One host that serves on two ports.
    if (office_)
        co_return std::vector<SrvRecord>{{1, 1, 123, "ntp.office.example"}, {1, 1, 1123, "ntp.office.example"}};
    co_return Error{Errc::not_found, "the name does not exist"};
}

asio::awaitable<Result<ServiceObservation>> SimulatedService::observe() {
    const bool dead = clock_.time >= dead_from && clock_.time < dead_until;
    ServiceObservation observation;
    observation.service = Service::chronyd;
    observation.active = true;
    observation.synchronised = !dead && clock_.since_boot() > kServiceStarts;
    observation.capabilities = {true, true, true, true, true, 1};
    observation.base_names = {"2.debian.pool.ntp.org"};
    observation.sources = sources_;
    if (sources_.empty()) {
        ServiceSource pool;
        pool.name = "2.debian.pool.ntp.org";
        pool.pool = true;
        pool.origin = "base";
        observation.sources.push_back(pool);
    }
    for (auto& source : observation.sources)
        source.reach = observation.synchronised ? 255 : 0;
    co_return observation;
}

asio::awaitable<Result<Json>> SimulatedService::plan(std::vector<Choice>) {
    co_return Json{{"files", Json::array()}, {"steps", Json::array({"write"})}};
}

asio::awaitable<Result<TransactionReport>> SimulatedService::apply(std::vector<Choice> servers, bool,
                                                                   OnState on_state) {
    on_state(TransactionState::verifying);
    ++last_.id;
    last_.state = TransactionState::committed;
    last_.selected.clear();
    sources_.clear();
    for (const auto& choice : servers) {
        ServiceSource source;
        source.name = choice.endpoint.host.text();
        source.port = choice.endpoint.port;
        source.pool = choice.pool;
        source.origin = "ours";
        source.ours = true;
        last_.selected.push_back(choice.endpoint.text());
        sources_.push_back(source);
    }
    co_return last_;
}

asio::awaitable<Result<TransactionReport>> SimulatedService::rollback(bool, OnState) {
    co_return last_;
}

asio::awaitable<Result<TransactionReport>> SimulatedService::reconverge() {
    co_return last_;
}

asio::awaitable<Result<TransactionReport>> SimulatedService::transaction(std::uint64_t) {
    if (last_.id == 0) co_return Error{Errc::not_found, "none yet"};
    co_return last_;
}

}  // namespace ntpopt::fleet
