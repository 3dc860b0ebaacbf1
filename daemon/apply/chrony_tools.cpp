// Implementation of chrony_tools.hpp.
#include "daemon/apply/chrony_tools.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/text.hpp"
#include "daemon/io/sys/process.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;

constexpr int kChronycAttempts = 2;
constexpr Duration kChronycPause = std::chrono::milliseconds(200);
/// A resolver tries two or three name servers for 5 s each.
constexpr Duration kResolveDeadline = std::chrono::seconds(15);

/// The argument of -f, or nothing where chronyd was started without.
std::string config_argument(const ProcessInfo& process) {
    const auto& arguments = process.arguments;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        if (arguments[i] == "-f" && i + 1 < arguments.size()) return arguments[i + 1];
        if (arguments[i].starts_with("-f") && arguments[i].size() > 2) return arguments[i].substr(2);
    }
    return "";
}

/// chronyc lies beside its chronyd: /usr/sbin/chronyd and /usr/bin/chronyc.
std::string chronyc_beside(const std::string& chronyd) {
    const auto folder = chronyd.rfind("/sbin/");
    if (folder != std::string::npos) {
        std::string path = chronyd.substr(0, folder) + "/bin/chronyc";
        if (access(path.c_str(), X_OK) == 0) return path;
    }
    return "/usr/bin/chronyc";
}

/// What a program said when it failed: its last words on one line.
std::string complaint(const ProcessOutput& output) {
    std::string last;
    for (const auto* text : {&output.out, &output.err})
        for (const auto line : lines(*text))
            if (!trim(line).empty()) last = printable(trim(line));
    return last.empty() ? fmt::format("exit status {}", output.status) : last;
}

constexpr std::string_view kNoSuchSource = "503";
constexpr std::string_view kSourcePresent = "511";

/// Whether chronyd answered with this status (candm.h), which stands before its words and after what was asked.
bool has_status(const Error& error, std::string_view status) {
    return error.detail.find(fmt::format(": {} ", status)) != std::string::npos;
}

/// chronyc asks for one source after the other, and fails where one goes in between ("503 No such source").
bool is_passing(const Error& error) {
    return error.code == Errc::unavailable &&
           (has_status(error, kNoSuchSource) || error.detail.find("changed while") != std::string::npos);
}

}  // namespace

ChronyTools::ChronyTools(ProcessInfo process, const ApplyConfig& config) : process_(std::move(process)) {
    config_path_ = config.chrony_conf.empty() ? config_argument(process_) : config.chrony_conf;
    for (const auto word : words(config.chronyc))
        chronyc_.emplace_back(word);
    if (chronyc_.empty()) chronyc_.push_back(chronyc_beside(process_.exe));
}

asio::awaitable<Result<std::string>> ChronyTools::chronyd(std::vector<std::string> words) {
    Command command;
    command.argv = std::move(words);
    command.argv.insert(command.argv.begin(), process_.exe);
    const auto output = co_await run_process(std::move(command));
    if (!output) co_return output.error();
    if (output->status != 0) co_return Error{Errc::refused, "chronyd: " + complaint(*output)};
    co_return output->out;
}

asio::awaitable<Result<std::string>> ChronyTools::chronyc(std::vector<std::string> words, Duration deadline) {
    for (int attempt = 1;; ++attempt) {
        Command command;
        command.deadline = deadline;
        command.argv = chronyc_;
        command.argv.insert(command.argv.end(), words.begin(), words.end());
        const auto output = co_await run_process(std::move(command));
        if (!output) co_return output.error();
        if (output->status == 0) co_return output->out;
        const auto said = complaint(*output);
        // A chronyc that could not open its socket has sent nothing, so asking again repeats nothing.
        const bool unsent = said.find("Could not open connection") != std::string::npos;
        if (!unsent || attempt == kChronycAttempts)
            co_return Error{Errc::unavailable, fmt::format("chronyc {}: {}", words.back(), said)};
        const auto executor = co_await asio::this_coro::executor;
        asio::steady_timer pause(executor, kChronycPause);
        co_await pause.async_wait(asio::use_awaitable);
    }
}

asio::awaitable<Result<std::string>> ChronyTools::version() {
    std::vector<std::string> arguments(1, "-v");
    const auto output = co_await chronyd(std::move(arguments));
    if (!output) co_return output.error();
    // "chronyd (chrony) version 4.3 (+CMDMON ...)"
    const auto parts = words(*output);
    for (std::size_t i = 0; i + 1 < parts.size(); ++i)
        if (parts[i] == "version") co_return printable(parts[i + 1], 20);
    co_return Error{Errc::parse, "chronyd does not tell its version"};
}

asio::awaitable<Result<std::string>> ChronyTools::config_path() {
    if (!config_path_.empty()) co_return config_path_;
    std::vector<std::string> arguments(1, "-h");
    const auto help = co_await chronyd(std::move(arguments));
    if (!help) co_return help.error();
    // "  -f FILE  Specify configuration file (/etc/chrony/chrony.conf)"
    for (const auto line : lines(*help)) {
        const auto open = line.find("(/");
        const auto close = line.rfind(')');
        if (trim(line).starts_with("-f ") && open != std::string_view::npos && close != std::string_view::npos &&
            open < close)
            co_return printable(line.substr(open + 1, close - open - 1), 4096);
    }
    co_return Error{Errc::parse, "chronyd does not tell where its configuration is"};
}

asio::awaitable<Result<ChronyConfig>> ChronyTools::effective_config() {
    std::vector<std::string> arguments(1, "-p");
    if (!config_path_.empty()) arguments.insert(arguments.end(), {"-f", config_path_});
    const auto output = co_await chronyd(std::move(arguments));
    if (!output) co_return output.error();
    auto config = parse_chrony_config(*output);
    if (config && !config->command_socket.empty() && chronyc_.size() == 1)
        chronyc_.insert(chronyc_.end(), {"-h", config->command_socket});
    co_return config;
}

asio::awaitable<Status> ChronyTools::validate(std::vector<std::string> directives) {
    if (directives.empty()) co_return Status();
    directives.insert(directives.begin(), "-p");
    const auto output = co_await chronyd(std::move(directives));
    if (!output) co_return output.error();
    co_return Status();
}

asio::awaitable<Result<std::vector<ChronySource>>> ChronyTools::sources() {
    constexpr int kAttempts = 5;
    Result<std::vector<ChronySource>> sources = Error{Errc::unavailable, "chronyd's sources keep changing"};
    for (int i = 0; i < kAttempts; ++i) {
        sources = co_await list_once();
        if (sources || !is_passing(sources.error())) break;
    }
    co_return sources;
}

asio::awaitable<Result<std::vector<ChronySource>>> ChronyTools::list_once() {
    std::vector<std::string> arguments;
    arguments.insert(arguments.end(), {"-c", "-n", "sources", "-a"});
    const auto numeric = co_await chronyc(arguments);
    if (!numeric) co_return numeric.error();
    arguments[1] = "-N";
    const auto named = co_await chronyc(std::move(arguments));
    if (!named) co_return named.error();
    co_return parse_chrony_sources(*numeric, *named);
}

asio::awaitable<Result<ChronyTracking>> ChronyTools::tracking() {
    std::vector<std::string> arguments;
    arguments.insert(arguments.end(), {"-c", "-n", "tracking"});
    const auto output = co_await chronyc(std::move(arguments));
    if (!output) co_return output.error();
    co_return parse_chrony_tracking(*output);
}

asio::awaitable<Result<std::vector<ChronyStatistics>>> ChronyTools::statistics() {
    std::vector<std::string> arguments;
    arguments.insert(arguments.end(), {"-c", "-n", "sourcestats", "-a"});
    const auto output = co_await chronyc(std::move(arguments));
    if (!output) co_return output.error();
    co_return parse_chrony_statistics(*output);
}

asio::awaitable<Result<std::vector<std::string>>> ChronyTools::authenticated() {
    std::vector<std::string> arguments;
    arguments.insert(arguments.end(), {"-c", "-n", "authdata", "-a"});
    const auto output = co_await chronyc(std::move(arguments));
    if (!output) co_return output.error();
    co_return parse_chrony_authenticated(*output);
}

asio::awaitable<Status> ChronyTools::reload() {
    constexpr int kAttempts = 2;
    Status status;
    for (int i = 0; i < kAttempts; ++i) {
        // chronyd up to 4.5 crashes when it is told to reload before it has made its first measurements (initstepslew,
        // -s); once it tells what it tracks, they are behind it.
        if (const auto settled = co_await tracking(); !settled) {
            status = settled.error();
            continue;
        }
        std::vector<std::string> arguments;
        arguments.insert(arguments.end(), {"reload", "sources"});
        const auto output = co_await chronyc(std::move(arguments));
        if (output) co_return Status();
        status = output.error();
    }
    co_return status;
}

asio::awaitable<Status> ChronyTools::add(ChronyDirective directive) {
    std::vector<std::string> arguments(1, "add");
    for (const auto word : words(directive.text))
        arguments.emplace_back(word);
    const auto output = co_await chronyc(std::move(arguments), kResolveDeadline);
    if (output || has_status(output.error(), kSourcePresent)) co_return Status();
    co_return Error{output.error().code, fmt::format("add {}: {}", directive.name, output.error().detail)};
}

asio::awaitable<Status> ChronyTools::remove(std::string id) {
    std::vector<std::string> arguments;
    arguments.insert(arguments.end(), {"delete", id});
    const auto output = co_await chronyc(std::move(arguments));
    if (output || has_status(output.error(), kNoSuchSource)) co_return Status();
    co_return output.error().in("delete " + id);
}

}  // namespace ntpopt
