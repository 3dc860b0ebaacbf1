// The decision that the daemon makes, with its memory, fed with the packets of the laboratory: nothing is modelled
// here.
#include "daemon/core/select/decide.hpp"
#include "tests/bench/selection_lab/strategy.hpp"

namespace ntpopt::lab {
namespace {

constexpr const char* kPool = "pool.test";

Observation observe(const View& view, std::size_t i, bool pool) {
    const auto& server = view.world.servers[i];
    const auto& seen = view.round.seen[i];
    const bool member = pool && server.kind == Kind::volunteer;
    Observation out{.candidate = {.endpoint = *Endpoint::parse(member ? kPool : server.name),
                                  .pool = member,
                                  .regional = server.regional,
                                  .timescale = Timescale::utc},
                    .address = *Address::parse(server.address),
                    .probed = true,
                    .measurement = {},
                    .failure = ""};
    out.measurement.samples = seen.samples;
    for (auto& sample : out.measurement.samples)
        if (sample) sample->offset_s -= view.clock_ms * 1e-3;
    out.measurement.header = seen.header;
    if (seen.kiss) out.measurement.kiss = "RATE";
    return out;
}

class Ours : public Strategy {
  public:
    Ours(int sources, ClientKind client, bool pool) : pool_(pool) {
        config_.sources = sources;
        context_.multi_source = client == ClientKind::chrony_like;
        // What distributions ship: one pool line.
        context_.current = {{*Endpoint::parse(kPool), true, Timescale::utc}};
        wish_.pool_members = sources;
    }

    Wish choose(const View& view) override {
        std::vector<Observation> observations;
        for (std::size_t i = 0; i < view.world.servers.size(); ++i)
            observations.push_back(observe(view, i, pool_));
        context_.time_s = view.time_s;
        context_.synchronised = view.synchronised;
        auto result = decide(observations, state_, config_, context_);
        const bool changes = result.decision.outcome == Outcome::would_apply;
        state_ = commit(std::move(result.next), changes);
        // Nobody rewrites a configuration whose set does not change, so its order stays too.
        if (changes) wish_ = read(result.decision.selected, view.world);
        return wish_;
    }

  private:
    static Wish read(const std::vector<Choice>& selected, const World& world) {
        Wish out;
        for (const auto& choice : selected) {
            if (choice.pool) {
                out.pool_members = choice.maxsources;
                continue;
            }
            for (std::size_t i = 0; i < world.servers.size(); ++i)
                if (world.servers[i].name == choice.endpoint.text()) out.servers.push_back(i);
        }
        return out;
    }

    bool pool_;
    Wish wish_;
    SelectionConfig config_;
    DecisionContext context_;
    SelectionState state_;
};

}  // namespace

std::unique_ptr<Strategy> make_ours(int sources, ClientKind client, bool pool) {
    return std::make_unique<Ours>(sources, client, pool);
}

}  // namespace ntpopt::lab
