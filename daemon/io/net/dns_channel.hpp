// c-ares on the loop: c-ares says which sockets it waits for and when it wants to be woken, and this does the waiting.
// It carries questions and raw answers; what they mean is resolver.cpp's business.
#pragma once

#include <ares.h>

#include <functional>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "daemon/io/net/socket_watch.hpp"

namespace ntpopt {

class DnsChannel : public std::enable_shared_from_this<DnsChannel> {
  public:
    /// Status of c-ares and the answer's bytes, which live for the call only. Called once, from the loop or from
    /// close().
    using OnAnswer = std::function<void(int status, const unsigned char* answer, int length)>;

    /// `servers` as in ares_set_servers_ports_csv(3), empty for resolv.conf's.
    DnsChannel(boost::asio::io_context& io, std::string servers, Duration try_timeout);
    ~DnsChannel();
    DnsChannel(const DnsChannel&) = delete;
    DnsChannel& operator=(const DnsChannel&) = delete;

    /// Reads resolv.conf; sockets are opened when somebody asks. No error where it is open already.
    [[nodiscard]] Status open();
    /// Ends every question that is under way. Never to be called from an OnAnswer.
    void close();

    /// Whether a name server may have got a question since open(): one said something, or one was waited for in vain.
    [[nodiscard]] bool heard() const { return heard_; }

    /// One question of class IN; `search` completes the name by the search domains.
    void ask(const std::string& name, int type, bool search, OnAnswer on_answer);

  private:
    struct Question {
        OnAnswer on_answer;
        bool& heard;
    };

    void set_timer();

    std::string servers_;
    Duration try_timeout_;
    boost::asio::steady_timer timer_;
    ares_channel channel_ = nullptr;
    bool heard_ = false;
    SocketWatch watch_;
};

}  // namespace ntpopt
