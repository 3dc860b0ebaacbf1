// What the fake daemon answers in tests of what the client shows.
#pragma once

#include "tests/bus/fake/fake_control.hpp"

namespace ntpopt::test {

/// Something for every verb: a service that follows two servers, a round that chose them, a history.
void whole(FakeControl& control);
/// Some hours of evidence that is as it was written.
void with_evidence(FakeControl& control);
/// with_evidence(), but one entry is missing.
void with_damaged_evidence(FakeControl& control);
/// For `explain` without a server.
void of_round(FakeControl& control);
/// For `metrics`: something under every key.
void counted(FakeControl& control);
/// whole(), but nobody is followed and nobody answers.
void unsynchronised(FakeControl& control);

}  // namespace ntpopt::test
