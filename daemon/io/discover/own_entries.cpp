// Implementation of own_entries.hpp.
#include "daemon/io/discover/own_entries.hpp"

#include <filesystem>

#include "daemon/io/sys/config_files.hpp"

namespace ntpopt {

std::string own_entries_folder(const std::string& config_file) {
    return std::filesystem::path(config_file).parent_path() / "catalogue.d";
}

OwnEntries read_own_entries(const std::string& folder, std::optional<uid_t> owner) {
    OwnEntries out;
    const auto files = read_drop_ins(folder, owner);
    if (!files) {
        out.fault = files.error();
        return out;
    }
    for (const auto& [file, text] : *files) {
        auto parsed = text ? Catalogue::parse(*text) : Result<Catalogue>(text.error());
        if (parsed) {
            out.entries.put_before(*std::move(parsed));
            continue;
        }
        const auto fault = text ? parsed.error().in(file) : text.error();  // which names the file itself
        out.fault = out.fault ? fault : Error{out.fault.error().code, out.fault.error().detail + '\n' + fault.detail};
    }
    return out;
}

}  // namespace ntpopt
