// The server of fake_dns.hpp.
#include "tests/loop/net/fake_dns.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>

namespace ntpopt::test {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr std::size_t kHeader = 12;
constexpr std::uint16_t kA = 1;
constexpr std::uint16_t kAaaa = 28;
constexpr unsigned kTtl_s = 60;

void put16(Bytes& out, unsigned value) {
    out.push_back(static_cast<std::uint8_t>(value >> 8));
    out.push_back(static_cast<std::uint8_t>(value));
}

void put_record(Bytes& out, std::uint16_t type, unsigned ttl_s, const Bytes& address) {
    put16(out, 0xc000 | kHeader);  // the name of the question
    put16(out, type);
    put16(out, 1);
    put16(out, 0);
    put16(out, ttl_s);
    put16(out, static_cast<unsigned>(address.size()));
    out.insert(out.end(), address.begin(), address.end());
}

Bytes v4(unsigned last) {
    return {192, 0, 2, static_cast<std::uint8_t>(last)};
}

Bytes v6(unsigned last) {
    Bytes out(16);
    out[0] = 0x20, out[1] = 0x01, out[2] = 0x0d, out[3] = 0xb8, out[15] = static_cast<std::uint8_t>(last);
    return out;
}

/// Turns a question into the head of its answer.
void set_header(Bytes& reply, unsigned answers, unsigned code) {
    reply[2] = 0x81;
    reply[3] = static_cast<std::uint8_t>(0x80 | code);
    reply[6] = 0;
    reply[7] = static_cast<std::uint8_t>(answers);
}

}  // namespace

FakeDns::FakeDns(boost::asio::io_context& io)
    : io_(io),
      socket_(io, {boost::asio::ip::address_v4::loopback(), 0}),
      acceptor_(io, {boost::asio::ip::address_v4::loopback(), socket_.local_endpoint().port()}) {
    receive();
    accept();
}

std::string FakeDns::server() const {
    return "127.0.0.1:" + std::to_string(socket_.local_endpoint().port());
}

void FakeDns::stop() {
    socket_.close();
    acceptor_.close();
}

/// RFC 1035 4.2.2: over TCP a message has its length in front. The only name asked for here is "trunc-N".
void FakeDns::accept() {
    acceptor_.async_accept([this](boost::system::error_code error, boost::asio::ip::tcp::socket raw) {
        if (error) return;
        const auto peer = std::make_shared<boost::asio::ip::tcp::socket>(std::move(raw));
        const auto message = std::make_shared<Bytes>(2);
        boost::asio::async_read(
            *peer, boost::asio::buffer(*message), [=, this](boost::system::error_code failed, std::size_t) {
                if (failed) return;
                message->resize(static_cast<std::size_t>(message->at(0) << 8 | message->at(1)));
                boost::asio::async_read(*peer, boost::asio::buffer(*message),
                                        [=, this](boost::system::error_code cut, std::size_t) {
                                            if (cut) return;
                                            asked.insert("tcp");
                                            auto reply = *message;
                                            const bool v4_wanted = reply.at(reply.size() - 3) == kA;
                                            set_header(reply, 1, 0);
                                            put_record(reply, v4_wanted ? kA : kAaaa, kTtl_s, v4_wanted ? v4(7) : v6(7));
                                            Bytes framed;
                                            put16(framed, static_cast<unsigned>(reply.size()));
                                            framed.insert(framed.end(), reply.begin(), reply.end());
                                            boost::system::error_code ignored;
                                            boost::asio::write(*peer, boost::asio::buffer(framed), ignored);
                                        });
            });
        accept();
    });
}

void FakeDns::receive() {
    socket_.async_receive_from(boost::asio::buffer(buffer_), peer_,
                               [this](boost::system::error_code error, std::size_t size) {
                                   if (error) return;
                                   if (!silent_) handle(size);
                                   receive();
                               });
}

void FakeDns::handle(std::size_t size) {
    std::string name;
    std::size_t at = kHeader;
    while (at < size && buffer_.at(at) != 0) {
        const std::size_t length = buffer_.at(at);
        if (!name.empty()) name += '.';
        name.append(reinterpret_cast<const char*>(&buffer_.at(at + 1)), length);
        at += length + 1;
    }
    const auto type = static_cast<std::uint16_t>(buffer_.at(at + 1) << 8 | buffer_.at(at + 2));
    Bytes reply(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at + 5));
    const bool v4_wanted = type == kA;
    const auto key = name + (v4_wanted ? " A" : " AAAA");
    asked.insert(key);

    const auto label = name.substr(0, name.find('.'));
    const auto dash = label.find('-');
    const auto kind = label.substr(0, dash);
    const auto number = dash == std::string::npos ? 1U : static_cast<unsigned>(std::stoul(label.substr(dash + 1)));
    std::vector<Bytes> records{v4_wanted ? v4(number) : v6(number)};
    std::chrono::milliseconds delay{0};
    unsigned code = 0;
    unsigned ttl_s = kTtl_s;
    if (kind == "ttl") ttl_s = v4_wanted ? 2 * number : number;
    if (kind == "black" || (kind == "v6hole" && !v4_wanted) || (kind == "v4hole" && v4_wanted)) return;
    if (kind == "lost" && asked.count(key) == 1) return;
    if (kind == "slow") delay = std::chrono::milliseconds(300);
    if (kind == "none") records.clear();
    if (kind == "many" && v4_wanted)
        for (unsigned i = 2; i <= 24; ++i)
            records.push_back(v4(i));
    if (kind == "odd")
        records = v4_wanted ? std::vector<Bytes>{{0, 0, 0, 0}, {224, 0, 0, 1}, v4(1), v4(1)} : std::vector<Bytes>{};
    for (const auto& [word, rcode] : {std::pair{"nx", 3U}, std::pair{"fail", 2U}, std::pair{"refuse", 5U}}) {
        if (kind != word) continue;
        code = rcode;
        records.clear();
    }
    set_header(reply, static_cast<unsigned>(records.size()), code);
    for (const auto& record : records)
        put_record(reply, type, ttl_s, record);
    if (kind == "trunc") reply[2] |= 0x02;
    if (kind == "junk") reply = Bytes(333, 0xa5);
    if (kind == "short") reply.resize(kHeader / 2);
    if (kind == "wrongid") reply[0] = static_cast<std::uint8_t>(~reply[0]);
    if (kind == "wrongname") reply[kHeader + 1] = 'x';
    if (kind == "loop") reply[at + 5] = 0xc0, reply[at + 6] = static_cast<std::uint8_t>(at + 5);
    send_later(std::move(reply), peer_, delay);
}

void FakeDns::send_later(Bytes reply, const Peer& peer, std::chrono::milliseconds delay) {
    const auto timer = std::make_shared<boost::asio::steady_timer>(io_, delay);
    timer->async_wait([this, timer, reply = std::move(reply), peer](boost::system::error_code error) {
        boost::system::error_code ignored;
        if (!error && socket_.is_open()) socket_.send_to(boost::asio::buffer(reply), peer, 0, ignored);
    });
}

}  // namespace ntpopt::test
