// Implementation of harness.hpp.
#include "tests/loop/prober/harness.hpp"

#include <exception>
#include <optional>
#include <stdexcept>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>

namespace ntpopt {

using namespace std::chrono_literals;

ProbeTarget add_server(fakentp::Fleet& fleet, const std::string& line) {
    auto spec = fakentp::parse_spec(line).value();
    spec.port = 0;
    const auto name = spec.name;
    fleet.add(spec).value();
    const auto endpoint = fleet.endpoint(name).value();
    return {*endpoint.host.address(), endpoint.port};
}

ProbeConfig quick_config() {
    ProbeConfig config;
    config.spacing = 50ms;
    config.timeout = 5s;
    return config;
}

std::vector<Measurement> run_probe(const std::vector<ProbeTarget>& targets, const ProbeConfig& config,
                                   ClockReader clocks, Prober::Progress progress) {
    UdpProber prober(std::move(clocks));
    return run_probe(prober, targets, config, std::move(progress));
}

std::vector<Measurement> run_probe(UdpProber& prober, const std::vector<ProbeTarget>& targets,
                                   const ProbeConfig& config, Prober::Progress progress) {
    boost::asio::io_context context(1);
    std::optional<std::vector<Measurement>> result;
    boost::asio::co_spawn(context, prober.probe(targets, config, std::move(progress)),
                          [&](const std::exception_ptr& error, std::vector<Measurement> measured) {
                              if (error) std::rethrow_exception(error);
                              result = std::move(measured);
                          });
    context.run_for(60s);
    if (!result) throw std::runtime_error("the round did not end");
    return *result;
}

const Sample& best_sample(const Measurement& measurement) {
    const Sample* best = nullptr;
    for (const auto& sample : measurement.samples)
        if (sample && (!best || sample->delay_s < best->delay_s)) best = &*sample;
    if (!best) throw std::runtime_error("no sample; " + measurement.refusal + measurement.failure);
    return *best;
}

double tolerance_of(const Sample& sample) {
    if (sample.delay_s > 5) throw std::runtime_error("an answer took long");
    return 0.010 + sample.delay_s / 2;
}

}  // namespace ntpopt
