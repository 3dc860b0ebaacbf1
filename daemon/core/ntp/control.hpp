// Mode 6 control messages of ntpd (RFC 9327): questions as bytes, fragments of answers put together, and the texts in
// them taken apart. Only reading is known here; what the values mean for a decision is not.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "common/error.hpp"

namespace ntpopt {

inline constexpr std::size_t kControlHeaderSize = 12;
/// Bounds of an answer: ntpd counts in 16 bits (RFC 9327 2), and one that tells more than this is not believed.
inline constexpr std::size_t kMaxControlAnswer = 32768;
inline constexpr std::size_t kMaxControlFragments = 128;
inline constexpr std::size_t kMaxAssociations = 1000;
inline constexpr std::size_t kMaxVariables = 200;

/// RFC 9327 2, the opcodes that only read.
enum class ControlOpcode : std::uint8_t { read_status = 1, read_variables = 2 };

struct ControlQuestion {
    ControlOpcode opcode = ControlOpcode::read_status;
    std::uint16_t sequence = 0;
    std::uint16_t association = 0;  ///< 0: the system
    std::string names;              ///< for read_variables: "leap,stratum,..."; empty: all
};

[[nodiscard]] std::vector<std::uint8_t> render_control(const ControlQuestion& question);

/// Puts the fragments of one answer together, in whatever order they come.
class ControlAnswer {
  public:
    explicit ControlAnswer(const ControlQuestion& question) : question_(question) {}

    /// Takes one datagram; true: the answer is whole. One that does not answer our question, or repeats what is here,
    /// changes nothing. Errors: Errc::not_found where the association went, Errc::access_denied where ntpd refuses to
    /// tell, Errc::parse where it answers what cannot be.
    [[nodiscard]] Result<bool> take(std::span<const std::uint8_t> bytes);

    /// The status word of the answer (RFC 9327 3).
    [[nodiscard]] std::uint16_t status() const { return status_; }
    [[nodiscard]] const std::string& data() const { return data_; }

  private:
    ControlQuestion question_;
    std::map<std::size_t, std::string> fragments_;  ///< by offset
    std::size_t end_ = 0;                           ///< where the last fragment ends; 0: not seen yet
    std::size_t held_ = 0;                          ///< octets in fragments_
    std::uint16_t status_ = 0;
    std::string data_;
};

/// RFC 9327 3.2: what an association is, as far as its status word says.
struct AssociationStatus {
    std::uint16_t id = 0;
    std::uint16_t word = 0;

    [[nodiscard]] bool configured() const { return (word & 0x8000) != 0; }
    [[nodiscard]] bool reachable() const { return (word & 0x1000) != 0; }
    /// 0 rejected, 1 falseticker, 2 excess, 3 outlier, 4 candidate, 5 backup, 6 system peer, 7 PPS peer.
    [[nodiscard]] int selection() const { return word >> 8 & 7; }
    friend bool operator==(const AssociationStatus&, const AssociationStatus&) = default;
};

/// The answer to read_status for the system: pairs of numbers.
[[nodiscard]] Result<std::vector<AssociationStatus>> parse_associations(std::string_view data);

/// The answer to read_variables: name=value or name="value", separated by commas and ends of lines. The first of two
/// equal names counts.
[[nodiscard]] Result<std::map<std::string, std::string, std::less<>>> parse_control_variables(std::string_view data);

}  // namespace ntpopt
