// Implementation of options.hpp on CLI11.
#include "ctl/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include <CLI/CLI.hpp>

#include "common/text.hpp"
#include "common/version.hpp"
#include "ctl/format.hpp"

namespace ntpopt::ctl {
namespace {

/// Texts of options that are read into values after parsing, so that errors are ours.
struct Raw {
    std::string timeout;
    std::string interval;
    std::string since;
    std::string ban_time;
    std::string from;
    std::string to;
};

Error usage(std::string what) {
    return {Errc::invalid_argument, std::move(what)};
}

Status read_duration(const std::string& text, std::string_view option, std::optional<Duration>& into) {
    if (text.empty()) return {};
    const auto parsed = parse_duration(text);
    if (!parsed) return usage(fmt::format("{}: {}", option, parsed.error().detail));
    into = *parsed;
    return {};
}

/// A point in time: ISO 8601, a day (its beginning in UTC), or how long ago.
Status read_point(const std::string& text, std::string_view option, std::optional<RealTime>& into) {
    if (text.empty()) return {};
    for (const auto& form : {text, text + "T00:00:00Z"}) {
        const auto time = parse_time(form);
        if (time) into = *time;
        if (time) return {};
    }
    if (const auto ago = parse_duration(text)) {
        into = present() - *ago;
        return {};
    }
    return usage(fmt::format("{}: '{}' is no time: 2026-11-22, 2026-11-22T11:46:05Z, or 7d for how long ago", option,
                             printable(text, 64)));
}

CLI::App* verb(CLI::App& app, Options& options, const char* name, const char* help, Verb value) {
    auto* command = app.add_subcommand(name, help);
    command->fallthrough();  // global options are understood behind the verb, too
    command->callback([&options, value] { options.verb = value; });
    return command;
}

void define(CLI::App& app, Options& o, Raw& raw) {
    app.add_flag("--json", o.json, "Print one JSON document");
    app.add_flag("--no-color", o.no_color, "Without colours (as NO_COLOR)");
    app.add_flag("--no-pager", o.no_pager, "Do not show long output in a pager");
    app.add_flag("--no-ask-password", o.no_ask_password, "Do not let polkit ask for a password");
    app.add_option("-H,--host", o.host, "Ask the daemon of another machine, over ssh")->type_name("[USER@]HOST");
    app.add_option("--timeout", raw.timeout,
                   "How long to wait for an answer (25s; 3min where polkit may ask for a password)")
        ->type_name("DURATION");
    app.set_version_flag("--version", fmt::format("ntpoptctl {}", kVersion));
    app.require_subcommand(0, 1);
    app.footer(
        "Exit codes: 0 done, 1 failure, 2 wrong usage, 3 the daemon does not run, 4 not authorised,\n"
        "5 no usable set of servers and nothing changed, 6 applied but not proven and rolled back,\n"
        "130 interrupted.\n"
        "DURATION is like 90s, 5min, 6h or 7d.");

    verb(app, o, "status", "How the clock is kept, and how the last round went (default)", Verb::status);

    auto* reoptimize = verb(app, o, "reoptimize", "Run a round now and follow it", Verb::reoptimize);
    reoptimize->add_flag("--dry-run", o.dry_run, "Everything but the change; shows what would be changed");
    reoptimize->add_flag("--no-wait", o.no_wait, "Do not wait for the end of the round");

    auto* servers = verb(app, o, "servers", "The servers of the last round, ranked", Verb::servers);
    servers->add_flag("--all", o.all, "Also those that were not asked or have no address");

    auto* explain = verb(app, o, "explain", "Why a server, or the round, was decided as it was", Verb::explain);
    explain->add_option("server", o.server, "The server; without it the round")->type_name("SERVER");

    auto* history = verb(app, o, "history", "Rounds of the past, or the trend of one server", Verb::history);
    history->add_option("server", o.server, "The server; without it the rounds")->type_name("SERVER");
    history->add_option("--since", raw.since, "How far back, for example 7d")->type_name("DURATION");
    history->add_option("--limit", o.limit, "At most so many rounds, the newest")
        ->check(CLI::Range(1, 1000))
        ->type_name("N");
    auto* csv = history->add_flag("--csv", o.csv, "Comma-separated values, one line a server and round");
    history->add_flag("--trace", o.trace, "What ntpoptd --replay reads")->excludes(csv);

    auto* blacklist = verb(app, o, "blacklist", "Servers to leave out", Verb::blacklist);
    blacklist->require_subcommand(0, 1);
    blacklist->add_subcommand("list", "Show them (default)")->fallthrough();
    auto* add = blacklist->add_subcommand("add", "Leave a server out")->fallthrough();
    add->add_option("server", o.server, "The server")->required()->type_name("SERVER");
    add->add_option("--for", raw.ban_time, "How long, for example 7d; without it for good")->type_name("DURATION");
    add->callback([&o] { o.blacklist = BlacklistAct::add; });
    auto* remove = blacklist->add_subcommand("remove", "Let a server take part again")->fallthrough();
    remove->add_option("server", o.server, "The server")->required()->type_name("SERVER");
    remove->callback([&o] { o.blacklist = BlacklistAct::remove; });

    auto* interval = verb(app, o, "interval", "Show or set the time between rounds", Verb::interval);
    interval->add_option("duration", raw.interval, "For example 6h, at least 30min; default: as configured")
        ->type_name("DURATION");

    auto* rollback = verb(app, o, "rollback", "Go back to the servers before the current ones", Verb::rollback);
    auto* original = rollback->add_flag("--original", o.original, "To the configuration before ntpopt");
    rollback->add_flag("--list", o.list, "Only show what can be gone back to")->excludes(original);

    auto* report = verb(app, o, "report", "Which servers, how far off, who changed what: the evidence", Verb::report);
    report->add_option("--from", raw.from, "A time, a day, or how long ago (default: 7d)")->type_name("TIME");
    report->add_option("--to", raw.to, "The same (default: now)")->type_name("TIME");
    auto* verify = report->add_flag("--verify", o.verify, "Whether the evidence is as it was written");
    report->add_flag("--journal", o.journal, "With --verify: compare it with this machine's journal, too")
        ->needs(verify);

    verb(app, o, "monitor", "Show what the daemon does, until interrupted", Verb::monitor);
    verb(app, o, "config", "The configuration in force, and where each value comes from", Verb::config);

    auto* metrics = verb(app, o, "metrics", "What was counted, in the text format of Prometheus", Verb::metrics);
    auto* file = metrics->add_option("--textfile", o.text_file, "Replace this file, for node_exporter's collector");
    file->type_name("FILE");
    metrics->add_flag("--http", o.http, "Answer one HTTP request on standard input")->excludes(file);

    auto* notify = verb(app, o, "notify", "Notices by mail, chat, webhook or command", Verb::notify);
    notify->require_subcommand(1, 1);
    auto* test = notify->add_subcommand("test", "Deliver a test, and say what came of it")->fallthrough();
    test->add_option("channel", o.channel, "email, slack, discord, webhook, command; without it all")
        ->type_name("CHANNEL");
}

/// CLI11 only says that words were not expected; say whether the first is meant to be a verb, and which.
std::string explain_extra(const CLI::App& app) {
    const auto extras = app.remaining(true);
    const auto word = extras.empty() ? std::string() : extras.front();
    if (!app.get_subcommands().empty() || word.starts_with('-'))
        return fmt::format("'{}' is not known here", printable(word, 64));
    std::vector<std::string> names;
    for (const auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(command->get_name());
    const auto near = nearest(word, names);
    return fmt::format("unknown verb '{}'{}", printable(word, 64),
                       near.empty() ? std::string() : fmt::format("; did you mean '{}'?", near));
}

/// The verb that the command line names, and the words before it; without one the whole program.
std::pair<const CLI::App*, std::string> named_verb(const CLI::App& app) {
    const auto* named = &app;
    std::string before;
    while (!named->get_subcommands().empty()) {
        before += (before.empty() ? "" : " ") + named->get_name();
        named = named->get_subcommands().front();
    }
    return {named, before};
}

std::string help_of(const CLI::App& app) {
    const auto [named, before] = named_verb(app);
    return named->help(before);
}

/// CLI11 only says that one is required; say to what, and what there is.
std::string explain_missing(const CLI::App& app, const CLI::RequiredError& error) {
    const auto [named, before] = named_verb(app);
    std::vector<std::string> names;
    for (const auto* command : named->get_subcommands([](const CLI::App*) { return true; }))
        names.push_back(command->get_name());
    const auto words = (before + " " + named->get_name()).substr(app.get_name().size() + 1);
    return fmt::format("{}: {}", words,
                       names.empty() ? error.what() : fmt::format("needs one of: {}", fmt::join(names, ", ")));
}

}  // namespace

Result<std::variant<Options, Text>> parse_options(int argc, const char* const* argv) {
    using Parsed = std::variant<Options, Text>;
    Options options;
    Raw raw;
    CLI::App app("Asks and steers ntpoptd, which keeps this machine on good time servers.", "ntpoptctl");
    define(app, options, raw);
    try {
        app.parse(argc, argv);
    } catch (const CLI::CallForHelp&) {
        return Parsed(Text{help_of(app)});
    } catch (const CLI::CallForVersion&) {
        return Parsed(Text{app.version() + "\n"});
    } catch (const CLI::ExtrasError&) {
        return usage(explain_extra(app));
    } catch (const CLI::RequiredError& e) {
        return usage(explain_missing(app, e));
    } catch (const CLI::ParseError& e) {
        return usage(e.what());
    }
    if (auto read = read_duration(raw.timeout, "--timeout", options.timeout); !read) return read.error();
    if (raw.interval == "default")
        options.interval = Duration::zero();
    else if (auto read = read_duration(raw.interval, "interval", options.interval); !read)
        return read.error();
    else if (options.interval == Duration::zero())
        return usage("interval: at least 30min");
    if (auto read = read_duration(raw.since, "--since", options.since); !read) return read.error();
    if (auto read = read_duration(raw.ban_time, "--for", options.ban_time); !read) return read.error();
    if (auto read = read_point(raw.from, "--from", options.from); !read) return read.error();
    if (auto read = read_point(raw.to, "--to", options.to); !read) return read.error();
    if (options.journal && !options.host.empty())
        return usage("--journal: is this machine's, so --host cannot stand with it");
    if (options.timeout && *options.timeout == Duration::zero()) return usage("--timeout: at least 1ms");
    if (options.json && (options.http || !options.text_file.empty()))
        return usage("--json goes with neither --http nor --textfile");
    if (options.json && (options.csv || options.trace)) return usage("--json goes with neither --csv nor --trace");
    if (options.host.starts_with('-')) return usage("--host: a host does not begin with '-'");
    return Parsed(std::move(options));
}

}  // namespace ntpopt::ctl
