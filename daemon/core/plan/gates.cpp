// Implementation of gates.hpp.
#include "daemon/core/plan/gates.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "daemon/core/select/timescale.hpp"

namespace ntpopt {
namespace {

/// Two honest servers may part by so much between two samples without either one's bound saying so.
constexpr double kOffsetFloor_s = 0.001;
/// Where only the expected error is known: beyond three times that nothing honest is expected.
constexpr double kExpectedErrors = 3;
/// Each of two servers overlaps what the majority shares, but need not overlap the other: half as much again.
constexpr double kAtTheEnds = 1.5;
/// A pool line brings this many sources where it says nothing else (chrony.conf(5), ntp.conf(5) tos minsane).
constexpr int kPoolMembers = 4;

Error refuse(std::string why) {
    return Error{Errc::refused, std::move(why)};
}

double margin_s(const Choice& choice) {
    return choice.bound_s > 0 ? choice.bound_s : kExpectedErrors * std::max(0.0, choice.error_s);
}

const Address* address_of(const Choice& choice) {
    if (choice.pool) return nullptr;
    if (const Address* literal = choice.endpoint.host.address()) return literal;
    return choice.address ? &*choice.address : nullptr;
}

bool is_followed(const Choice& choice, const ServiceObservation& service) {
    return std::any_of(service.sources.begin(), service.sources.end(), [&](const ServiceSource& source) {
        const auto host = Host::parse(source.name);
        return host && *host == choice.endpoint.host && source.port == choice.endpoint.port;
    });
}

bool stays(const ServiceSource& source, const ApplyConfig& config) {
    if (source.ours || source.origin == "refclock") return false;
    return config.augment || (source.origin == "dhcp" && !config.replace_dhcp);
}

double usual_step_limit_s(Service service) {
    switch (service) {
        case Service::timesyncd:
            return 0.4;  // NTP_MAX_ADJUST, from one packet of one server
        case Service::ntpd:
            return 0.128;  // STEPT (RFC 5905 A.1.1); with -g a start steps by anything
        case Service::chronyd:
        case Service::none:
            break;
    }
    return 1.0;  // makestep 1 3, as the distributions configure it
}

std::string_view describe(Timescale timescale) {
    return timescale == Timescale::unknown ? "an unknown timescale" : name_of(timescale);
}

}  // namespace

double step_limit_s(const ServiceObservation& service) {
    const double usual = usual_step_limit_s(service.service);
    return service.step_limit_s > 0 ? std::min(service.step_limit_s, usual) : usual;
}

Status check_offsets(const std::vector<Choice>& choices, const ServiceObservation& service) {
    // Among several sources those that are followed already hold the new ones in check; where one steers alone, each
    // may be that one.
    std::vector<Choice> fresh;
    for (const auto& choice : choices)
        if (!service.capabilities.multi_source || !is_followed(choice, service)) fresh.push_back(choice);
    for (std::size_t i = 0; i < fresh.size(); ++i)
        for (std::size_t j = 0; j < i; ++j) {
            const double gap = std::abs(fresh[i].offset_s - fresh[j].offset_s);
            const double explained = kAtTheEnds * (margin_s(fresh[i]) + margin_s(fresh[j])) + kOffsetFloor_s;
            if (gap > explained)
                return refuse(
                    fmt::format("{} and {} are {:.3f} ms apart, and their error bounds explain {:.3f} ms: one "
                                "of them is wrong",
                                fresh[j].endpoint.text(), fresh[i].endpoint.text(), gap * 1e3, explained * 1e3));
        }
    if (!service.synchronised) return {};
    const double limit = step_limit_s(service);
    for (const auto& choice : fresh)
        if (std::abs(choice.offset_s) > limit)
            return refuse(
                fmt::format("{} is {:.3f} s away from a clock that {} keeps synchronised, and beyond {:.3f} s "
                            "it steps the clock: find out which of them is right, and set the clock by hand",
                            choice.endpoint.text(), choice.offset_s, name_of(service.service), limit));
    return {};
}

Status check_timescales(const std::vector<Choice>& choices, const ServiceObservation& service, const Config& config,
                        const TimescaleOf& timescale_of) {
    const auto class_of = [&](const Host& host, Timescale claimed) {
        const Timescale known = timescale_of ? timescale_of(host) : Timescale::unknown;
        return known == Timescale::unknown ? claimed : known;
    };
    const Timescale wanted = config.selection.timescale;
    for (const auto& choice : choices) {
        const auto timescale = class_of(choice.endpoint.host, choice.timescale);
        if (!fits_timescale(timescale, wanted, false))
            return refuse(fmt::format("{} tells {}, and the configuration wants timescale = \"{}\" (RFC 8633 3.7.1)",
                                      choice.endpoint.text(), describe(timescale), name_of(wanted)));
    }
    for (const auto& source : service.sources) {
        const auto host = Host::parse(source.name);
        if (!host || !stays(source, config.apply)) continue;
        const auto timescale = class_of(*host, Timescale::unknown);
        if (!fits_timescale(timescale, wanted, false))
            return refuse(
                fmt::format("{} stays beside the chosen servers and tells {}, and the configuration wants "
                            "timescale = \"{}\": {}",
                            source.name, describe(timescale), name_of(wanted),
                            source.origin == "dhcp" ? "set replace_dhcp = true" : "set policy = \"replace\""));
    }
    return {};
}

Status check_numbers(const std::vector<Choice>& choices, const ServiceObservation& service, const ApplyConfig& config) {
    if (choices.empty()) return refuse("no server was chosen");
    int expected = 0;
    for (std::size_t i = 0; i < choices.size(); ++i) {
        const auto& choice = choices[i];
        expected += !choice.pool ? 1 : choice.maxsources > 0 ? choice.maxsources : kPoolMembers;
        for (std::size_t j = 0; j < i; ++j) {
            const auto* address = address_of(choice);
            const auto* other = address_of(choices[j]);
            if (choices[j].endpoint.host == choice.endpoint.host ||
                (address != nullptr && other != nullptr && *address == *other))
                return refuse(fmt::format("{} and {} are one address, which cannot outvote itself",
                                          choices[j].endpoint.text(), choice.endpoint.text()));
        }
    }
    for (const auto& source : service.sources) {
        const auto host = Host::parse(source.name);
        const bool chosen = host && std::any_of(choices.begin(), choices.end(),
                                                [&](const Choice& choice) { return choice.endpoint.host == *host; });
        if (!chosen && stays(source, config)) ++expected;
    }
    const auto& capabilities = service.capabilities;
    if (expected < capabilities.min_sources)
        return refuse(
            fmt::format("{} follows nobody before it has {} sources (minsources, minsane), and the choice has "
                        "{}: set [selection] sources = {}",
                        name_of(service.service), capabilities.min_sources, expected, capabilities.min_sources));
    return {};
}

std::vector<std::string> closed_gates(const std::vector<Choice>& choices, const ServiceObservation& service,
                                      const Config& config, const TimescaleOf& timescale_of) {
    std::vector<std::string> sentences;
    for (const auto& gate : {check_numbers(choices, service, config.apply),
                             check_timescales(choices, service, config, timescale_of), check_offsets(choices, service)})
        if (!gate) sentences.push_back(gate.error().detail);
    return sentences;
}

}  // namespace ntpopt
