// On which time do independent servers agree? First the heaviest common interval with one vote a group (Marzullo's
// algorithm, weighted), which must carry a strict majority; then the robust centre of those who share it, which unmasks
// liars that hide inside their own error bounds (SELECTION.md 4.4). Nothing here knows the local clock's error: adding
// a constant to all offsets moves every result by that constant and changes no decision.
#pragma once

#include <cstddef>
#include <vector>

namespace ntpopt {

struct Voter {
    double low_ms = 0;  ///< the interval that holds the true offset if the server is honest
    double high_ms = 0;
    double offset_ms = 0;
    double variance_ms2 = 0;  ///< of offset_ms about the truth, by experience
    double vote = 1;          ///< its share of the one vote that its group and its owner have
};

/// Whether votes reach, or exceed, a number. They are sums of thirds and quarters: the last digits say nothing.
[[nodiscard]] bool reaches(double votes, double number);
[[nodiscard]] bool exceeds(double votes, double number);

/// All votes of some voters.
[[nodiscard]] double sum_of_votes(const std::vector<Voter>& voters);

/// The heaviest interval that some voters share, or the span of several that are equally heavy. `members` are numbers
/// of voters, ascending.
struct Agreement {
    double votes = 0;  ///< for the heaviest interval
    double low_ms = 0;
    double high_ms = 0;
    double first_high_ms = 0;          ///< where the first of several equally heavy intervals ends
    double last_low_ms = 0;            ///< and where the last of them begins
    std::vector<std::size_t> members;  ///< who reaches into the span
    double witnesses = 0;              ///< votes of those who reach the first and the last of them, so the whole span
    bool majority = false;             ///< witnesses are more than half of all votes
};

/// The heaviest common interval of voters with finite, ordered intervals. Two equally heavy intervals far apart are one
/// agreement where a majority shares both, else they are none. O(n log n).
[[nodiscard]] Agreement find_agreement(const std::vector<Voter>& voters);

struct Centre {
    double offset_ms = 0;
    double error_ms2 = 0;               ///< variance of the centre
    std::vector<std::size_t> outliers;  ///< of the members, those too far from it to be honest, ascending
};

/// The Huber centre of the members, with those dropped that lie further from it than four standard deviations, as long
/// as at least four votes are left to judge by.
[[nodiscard]] Centre find_centre(const std::vector<Voter>& voters, std::vector<std::size_t> members);

/// How far from the centre a voter may be.
[[nodiscard]] double allowed_distance(const Voter& voter, double centre_error_ms2);

}  // namespace ntpopt
