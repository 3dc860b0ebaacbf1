// A Cache that lives as long as the test.
#pragma once

#include <map>
#include <string>
#include <utility>

#include "daemon/ports/cache.hpp"

namespace ntpopt::test {

class MemoryCache final : public Cache {
  public:
    std::map<std::pair<std::string, std::string>, CachedAnswer> answers;
    std::map<std::string, CachedList, std::less<>> lists;

    [[nodiscard]] std::optional<CachedAnswer> answer(std::string_view name, std::string_view kind) override {
        const auto found = answers.find({std::string(name), std::string(kind)});
        return found == answers.end() ? std::nullopt : std::optional(found->second);
    }
    void put(CachedAnswer answer) override { answers[{answer.name, answer.kind}] = answer; }
    [[nodiscard]] std::optional<CachedList> list(std::string_view url) override {
        const auto found = lists.find(url);
        return found == lists.end() ? std::nullopt : std::optional(found->second);
    }
    void put(CachedList list) override { lists.insert_or_assign(list.url, list); }
};

}  // namespace ntpopt::test
