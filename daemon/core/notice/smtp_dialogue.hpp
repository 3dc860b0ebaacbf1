// Listens to what a mail client and its server say (RFC 5321 4.2), to learn which recipients are refused: libcurl goes
// on with the others and does not tell which. Everything else, a password too, is forgotten at once.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace ntpopt {

class SmtpDialogue {
  public:
    /// A command, as it was sent.
    void sent(std::string_view command);
    /// Some of what the server said, in pieces of any size.
    void received(std::string_view text);

    /// Each as "user@host (550 the server's words)".
    [[nodiscard]] const std::vector<std::string>& refused() const { return refused_; }
    /// One of them was answered 4yz: another attempt may go well (RFC 5321 4.2.1).
    [[nodiscard]] bool is_to_come_again() const { return to_come_again_; }

  private:
    void answered(std::string_view line);

    std::string recipient_;  ///< that an answer is due about; empty: none
    std::string line_;       ///< as far as it has come
    std::vector<std::string> refused_;
    bool to_come_again_ = false;
};

}  // namespace ntpopt
