// Servers to decide about, made of a few words: what they would answer, nothing more. No packets, no clock.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "daemon/core/select/decide.hpp"

namespace ntpopt::world {

/// How a server answers this round. Offsets are to the local clock, in milliseconds.
struct Server {
    std::string name;
    std::string address;
    double offset_ms = 0;
    double delay_ms = 10;
    double jitter_ms = 0.1;
    int stratum = 2;
    int answers = 3;
    int sent = 3;
    int leap = 0;
    std::string kiss = "";
    bool bad = false;  ///< answers, but with the wrong origin
    bool pool = false;
    bool regional = false;
    bool anycast = false;
    std::string operator_name = "";
    Timescale timescale = Timescale::utc;
    std::optional<std::uint32_t> refid = std::nullopt;
    double root_delay_ms = 2;
    double root_dispersion_ms = 1;
    double reference_age_s = 30;
    std::uint64_t reference_time = 0;
    bool probed = true;
    int sources_port = kNtpPort;
};

inline Observation observe(const Server& server) {
    Endpoint endpoint{*Host::parse(server.name), static_cast<std::uint16_t>(server.sources_port)};
    Observation out{.candidate = {.endpoint = endpoint,
                                  .pool = server.pool,
                                  .operator_name = server.operator_name,
                                  .region = "",
                                  .regional = server.regional,
                                  .anycast = server.anycast,
                                  .timescale = server.timescale},
                    .address = std::nullopt,
                    .probed = server.probed,
                    .measurement = {},
                    .failure = ""};
    if (server.address.empty()) {
        out.probed = false;
        out.failure = "no such name";
        return out;
    }
    out.address = *Address::parse(server.address);
    auto& measurement = out.measurement;
    measurement.kiss = server.kiss;
    measurement.samples.resize(static_cast<std::size_t>(server.sent));
    if (server.bad) {
        measurement.refused = server.sent;
        measurement.refusal = "wrong origin timestamp";
        return out;
    }
    // A fixed zigzag with the wanted spread: the first sample is the one with the least delay and has no noise.
    for (int k = 0; k < server.answers; ++k) {
        const double noise = k == 0 ? 0 : (k % 2 == 1 ? 1 : -1) * server.jitter_ms;
        measurement.samples[static_cast<std::size_t>(k)] =
            Sample{(server.offset_ms + noise) * 1e-3, (server.delay_ms + std::abs(noise) * 2) * 1e-3, 2.0 * k};
    }
    if (server.answers > 0) {
        const auto& octets = out.address->octets();
        const std::uint32_t own =
            std::uint32_t{octets[0]} << 24 | std::uint32_t{octets[1]} << 16 | std::uint32_t{octets[2]} << 8 | octets[3];
        measurement.header = ServerHeader{.stratum = server.stratum,
                                          .leap = server.leap,
                                          .refid = server.refid.value_or(own ^ 0x00800000U),
                                          .root_delay_s = server.root_delay_ms * 1e-3,
                                          .root_dispersion_s = server.root_dispersion_ms * 1e-3,
                                          .reference_age_s = server.reference_age_s,
                                          .reference_time = server.reference_time,
                                          .precision_log2 = -24};
    }
    return out;
}

inline std::vector<Observation> observe(const std::vector<Server>& servers) {
    std::vector<Observation> out;
    for (const auto& server : servers)
        out.push_back(observe(server));
    return out;
}

/// Honest servers good1.test, good2.test, ... each in a network of its own.
inline std::vector<Server> honest(int count, double offset_ms = 0) {
    std::vector<Server> out;
    for (int i = 1; i <= count; ++i)
        out.push_back({.name = fmt::format("good{}.test", i),
                       .address = fmt::format("127.1.{}.1", i),
                       .offset_ms = offset_ms + 0.05 * i,
                       .delay_ms = 4.0 + i});
    return out;
}

inline std::vector<std::string> names(const Decision& decision) {
    std::vector<std::string> out;
    for (const auto& choice : decision.selected)
        out.push_back(choice.endpoint.text());
    return out;
}

inline bool chose(const Decision& decision, std::string_view name) {
    for (const auto& choice : decision.selected)
        if (choice.endpoint.text() == name) return true;
    return false;
}

inline const RankedServer* find(const Decision& decision, std::string_view name) {
    for (const auto& server : decision.servers)
        if (server.name == name) return &server;
    return nullptr;
}

inline std::vector<CurrentSource> current(const std::vector<std::string>& servers) {
    std::vector<CurrentSource> out;
    for (const auto& server : servers)
        out.push_back({*Endpoint::parse(server), false, Timescale::utc});
    return out;
}

/// A machine whose rounds all get applied: state and time are carried along.
struct Machine {
    SelectionConfig config = {};
    DecisionContext context = {.time_s = 1.8e9, .current = {}, .kept = {}, .synchronised = true, .own_addresses = {}};
    SelectionState state = {};

    Decision round(const std::vector<Server>& servers, bool applied = true) { return round(observe(servers), applied); }
    Decision round(const std::vector<Observation>& observations, bool applied = true) {
        auto result = decide(observations, state, config, context);
        state = commit(std::move(result.next), applied && result.decision.outcome == Outcome::would_apply);
        context.time_s += 6 * 3600;
        return std::move(result.decision);
    }
};

inline std::vector<Server> with(std::vector<Server> servers, const std::vector<Server>& more) {
    servers.insert(servers.end(), more.begin(), more.end());
    return servers;
}

/// Servers that all look the same but for their address and upstream.
inline std::vector<Server> equal(int count, double jitter_ms = 0.1) {
    auto servers = honest(count);
    for (auto& server : servers) {
        server.offset_ms = 0;
        server.delay_ms = 5;
        server.jitter_ms = jitter_ms;
    }
    return servers;
}

}  // namespace ntpopt::world
