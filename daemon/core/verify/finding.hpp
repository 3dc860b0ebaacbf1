// What looking at a service after a change leads to: the words that every judge of a service uses. Judges nothing.
#pragma once

#include <string>

namespace ntpopt {

enum class Judgement { keep, wait, roll_back };

struct Finding {
    Judgement judgement = Judgement::wait;
    std::string reason;  ///< for roll_back, and for what is being waited
};

}  // namespace ntpopt
