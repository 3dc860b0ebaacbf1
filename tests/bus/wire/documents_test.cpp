// Documents get their documented order and their nulls back.
#include "dbus/documents.hpp"

#include <gmock/gmock.h>

namespace ntpopt::documents {
namespace {

TEST(Documents, MissingKeysAreNullAndInOrder) {
    const auto shaped =
        shape(Json::parse(R"({"servers":[{"name":"a","rank":1,"pool":true}],"timestamp":"t"})"), servers());
    EXPECT_EQ(
        render_json(shaped),
        R"({"timestamp":"t","servers":[{"rank":1,"name":"a","address":null,"port":null,"offset_ms":null,)"
        R"("raw_offset_ms":null,"delay_ms":null,"jitter_ms":null,"error_ms":null,"stratum":null,"reachability":null,)"
        R"("answered":null,"score":null,"score_parts":null,"region":null,"timescale":null,"group":null,"verdict":null,)"
        R"("reason":null,"pool":true}]})");
}

TEST(Documents, InnerObjectsAreShapedToo) {
    const auto shaped =
        shape(Json::parse(R"({"service":{"active":true,"name":"chronyd"},"last_run":{"run_id":1}})"), status());
    EXPECT_EQ(render_json(shaped["service"]), R"({"name":"chronyd","unit":null,"version":null,"active":true})");
    EXPECT_EQ(shaped["last_run"].begin().key(), "run_id");
    EXPECT_FALSE(shaped["last_run"].contains("servers"));
    EXPECT_FALSE(shaped["last_run"].contains("diff"));
    EXPECT_TRUE(shaped["last_run"].contains("stages"));
}

TEST(Documents, WhatIsNoObjectIsShapedAsAnEmptyOne) {
    EXPECT_EQ(render_json(shape(Json(nullptr), servers())), R"({"timestamp":null,"servers":null})");
}

}  // namespace
}  // namespace ntpopt::documents
