// Implementation of fetch.hpp.
#include "daemon/io/net/fetch.hpp"

#include <fmt/format.h>

#include <boost/asio/this_coro.hpp>

#include "common/text.hpp"
#include "daemon/io/sys/process.hpp"

namespace ntpopt {
namespace asio = boost::asio;

asio::awaitable<Result<FetchReply>> fetch(std::string program, FetchRequest request) {
    co_await asio::this_coro::throw_if_cancelled(false);
    Command command;
    command.argv.push_back(std::move(program));
    command.input = render_fetch_request(request);
    command.deadline = request.deadline + std::chrono::seconds(1);  // it keeps to the deadline itself
    command.max_output = request.max_bytes + kMaxFetchHead;
    const auto done = co_await run_process(std::move(command));
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return Error{Errc::shutting_down, "given up"};
    if (!done && done.error().code == Errc::timeout) co_return Error{Errc::timeout, "did not arrive in time"};
    if (!done) co_return done.error();
    if (done->status != 0)
        co_return Error{Errc::io,
                        fmt::format("what fetched it ended with status {}: {}", done->status, printable(done->err))};
    co_return parse_fetch_reply(done->out);
}

}  // namespace ntpopt
