// Implementation of file_store.hpp.
#include "daemon/app/file_store.hpp"

#include <fmt/format.h>

namespace ntpopt {
namespace {

constexpr std::size_t kMaxDocument = 16 * 1024 * 1024;
constexpr mode_t kMode = 0640;

std::string file_of(std::string_view name) {
    return fmt::format("{}.json", name);
}

}  // namespace

Result<FileStore> FileStore::open(const std::string& directory) {
    auto opened = Directory::open(directory);
    if (!opened) return opened.error();
    if (auto locked = opened->lock(); !locked) return locked.error();
    return FileStore(*std::move(opened));
}

Result<Json> FileStore::load(std::string_view name) {
    const auto text = directory_.read(file_of(name), kMaxDocument);
    if (!text) return text.error();
    if (!*text) return Json(nullptr);
    auto document = parse_json(**text, kMaxDocument);
    if (document) return document;
    const auto aside = file_of(name) + ".damaged";
    if (auto kept = directory_.replace(aside, **text, kMode); !kept) return kept.error();
    if (auto removed = directory_.remove(file_of(name)); !removed) return removed.error();
    return document.error().in(
        fmt::format("{}/{} is damaged and was set aside as {}", directory_.path(), file_of(name), aside));
}

Status FileStore::save(std::string_view name, const Json& document) {
    return directory_.replace(file_of(name), render_json(document) + "\n", kMode);
}

}  // namespace ntpopt
