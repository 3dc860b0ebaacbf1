// The configuration as values, each at its default (docs/configuration.md describes every key). Reading TOML is
// parse.hpp's work; nothing here knows of files.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "common/duration.hpp"
#include "common/host.hpp"
#include "daemon/core/words.hpp"

namespace ntpopt {

using namespace std::chrono_literals;

struct ScheduleConfig {
    Duration interval = 6h;
    double splay = 0.10;  ///< random share of the interval, 0 to 0.5
    Duration boot_delay = 2min;
};

struct ProbeConfig {
    int samples = 3;  ///< 1 to 8
    Duration timeout = 5s;
    Duration spacing = 2s;  ///< between sends to one server; below 2 s it holds for loopback servers only
    int max_candidates = 20;
    double rate = 10;  ///< packets a second in all, loopback servers exempt
    bool ipv4 = true;
    bool ipv6 = true;
};

struct DiscoveryConfig {
    std::vector<Endpoint> servers;
    std::vector<HostName> pools;
    std::string region = "auto";
    bool regional = true;
    std::string pool_zone = "auto";
    bool global = true;
    std::vector<std::string> lists;
    bool dhcp = true;
    bool srv = true;
    bool cloud = true;
    bool current = true;
};

enum class Profile { reliability, latency, custom };
enum class RankBy { score, error };

/// Shares of the score; they sum to 1.
struct Weights {
    double jitter = 0.35;
    double reachability = 0.30;
    double stratum = 0.25;
    double latency = 0.10;
    friend bool operator==(const Weights&, const Weights&) = default;
};

struct SelectionConfig {
    int sources = 4;  ///< 1 to 8
    Profile profile = Profile::reliability;
    Weights weights;  ///< effective: already those of the profile
    double half_jitter_ms = 6;
    double half_latency_ms = 10;
    double half_stratum = 8;
    int min_stratum = 1;
    int max_stratum = 3;
    double min_score = 60;
    double hysteresis = 0.15;
    double regional_bonus = 0.05;
    RankBy rank_by = RankBy::score;
    Timescale timescale = Timescale::utc;
    std::vector<std::string> trusted;    ///< patterns of daemon/core/select/pattern.hpp
    std::vector<std::string> whitelist;  ///< the same; not empty: only these
    int blacklist_after = 3;
};

struct ApplyConfig {
    std::string service = "auto";
    bool augment = false;  ///< policy = "augment": keep the old sources too
    bool replace_dhcp = false;
    bool edit_files = false;
    Duration verify_timeout = Duration::zero();  ///< zero: "auto"
    int max_changes_per_day = 24;
    int max_backups = 5;
    bool allow_auth_downgrade = false;
    bool respect_managed = true;
    std::string chrony_conf;
    std::string chronyc;
};

struct HistoryConfig {
    Duration retention = std::chrono::days(90);
    std::uint64_t max_size = 10 * 1024 * 1024;
    Duration evidence_retention = std::chrono::days(400);
};

/// How much a notice matters. Deliberately few: who reads them must not have to look the words up.
enum class Severity { info, warning, error, critical };
enum class MailSecurity { starttls, tls, none };

/// Files of secrets are absolute paths, or names of systemd credentials. What is in them is read by ntpopt-notify
/// alone.
struct EmailConfig {
    std::string server;  ///< host name or address; empty: no mail
    int port = 0;        ///< 0: that of the security, 587, 465 or 25
    MailSecurity security = MailSecurity::starttls;
    std::string from;
    std::vector<std::string> to;
    std::string username;  ///< empty: nobody is authenticated
    std::string password_file;
};

struct WebhookConfig {
    std::string url_file;
    std::string secret_file;  ///< empty: the body is not signed
    friend bool operator==(const WebhookConfig&, const WebhookConfig&) = default;
};

/// Who is told of what happens; nobody by default.
struct NotifyConfig {
    Severity min_severity = Severity::info;
    Duration error_bound_limit = 1s;  ///< MAXDIST of RFC 5905 A.1.1; zero: "off"
    EmailConfig email;
    std::string slack_url_file;
    std::string discord_url_file;
    std::vector<WebhookConfig> webhooks;
    std::vector<std::string> command;  ///< argv; empty: none
};

struct Config {
    Mode mode = Mode::apply;
    ScheduleConfig schedule;
    ProbeConfig probe;
    DiscoveryConfig discovery;
    SelectionConfig selection;
    ApplyConfig apply;
    HistoryConfig history;
    NotifyConfig notify;
};

}  // namespace ntpopt
