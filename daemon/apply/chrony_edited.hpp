// Our lines between marks in chronyd's own configuration file, where it reads no source directory (RHEL 8). That file
// counts only when chronyd starts; until then chronyc adds and deletes the sources.
#pragma once

#include "daemon/apply/chrony_way.hpp"

namespace ntpopt {

class ChronyEdited final : public ChronyWay {
  public:
    using ChronyWay::ChronyWay;

    [[nodiscard]] Status write(ChronyStage stage) override;
    boost::asio::awaitable<Status> load(ChronyStage stage) override;
    boost::asio::awaitable<Status> undo() override;
    [[nodiscard]] Status withdraw() override;

  private:
    /// Puts the old lines between the marks again. What somebody else wrote elsewhere in the file stays.
    [[nodiscard]] Status restore() const;
    boost::asio::awaitable<Status> bring_back_former();
    boost::asio::awaitable<Status> add_former(ChronyDirective directive);
};

}  // namespace ntpopt
