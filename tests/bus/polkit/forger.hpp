// Sends replies to calls that were never made to it, which no library offers: the messages are written by hand, byte
// for byte, to the socket of the private bus.
#pragma once

#include <cstdint>
#include <string>

namespace ntpopt::test {

class Forger {
  public:
    /// Connects and says Hello; throws where the bus does not want it.
    explicit Forger(const std::string& address);
    ~Forger();
    Forger(const Forger&) = delete;
    Forger& operator=(const Forger&) = delete;

    /// A method return "to" the call with that serial of that connection.
    void reply(const std::string& destination, std::uint32_t serial, const std::string& signature,
               const std::string& body);

    /// A polkit's "authorized", as the body of a "(bba{ss})".
    [[nodiscard]] static std::string yes_of_polkit();
    /// A number, as the body of a "u".
    [[nodiscard]] static std::string number(std::uint32_t value);

  private:
    int socket_ = -1;
    std::uint32_t serial_ = 1;
};

}  // namespace ntpopt::test
