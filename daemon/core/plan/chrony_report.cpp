// Implementation of chrony_report.hpp. Column meanings: chronyc(1), "sources", "sourcestats" and
// "tracking".
#include "daemon/core/plan/chrony_report.hpp"

#include <cmath>

#include "common/text.hpp"

namespace ntpopt {
namespace {

using std::string_view;

constexpr std::size_t kMaxReport = 1024 * 1024;
constexpr std::size_t kMaxSources = 4096;
constexpr std::uint32_t kNever = 4294967295;

template <typename Number>
bool read(string_view text, Number& value, int base = 10) {
    const auto number = parse_number<Number>(text, base);
    value = number.value_or(Number());
    return number.has_value();
}

bool read(string_view text, double& value) {
    value = parse_number<double>(text).value_or(HUGE_VAL);
    return std::isfinite(value);
}

Error bad_line(string_view what, string_view line) {
    return Error{Errc::parse,
                 "chronyc " + std::string(what) + " answered what cannot be understood: " + printable(line, 120)};
}

Result<ChronySource> parse_source(string_view line) {
    const auto columns = split(line, ',');
    if (columns.size() != 10 || columns[0].size() != 1 || columns[1].size() != 1) return bad_line("sources", line);
    ChronySource source;
    source.mode = columns[0][0];
    source.state = columns[1][0];
    source.id = printable(columns[2], 300);
    std::uint32_t last_rx = kNever;
    double measured = 0;
    if (!read(columns[3], source.stratum) || !read(columns[4], source.poll) || !read(columns[5], source.reach, 8) ||
        !read(columns[6], last_rx) || !read(columns[7], source.offset_s) || !read(columns[8], measured) ||
        !read(columns[9], source.error_s))
        return bad_line("sources", line);
    if (last_rx != kNever) source.last_rx_s = last_rx;
    if (source.mode != '#')
        if (auto address = Address::parse(columns[2])) source.address = *address;
    return source;
}

}  // namespace

Result<std::vector<ChronySource>> parse_chrony_sources(string_view numeric, string_view named) {
    if (numeric.size() > kMaxReport || named.size() > kMaxReport)
        return Error{Errc::parse, "chronyc sources answered more than 1 MiB"};
    const auto rows = lines(numeric);
    const auto names = lines(named);
    if (rows.size() > kMaxSources) return Error{Errc::parse, "chronyd has more than 4096 sources"};
    if (rows.size() != names.size())
        return Error{Errc::unavailable, "chronyd's sources changed while they were listed"};
    std::vector<ChronySource> sources;
    for (std::size_t i = 0; i < rows.size(); ++i) {
        auto source = parse_source(rows[i]);
        if (!source) return source.error();
        const auto columns = split(names[i], ',');
        if (columns.size() != 10) return bad_line("sources", names[i]);
        std::uint32_t stratum = 0;
        if (columns[0] != string_view(&source->mode, 1) || !read(columns[3], stratum))
            return Error{Errc::unavailable, "chronyd's sources changed while they were listed"};
        source->name = printable(columns[2], 300);
        sources.push_back(std::move(*source));
    }
    return sources;
}

Result<std::vector<ChronyStatistics>> parse_chrony_statistics(string_view text) {
    if (text.size() > kMaxReport) return Error{Errc::parse, "chronyc sourcestats answered more than 1 MiB"};
    std::vector<ChronyStatistics> out;
    for (const auto line : lines(text)) {
        const auto columns = split(line, ',');
        ChronyStatistics entry;
        if (out.size() == kMaxSources || columns.size() != 8 || !read(columns[1], entry.samples) ||
            !read(columns[2], entry.runs) || !read(columns[3], entry.span_s) || !read(columns[6], entry.offset_s) ||
            !read(columns[7], entry.deviation_s))
            return bad_line("sourcestats", line);
        entry.id = printable(columns[0], 300);
        out.push_back(std::move(entry));
    }
    return out;
}

Result<std::vector<std::string>> parse_chrony_authenticated(string_view text) {
    if (text.size() > kMaxReport) return Error{Errc::parse, "chronyc authdata answered more than 1 MiB"};
    std::vector<std::string> ids;
    std::size_t count = 0;
    for (const auto line : lines(text)) {
        const auto columns = split(line, ',');
        if (++count > kMaxSources || columns.size() < 10) return bad_line("authdata", line);
        if (columns[1] != "-") ids.push_back(printable(columns[0], 300));
    }
    return ids;
}

Result<ChronyTracking> parse_chrony_tracking(string_view text) {
    const string_view line = trim(text.substr(0, 1000));
    const auto columns = split(line, ',');
    if (columns.size() < 14) return bad_line("tracking", line);
    ChronyTracking tracking;
    tracking.reference = printable(columns[1], 300);
    if (auto address = Address::parse(columns[1])) tracking.address = *address;
    if (!read(columns[2], tracking.stratum) || !read(columns[3], tracking.reference_time_s) ||
        !read(columns[4], tracking.offset_s) || !read(columns[10], tracking.root_delay_s) ||
        !read(columns[11], tracking.root_dispersion_s))
        return bad_line("tracking", line);
    const string_view leap = columns[13];
    tracking.leap = leap == "Normal" ? 0 : leap == "Insert second" ? 1 : leap == "Delete second" ? 2 : 3;
    return tracking;
}

string_view describe_state(const ChronySource& source) {
    if (source.is_unresolved()) return "unresolved";
    switch (source.state) {
        case '*':
            return "selected";
        case '+':
            return "combined";
        case '-':
            return "candidate";
        case 'x':
            return "falseticker";
        case '~':
            return "variable";
        default:
            return source.reach == 0 ? "unreachable" : "unselectable";
    }
}

}  // namespace ntpopt
