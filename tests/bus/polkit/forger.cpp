// Implementation of forger.hpp: the wire format of the D-Bus specification, little-endian.
#include "tests/bus/polkit/forger.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <stdexcept>
#include <string_view>

namespace ntpopt::test {
namespace {

// Header fields and message types of the specification.
constexpr char kPath = 1;
constexpr char kInterface = 2;
constexpr char kMember = 3;
constexpr char kReplySerial = 5;
constexpr char kDestination = 6;
constexpr char kSignature = 8;
constexpr char kMethodCall = 1;
constexpr char kMethodReturn = 2;

void align(std::string& bytes, std::size_t to) {
    while (bytes.size() % to != 0)
        bytes += '\0';
}

void append(std::string& bytes, std::uint32_t value) {
    for (int shift = 0; shift < 32; shift += 8)
        bytes += static_cast<char>(value >> shift & 0xff);
}

void append(std::string& bytes, std::string_view text) {
    append(bytes, static_cast<std::uint32_t>(text.size()));
    bytes += text;
    bytes += '\0';
}

/// A header field with its code, the signature of its value, and the value.
void field(std::string& fields, char code, char type, std::string_view value) {
    align(fields, 8);
    fields += {code, 1, type, 0};
    if (type == 'g') {
        fields += static_cast<char>(value.size());
        fields += value;
        fields += '\0';
    } else {
        append(fields, value);
    }
}

std::string message(char type, std::uint32_t serial, const std::string& fields, const std::string& body) {
    std::string bytes{'l', type, 0, 1};
    append(bytes, static_cast<std::uint32_t>(body.size()));
    append(bytes, serial);
    append(bytes, static_cast<std::uint32_t>(fields.size()));
    bytes += fields;
    align(bytes, 8);
    return bytes + body;
}

void send(int socket, const std::string& bytes) {
    if (::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(bytes.size()))
        throw std::runtime_error("the bus does not take what is forged");
}

}  // namespace

Forger::Forger(const std::string& address) : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    constexpr std::string_view kPrefix = "unix:path=";
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    const auto path = address.substr(kPrefix.size(), address.find(',') - kPrefix.size());
    std::memcpy(name.sun_path, path.data(), std::min(path.size(), sizeof name.sun_path - 1));
    if (::connect(socket_, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0)
        throw std::runtime_error("no way to the bus at " + path);
    std::string user;
    for (const char digit : std::to_string(::geteuid()))
        user += fmt::format("{:02x}", digit);
    send(socket_, std::string(1, '\0') + "AUTH EXTERNAL " + user + "\r\n");
    std::array<char, 4096> answer{};
    if (::recv(socket_, answer.data(), answer.size(), 0) < 2 || std::string_view(answer.data(), 2) != "OK")
        throw std::runtime_error("the bus does not want a forger");
    std::string hello;
    field(hello, kPath, 'o', "/org/freedesktop/DBus");
    field(hello, kInterface, 's', "org.freedesktop.DBus");
    field(hello, kMember, 's', "Hello");
    field(hello, kDestination, 's', "org.freedesktop.DBus");
    send(socket_, "BEGIN\r\n" + message(kMethodCall, serial_++, hello, ""));
    if (::recv(socket_, answer.data(), answer.size(), 0) <= 0) throw std::runtime_error("the bus does not say hello");
}

Forger::~Forger() {
    ::close(socket_);
}

void Forger::reply(const std::string& destination, std::uint32_t serial, const std::string& signature,
                   const std::string& body) {
    std::string fields;
    fields += {kReplySerial, 1, 'u', 0};
    append(fields, serial);
    field(fields, kDestination, 's', destination);
    field(fields, kSignature, 'g', signature);
    send(socket_, message(kMethodReturn, serial_++, fields, body));
}

std::string Forger::yes_of_polkit() {
    std::string body;
    append(body, 1);  // authorized
    append(body, 0);  // no challenge
    append(body, 0);  // no details
    align(body, 8);
    return body;
}

std::string Forger::number(std::uint32_t value) {
    std::string body;
    append(body, value);
    return body;
}

}  // namespace ntpopt::test
