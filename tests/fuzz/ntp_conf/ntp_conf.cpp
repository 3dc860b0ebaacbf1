// Fuzzes what reads and edits ntp.conf, for both flavours of ntpd: whatever is in the file, a plan holds valid names
// only, is planned once, and is taken back without a trace.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "daemon/core/plan/ntpd_plan.hpp"

namespace {

using namespace ntpopt;

NtpdView written(NtpdView view, const NtpdPlan& plan) {
    for (const auto& edit : plan.edits) {
        if (edit.path == view.our_path) view.our_text = edit.after;
        for (auto& file : view.files)
            if (file.path == edit.path) file.text = edit.after.value_or("");
    }
    return view;
}

void expect(bool holds) {
    if (!holds) std::abort();
}

void try_flavour(NtpdFlavour flavour, const std::string& text) {
    NtpdView view;
    view.flavour = flavour;
    view.our_path = "/etc/ntp/ntpopt.conf";
    view.files = {{"/etc/ntp.conf", text, true}};
    std::vector<Choice> choices;
    for (const auto* name : {"n1.test", "192.0.2.1", "n2.test"})
        choices.push_back({*Endpoint::parse(name), std::nullopt, false, 0, Timescale::utc, 0, 0.001});
    ApplyConfig config;
    config.edit_files = true;
    const auto plan = plan_ntpd_change(view, choices, config);
    if (!plan) return;
    const auto after = written(view, *plan);
    // Our marks make a file longer, so that one at the limit may not be read again.
    for (const auto& file : after.files)
        if (!parse_ntpd_config(file.text)) return;
    const auto again = plan_ntpd_change(after, choices, config);
    expect(again && again->edits.empty());
    const auto ours = parse_ntpd_config(after.our_text.value_or(""));
    expect(ours.has_value());
    for (const auto& source : ours->sources)
        expect(Host::parse(source.name).has_value());
    for (const auto& name : ours->unpeers)
        expect(Host::parse(name).has_value());
    const auto back = plan_ntpd_original(after);
    expect(back && written(after, *back).files[0].text == unmark_ntpd_text(text, view.our_path));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text(reinterpret_cast<const char*>(data), size);
    try_flavour(NtpdFlavour::ntpsec, text);
    try_flavour(NtpdFlavour::classic, text);
    static_cast<void>(parse_ntpd_version(text));
    return 0;
}
