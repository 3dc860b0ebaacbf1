// A property of whatever type, for fakes of other services.
#pragma once

#include <sdbus-c++/sdbus-c++.h>

#include <functional>
#include <string>

namespace ntpopt::test {

struct FakeValue {
    template <typename Value>
    static FakeValue of(Value value) {
        return {sdbus::signature_of<Value>::str(), [value](sdbus::PropertyGetReply& reply) { reply << value; }};
    }
    std::string signature;
    std::function<void(sdbus::PropertyGetReply&)> write;
};

}  // namespace ntpopt::test
