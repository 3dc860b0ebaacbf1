// The program fakentp: fake NTP servers for tests, the quickstart and experiments. It never touches any clock.
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <deque>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "common/text.hpp"
#include "tests/fakentp/commands.hpp"
#include "tests/fakentp/fleet.hpp"

namespace {

using namespace ntpopt;
using namespace ntpopt::fakentp;

constexpr std::size_t kMaxLine = 4096;

struct Options {
    std::uint64_t seed = 1;
    std::vector<std::string> specs;
    std::string control;
    bool commands = false;
    bool help = false;
};

std::string help() {
    return fmt::format(
        "usage: fakentp [OPTION...] [SPEC...]\n"
        "Fake NTP servers for tests. Prints \"ready\" when all sockets are bound, and serves until SIGTERM or "
        "\"quit\".\n"
        "\n"
        "A SPEC is one line: ADDRESS[:PORT] [key=value ...], for example\n"
        "  '127.10.1.1:11123 offset=50ms delay=20ms jitter=1ms stratum=1 refid=GPS name=liar'\n"
        "\n"
        "options\n"
        "  --file FILE     specs, one a line, '#' begins a comment line; '-' is standard input up to its end\n"
        "  --commands      read commands from standard input; the program ends where they end\n"
        "  --control PATH  make a FIFO there and read commands from it; answers go to standard output\n"
        "  --seed N        the same seed and the same requests give the same answers\n"
        "\n"
        "commands, one a line, each answered by \"ok\", \"error: ...\" or what it asked for\n"
        "{}\n"
        "keys of a SPEC; durations are written as 20ms, 1.5s, 2h\n"
        "{}",
        describe_commands(), describe_keys());
}

Result<std::vector<std::string>> read_specs(const std::string& path) {
    std::ifstream file;
    if (path != "-") file.open(path);
    std::istream& in = path == "-" ? std::cin : file;
    if (!in) return io_error(fmt::format("open {}", path), errno);
    std::vector<std::string> specs;
    for (std::string line; std::getline(in, line);)
        if (const auto text = trim(line); !text.empty() && text.front() != '#') specs.emplace_back(text);
    return specs;
}

Result<Options> parse_options(const std::vector<std::string>& arguments) {
    Options options;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const auto& word = arguments[i];
        const bool takes_value = word == "--file" || word == "--control" || word == "--seed";
        if (takes_value && i + 1 == arguments.size())
            return Error{Errc::invalid_argument, fmt::format("{} needs a value", word)};
        if (word == "--help") {
            options.help = true;
        } else if (word == "--commands") {
            options.commands = true;
        } else if (word == "--control") {
            options.control = arguments[++i];
        } else if (word == "--seed") {
            const auto& text = arguments[++i];
            if (std::from_chars(text.data(), text.data() + text.size(), options.seed).ec != std::errc())
                return Error{Errc::invalid_argument, fmt::format("'{}' is not a seed", printable(text, 40))};
        } else if (word == "--file") {
            const auto specs = read_specs(arguments[++i]);
            if (!specs) return specs.error();
            options.specs.insert(options.specs.end(), specs->begin(), specs->end());
        } else if (word.starts_with("--")) {
            return Error{Errc::invalid_argument, fmt::format("unknown option {}", printable(word, 40))};
        } else {
            options.specs.push_back(word);
        }
    }
    return options;
}

/// Each server is a socket: take as many as we may have.
void raise_descriptor_limit() {
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void say(const std::string& text) {
    std::fputs(text.c_str(), stdout);
    std::fflush(stdout);
}

/// Feeds lines from a descriptor to the fleet. False once it has ended, and after "quit".
class CommandReader {
  public:
    explicit CommandReader(int fd) : fd_(fd) {}

    bool read_some(Fleet& fleet) {
        std::array<char, 4096> chunk{};
        const auto size = read(fd_, chunk.data(), chunk.size());
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) return true;
        if (size <= 0) return false;
        text_.append(chunk.data(), static_cast<std::size_t>(size));
        for (auto end = text_.find('\n'); end != std::string::npos; end = text_.find('\n')) {
            const auto line = trim(std::string_view(text_).substr(0, end));
            if (line == "quit") return false;
            const auto answer = run_command(fleet, line);
            say(answer ? *answer : fmt::format("error: {}\n", answer.error().detail));
            text_.erase(0, end + 1);
        }
        if (text_.size() > kMaxLine) text_.clear();
        return true;
    }

    [[nodiscard]] int fd() const { return fd_; }

  private:
    int fd_;
    std::string text_;
};

/// Reads commands and signals until one of them, or the end of --commands, ends the program.
class Console {
  public:
    Console(const Options& options, Fleet& fleet, int signals) : fleet_(fleet), signals_(signals) {
        if (options.commands) readers_.emplace_back(STDIN_FILENO);
    }

    void add(int fd) { readers_.emplace_back(fd); }

    void run() {
        for (bool going = true; going;) {
            std::vector<pollfd> waits{{signals_, POLLIN, 0}};
            for (const auto& reader : readers_)
                waits.push_back({reader.fd(), POLLIN, 0});
            if (poll(waits.data(), waits.size(), -1) < 0) continue;
            if (waits[0].revents != 0) going = false;
            for (std::size_t i = 0; i < readers_.size(); ++i)
                if (waits[i + 1].revents != 0 && !readers_[i].read_some(fleet_)) going = false;
        }
    }

  private:
    Fleet& fleet_;
    int signals_;
    std::deque<CommandReader> readers_;
};

std::array<int, 2> g_signal_pipe{-1, -1};

extern "C" void on_signal(int) {
    const char one = 1;
    [[maybe_unused]] const auto written = write(g_signal_pipe[1], &one, 1);
}

int fail(const Error& error) {
    std::fputs(fmt::format("fakentp: {}\n", error.detail).c_str(), stderr);
    return 1;
}

int run(const Options& options) {
    if (pipe2(g_signal_pipe.data(), O_CLOEXEC | O_NONBLOCK) != 0) return fail(io_error("pipe", errno));
    struct sigaction action {};
    action.sa_handler = on_signal;
    for (const int number : {SIGTERM, SIGINT, SIGHUP})
        sigaction(number, &action, nullptr);

    raise_descriptor_limit();
    Fleet fleet(options.seed);
    for (const auto& line : options.specs) {
        auto spec = parse_spec(line);
        if (!spec) return fail(spec.error());
        if (const auto added = fleet.add(std::move(*spec)); !added) return fail(added.error());
    }
    Console console(options, fleet, g_signal_pipe[0]);
    if (!options.control.empty()) {
        unlink(options.control.c_str());
        if (mkfifo(options.control.c_str(), 0600) != 0) return fail(io_error("make " + options.control, errno));
        // Read and write, so that it never ends when a writer goes away.
        const int fifo = open(options.control.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (fifo < 0) return fail(io_error("open " + options.control, errno));
        console.add(fifo);
    }
    fleet.start();
    say("ready\n");
    console.run();
    if (!options.control.empty()) unlink(options.control.c_str());
    return 0;
}

}  // namespace

int main(int argc, char** argv) {
    const auto options = parse_options(std::vector<std::string>(argv + 1, argv + argc));
    if (!options) return fail(options.error());
    if (options->help || (options->specs.empty() && !options->commands && options->control.empty())) {
        std::fputs(help().c_str(), options->help ? stdout : stderr);
        return options->help ? 0 : 2;
    }
    return run(*options);
}
