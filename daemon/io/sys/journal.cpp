// Implementation of journal.hpp on sd_journal_sendv(3) and stderr.
#include "daemon/io/sys/journal.hpp"

#include <sys/stat.h>
#include <sys/uio.h>
#include <systemd/sd-journal.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <vector>

namespace ntpopt {
namespace {

/// $JOURNAL_STREAM names device and inode of the stream that the service manager gave us (systemd.exec(5)).
bool stderr_is_the_journal() {
    const char* stream = std::getenv("JOURNAL_STREAM");
    struct stat info {};
    return stream && fstat(STDERR_FILENO, &info) == 0 && fmt::format("{}:{}", info.st_dev, info.st_ino) == stream;
}

}  // namespace

void log(Priority priority, std::string_view message) {
    log(priority, MessageId{}, message);
}

void log(Priority priority, MessageId id, std::string_view message, Fields fields) {
    static const bool structured = stderr_is_the_journal();
    if (!structured) {
        // One write, so that lines of two processes on one terminal do not mix.
        const auto line = fmt::format("{}: {}\n", program_invocation_short_name, message);
        [[maybe_unused]] const auto written = write(STDERR_FILENO, line.data(), line.size());
        return;
    }
    std::vector<std::string> entries{fmt::format("MESSAGE={}", message),
                                     fmt::format("PRIORITY={}", static_cast<int>(priority))};
    if (!id.text.empty()) entries.push_back(fmt::format("MESSAGE_ID={}", id.text));
    for (const auto& [name, value] : fields)
        entries.push_back(fmt::format("{}={}", name, value));
    std::vector<iovec> parts;
    for (auto& entry : entries)
        parts.push_back({entry.data(), entry.size()});
    sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
}

}  // namespace ntpopt
