// One connected UDP socket to one server for one round, on a random port of the kernel's choice (RFC 9109), with the
// kernel's own timestamps of what came and what left. Knows bytes and stamps, nothing of NTP's fields.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <variant>

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include "common/duration.hpp"
#include "common/error.hpp"
#include "common/host.hpp"

namespace ntpopt {

/// A datagram from the server, cut to more than an NTP header needs.
struct Datagram {
    std::array<std::uint8_t, 128> bytes{};
    std::size_t size = 0;
    std::optional<Duration> stamp;  ///< CLOCK_REALTIME since 1970, taken by the kernel on arrival

    [[nodiscard]] std::span<const std::uint8_t> data() const { return std::span(bytes).first(size); }
};

/// The n-th datagram that was sent (from 0) was handed to the device.
struct TransmitStamp {
    std::uint32_t index = 0;
    Duration stamp{};  ///< CLOCK_REALTIME since 1970
};

/// The network said no (ICMP).
struct NetworkError {
    int number = 0;  ///< errno
};

using SocketEvent = std::variant<Datagram, TransmitStamp, NetworkError>;

class NtpSocket {
  public:
    /// Errc::busy where nothing but a free descriptor was lacking, Errc::io for everything else.
    [[nodiscard]] static Result<NtpSocket> open(const boost::asio::any_io_executor& executor, const Address& address,
                                                std::uint16_t port);

    /// Sends one datagram. An ICMP error that waits on the socket makes the kernel refuse one sending without anything
    /// having left; that one is tried again at once.
    [[nodiscard]] Status send(std::span<const std::uint8_t> bytes);

    /// What waits on the socket: transmit stamps and ICMP errors first, so that the stamp of a request is known before
    /// its answer is looked at; nothing: drained.
    [[nodiscard]] std::optional<SocketEvent> next();

    /// Calls back once when there may be something for next(), or with an error when the socket was closed.
    template <typename Handler>
    void async_wait(Handler handler) {
        descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read, std::move(handler));
    }

  private:
    explicit NtpSocket(boost::asio::posix::stream_descriptor descriptor) : descriptor_(std::move(descriptor)) {}
    boost::asio::posix::stream_descriptor descriptor_;
};

}  // namespace ntpopt
