// The log: structured entries in the journal when the service manager started us, lines on stderr otherwise. Every
// event that people may want to search for has a MESSAGE_ID of its own and fields that start with NTPOPT_.
#pragma once

#include <fmt/format.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

namespace ntpopt {

/// syslog priorities, as the journal knows them.
enum class Priority { critical = 2, error = 3, warning = 4, notice = 5, info = 6, debug = 7 };

/// An event's MESSAGE_ID: 128 bits as 32 hexadecimal digits (sd_journal_send(3)).
struct MessageId {
    std::string_view text;
};

namespace event {
inline constexpr MessageId kStarted{"8895ae95ecf14ec88cf8f1762384acf9"};
inline constexpr MessageId kStopped{"ffdb0df96fbb40658fbf3ed1ec761a27"};
inline constexpr MessageId kRoundStarted{"3a5bfa0ec5a644649ff057d37363dd64"};
inline constexpr MessageId kRoundFinished{"6aaae5b6eaea4de4bdb1bcd41be24819"};
inline constexpr MessageId kSelectionChanged{"31bd7c6cf4b2400381128ecfd246bb16"};
inline constexpr MessageId kRolledBack{"ef3d02fc7d0c4710ac5ee03984407d27"};
inline constexpr MessageId kServerBlacklisted{"5051c0d487f84adab164f06c0acab94f"};
inline constexpr MessageId kReloaded{"31bc9912c754459d90d8f7e9e92ac02c"};
inline constexpr MessageId kTransaction{"1af399cc0dfc4b1889318d0f978b7fdf"};
inline constexpr MessageId kRecovered{"2590c1791974459e9d9c0e3b3549568b"};
inline constexpr MessageId kRefusedCaller{"0816c274026e456383f9e2f7245c72c2"};
inline constexpr MessageId kEvidenceDamaged{"0beb35ff34d24971bfaea0f208016d00"};
inline constexpr MessageId kStateDamaged{"2d456645de814dc4ac3207d716010e25"};
}  // namespace event

using Fields = std::initializer_list<std::pair<std::string_view, std::string>>;

/// Writes one entry; field names are upper case with NTPOPT_ in front ("NTPOPT_OUTCOME"). Text must be printable
/// already.
void log(Priority priority, std::string_view message);
void log(Priority priority, MessageId id, std::string_view message, Fields fields = {});

}  // namespace ntpopt
