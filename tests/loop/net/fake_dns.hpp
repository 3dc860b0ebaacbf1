// A name server on loopback whose answers follow from the first label of the name: enough of RFC 1035 to test a
// resolver.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>

namespace ntpopt::test {

class FakeDns {
  public:
    explicit FakeDns(boost::asio::io_context& io);
    /// "127.0.0.1:PORT".
    [[nodiscard]] std::string server() const;
    /// A server that hears and never answers.
    void silence() { silent_ = true; }
    void stop();

    std::multiset<std::string> asked;  ///< "name A" or "name AAAA", one a packet

    /// Names of the zone, by their first label up to a '-':
    ///   good  A 192.0.2.N and AAAA 2001:db8::N (N: the number after '-')     black  nothing
    ///   v6hole  A, and nothing for AAAA                                      v4hole the other way round
    ///   slow  as good, 300 ms late                                          lost   as good, from the second packet on
    ///   nx    NXDOMAIN        none  no records        fail  SERVFAIL        refuse  REFUSED
    ///   many  24 A records    odd   0.0.0.0, 224.0.0.1 and 192.0.2.1 twice
    ///   junk  random bytes    short half a header     wrongid, wrongname  an answer to another question
    ///   ttl   AAAA for N seconds, A for twice as long; all others hold for 60 s
    ///   loop  a compression pointer to itself     trunc  truncated; over TCP 192.0.2.7 and 2001:db8::7
  private:
    using Bytes = std::vector<std::uint8_t>;
    using Peer = boost::asio::ip::udp::endpoint;

    void receive();
    void accept();
    void handle(std::size_t size);
    void send_later(Bytes reply, const Peer& peer, std::chrono::milliseconds delay);

    boost::asio::io_context& io_;
    boost::asio::ip::udp::socket socket_;
    boost::asio::ip::tcp::acceptor acceptor_;
    std::array<std::uint8_t, 2048> buffer_{};
    Peer peer_;
    bool silent_ = false;
};

}  // namespace ntpopt::test
