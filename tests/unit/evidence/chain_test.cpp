// The chain of evidence: its hash against published vectors and an independent program's, and that nothing can be done
// to an entry, or to their order, that is not found.
#include "daemon/core/evidence/chain.hpp"

#include <fmt/format.h>
#include <gmock/gmock.h>

#include <algorithm>
#include <vector>

namespace ntpopt {
namespace {

using testing::HasSubstr;

constexpr std::uint64_t kBegin_usec = 1'767'225'600'000'000;
constexpr std::size_t kEntries = 1000;

EvidenceFact sample_fact(std::uint64_t i) {
    const auto name = fmt::format("ntp{}.example.org", i % 7);
    return {kBegin_usec + i * 3'600'000'000, i % 5 == 0 ? evidence::kSources : evidence::kClock,
            Json{{"peer", name}, {"bound_ns", 1'000'000 + i * 17}, {"servers", {name, "a \"quoted\"\nname"}}}};
}

std::vector<EvidenceEntry> sample_chain(std::size_t size, EvidenceMark mark = {}) {
    std::vector<EvidenceEntry> entries;
    for (std::size_t i = 0; i < size; ++i) {
        entries.push_back(chain(mark, sample_fact(mark.seq + 1)).value());
        mark = {entries.back().seq, entries.back().hash};
    }
    return entries;
}

EvidenceMark mark_of(const EvidenceEntry& entry) {
    return {entry.seq, entry.hash};
}

std::optional<EvidenceFault> check(const std::vector<EvidenceEntry>& entries, const EvidenceMark& head) {
    std::optional<EvidenceEntry> pruned;
    for (const auto& entry : entries)
        if (entry.kind == evidence::kPruned) pruned = entry;
    ChainCheck check(pruned);
    for (const auto& entry : entries)
        if (!check.take(entry)) break;
    return check.finish(head);
}

/// The chain that a pruning leaves: the first `gone` entries went, and the newest says so.
std::vector<EvidenceEntry> pruned_chain(std::size_t size, std::size_t gone) {
    auto entries = sample_chain(size);
    entries.push_back(chain(mark_of(entries.back()), pruned_fact(mark_of(entries[gone - 1]), kBegin_usec)).value());
    const auto more = sample_chain(3, mark_of(entries.back()));
    entries.insert(entries.end(), more.begin(), more.end());
    entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(gone));
    return entries;
}

TEST(Sha256, AgreesWithThePublishedVectors) {
    // FIPS 180-4's examples, from NIST's "SHA256.pdf".
    EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    EXPECT_EQ(sha256_hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
              "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
    EXPECT_EQ(sha256_hex(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

TEST(CanonicalJson, HasOneFormForOneValue) {
    EXPECT_EQ(canonical_json(Json{{"b", 1}, {"a", {{"z", true}, {"y", nullptr}}}}).value(),
              R"({"a":{"y":null,"z":true},"b":1})");
    EXPECT_EQ(canonical_json(Json("line\nend \x01 \xc3\xa4")).value(), "\"line\\nend \\u0001 \xc3\xa4\"");
    EXPECT_EQ(canonical_json(Json{{"a", {1, {{"x", 0.5}}}}}).error().code, Errc::internal);
    EXPECT_TRUE(canonical_json(Json("\xff")).has_value()) << "no UTF-8 is no exception";
}

TEST(Chain, IsTheHashOfTheDocumentedLines) {
    // printf 'ntpopt-evidence-1\n%064d\n1\n5\nclock\n{"a":1}' 0 | sha256sum
    const auto first = chain({}, {5, "clock", Json{{"a", 1}}}).value();
    EXPECT_EQ(first.body, R"({"a":1})");
    EXPECT_EQ(first.hash, sha256_hex("ntpopt-evidence-1\n" + std::string(64, '0') + "\n1\n5\nclock\n{\"a\":1}"));
    const auto second = chain(mark_of(first), {6, "alarm", Json::object()}).value();
    EXPECT_EQ(second.seq, 2U);
    EXPECT_EQ(second.hash, sha256_hex("ntpopt-evidence-1\n" + first.hash + "\n2\n6\nalarm\n{}"));
}

TEST(Chain, RefusesWhatItCouldNotCheckLater) {
    for (const auto* kind : {"", "Clock", "a\nb", "a kind that is longer than any"})
        EXPECT_FALSE(chain({}, {1, kind, Json::object()})) << kind;
    EXPECT_FALSE(chain({}, {1, "clock", Json{{"text", std::string(kMaxEvidenceBody, 'x')}}}));
    EXPECT_FALSE(chain({}, {1, "clock", Json{{"offset", 0.5}}}));
}

TEST(ChainCheck, FindsNothingWhereNothingWasDone) {
    EXPECT_EQ(check({}, {}), std::nullopt);
    const auto entries = sample_chain(kEntries);
    EXPECT_EQ(check(entries, mark_of(entries.back())), std::nullopt);
    for (const std::size_t gone : {1U, 50U, 99U, 100U}) {
        const auto pruned = pruned_chain(100, gone);
        EXPECT_EQ(check(pruned, mark_of(pruned.back())), std::nullopt) << gone;
    }
}

/// Every single bit of an entry, turned over; `expect` hears what became of it.
template <typename Expect>
void for_each_bit(const EvidenceEntry& entry, Expect expect) {
    for (unsigned bit = 0; bit < 64; ++bit) {
        for (auto number : {&EvidenceEntry::seq, &EvidenceEntry::time_usec}) {
            auto changed = entry;
            changed.*number ^= std::uint64_t{1} << bit;
            expect(changed);
        }
    }
    for (auto text : {&EvidenceEntry::kind, &EvidenceEntry::body, &EvidenceEntry::hash}) {
        for (std::size_t at = 0; at < (entry.*text).size() * 8; ++at) {
            auto changed = entry;
            auto& byte = (changed.*text)[at / 8];
            byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1U << (at % 8)));
            expect(changed);
        }
    }
}

TEST(ChainCheck, FindsEveryBitThatIsTurnedOver) {
    for (const auto& entries : {sample_chain(kEntries), pruned_chain(100, 40)}) {
        const auto size = entries.size();
        std::optional<EvidenceEntry> pruned;
        for (const auto& entry : entries)
            if (entry.kind == evidence::kPruned) pruned = entry;
        ChainCheck before(pruned);
        int flips = 0;
        for (std::size_t i = 0; i < size; ++i) {
            const bool sampled = i < 2 || i % 97 == 0 || i + 4 >= size;
            if (sampled) {
                for_each_bit(entries[i], [&](const EvidenceEntry& changed) {
                    auto look = before;
                    ++flips;
                    ASSERT_FALSE(look.take(changed)) << changed.seq << " " << changed.kind << " " << changed.body;
                    const auto fault = look.finish(mark_of(entries.back()));
                    ASSERT_TRUE(fault);
                    EXPECT_EQ(fault->seq, changed.seq < entries[i].seq ? changed.seq : entries[i].seq);
                });
            }
            ASSERT_TRUE(before.take(entries[i]));
        }
        EXPECT_GT(flips, 5'000);
    }
}

TEST(ChainCheck, FindsEveryDeletionAndNamesTheFirstEntryThatIsMissing) {
    const auto entries = sample_chain(kEntries);
    for (std::size_t at = 0; at < kEntries; ++at) {
        for (const std::size_t many : {1U, 7U, 400U}) {
            if (at % 13 != 0 && many != 1) continue;
            auto left = entries;
            const auto first = left.begin() + static_cast<std::ptrdiff_t>(at);
            left.erase(first, first + static_cast<std::ptrdiff_t>(std::min(many, kEntries - at)));
            const auto fault = check(left, mark_of(entries.back()));
            ASSERT_TRUE(fault) << at;
            EXPECT_EQ(fault->seq, at + 1);
            EXPECT_THAT(fault->what, HasSubstr("missing"));
        }
    }
}

TEST(ChainCheck, FindsEverySwapDoubleAndInsertion) {
    const auto entries = sample_chain(kEntries);
    const auto head = mark_of(entries.back());
    for (std::size_t at = 0; at + 1 < kEntries; at += 11) {
        for (const std::size_t other : {at + 1, kEntries - 1 - at}) {
            if (other == at) continue;
            // As rows that changed their places, and as rows that changed all but their numbers.
            auto moved = entries;
            std::swap(moved[at], moved[other]);
            EXPECT_TRUE(check(moved, head)) << at;
            std::swap(moved[at].seq, moved[other].seq);
            const auto fault = check(moved, head);
            ASSERT_TRUE(fault);
            EXPECT_EQ(fault->seq, std::min(at, other) + 1);
        }
        auto doubled = entries;
        doubled.insert(doubled.begin() + static_cast<std::ptrdiff_t>(at), entries[at]);
        EXPECT_TRUE(check(doubled, head)) << at;
        auto inserted = entries;
        inserted.insert(inserted.begin() + static_cast<std::ptrdiff_t>(at),
                        chain({at, entries[at].hash}, sample_fact(3)).value());
        EXPECT_TRUE(check(inserted, head)) << at;
    }
}

TEST(ChainCheck, FindsATailThatWasCutOffByWhatIsWrittenBesideIt) {
    const auto entries = sample_chain(kEntries);
    for (std::size_t keep = 0; keep<kEntries; keep += keep> 970 ? 1 : 31) {
        const std::vector<EvidenceEntry> left(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(keep));
        const auto fault = check(left, mark_of(entries.back()));
        ASSERT_TRUE(fault) << keep;
        EXPECT_EQ(fault->seq, keep + 1);
        // Where that was cut too, the chain is whole: whoever was told of a later entry notices.
        const auto head = keep == 0 ? EvidenceMark{} : mark_of(left.back());
        EXPECT_EQ(check(left, head), std::nullopt);
        const auto told = compare_told(mark_of(entries.back()), head, keep == 0 ? 0 : 1, std::nullopt, "the applier");
        ASSERT_TRUE(told);
        EXPECT_EQ(told->seq, keep + 1);
    }
}

TEST(ChainCheck, FindsAPruningThatNobodyDidAndOneThatWasUndone) {
    const auto whole = sample_chain(100);
    const std::vector<EvidenceEntry> later(whole.begin() + 30, whole.end());
    EXPECT_EQ(check(later, mark_of(whole.back()))->seq, 1U) << "nothing says that they were pruned";

    auto pruned = pruned_chain(100, 40);
    const auto head = mark_of(pruned.back());
    auto more_gone = pruned;
    more_gone.erase(more_gone.begin(), more_gone.begin() + 5);
    EXPECT_EQ(check(more_gone, head)->seq, 41U);
    auto back_again = pruned;
    back_again.insert(back_again.begin(), whole[39]);
    EXPECT_EQ(check(back_again, head)->seq, 40U);
    EXPECT_TRUE(check({}, {}) == std::nullopt);
    // Only the newest entry of a pruning counts, so no older one can stand in for it.
    ChainCheck without(pruned[pruned.size() - 4]);
    for (const auto& entry : pruned)
        if (entry.kind != evidence::kPruned && !without.take(entry)) break;
    EXPECT_TRUE(without.finish(head));
}

TEST(CompareTold, FindsAChainThatWasMadeAnewOrIsOlder) {
    const auto entries = sample_chain(50);
    const auto head = mark_of(entries.back());
    const auto told = [&](const EvidenceMark& mark, std::uint64_t first) {
        std::optional<EvidenceEntry> stored;
        if (mark.seq >= first && mark.seq <= head.seq && mark.seq > 0) stored = entries[mark.seq - 1];
        return compare_told(mark, head, first, stored, "the applier");
    };
    EXPECT_EQ(told({}, 1), std::nullopt) << "nobody was told anything yet";
    EXPECT_EQ(told(mark_of(entries[20]), 1), std::nullopt);
    EXPECT_EQ(told(head, 1), std::nullopt);
    EXPECT_EQ(told(mark_of(entries[20]), 30), std::nullopt) << "pruned since";
    EXPECT_THAT(told({51, sha256_hex("x")}, 1)->what, HasSubstr("older copy"));
    EXPECT_EQ(told({21, sha256_hex("x")}, 1)->seq, 21U);
    EXPECT_THAT(told({50, sha256_hex("x")}, 1)->what, HasSubstr("made anew"));
    EXPECT_EQ(compare_told(mark_of(entries[20]), head, 1, std::nullopt, "the applier")->seq, 21U);
}

TEST(EvidenceMark, IsReadAsAStrangers) {
    const auto hash = sha256_hex("x");
    EXPECT_TRUE(parse_evidence_mark(1, hash));
    EXPECT_TRUE(parse_evidence_mark(INT64_MAX, hash));
    EXPECT_FALSE(parse_evidence_mark(0, hash));
    EXPECT_FALSE(parse_evidence_mark(std::uint64_t{1} << 63U, hash));
    for (const auto& bad :
         {std::string(), hash.substr(1), hash + "0", "G" + hash.substr(1), "A" + hash.substr(1), std::string(64, '\n')})
        EXPECT_FALSE(parse_evidence_mark(1, bad)) << bad;
}

}  // namespace
}  // namespace ntpopt
