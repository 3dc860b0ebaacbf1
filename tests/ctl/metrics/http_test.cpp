// HTTP as a table of requests and status codes, and the exchange over real sockets.
#include <gmock/gmock.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <stdexcept>
#include <string>

#include "ctl/http_exchange.hpp"
#include "ctl/http_request.hpp"

namespace ntpopt::ctl {
namespace {

using namespace std::string_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

struct Case {
    std::string head;
    int status;
};

TEST(HttpRequest, IsJudged) {
    const std::string host = "Host: localhost\r\n\r\n";
    const std::vector<Case> kTable{
        {"GET /metrics HTTP/1.1\r\n" + host, 200},
        {"HEAD /metrics HTTP/1.1\r\n" + host, 200},
        {"GET /metrics HTTP/1.0\r\n\r\n", 200},
        {"GET /metrics HTTP/1.0\n\n", 200},
        {"GET /metrics?x=y HTTP/1.1\r\n" + host, 200},
        {"GET http://localhost:9975/metrics HTTP/1.1\r\n" + host, 200},
        {"GET /metrics HTTP/1.1\r\nhOST:localhost\r\nAccept: text/plain;q=0.5, */*;q=0.1\r\n\r\n", 200},
        {"GET / HTTP/1.1\r\n" + host, 404},
        {"GET http://localhost HTTP/1.1\r\n" + host, 404},
        {"GET /metrics/ HTTP/1.1\r\n" + host, 404},
        {"GET /../etc/shadow HTTP/1.1\r\n" + host, 404},
        {"POST /nothing HTTP/1.1\r\n" + host, 404},
        {"OPTIONS * HTTP/1.1\r\n" + host, 404},
        {"POST /metrics HTTP/1.1\r\n" + host, 405},
        {"get /metrics HTTP/1.1\r\n" + host, 405},
        {"GET /metrics HTTP/2.0\r\n" + host, 505},
        {"GET /metrics HTTP/1.1\r\n\r\n", 400},
        {"GET /metrics HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400},
        {"GET /metrics\r\n\r\n", 400},
        {"GET  /metrics HTTP/1.1\r\n" + host, 400},
        {"GET /metrics HTTP/1.1 \r\n" + host, 400},
        {"GET metrics HTTP/1.1\r\n" + host, 400},
        {"GET /met\x01rics HTTP/1.1\r\n" + host, 400},
        {"G(T /metrics HTTP/1.1\r\n" + host, 400},
        {"GET /metrics HTTP/1.1\r\nHost : a\r\n\r\n", 400},
        {"GET /metrics HTTP/1.1\r\nHost: a\r\n folded\r\n\r\n", 400},
        {"GET /metrics HTTP/1.1\r\nHost: a\r\nno colon\r\n\r\n", 400},
        {"GET /metrics HTTP/1.1\r\nHost: a\r\nX: \0\r\n\r\n"s, 400},
        {"\r\n\r\n", 400},
        {"\x16\x03\x01\x02\n\n", 400},
        {"GET /metrics xHTTP/1.1\r\n" + host, 400},
    };
    for (const auto& given : kTable)
        EXPECT_EQ(judge_request(given.head).status, given.status) << given.head;
}

TEST(HttpRequest, AHeadEndsWithAnEmptyLine) {
    const std::vector<std::pair<std::string, std::optional<std::size_t>>> kTable{
        {"", {}},         {"GET / HTTP/1.1\r\n", {}}, {"a\r\n\r\nbody", 5},
        {"a\n\nbody", 3}, {"a\nb\r\n\r", {}},         {"a\r\n\nb", 4},
        {"\r\n\r\n", 4}};
    for (const auto& [text, wanted] : kTable)
        EXPECT_EQ(head_length(text), wanted) << text;
}

TEST(HttpAnswer, HasItsLengthAndClosesTheConnection) {
    EXPECT_EQ(render_answer({200}, "text/x", "body\n"),
              "HTTP/1.1 200 OK\r\nContent-Type: text/x\r\nContent-Length: 5\r\nCache-Control: no-store\r\n"
              "X-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\nbody\n");
    const auto head = render_answer({200, true}, "text/x", "body\n");
    EXPECT_THAT(head, HasSubstr("Content-Length: 5\r\n"));
    EXPECT_THAT(head, EndsWith("\r\n\r\n"));
    EXPECT_THAT(render_answer({405}, "text/x", "secret"), HasSubstr("\r\nAllow: GET, HEAD\r\n"));
    EXPECT_THAT(render_answer({404}, "text/x", "secret"), Not(HasSubstr("secret")));
}

/// One connection: what is written to the server's end is answered, and read here until it is closed.
class Exchange {
  public:
    Exchange() {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()) != 0)
            throw std::runtime_error("no pair");
    }
    ~Exchange() {
        ::close(ends_[0]);
        if (ends_[1] >= 0) ::close(ends_[1]);
    }
    void send(const std::string& text) {
        ASSERT_EQ(::send(ends_[1], text.data(), text.size(), MSG_NOSIGNAL), static_cast<ssize_t>(text.size()));
    }
    void hang_up() { ::close(std::exchange(ends_[1], -1)); }
    void end_of_input() { ::shutdown(ends_[1], SHUT_WR); }
    std::string answer(Duration patience = std::chrono::seconds(20)) {
        const auto done = answer_http(ends_[0], ends_[0], patience, "text/x", [this] {
            ++made;
            return std::string("body\n");
        });
        failed = !done;
        std::string text;
        std::array<char, 4096> chunk{};
        while (ends_[1] >= 0) {
            const auto got = ::recv(ends_[1], chunk.data(), chunk.size(), MSG_DONTWAIT);
            if (got <= 0) break;
            text.append(chunk.data(), static_cast<std::size_t>(got));
        }
        return text;
    }
    int made = 0;
    bool failed = false;

  private:
    std::array<int, 2> ends_{};
};

TEST(HttpExchange, ARequestInPiecesIsAnsweredOnce) {
    Exchange exchange;
    exchange.send("GET /metr");
    exchange.send("ics HTTP/1.0\r\n");
    exchange.send("\r\nGET /metrics HTTP/1.0\r\n\r\n");
    exchange.end_of_input();
    const auto answer = exchange.answer();
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(answer, EndsWith("\r\n\r\nbody\n"));
    EXPECT_EQ(exchange.made, 1);
}

TEST(HttpExchange, NothingIsAskedOfTheDaemonForWhatIsNoScrape) {
    for (const auto* request : {"GET / HTTP/1.0\r\n\r\n", "PUT /metrics HTTP/1.0\r\n\r\n", "\x16\x03\n\n"}) {
        Exchange exchange;
        exchange.send(request);
        exchange.end_of_input();
        EXPECT_THAT(exchange.answer(), StartsWith("HTTP/1.1 4"));
        EXPECT_EQ(exchange.made, 0);
    }
}

TEST(HttpExchange, AnEndlessHeadIsRefused) {
    Exchange exchange;
    exchange.send("GET /metrics HTTP/1.0\r\nX: " + std::string(20'000, 'x'));
    exchange.end_of_input();
    EXPECT_THAT(exchange.answer(), StartsWith("HTTP/1.1 431 "));
}

TEST(HttpExchange, ASlowOneIsNotWaitedForForever) {
    Exchange exchange;
    exchange.send("GET /metrics HTTP/1.0\r\n");
    EXPECT_THAT(exchange.answer(std::chrono::milliseconds(20)), StartsWith("HTTP/1.1 408 "));
}

TEST(HttpExchange, WhoHangsUpGetsNothing) {
    Exchange silent;
    silent.end_of_input();
    EXPECT_EQ(silent.answer(), "");
    EXPECT_FALSE(silent.failed);
    Exchange cut;
    cut.send("GET /me");
    cut.end_of_input();
    EXPECT_THAT(cut.answer(), StartsWith("HTTP/1.1 400 "));
    Exchange gone;
    gone.send("GET /metrics HTTP/1.0\r\n\r\n");
    gone.hang_up();
    EXPECT_EQ(gone.answer(), "");
    EXPECT_TRUE(gone.failed);
}

}  // namespace
}  // namespace ntpopt::ctl
