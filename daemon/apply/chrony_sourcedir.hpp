// Our lines in a *.sources file that chronyd reads anew when told to. What was deleted at run time comes back by
// chronyc; a second file is for names that cannot be resolved then. The distribution's files are never touched.
#pragma once

#include "daemon/apply/chrony_way.hpp"

namespace ntpopt {

class ChronySourcedir final : public ChronyWay {
  public:
    using ChronyWay::ChronyWay;

    [[nodiscard]] Status write(ChronyStage stage) override;
    boost::asio::awaitable<Status> load(ChronyStage stage) override;
    boost::asio::awaitable<Status> undo() override;
    [[nodiscard]] Status withdraw() override;

  private:
    /// The texts of our two files.
    struct Texts {
        FileText ours;
        FileText restore;
        friend bool operator==(const Texts&, const Texts&) = default;
    };
    [[nodiscard]] Texts texts_of(ChronyStage stage) const;
    [[nodiscard]] Status put_ours(const FileText& text) const;
    [[nodiscard]] Status put_restore(const FileText& text) const;
    /// The lines of the restore file as it is now, none where it is somebody else's or an earlier chronyd's.
    [[nodiscard]] Result<std::vector<ChronyDirective>> restoring() const;
    boost::asio::awaitable<Status> reload_patiently();
    boost::asio::awaitable<Status> bring_back(std::vector<ChronyDirective> lines);
    boost::asio::awaitable<Status> bring_back_deleted();
    [[nodiscard]] std::vector<std::string> owed() const;
    boost::asio::awaitable<Status> keep_somebody();
    /// Waits until chronyd has back what this undoing owes it.
    boost::asio::awaitable<Status> check_former();

    std::optional<ChronyStage> loaded_;  ///< by this process
};

}  // namespace ntpopt
