// Implementation of chain.hpp.
#include "daemon/core/evidence/chain.hpp"

#include <fmt/format.h>
#include <nettle/sha2.h>

#include <algorithm>
#include <array>

namespace ntpopt {
namespace {

constexpr std::size_t kHashDigits = 64;
constexpr std::size_t kMaxKind = 32;

bool is_hash(std::string_view text) {
    return text.size() == kHashDigits && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_kind(std::string_view kind) {
    return !kind.empty() && kind.size() <= kMaxKind &&
           kind.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string_view::npos;
}

bool has_fraction(const Json& value) {
    if (value.is_number_float()) return true;
    return value.is_structured() && std::any_of(value.begin(), value.end(), has_fraction);
}

std::string hash_of(std::string_view before, const EvidenceEntry& entry) {
    return sha256_hex(fmt::format("ntpopt-evidence-1\n{}\n{}\n{}\n{}\n{}", before, entry.seq, entry.time_usec,
                                  entry.kind, entry.body));
}

/// What an entry of kind "pruned" says.
std::optional<EvidenceMark> pruned_mark(const EvidenceEntry& entry) {
    const auto body = parse_json(entry.body, kMaxEvidenceBody);
    if (!body) return std::nullopt;
    const auto through = get_integer(*body, "through").value_or(0);
    auto mark = parse_evidence_mark(through > 0 ? static_cast<std::uint64_t>(through) : 0, get_string(*body, "hash"));
    return mark ? std::optional(*std::move(mark)) : std::nullopt;
}

}  // namespace

std::string sha256_hex(std::string_view text) {
    sha256_ctx context;
    sha256_init(&context);
    sha256_update(&context, text.size(), reinterpret_cast<const std::uint8_t*>(text.data()));
    std::array<std::uint8_t, SHA256_DIGEST_SIZE> digest{};
    sha256_digest(&context, digest.size(), digest.data());
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string hex;
    hex.reserve(kHashDigits);
    for (const auto byte : digest) {
        hex.push_back(kDigits[byte >> 4U]);
        hex.push_back(kDigits[byte & 15U]);
    }
    return hex;
}

Result<std::string> canonical_json(const Json& value) {
    if (has_fraction(value)) return Error{Errc::internal, "evidence holds whole numbers only"};
    // The library's other type of JSON keeps its keys sorted.
    return nlohmann::json(value).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

Result<EvidenceEntry> chain(const EvidenceMark& before, const EvidenceFact& fact) {
    auto body = canonical_json(fact.body);
    if (!body) return body.error();
    if (!is_kind(fact.kind)) return Error{Errc::internal, "no kind of evidence: " + fact.kind};
    if (body->size() > kMaxEvidenceBody)
        return Error{Errc::internal, fmt::format("evidence of {} bytes, more than {}", body->size(), kMaxEvidenceBody)};
    EvidenceEntry entry{before.seq + 1, fact.time_usec, fact.kind, *std::move(body), {}};
    entry.hash = hash_of(before.hash, entry);
    return entry;
}

Result<EvidenceMark> parse_evidence_mark(std::uint64_t seq, std::string_view hash) {
    if (seq == 0 || seq > INT64_MAX) return Error{Errc::invalid_argument, "evidence_seq is from 1 to 2^63-1"};
    if (!is_hash(hash)) return Error{Errc::invalid_argument, "evidence_head is 64 lower-case hexadecimal digits"};
    return EvidenceMark{seq, std::string(hash)};
}

EvidenceFact pruned_fact(const EvidenceMark& last, std::uint64_t now_usec) {
    return {now_usec, evidence::kPruned, {{"through", last.seq}, {"hash", last.hash}}};
}

ChainCheck::ChainCheck(const std::optional<EvidenceEntry>& pruned) {
    if (!pruned) return;
    pruned_ = pruned_mark(*pruned);
    pruned_at_ = pruned->seq;
    if (pruned_)
        mark_ = *pruned_;
    else
        blame(pruned->seq, "it does not say what was pruned");
}

void ChainCheck::blame(std::uint64_t seq, std::string what) {
    if (!fault_) fault_ = EvidenceFault{seq, std::move(what)};
}

bool ChainCheck::take(const EvidenceEntry& entry) {
    if (fault_) return false;
    const auto expected = mark_.seq + 1;
    if (entry.seq != expected) {
        if (entry.seq < expected)
            blame(entry.seq, first_ == 0 ? fmt::format("it was pruned, as entry {} says, and is here again", pruned_at_)
                                         : "it stands twice");
        else
            blame(expected,
                  first_ == 0 && !pruned_ ? "it is missing, and no entry says that it was pruned" : "it is missing");
        return false;
    }
    if (!is_kind(entry.kind)) {
        blame(entry.seq, "its kind is no word");
    } else if (entry.body.size() > kMaxEvidenceBody) {
        blame(entry.seq, "it is larger than any entry that was written");
    } else if (hash_of(mark_.hash, entry) != entry.hash) {
        blame(entry.seq, "its hash does not fit: it, or the hash before it, is not what was written");
    } else if (entry.kind == evidence::kPruned && entry.seq == pruned_at_) {
        saw_pruned_ = true;
    }
    if (fault_) return false;
    if (first_ == 0) first_ = entry.seq;
    mark_ = {entry.seq, entry.hash};
    return true;
}

std::optional<EvidenceFault> ChainCheck::finish(const EvidenceMark& head) {
    if (fault_) return fault_;
    if (mark_.seq < head.seq || (pruned_ && first_ == 0))
        blame(mark_.seq + 1, fmt::format("it is missing, with everything up to {}", std::max(head.seq, pruned_at_)));
    else if (mark_ != head)
        blame(mark_.seq, fmt::format("the chain was left at entry {}, and not with this one", head.seq));
    else if (pruned_ && !saw_pruned_)
        blame(pruned_at_, "it is missing");
    return fault_;
}

std::optional<EvidenceFault> compare_told(const EvidenceMark& told, const EvidenceMark& head, std::uint64_t first,
                                          const std::optional<EvidenceEntry>& stored, std::string_view teller) {
    if (told.seq == 0) return std::nullopt;
    if (told.seq > head.seq)
        return EvidenceFault{head.seq + 1, fmt::format("the chain ends with entry {}, and {} was told of entry {}: an "
                                                       "older copy was put in its place, or its end is cut off",
                                                       head.seq, teller, told.seq)};
    if (stored && stored->hash != told.hash)
        return EvidenceFault{told.seq, fmt::format("{} was told of another entry with this number: the chain was made "
                                                   "anew",
                                                   teller)};
    // What was pruned since cannot be compared, and the entries behind it still continue it.
    if (!stored && told.seq >= first) return EvidenceFault{told.seq, "it is missing"};
    return std::nullopt;
}

}  // namespace ntpopt
