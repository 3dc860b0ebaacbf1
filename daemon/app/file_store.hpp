// The store port on plain files: one JSON document a file in the state directory, replaced atomically. A damaged file
// is set aside under another name, so that nothing is lost and the next start is clean.
#pragma once

#include <string>

#include "daemon/io/sys/files.hpp"
#include "daemon/ports/store.hpp"

namespace ntpopt {

class FileStore final : public Store {
  public:
    /// Opens the directory and takes it for this process alone. It must exist, and be ours or root's to write only.
    [[nodiscard]] static Result<FileStore> open(const std::string& directory);

    [[nodiscard]] Result<Json> load(std::string_view name) override;
    [[nodiscard]] Status save(std::string_view name, const Json& document) override;

  private:
    explicit FileStore(Directory directory) : directory_(std::move(directory)) {}

    Directory directory_;
};

}  // namespace ntpopt
