// Fuzzes what reads timesyncd's configuration, as two files split at the first NUL. Whatever they say: with our drop-in
// behind them timesyncd has exactly our servers, and what "augment" keeps of theirs are names.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "daemon/core/plan/timesyncd_plan.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace ntpopt;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const auto cut = text.find('\0');
    TimesyncdView view;
    view.files.push_back({"/etc/systemd/timesyncd.conf", std::string(text.substr(0, cut))});
    if (cut != std::string_view::npos)
        view.files.push_back({"/run/systemd/timesyncd.conf.d/1.conf", std::string(text.substr(cut + 1))});
    const auto servers = parse_timesyncd_files(view.files);
    if (!servers) return 0;
    view.status.system = servers->system;
    for (const bool augment : {false, true}) {
        ApplyConfig config;
        config.augment = augment;
        const Choice choice{*Endpoint::parse("n1.test"), std::nullopt, false, 0, Timescale::utc, 0, 0.001};
        const auto plan = plan_timesyncd_change(view, {choice}, true, config);
        if (!plan && !augment) std::abort();
        if (!plan) continue;
        auto files = view.files;
        files.push_back({"/etc/systemd/timesyncd.conf.d/zz-ntpopt.conf", *plan->text});
        const auto read_back = parse_timesyncd_files(files);
        if (plan->servers.size() <= kMaxTimesyncdServers && (!read_back || read_back->system != plan->servers))
            std::abort();
        for (const auto& name : plan->servers)
            if (!Host::parse(name)) std::abort();
    }
    return 0;
}
