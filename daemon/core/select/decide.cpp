// The journey of a decision, stage by stage, and its conclusion, for decide.hpp.
#include "daemon/core/select/decide.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "daemon/core/select/consensus.hpp"
#include "daemon/core/select/timescale.hpp"
#include "daemon/core/select/trial.hpp"

namespace ntpopt {
namespace {

/// Expected error where nothing is known: what an average public server turns out to have.
constexpr double kUnknownError_ms = 100;

Choice choice_of(const Trial& trial, const Option& option) {
    Choice out{.endpoint = option.endpoint,
               .address = std::nullopt,
               .pool = option.pool,
               .maxsources = option.pool ? std::max(option.slots, 1) : 0,
               .timescale = option.timescale,
               .error_s = (option.error_ms > 0 ? option.error_ms : kUnknownError_ms) * 1e-3};
    out.offset_s = trial.base_s + trial.consensus.centre_ms * 1e-3;
    if (option.face) {
        const auto& sighting = trial.sightings[*option.face];
        out.address = sighting.seen->address;
        if (sighting.summary) {
            out.offset_s = trial.base_s + sighting.summary->offset_ms * 1e-3;
            out.bound_s = (sighting.summary->delay_ms / 2 + sighting.summary->advertised_ms) * 1e-3;
        }
    }
    return out;
}

/// What is used today, as choices: with this round's figures where there are some.
std::vector<Choice> keep_standing(const Trial& trial) {
    std::vector<Choice> out;
    for (const auto& option : trial.options) {
        if (!option.standing) continue;
        const auto& incumbent = trial.standing[*option.standing];
        auto choice = choice_of(trial, option);
        if (option.pool) choice.maxsources = std::max(incumbent.maxsources, 1);
        if (!choice.address) choice.address = incumbent.address;
        out.push_back(std::move(choice));
    }
    return out;
}

/// By expected error, since timesyncd walks the list; there pools come last, because it would stay with one member.
void order_choices(std::vector<Choice>& choices, const DecisionContext& context) {
    std::stable_sort(choices.begin(), choices.end(), [&](const Choice& a, const Choice& b) {
        if (!context.multi_source && a.pool != b.pool) return b.pool;
        return a.error_s != b.error_s ? a.error_s < b.error_s : a.endpoint < b.endpoint;
    });
}

/// Whom somebody else than the service itself named this round; who only is in use stays what it was.
void note_strangers(const Trial& trial, std::vector<Incumbent>& incumbents) {
    for (auto& incumbent : incumbents)
        for (const auto& sighting : trial.sightings) {
            const auto& candidate = sighting.seen->candidate;
            if (candidate.endpoint == incumbent.endpoint && candidate.source != CandidateSource::current)
                incumbent.stranger = is_public(candidate.source);
        }
}

std::vector<Incumbent> incumbents_of(const Trial& trial, const std::vector<Choice>& choices) {
    std::vector<Incumbent> out;
    for (const auto& choice : choices) {
        Incumbent incumbent{.endpoint = choice.endpoint,
                            .pool = choice.pool,
                            .maxsources = choice.maxsources,
                            .timescale = choice.timescale,
                            .address = choice.address,
                            .error_ms = choice.error_s * 1e3};
        for (const auto& standing : trial.standing) {
            if (standing.endpoint != choice.endpoint || !trial.ours) continue;
            incumbent.held = standing.held;
            incumbent.missed = standing.missed;
            incumbent.stranger = standing.stranger;
        }
        out.push_back(std::move(incumbent));
    }
    note_strangers(trial, out);
    return out;
}

std::string names(const std::vector<std::string>& all) {
    constexpr std::size_t kShown = 4;
    const std::vector<std::string> some(all.begin(),
                                        all.begin() + static_cast<std::ptrdiff_t>(std::min(all.size(), kShown)));
    return all.size() > kShown ? fmt::format("{} and {} more", fmt::join(some, ", "), all.size() - kShown)
                               : fmt::format("{}", fmt::join(some, ", "));
}

std::string votes_text(double votes) {
    auto count = fmt::format("{:.3g}", votes);
    return count + (count == "1" ? " vote" : " votes");
}

std::string disagreement(const ConsensusSummary& consensus, double base_s) {
    std::string text =
        fmt::format("the {} do not agree on the time", !consensus.trusted   ? "servers"
                                                       : consensus.anchored ? "servers that the trusted ones admit"
                                                                            : "trusted servers");
    for (const auto& camp : consensus.camps)
        text += fmt::format("; {} for {} ({})", votes_text(camp.votes), ms_text(camp.offset_ms + base_s * 1e3),
                            names(camp.names));
    // Two camps may each have a majority, by voters who are in both: then it is those that are too few.
    const bool both = consensus.camps.size() > 1 && exceeds(consensus.votes, consensus.electorate / 2);
    return text + fmt::format("; {}more than {:.3g} of {:.3g} are needed, so nothing changes",
                              both ? fmt::format("{} for both, and ", votes_text(consensus.votes_for_both)) : "",
                              consensus.electorate / 2, consensus.electorate);
}

/// The words for everybody where no set is chosen: faults stay, the rest waits.
void settle_without_set(Trial& trial, std::string_view why) {
    for (auto& option : trial.options) {
        if (option.fault) {
            option.verdict = option.fault->verdict;
            option.reason = option.fault->reason;
        } else {
            option.verdict = option.standing ? Verdict::chosen : Verdict::reserve;
            option.reason = option.standing ? fmt::format("kept: {}", why) : std::string(why);
        }
    }
}

/// Sources that stay whatever is chosen must tell the same time as the set.
const CurrentSource* find_conflict(const DecisionContext& context, const SelectionConfig& config, bool leap_window) {
    for (const auto& source : context.kept)
        if (!fits_timescale(source.timescale, config.timescale, leap_window)) return &source;
    return nullptr;
}

bool same_names(const std::vector<Choice>& a, const std::vector<Incumbent>& b) {
    if (a.size() != b.size()) return false;
    return std::all_of(a.begin(), a.end(), [&](const Choice& choice) {
        return std::any_of(b.begin(), b.end(), [&](const Incumbent& other) {
            return other.endpoint == choice.endpoint && other.pool == choice.pool;
        });
    });
}

void localise(ConsensusSummary& consensus, double base_s) {
    const double base_ms = base_s * 1e3;
    if (consensus.found) {
        consensus.low_ms += base_ms;
        consensus.high_ms += base_ms;
        consensus.centre_ms += base_ms;
    }
    for (auto& camp : consensus.camps)
        camp.offset_ms += base_ms;
}

std::string describe_change(const std::vector<Choice>& chosen, const std::vector<Incumbent>& standing) {
    std::vector<std::string> in;
    std::vector<std::string> out;
    const auto stands = [&](const Endpoint& endpoint) {
        return std::any_of(standing.begin(), standing.end(),
                           [&](const auto& other) { return other.endpoint == endpoint; });
    };
    for (const auto& choice : chosen)
        if (!stands(choice.endpoint)) in.push_back(choice.endpoint.text());
    for (const auto& incumbent : standing)
        if (std::none_of(chosen.begin(), chosen.end(),
                         [&](const auto& choice) { return choice.endpoint == incumbent.endpoint; }))
            out.push_back(incumbent.endpoint.text());
    std::string text = in.empty() ? "" : fmt::format("new: {}", names(in));
    if (!out.empty()) text += fmt::format("{}gone: {}", in.empty() ? "" : "; ", names(out));
    return text.empty() ? "the pool gives another number of servers" : text;
}

/// Why what works stays, although something else could be chosen.
std::string_view why_not_now(const Trial& trial) {
    if (trial.leap_window) return "a leap second is near, so nothing changes without need";
    return trial.context.serves_others
               ? "too few servers agree to change without need what other machines take the time from"
               : "too few servers agree to change what is in use without need";
}

class Conclusion {
  public:
    explicit Conclusion(Trial& trial) : trial_(trial) {}

    DecisionResult keep(Outcome outcome, std::string reason) {
        settle_without_set(trial_, reason);
        return finish(outcome, std::move(reason), keep_standing(trial_));
    }

    DecisionResult choose() {
        std::vector<Choice> chosen;
        for (const auto& option : trial_.options)
            if (option.chosen) chosen.push_back(choice_of(trial_, option));
        order_choices(chosen, trial_.context);
        if (same_names(chosen, trial_.standing) && (!trial_.ours || fills_all(chosen))) return stay(std::move(chosen));
        if (const auto* kept = find_conflict(trial_.context, trial_.config, trial_.leap_window))
            return keep(Outcome::refused,
                        fmt::format("{} stays configured and tells {}, which must not be mixed with {}",
                                    kept->endpoint.text(), name_of(kept->timescale), name_of(trial_.config.timescale)));
        trial_.next.proposed = incumbents_of(trial_, chosen);
        auto reason = describe_change(chosen, trial_.standing);
        return finish(Outcome::would_apply, std::move(reason), std::move(chosen));
    }

  private:
    /// A pool may have to give more or fewer members, since another number of sources is wanted.
    [[nodiscard]] bool fills_all(const std::vector<Choice>& chosen) const {
        int slots = 0;
        bool pool = false;
        for (const auto& choice : chosen) {
            const auto found = std::find_if(trial_.standing.begin(), trial_.standing.end(), [&](const auto& incumbent) {
                return incumbent.endpoint == choice.endpoint;
            });
            slots += choice.pool ? found->maxsources : 1;
            pool = pool || choice.pool;
        }
        return !pool || slots == trial_.config.sources;
    }

    DecisionResult stay(std::vector<Choice> chosen) {
        for (auto& choice : chosen)
            for (const auto& incumbent : trial_.standing)
                if (choice.pool && incumbent.endpoint == choice.endpoint) choice.maxsources = incumbent.maxsources;
        if (!trial_.ours && !may_improve(trial_))
            return finish(Outcome::unchanged, std::string(why_not_now(trial_)), std::move(chosen));
        // What was found is what would be chosen: from now on it is ours.
        trial_.standing = incumbents_of(trial_, chosen);
        trial_.ours = true;
        return finish(Outcome::unchanged, "the set in use is the best, or nobody is better by enough",
                      std::move(chosen));
    }

    DecisionResult finish(Outcome outcome, std::string reason, std::vector<Choice> selected) {
        note_strangers(trial_, trial_.standing);
        if (trial_.ours) trial_.next.incumbents = trial_.standing;
        forget_excess(trial_.next);
        localise(trial_.consensus, trial_.base_s);
        Decision decision{.outcome = outcome,
                          .confidence = trial_.confidence,
                          .reason = std::move(reason),
                          .selected = std::move(selected),
                          .servers = report_servers(trial_),
                          .consensus = std::move(trial_.consensus)};
        return {std::move(decision), std::move(trial_.next)};
    }
    Trial& trial_;
};

DecisionResult run(Trial trial) {
    judge_hygiene(trial);
    judge_truth(trial);
    learn_round(trial);
    judge_options(trial);
    Conclusion conclusion(trial);
    if (trial.consensus.electorate == 0)
        return conclusion.keep(Outcome::no_usable_servers, "no server gave a usable answer, so nothing changes");
    if (!trial.consensus.found)
        return conclusion.keep(Outcome::no_consensus, disagreement(trial.consensus, trial.base_s));
    if (choose_set(trial)) return conclusion.choose();
    const auto& options = trial.options;
    if (std::all_of(options.begin(), options.end(), [](const Option& option) { return option.fault; }))
        return conclusion.keep(Outcome::no_usable_servers, "no server passed the gates, so nothing changes");
    if (std::any_of(options.begin(), options.end(), [](const Option& option) { return option.standing; }))
        return conclusion.keep(Outcome::no_usable_servers,
                               "what is in use should be replaced, but too few servers agree, so nothing changes");
    return conclusion.keep(Outcome::unchanged, std::string(why_not_now(trial)));
}

}  // namespace

DecisionResult decide(const std::vector<Observation>& observations, const SelectionState& state,
                      const SelectionConfig& config, const DecisionContext& context) {
    return run(open_trial(observations, state, config, context));
}

DecisionResult decide_supposing(const std::vector<Observation>& observations, const SelectionState& state,
                                const SelectionConfig& config, const DecisionContext& context,
                                const Supposition& supposition) {
    auto trial = open_trial(observations, state, config, context);
    trial.supposed = &supposition;
    return run(std::move(trial));
}

}  // namespace ntpopt
