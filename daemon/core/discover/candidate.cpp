// The words for where a candidate came from, for candidate.hpp.
#include "daemon/core/discover/candidate.hpp"

namespace ntpopt {

std::string_view name_of(CandidateSource source) {
    switch (source) {
        case CandidateSource::configured:
            return "configured";
        case CandidateSource::current:
            return "current";
        case CandidateSource::dhcp:
            return "dhcp";
        case CandidateSource::srv:
            return "srv";
        case CandidateSource::cloud:
            return "cloud";
        case CandidateSource::catalogue:
            return "catalogue";
        case CandidateSource::list:
            return "list";
        case CandidateSource::pool_zone:
            return "pool_zone";
    }
    return "";
}

bool is_public(CandidateSource source) {
    return source == CandidateSource::catalogue || source == CandidateSource::list ||
           source == CandidateSource::pool_zone;
}

}  // namespace ntpopt
