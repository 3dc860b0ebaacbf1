// Long text through a pager, as systemctl and journalctl show theirs.
#pragma once

#include <string>

namespace ntpopt::ctl {

/// Shows the text in $NTPOPT_PAGER, else $PAGER, else less, and waits until the reader has done. False where none is
/// wanted (an empty variable, or "cat") or it cannot be started; the text is then still to be printed.
/// Behind sudo and the like it is less, which may then start nothing (LESSSECURE).
/// `utf8`: the terminal shows UTF-8, whatever less would guess.
[[nodiscard]] bool show_in_pager(const std::string& text, bool utf8);

}  // namespace ntpopt::ctl
