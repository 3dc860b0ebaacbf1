// ntpoptd: options, configuration, and the one place where what escapes is caught.
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <optional>

#include <CLI/CLI.hpp>

#include "common/version.hpp"
#include "daemon/app/daemon.hpp"
#include "daemon/app/effective_config.hpp"
#include "daemon/app/paths.hpp"
#include "daemon/core/record/replay.hpp"
#include "daemon/io/discover/own_entries.hpp"
#include "daemon/io/sys/journal.hpp"

namespace ntpopt {
namespace {

std::string directory_or(const char* variable, const char* fallback) {
    const char* given = std::getenv(variable);
    // The service manager may name several, separated by colons; the first is ours.
    return given && *given ? std::string(given).substr(0, std::string(given).find(':')) : fallback;
}

/// Every server is asked through a socket of its own, so the soft limit goes up to the hard one.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

/// Decides again what a trace tells of; the lines of the answer go to stdout.
int replay(const std::string& file) {
    std::ifstream opened;
    if (file != "-") opened.open(file);
    auto& in = file == "-" ? std::cin : opened;
    if (!in) {
        fmt::print(stderr, "ntpoptd: {}: cannot be read\n", file);
        return 1;
    }
    const auto next = [&in]() -> std::optional<std::string> {
        std::string line;
        // One byte more than is allowed is read of a line, so that the parser refuses it by its number.
        for (int c = in.get(); c != std::char_traits<char>::eof(); c = in.get()) {
            if (c == '\n') return line;
            if (line.size() <= kMaxTraceLine) line.push_back(static_cast<char>(c));
        }
        return line.empty() ? std::nullopt : std::optional(line);
    };
    const auto done = run_replay(
        next, [](std::string_view line) { fmt::print("{}\n", line); },
        [&file](std::string_view line) { fmt::print(stderr, "ntpoptd: {}: {}\n", file, line); });
    if (!done) fmt::print(stderr, "ntpoptd: {}: {}\n", file, done.error().detail);
    if (in.bad()) fmt::print(stderr, "ntpoptd: {}: cannot be read to its end\n", file);
    return done && !in.bad() ? 0 : 1;
}

int run(int argc, char** argv) {
    DaemonOptions options;
    auto state_dir = directory_or("STATE_DIRECTORY", "/var/lib/ntpopt");
    auto runtime_dir = directory_or("RUNTIME_DIRECTORY", "/run/ntpopt");
    options.data_dir = NTPOPT_DATA_DIR;
    options.libexec_dir = NTPOPT_LIBEXEC_DIR;
    options.credentials_dir = directory_or("CREDENTIALS_DIRECTORY", "");
    std::string config;
    bool check_config = false;
    std::string trace;
    const CLI::Validator named([](const std::string& text) { return std::string(text.empty() ? "names nothing" : ""); },
                               "");
    CLI::App app("Keeps this machine on good time servers.", "ntpoptd");
    app.add_option("--config", config, "instead of /etc/ntpopt/ntpopt.toml")->type_name("FILE")->check(named);
    app.add_option("--state-dir", state_dir, "what it remembers")->type_name("DIR")->check(named);
    app.add_option("--runtime-dir", runtime_dir, "accepted; nothing is kept there")->type_name("DIR");
    app.add_option("--data-dir", options.data_dir, "catalogue and region tables")->type_name("DIR")->check(named);
    app.add_option("--libexec-dir", options.libexec_dir, "where ntpopt-fetch and ntpopt-notify are")
        ->type_name("DIR")
        ->check(named);
    app.add_flag("--check-config", check_config, "name every mistake in the configuration and exit");
    app.add_option("--replay", trace, "decide again what a trace tells of (- for stdin), and exit")
        ->type_name("FILE")
        ->check(named);
    app.set_version_flag("--version", fmt::format("ntpoptd {}", kVersion));
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        return app.exit(e) == 0 ? 0 : 2;
    }
    if (!trace.empty()) return replay(trace);
    if (!config.empty()) options.config = ConfigPlaces::beside(config);
    auto loaded = load_config(options.config);
    if (!loaded) {
        fmt::print(stderr, "{}\n", loaded.error().detail);
        return 1;
    }
    if (check_config) {
        const auto own = read_own_entries(own_entries_folder(options.config.main_file), std::nullopt);
        if (!own.fault) fmt::print(stderr, "{}\n", own.fault.error().detail);
        return own.fault ? 0 : 1;
    }
    umask(0027);
    auto store = SqliteStore::open(state_dir);
    if (!store) {
        log(Priority::critical, fmt::format("no place to remember anything: {}", store.error().detail));
        return 1;
    }
    raise_descriptor_limit();
    return Daemon(std::move(options), *std::move(store), *std::move(loaded)).run();
}

}  // namespace
}  // namespace ntpopt

int main(int argc, char** argv) {
    try {
        return ntpopt::run(argc, argv);
    } catch (const std::exception& e) {
        ntpopt::log(ntpopt::Priority::critical, fmt::format("cannot go on: {}", e.what()));
        return 1;
    }
}
