// `ntpoptctl metrics`: what ntpoptd counted, for Prometheus. Differs from the other verbs in what a daemon that does
// not run is: here it is an answer (ntpopt_up 0), since a scrape is there to tell it.
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "ctl/exposition.hpp"
#include "ctl/http_exchange.hpp"
#include "ctl/verbs.hpp"
#include "dbus/contract.hpp"
#include "dbus/documents.hpp"

namespace ntpopt::ctl {
namespace {

/// Below the ten seconds that Prometheus waits for a scrape.
constexpr Duration kPatience = std::chrono::seconds(4);
constexpr mode_t kReadable = 0644;  // the collector runs as another user

auto connect(const Options& options) {
    return Bus::connect(options.host, options.timeout.value_or(kPatience));
}

Result<Json> ask(Bus& bus) {
    Remote manager(bus, contract::kManagerName, contract::kManagerPath, contract::kManagerInterface);
    return manager.dict("GetMetrics");
}

ExitCode print_document(const Options& options, const Output& output) {
    const auto bus = connect(options);
    if (!bus) return fail_to_connect(options, output, bus.error());
    const auto metrics = ask(**bus);
    if (!metrics) return fail(options, output, metrics.error());
    output.json(documents::shape(*metrics, documents::metrics()));
    return ExitCode::success;
}

std::string exposition(const Options& options) {
    const auto bus = connect(options);
    const auto metrics = bus ? ask(**bus) : Result<Json>(bus.error());
    return render_exposition(metrics ? *metrics : Json(nullptr));
}

Status write_and_sync(int fd, std::string_view text) {
    while (!text.empty()) {
        const auto wrote = ::write(fd, text.data(), text.size());
        if (wrote < 0 && errno == EINTR) continue;
        if (wrote < 0) return io_error("writing", errno);
        text.remove_prefix(static_cast<std::size_t>(wrote));
    }
    if (::fchmod(fd, kReadable) != 0) return io_error("setting the mode", errno);
    return ::fsync(fd) == 0 ? Status() : io_error("syncing", errno);
}

/// A collector sees the old file or the new one, whole: a temporary file beside it, whose name no collector reads,
/// takes its place.
Status replace_file(const std::string& path, std::string_view text) {
    const auto slash = path.rfind('/');
    const auto folder = slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
    auto temporary = folder + ".ntpopt-metrics.XXXXXX";
    const int fd = ::mkostemp(temporary.data(), O_CLOEXEC);
    if (fd < 0) return io_error("a temporary file beside " + path, errno);
    auto written = write_and_sync(fd, text);
    if (::close(fd) != 0 && written) written = io_error("closing", errno);
    if (written && ::rename(temporary.c_str(), path.c_str()) != 0) written = io_error("replacing " + path, errno);
    if (!written) ::unlink(temporary.c_str());
    return written;
}

}  // namespace

ExitCode publish_metrics(const Options& options, const Output& output) {
    if (options.json) return print_document(options, output);
    Status done;
    if (options.http) {
        done =
            answer_http(STDIN_FILENO, STDOUT_FILENO, kPatience, kExpositionType, [&] { return exposition(options); });
    } else if (!options.text_file.empty()) {
        done = replace_file(options.text_file, exposition(options));
    } else {
        const auto text = exposition(options);
        if (std::fputs(text.c_str(), stdout) == EOF || std::fflush(stdout) != 0) done = io_error("writing", errno);
    }
    return done ? ExitCode::success : output.fail(done.error());
}

}  // namespace ntpopt::ctl
