// Implementation of chrony_sight.hpp.
#include "daemon/apply/chrony_sight.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include "daemon/apply/chrony_tools.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;

constexpr std::string_view kSuffix = ".sources";

/// The *.sources files of one directory: ours into the view's texts, the others parsed.
Status read_source_dir(const std::string& path, const std::string& our_path, const std::string& restore_path,
                       ChronyView& view) {
    if (access(path.c_str(), F_OK) != 0) return {};
    const auto directory = Directory::open(path);
    if (!directory) return directory.error();
    const auto names = directory->list();
    if (!names) return names.error();
    for (const auto& name : *names) {
        if (!name.ends_with(kSuffix)) continue;
        auto text = directory->read(name, kMaxChronyText);
        if (!text) return text.error();
        const std::string file = path + "/" + name;
        if (file == our_path) {
            view.our_text = *text;
        } else if (file == restore_path) {
            view.restore_text = *text;
        } else if (*text) {
            auto directives = parse_chrony_sources_file(**text);
            if (!directives) return directives.error().in(file);
            view.files.push_back({file, std::move(*directives)});
        }
    }
    return {};
}

/// Where our lines stand, or would stand. Marks that are there already count more than a source directory that came
/// later: they have to go first.
Status read_lines(ChronySight& sight) {
    const auto& folders = sight.view.config.source_dirs;
    if (sight.config_path.starts_with('/')) sight.config_image = read_image(sight.config_path);
    if (sight.config_image && *sight.config_image) sight.marks = read_chrony_marks((*sight.config_image)->content);
    const auto folder = choose_source_dir(folders);
    sight.view.edited = !folder || !sight.marks || sight.marks->present;
    if (!sight.view.edited) {
        sight.our_path = fmt::format("{}/{}", *folder, kChronyFile);
        sight.restore_path = fmt::format("{}/{}", choose_volatile_dir(folders).value_or(*folder), kChronyRestoreFile);
    } else {
        sight.our_path = sight.config_path;
        if (sight.marks) {
            sight.view.our_text = render_chrony_sources(sight.marks->ours);
            sight.view.config.sources = without_marks(std::move(sight.view.config.sources), *sight.marks);
        }
    }
    for (const auto& path : folders)
        if (auto read = read_source_dir(path, sight.our_path, sight.restore_path, sight.view); !read) return read;
    return {};
}

}  // namespace

Status ChronySight::check_way(const ApplyConfig& config, bool original) const {
    if (!view.edited) return {};
    if (!marks) return marks.error().in(config_path);
    if (!config.edit_files && !original)
        return Error{Errc::refused,
                     fmt::format("chronyd reads no sourcedir, so servers could only be added by marked edits of {0}: "
                                 "allow them with edit_files = true, or add the line \"sourcedir "
                                 "/etc/chrony/sources.d\" to {0}, make that directory and restart chronyd",
                                 config_path)};
    if (!config_image) return config_image.error().in("chronyd reads no sourcedir, and its configuration file");
    if (!*config_image)
        return Error{Errc::refused, fmt::format("chronyd reads no sourcedir, and its configuration file \"{}\" is not "
                                                "there to be edited: set chrony_conf",
                                                config_path)};
    // What takes our lines out again is open whoever manages the file now.
    if (original && marks->present) return {};
    return check_managed(config_path, (*config_image)->content, config);
}

Status ChronySight::check_ownership(const Past& past) const {
    if (!view.edited) return check_ours(our_path, view.our_text, past, parse_chrony_record);
    if (is_ours(view.our_text, past, parse_chrony_record)) return {};
    return Error{Errc::refused,
                 fmt::format("the lines between ntpopt's marks in {} were changed by somebody else; remove them "
                             "and both marks to let ntpopt go on",
                             our_path)};
}

bool ChronySight::shows_ours() const {
    return view.our_text.has_value() || (marks && marks->present);
}

asio::awaitable<Result<ChronySight>> look_at_chrony(ApplyConfig config, Systemd* systemd) {
    ChronySight sight;
    auto detected = co_await detect_service(config, systemd);
    if (!detected) co_return detected.error();
    sight.detected = std::move(*detected);
    if (sight.detected.service != Service::chronyd) co_return Error{Errc::service_not_found, "chronyd does not run"};
    ChronyTools tools(sight.detected.process, config);
    auto version = co_await tools.version();
    if (!version) co_return version.error();
    sight.version = std::move(*version);
    auto path = co_await tools.config_path();
    if (!path) co_return path.error();
    sight.config_path = std::move(*path);
    auto effective = co_await tools.effective_config();
    if (!effective) co_return effective.error();
    sight.view.config = std::move(*effective);
    sight.chronyc = tools.chronyc_command();
    if (auto read = read_lines(sight); !read) co_return read.error();
    auto sources = co_await tools.sources();
    if (!sources) co_return sources.error();
    sight.view.sources = std::move(*sources);
    auto tracking = co_await tools.tracking();
    if (!tracking) co_return tracking.error();
    sight.tracking = *tracking;
    co_return sight;
}

}  // namespace ntpopt
