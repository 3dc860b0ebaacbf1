// Where output goes and how it looks: colours by meaning, the width of the terminal, the pager, errors on stderr.
#pragma once

#include <string>
#include <string_view>

#include "common/error.hpp"
#include "common/exit_code.hpp"
#include "common/json.hpp"
#include "ctl/options.hpp"

namespace ntpopt::ctl {

/// What a piece of text means; colours follow from that.
enum class Tone { plain, good, caution, bad, quiet, heading };

/// One line of ASCII: whatever else a string has, controls of a terminal among it, is escaped.
[[nodiscard]] std::string ascii_json(const Json& document);

class Output {
  public:
    explicit Output(const Options& options);

    /// One of two texts: with characters beyond ASCII where the locale is UTF-8.
    [[nodiscard]] std::string either(std::string_view utf8, std::string_view ascii) const {
        return std::string(unicode_ ? utf8 : ascii);
    }

    /// The text in the colour of its meaning, where colours are wanted.
    [[nodiscard]] std::string paint(Tone tone, std::string_view text) const;

    /// Prints a whole document of text, through a pager where it does not fit the terminal.
    void text(const std::string& text) const;
    /// Prints one JSON document.
    void json(const Json& document) const;
    /// Prints one line at once, for what is followed live.
    void line(const std::string& text) const;

    /// A line on stderr that replaces the one before; nothing unless stderr is a terminal and text is wanted.
    void progress(const std::string& text);
    void end_progress();

    /// Tells what went wrong and what to do about it, and returns the exit code for it.
    ExitCode fail(const Error& error) const;
    /// The same with an exit code of its own.
    ExitCode fail(const std::string& what, ExitCode code) const;

    [[nodiscard]] bool wants_json() const { return json_; }
    [[nodiscard]] bool is_terminal() const { return terminal_; }
    /// Whether there is somebody to look at progress().
    [[nodiscard]] bool is_live() const { return live_; }
    /// Columns to use; 0 for as many as it takes.
    [[nodiscard]] std::size_t width() const { return width_; }

  private:
    bool json_;
    bool terminal_;
    bool colour_;
    bool unicode_;
    bool pager_;
    bool live_;
    bool live_shown_ = false;
    std::size_t width_ = 0;
    std::size_t height_ = 0;
    std::size_t live_width_ = 0;
};

}  // namespace ntpopt::ctl
