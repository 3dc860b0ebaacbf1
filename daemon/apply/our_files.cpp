// Implementation of our_files.hpp.
#include "daemon/apply/our_files.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "daemon/core/plan/managed.hpp"

namespace ntpopt {
namespace {

/// The services run as users of their own; chronyd skips a file that it cannot read without a word.
constexpr mode_t kFileMode = 0644;
constexpr mode_t kDirectoryMode = 0755;
/// What is asked of a file system before a change: its texts and the copies beside them while they take their places.
constexpr std::uint64_t kRoom = 256 * 1024;

/// JSON is UTF-8, configuration files need not be: what would not come back the same is kept as the characters that
/// have its bytes for numbers, U+0000 to U+00FF.
Json text_json(const std::string& text) {
    const auto back = parse_json(render_json(Json(text)), 8 * kMaxConfigText);
    if (back && back->get<std::string>() == text) return text;
    std::string characters;
    for (const char character : text) {
        const auto byte = static_cast<unsigned char>(character);
        if (byte >= 0x80) characters += static_cast<char>(0xC0 | (byte >> 6));
        characters += static_cast<char>(byte < 0x80 ? byte : 0x80 | (byte & 0x3F));
    }
    return {{"bytes", std::move(characters)}};
}

Result<std::string> parse_bytes(const std::string& characters) {
    std::string text;
    for (std::size_t i = 0; i < characters.size(); ++i) {
        const auto lead = static_cast<unsigned char>(characters[i]);
        if (lead >= 0x80 && (lead > 0xC3 || ++i == characters.size()))
            return Error{Errc::parse, "a text of a file cannot be read"};
        text += lead < 0x80 ? characters[i] : static_cast<char>((lead & 0x3) << 6 | (characters[i] & 0x3F));
    }
    return text;
}

Result<std::string> parse_text_json(const Json& json) {
    if (json.is_string()) return json.get<std::string>();
    if (json.is_object()) return parse_bytes(get_string(json, "bytes"));
    std::string text;  // of an older journal, byte by byte
    for (const auto& item : json) {
        if (!item.is_number_unsigned() || item.get<std::uint64_t>() > 255)
            return Error{Errc::parse, "a text of a file cannot be read"};
        text += static_cast<char>(item.get<unsigned char>());
    }
    return text;
}

bool exists(const std::string& folder) {
    return access(folder.c_str(), F_OK) == 0;
}

Status put(const std::string& path, const FileText& text, const std::function<bool(const FileText&)>& is_known,
           const FileImage* like) {
    const auto [folder, name] = split_path(path);
    // A volatile directory is missing until a DHCP client needs it.
    if (!text && !exists(folder)) return {};
    const auto directory = text ? Directory::create(folder, kDirectoryMode) : Directory::open(folder);
    if (!directory) return directory.error();
    if (auto settled = directory->settle(name, kMaxConfigText, is_known); !settled) return settled;
    const auto present = directory->read(name, kMaxConfigText);
    if (!present) return present.error();
    if (*present == text) return {};
    if (!is_known(*present)) return Error{Errc::refused, left_alone_sentence(path)};
    FileImage image{"", kFileMode, geteuid(), getegid(), ""};
    if (like != nullptr) image = *like;
    if (text) image.content = *text;
    // An edit since that look stays too.
    const auto ours = text ? directory->replace_known(name, image, kMaxConfigText, is_known)
                           : directory->remove_known(name, kMaxConfigText, is_known);
    if (!ours) return ours.error();
    if (!*ours) return Error{Errc::refused, left_alone_sentence(path)};
    return {};
}

}  // namespace

bool is_known(const OurFile& file, const FileText& text) {
    return text == (file.before ? FileText(file.before->content) : FileText()) ||
           std::find(file.written.begin(), file.written.end(), text) != file.written.end();
}

std::pair<std::string, std::string> split_path(const std::string& path) {
    const auto slash = path.rfind('/');
    return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

Result<std::optional<FileImage>> read_image(const std::string& path) {
    const auto [folder, name] = split_path(path);
    if (!exists(folder)) return std::optional<FileImage>();
    const auto directory = Directory::open(folder);
    if (!directory) return directory.error();
    return directory->read_image(name, kMaxConfigText);
}

Result<FileText> read_text(const std::string& path) {
    auto image = read_image(path);
    if (!image) return image.error();
    return *image ? FileText(std::move((*image)->content)) : FileText();
}

Status put_file(const OurFile& file, const FileText& text) {
    const auto known = [&](const FileText& present) { return is_known(file, present); };
    return put(file.path, text, known, file.before ? &*file.before : nullptr);
}

Status put_file(const std::string& path, const FileText& text, const std::function<bool(const FileText&)>& is_known) {
    return put(path, text, is_known, nullptr);
}

Status restore_file(const OurFile& file) {
    return put_file(file, file.before ? FileText(file.before->content) : FileText());
}

Status remake_file(const std::string& path, const Remake& remake) {
    auto present = read_image(path);
    if (!present) return present.error();
    if (!*present) return {};
    const auto text = remake((*present)->content);
    if (!text) return text.error();
    const auto [folder, name] = split_path(path);
    const auto directory = Directory::open(folder);
    if (!directory) return directory.error();
    // What a crash displaced while this very thing was done differs from the result by our lines alone. Nothing else
    // comes back over what stands there now, which is no text that a list of ours could name.
    const auto is_the_same_of_his = [&](const FileText& other) {
        if (!other || *other == (*present)->content) return false;
        const auto remade = remake(*other);
        return remade && *remade == *text;
    };
    if (auto settled = directory->settle(name, kMaxConfigText, is_the_same_of_his); !settled) return settled;
    const OurFile edited{path, std::move(*present), {}};
    return put_file(edited, *text);
}

Status restore_lines(const OurFile& file, const Remake& remake) {
    Status whole = restore_file(file);
    if (whole || whole.error().code != Errc::refused || !file.before) return whole;
    const auto present = read_text(file.path);
    if (!present) return present.error();
    return *present ? remake_file(file.path, remake) : whole;
}

std::string left_alone_sentence(const std::string& path) {
    return path + " was changed by somebody else meanwhile and is left alone: see that it says what you want";
}

Status check_managed(const std::string& path, std::string_view text, const ApplyConfig& config) {
    const auto manager = manager_of(text);
    if (!manager || !config.respect_managed) return {};
    return Error{Errc::refused, fmt::format("{} is managed by {}, which would undo the change: configure the servers "
                                            "there, or set respect_managed = false",
                                            path, *manager)};
}

Status check_place(const std::string& path) {
    auto [folder, name] = split_path(path);
    const bool is_there = exists(folder);
    if (!is_there) folder = split_path(folder).first;
    const auto directory = Directory::open(folder);
    if (!directory) return directory.error();
    if (is_there)
        if (auto settled = directory->check_settled(name); !settled) return settled;
    return directory->check_space(kRoom);
}

Json to_json(const OurFile& file) {
    Json before;
    if (file.before)
        before = {{"text", text_json(file.before->content)},
                  {"mode", file.before->mode},
                  {"owner", file.before->owner},
                  {"group", file.before->group},
                  {"label", file.before->label},
                  {"acl", text_json(file.before->acl)}};
    Json written = Json::array();
    for (const auto& text : file.written)
        written.push_back(text ? text_json(*text) : Json());
    return {{"path", file.path}, {"before", std::move(before)}, {"written", std::move(written)}};
}

Result<OurFile> parse_our_file(const Json& json) {
    OurFile file;
    file.path = get_string(json, "path");
    if (!file.path.starts_with('/')) return Error{Errc::parse, "a file of a change has no path"};
    if (const Json& before = get_object(json, "before"); !before.empty()) {
        const auto mode = get_integer(before, "mode");
        const auto owner = get_integer(before, "owner");
        const auto group = get_integer(before, "group");
        if (!mode || !owner || !group || !before.contains("text"))
            return Error{Errc::parse, "the pre-image of " + file.path + " cannot be read"};
        auto text = parse_text_json(before["text"]);
        if (!text) return text.error();
        auto acl = before.contains("acl") ? parse_text_json(before["acl"]) : std::string();
        if (!acl) return acl.error();
        file.before = FileImage{std::move(*text),           static_cast<mode_t>(*mode),  static_cast<uid_t>(*owner),
                                static_cast<gid_t>(*group), get_string(before, "label"), std::move(*acl)};
    }
    for (const auto& item : get_array(json, "written")) {
        if (item.is_null()) {
            file.written.emplace_back();
            continue;
        }
        auto text = parse_text_json(item);
        if (!text) return text.error();
        file.written.emplace_back(std::move(*text));
    }
    return file;
}

}  // namespace ntpopt
