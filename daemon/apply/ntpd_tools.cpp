// Implementation of ntpd_tools.hpp.
#include "daemon/apply/ntpd_tools.hpp"

#include <fmt/format.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <optional>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "common/text.hpp"
#include "daemon/io/sys/process.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;
using asio::ip::udp;
using std::string_view;

/// ntpd answers on loopback within a millisecond; a second more is a machine under load.
constexpr auto kPatience = std::chrono::seconds(1);
constexpr int kAttempts = 2;
/// An association may go between the list and the question about it.
constexpr int kListings = 3;
/// As many levels as ntpd itself follows.
constexpr int kMaxDepth = 5;
constexpr std::size_t kMaxFiles = 100;

std::uint16_t random_sequence() {
    std::uint16_t number = 0;
    while (getrandom(&number, sizeof number, 0) != static_cast<ssize_t>(sizeof number)) {
    }
    return number;
}

/// One connected socket: only what comes from port 123 of this very address is seen, and only root can sit there.
class ControlSocket {
  public:
    explicit ControlSocket(const asio::any_io_executor& executor) : socket_(executor), timer_(executor) {}

    Status open(const char* address) {
        boost::system::error_code error;
        const udp::endpoint ntpd(asio::ip::make_address(address), kNtpPort);
        socket_.open(ntpd.protocol(), error);
        if (!error) socket_.connect(ntpd, error);
        if (error) return Error{Errc::unavailable, fmt::format("{}: {}", address, error.message())};
        return {};
    }

    asio::awaitable<Result<ControlAnswer>> ask(ControlQuestion question) {
        Result<ControlAnswer> answer = Error{Errc::timeout, "ntpd does not answer"};
        for (int i = 0; i < kAttempts; ++i) {
            question.sequence = ++sequence_;
            answer = co_await ask_once(question);
            if (answer || answer.error().code != Errc::timeout) break;
        }
        co_return answer;
    }

    /// The system and each association that it has at this moment; Errc::not_found where one went meanwhile.
    asio::awaitable<Result<NtpdState>> state() {
        ControlQuestion question;
        question.opcode = ControlOpcode::read_variables;
        question.names = kNtpdSystemVariables;
        const auto told = co_await ask(question);
        if (!told) co_return told.error();
        auto system = parse_ntpd_system(told->data());
        if (!system) co_return system.error();

        ControlQuestion listing;
        const auto listed = co_await ask(listing);
        if (!listed) co_return listed.error();
        const auto statuses = parse_associations(listed->data());
        if (!statuses) co_return statuses.error();

        NtpdState state;
        state.system = std::move(*system);
        question.names = kNtpdPeerVariables;
        for (const auto& status : *statuses) {
            question.association = status.id;
            const auto variables = co_await ask(question);
            if (!variables) co_return variables.error();
            auto association = parse_ntpd_association(status, variables->data());
            if (!association) co_return association.error();
            state.associations.push_back(std::move(*association));
        }
        co_return state;
    }

  private:
    asio::awaitable<Result<ControlAnswer>> ask_once(ControlQuestion question) {
        ControlAnswer answer(question);
        const auto bytes = render_control(question);
        boost::system::error_code failure;
        socket_.send(asio::buffer(bytes), 0, failure);
        if (failure) co_return Error{Errc::unavailable, "ntpd does not listen: " + failure.message()};
        timer_.expires_after(kPatience);
        timer_.async_wait([this](const boost::system::error_code& error) {
            if (!error) socket_.cancel();
        });
        Status status;
        bool whole = false;
        while (!whole && status) {
            const auto token = asio::as_tuple(asio::use_awaitable);
            const auto [error, count] = co_await socket_.async_receive(asio::buffer(buffer_), token);
            if (error == asio::error::operation_aborted) {
                status = Error{Errc::timeout, "ntpd does not answer"};
            } else if (error) {
                status = Error{Errc::unavailable, "ntpd does not listen: " + error.message()};
            } else {
                const auto taken = answer.take(std::span(buffer_).first(count));
                if (!taken) status = taken.error();
                whole = taken && *taken;
            }
        }
        // The timer's handler refers to us: what is posted after it was cancelled runs after it.
        timer_.cancel();
        const auto executor = socket_.get_executor();
        co_await asio::post(executor, asio::use_awaitable);
        if (!status) co_return status.error();
        co_return answer;
    }

    udp::socket socket_;
    asio::steady_timer timer_;
    std::uint16_t sequence_ = random_sequence();
    std::array<std::uint8_t, 2048> buffer_{};
};

asio::awaitable<Result<NtpdState>> ask_at(const char* address) {
    ControlSocket socket(co_await asio::this_coro::executor);
    if (auto opened = socket.open(address); !opened) co_return opened.error();
    Result<NtpdState> state = Error{Errc::unavailable, "ntpd's associations keep changing"};
    for (int i = 0; i < kListings; ++i) {
        state = co_await socket.state();
        if (state || state.error().code != Errc::not_found) break;
    }
    co_return state;
}

std::string folder_of(const std::string& path) {
    return split_path(path).first;
}

class FileReader {
  public:
    FileReader(NtpdFiles& into, NtpdFlavour flavour) : into_(into), flavour_(flavour) {}

    Status read(const std::string& path, int depth) {
        if (path == into_.our_path || into_.images.contains(path)) return {};
        if (into_.files.size() == kMaxFiles || depth > kMaxDepth)
            return Error{Errc::refused, "ntpd's configuration consists of too many files"};
        auto image = read_image(path);
        if (!image) return image.error();
        if (!*image) {
            // ntpd notes a file that is not there and goes on; without its first one it has nothing to go on with.
            if (depth > 0) return {};
            return Error{Errc::refused, "ntpd's configuration " + path + " is not there"};
        }
        const bool world_readable = ((*image)->mode & 0004) != 0;
        into_.files.push_back({path, (*image)->content, world_readable});
        const auto config = parse_ntpd_config((*image)->content);
        if (!config) return config.error().in(path);
        into_.images.emplace(path, std::move(**image));
        for (const auto& include : config->includes) {
            const bool absolute = include.starts_with('/');
            if (!absolute && flavour_ == NtpdFlavour::classic)
                return Error{Errc::refused, fmt::format("{} includes {} by a relative path: write the whole path there",
                                                        path, printable(include, 80))};
            const std::string target = absolute ? include : folder_of(path) + "/" + include;
            if (auto done = read(target, depth + 1); !done) return done;
        }
        return {};
    }

    /// ntpsec reads every *.conf of the folder, in order of their names.
    Status read_folder(const std::string& folder) {
        if (access(folder.c_str(), F_OK) != 0) return {};
        const auto directory = Directory::open(folder);
        if (!directory) return directory.error();
        const auto names = directory->list();
        if (!names) return names.error();
        for (const auto& name : *names)
            if (name.ends_with(".conf"))
                if (auto done = read(folder + "/" + name, 1); !done) return done;
        return {};
    }

  private:
    NtpdFiles& into_;
    NtpdFlavour flavour_;
};

/// Debian's start script hands ntpd a copy of its configuration with the servers of DHCP, and ntp.d is not beside it.
Status check_dhcp(const std::string& path, NtpdFlavour flavour) {
    if (!path.ends_with(".dhcp") && !path.starts_with("/run/") && !path.starts_with("/var/run/")) return {};
    const string_view package = flavour == NtpdFlavour::ntpsec ? "ntpsec" : "ntp";
    return Error{Errc::refused,
                 fmt::format("ntpd runs on {0}, which holds the servers that DHCP named: to let ntpopt choose, set "
                             "IGNORE_DHCP=yes in /etc/default/{1} and run systemctl restart {1}",
                             path, package)};
}

}  // namespace

asio::awaitable<Result<NtpdVersion>> ask_ntpd_version(ProcessInfo process) {
    Command command;
    command.argv = {process.exe, "--version"};
    const auto output = co_await run_process(std::move(command));
    if (!output) co_return output.error();
    co_return parse_ntpd_version(output->out.empty() ? output->err : output->out);
}

asio::awaitable<Result<NtpdState>> ask_ntpd_state() {
    auto state = co_await ask_at("127.0.0.1");
    if (state || (state.error().code != Errc::timeout && state.error().code != Errc::unavailable)) co_return state;
    auto other = co_await ask_at("::1");
    if (other) co_return other;
    co_return state;
}

Result<NtpdFiles> read_ntpd_files(const ProcessInfo& process, NtpdFlavour flavour) {
    NtpdFiles found;
    found.config_path = ntpd_config_path(process.arguments);
    if (found.config_path.empty()) {
        constexpr const char* kDebian = "/etc/ntpsec/ntp.conf";
        const bool debian = flavour == NtpdFlavour::ntpsec && access(kDebian, F_OK) == 0;
        found.config_path = debian ? kDebian : "/etc/ntp.conf";
    }
    if (!found.config_path.starts_with('/'))
        return Error{Errc::refused,
                     fmt::format("ntpd was started with the relative path {}: start it with the whole one",
                                 printable(found.config_path, 80))};
    if (auto fine = check_dhcp(found.config_path, flavour); !fine) return fine.error();
    const std::string folder = folder_of(found.config_path);
    const std::string extras = folder + (flavour == NtpdFlavour::ntpsec ? "/ntp.d" : "/ntp");
    found.our_path = fmt::format("{}/{}", extras, flavour == NtpdFlavour::ntpsec ? kNtpsecFile : kClassicFile);
    FileReader reader(found, flavour);
    if (auto done = reader.read(found.config_path, 0); !done) return done.error();
    if (flavour == NtpdFlavour::ntpsec)
        if (auto done = reader.read_folder(extras); !done) return done.error();
    auto ours = read_image(found.our_path);
    if (!ours) return ours.error();
    if (*ours) {
        found.our_text = (*ours)->content;
        found.images.emplace(found.our_path, std::move(**ours));
    }
    return found;
}

}  // namespace ntpopt
