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
    double vote = 1;          ///< its share of its group's one vote
    std::size_t group = 0;
};

/// The heaviest interval that some voters share. `members` are numbers of voters, ascending.
struct Agreement {
    double votes = 0;
    double low_ms = 0;
    double high_ms = 0;
    double first_high_ms = 0;  ///< where the first of several equally heavy ones ends
    std::vector<std::size_t> members;
    bool majority = false;  ///< votes are more than half of all groups, and no other camp claims the same
};

/// The heaviest common interval of voters with finite, ordered intervals. Two equally heavy intervals far apart are one
/// agreement where a majority shares both, else they are none. O(n log n).
[[nodiscard]] Agreement find_agreement(const std::vector<Voter>& voters);

/// The number of different groups among the voters.
[[nodiscard]] int count_groups(const std::vector<Voter>& voters);

struct Centre {
    double offset_ms = 0;
    double error_ms2 = 0;               ///< variance of the centre
    std::vector<std::size_t> outliers;  ///< of the members, those too far from it to be honest, ascending
};

/// The Huber centre of the members, with those dropped that lie further from it than four standard deviations, as long
/// as at least four groups are left to judge by.
[[nodiscard]] Centre find_centre(const std::vector<Voter>& voters, std::vector<std::size_t> members);

/// How far from the centre a voter may be.
[[nodiscard]] double allowed_distance(const Voter& voter, double centre_error_ms2);

}  // namespace ntpopt
