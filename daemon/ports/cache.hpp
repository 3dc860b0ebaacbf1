// What was learnt from DNS and from lists of servers, kept over restarts, so that a crash loop asks nobody more often
// than a quiet daemon does. What is put in is read back at once and survives the death of the process; a power cut may
// cost it until something else is saved, since a cache is worth no wait for the disk. The real one is
// io/store/sqlite_store.hpp.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/time_text.hpp"

namespace ntpopt {

struct CachedAnswer {
    std::string name;
    std::string kind;                  ///< what was asked for, in the asker's words: "a", "aaaa", "srv"
    std::vector<std::string> answers;  ///< in the asker's words too; empty: there is none
    RealTime asked{};
    RealTime expires{};
};

struct CachedList {
    std::string url;
    std::string etag;    ///< of the answer, "" where it had none
    RealTime fetched{};  ///< when this body came
    RealTime checked{};  ///< when it was last asked for, whatever came of it
    std::string body;
};

class Cache {
  public:
    virtual ~Cache() = default;

    /// The last answer, also one that has expired; that is for the asker to judge.
    [[nodiscard]] virtual std::optional<CachedAnswer> answer(std::string_view name, std::string_view kind) = 0;
    virtual void put(CachedAnswer answer) = 0;

    [[nodiscard]] virtual std::optional<CachedList> list(std::string_view url) = 0;
    virtual void put(CachedList list) = 0;
};

}  // namespace ntpopt
