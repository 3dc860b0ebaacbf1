// Implementation of child_notifier.hpp.
#include "daemon/io/notify/child_notifier.hpp"

#include <fmt/format.h>

#include "common/text.hpp"
#include "daemon/core/notice/delivery.hpp"
#include "daemon/core/notice/payload.hpp"
#include "daemon/io/sys/process.hpp"

namespace ntpopt {
namespace asio = boost::asio;
namespace {

constexpr Duration kCommandDeadline = std::chrono::seconds(20);
constexpr std::size_t kMaxCommandOutput = 65536;
constexpr std::size_t kShownOutput = 200;

std::string status_text(std::string_view program, const ProcessOutput& done) {
    const auto said = printable(trim(done.err.empty() ? done.out : done.err), kShownOutput);
    return fmt::format("{} ended with status {}{}{}", program, done.status, said.empty() ? "" : ": ", said);
}

/// The administrator's program: status 0 is a delivery, everything else is tried again.
Delivery judge_command(const Result<ProcessOutput>& done, const std::string& program) {
    if (!done) return {false, false, done.error().detail};
    if (done->status == 0) return {true, false, {}};
    return {false, false, status_text(program, *done)};
}

}  // namespace

ChildNotifier::ChildNotifier(std::string libexec_dir, std::string credentials_dir)
    : program_(std::move(libexec_dir) + "/ntpopt-notify"), credentials_dir_(std::move(credentials_dir)) {}

asio::awaitable<Delivery> ChildNotifier::deliver(NotifyChannel channel, Notice notice) {
    Command command;
    if (channel.way == NotifyChannel::Way::command) {
        command.argv = channel.argv;
        command.input = render_webhook(notice) + '\n';
        command.deadline = kCommandDeadline;
        command.max_output = kMaxCommandOutput;
        const auto ran = co_await run_process(std::move(command));
        co_return judge_command(ran, channel.argv.front());
    }
    auto request = make_delivery_request(channel, notice, credentials_dir_);
    if (!request) {
        Delivery refused{false, true, request.error().detail};
        co_return refused;
    }
    command.argv.push_back(program_);
    command.input = render_delivery_request(*request);
    command.deadline = request->deadline + std::chrono::seconds(1);  // it keeps to the deadline itself
    command.max_output = kMaxDeliveryReply;
    const auto done = co_await run_process(std::move(command));
    Delivery failed;
    if (!done) failed.detail = done.error().detail;
    if (done && done->status != 0) failed.detail = status_text("ntpopt-notify", *done);
    if (!failed.detail.empty()) co_return failed;
    co_return parse_delivery(done->out);
}

}  // namespace ntpopt
