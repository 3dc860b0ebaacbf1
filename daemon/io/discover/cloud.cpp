// Implementation of cloud.hpp.
#include "daemon/io/discover/cloud.hpp"

#include <algorithm>
#include <filesystem>

#include "common/text.hpp"
#include "daemon/io/sys/files.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace fs = std::filesystem;
namespace {

constexpr std::size_t kMaxBytes = 256;
constexpr std::size_t kMaxClocks = 32;

/// One line; empty where there is none, as on machines without DMI.
std::string read_fact(const std::string& path) {
    const auto text = read_kernel_file(path, kMaxBytes);
    return text ? std::string(trim(*text)) : std::string();
}

}  // namespace

PlatformFacts CloudServers::facts() const {
    const auto dmi = sysfs_ + "/class/dmi/id/";
    PlatformFacts facts;
    facts.sys_vendor = read_fact(dmi + "sys_vendor");
    facts.product_name = read_fact(dmi + "product_name");
    facts.bios_vendor = read_fact(dmi + "bios_vendor");
    facts.bios_version = read_fact(dmi + "bios_version");
    facts.chassis_asset_tag = read_fact(dmi + "chassis_asset_tag");
    std::error_code error;
    for (fs::directory_iterator clock(sysfs_ + "/class/ptp", error), none;
         !error && clock != none && facts.ptp_clocks.size() < kMaxClocks; clock.increment(error))
        facts.ptp_clocks.push_back(
            {"/dev/" + clock->path().filename().string(), read_fact(clock->path() / "clock_name")});
    std::sort(facts.ptp_clocks.begin(), facts.ptp_clocks.end(),
              [](const auto& a, const auto& b) { return a.device < b.device; });
    return facts;
}

asio::awaitable<Result<Discovered>> CloudServers::discover(Config config, ServiceObservation) {
    Discovered out;
    if (!config.discovery.cloud) co_return out;
    auto platform = recognise_platform(facts());
    out.candidates = std::move(platform.candidates);
    if (!platform.cloud.empty()) out.notes.push_back("this is " + platform.cloud);
    for (auto& clock : platform.clocks)
        out.notes.push_back(std::move(clock));
    co_return out;
}

}  // namespace ntpopt
