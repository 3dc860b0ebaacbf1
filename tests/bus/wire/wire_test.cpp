// Documents over the bus and back, and messages that want to do harm.
#include "dbus/wire.hpp"

#include <gmock/gmock.h>
#include <sdbus-c++/sdbus-c++.h>

#include <chrono>
#include <cmath>
#include <limits>

#include "common/text.hpp"
#include "tests/bus/harness/private_bus.hpp"

namespace ntpopt::wire {
namespace {

using test::Policies;
using test::PrivateBus;

class Wire : public testing::Test {
  protected:
    /// A message that can be written, sealed and read like one that arrived.
    sdbus::Signal message() { return object_->createSignal("test.Test", "Told"); }

    template <typename T>
    Json through(const T& value) {
        auto signal = message();
        signal << value;
        signal.seal();
        signal.rewind(true);
        T back;
        signal >> back;
        return back.value;
    }

    /// The D-Bus type under which a key is sent.
    std::string type_sent(const std::string& key, const Json& value) {
        auto signal = message();
        signal << Dict(Json{{key, value}});
        signal.seal();
        signal.rewind(true);
        signal.enterContainer("{sv}");
        signal.enterDictEntry("sv");
        std::string name;
        signal >> name;
        std::string type;
        std::string contents;
        signal.peekType(type, contents);
        return contents;
    }

    template <typename Write>
    std::string refusal(Write write) {
        auto signal = message();
        write(signal);
        signal.seal();
        signal.rewind(true);
        try {
            Dict dict;
            signal >> dict;
        } catch (const sdbus::Error& e) {
            return e.getName();
        }
        return "taken";
    }

    static constexpr const char* kInvalid = "org.freedesktop.DBus.Error.InvalidArgs";
    PrivateBus bus_{Policies::permissive};
    std::unique_ptr<sdbus::IConnection> connection_ = sdbus::createSystemBusConnection();
    std::unique_ptr<sdbus::IObject> object_ = sdbus::createObject(*connection_, "/test");
};

TEST_F(Wire, ADocumentComesBackAsItWas) {
    const auto document = Json::parse(R"({"run_id":7,"dry_run":false,"duration_s":4.5,"outcome":"applied",
        "selected":["a","b:124"],"empty":[],"servers":[{"rank":1,"name":"a","port":123,"offset_ms":-0.12,
        "score_parts":{"jitter":99.5,"regional_bonus":true}},{"name":"b"}],"stages":[],"nested":{"x":{"y":-5}},
        "numbers":[1.5,2.5],"mixed":["a",1,true,{"k":"v"}],"text":"\u00e4\u4e2d\ud83d\ude00\n"})");
    EXPECT_EQ(through(Dict(document)), document);
}

TEST_F(Wire, RowsComeBackAsTheyWere) {
    const auto rows = Json::parse(R"([{"name":"a","rank":1},{},{"name":"b"}])");
    EXPECT_EQ(through(Rows(rows)), rows);
    EXPECT_EQ(through(Rows()), Json::array());
    EXPECT_EQ(through(Dict()), Json::object());
}

TEST_F(Wire, NullAndNotFiniteNumbersAreAbsent) {
    const Json document{
        {"a", nullptr}, {"b", std::nan("")}, {"c", std::numeric_limits<double>::infinity()}, {"d", 1.0}};
    EXPECT_EQ(through(Dict(document)), Json({{"d", 1.0}}));
}

TEST_F(Wire, KeysHaveTheirTypes) {
    EXPECT_EQ(type_sent("port", 123), "q");
    EXPECT_EQ(type_sent("rank", 1), "u");
    EXPECT_EQ(type_sent("stratum", 2), "u");
    EXPECT_EQ(type_sent("maxsources", 4), "u");
    EXPECT_EQ(type_sent("reference_time_usec", 1), "t");
    EXPECT_EQ(type_sent("run_id", 1), "t");
    EXPECT_EQ(type_sent("transaction", 1), "t");
    EXPECT_EQ(type_sent("interval_s", 21600), "x");
    EXPECT_EQ(type_sent("port", 70000), "x");
    EXPECT_EQ(type_sent("rank", -1), "x");
    EXPECT_EQ(type_sent("number", UINT64_MAX), "t");
    EXPECT_EQ(type_sent("score", 1.0), "d");
    EXPECT_EQ(type_sent("active", true), "b");
    EXPECT_EQ(type_sent("selected", Json::array()), "as");
    EXPECT_EQ(type_sent("servers", Json::array()), "aa{sv}");
    EXPECT_EQ(type_sent("service", Json::object()), "a{sv}");
}

// The bus cuts the connection of whoever sends a string that is no UTF-8: one bad refid would have stopped the daemon.
TEST_F(Wire, TextThatIsNoUtf8IsEscaped) {
    for (const auto& bad : {std::string("a\xff"), std::string("a\xc0\x80"), std::string("a\xed\xa0\x80"),
                            std::string("a\0b", 3), std::string("a\xf5\x80\x80\x80"), std::string("a\xe4\xb8")}) {
        const auto back = through(Dict(Json{{"reason", bad}, {bad, 1.0}}));
        EXPECT_EQ(back["reason"], printable(bad));
        EXPECT_TRUE(back.contains(printable(bad)));
    }
}

TEST_F(Wire, AnyWidthOfIntegerIsRead) {
    auto signal = message();
    std::map<std::string, sdbus::Variant> values{
        {"y", std::uint8_t{1}},        {"n", std::int16_t{-2}},
        {"q", std::uint16_t{3}},       {"i", std::int32_t{-4}},
        {"u", std::uint32_t{5}},       {"x", std::int64_t{-6}},
        {"t", std::uint64_t{7}},       {"o", sdbus::ObjectPath("/p")},
        {"g", sdbus::Signature("as")}, {"r", sdbus::make_struct(std::string("s"), 8)},
        {"ab", std::vector<bool>{}}};
    values.erase("ab");
    signal << values;
    signal.seal();
    signal.rewind(true);
    Dict dict;
    signal >> dict;
    EXPECT_EQ(dict.value["y"], 1);
    EXPECT_EQ(dict.value["n"], -2);
    EXPECT_EQ(dict.value["q"], 3);
    EXPECT_EQ(dict.value["i"], -4);
    EXPECT_EQ(dict.value["u"], 5);
    EXPECT_EQ(dict.value["x"], -6);
    EXPECT_EQ(dict.value["t"], 7);
    EXPECT_EQ(dict.value["o"], "/p");
    EXPECT_EQ(dict.value["g"], "as");
    EXPECT_EQ(dict.value["r"], Json::parse(R"(["s",8])"));
}

TEST_F(Wire, DeepNestingIsRefused) {
    EXPECT_EQ(refusal([](sdbus::Message& m) {
                  sdbus::Variant inner(std::string("x"));
                  for (int i = 0; i < 20; ++i)
                      inner = sdbus::Variant(std::map<std::string, sdbus::Variant>{{"k", inner}});
                  m << std::map<std::string, sdbus::Variant>{{"k", inner}};
              }),
              kInvalid);
    EXPECT_EQ(refusal([](sdbus::Message& m) {
                  m.openContainer("{sv}").openDictEntry("sv");
                  m << "k";
                  for (int i = 0; i < 30; ++i)
                      m.openVariant("v");
                  m.openVariant("s");
                  m << "x";
                  for (int i = 0; i < 31; ++i)
                      m.closeVariant();
                  m.closeDictEntry().closeContainer();
              }),
              kInvalid);
}

TEST_F(Wire, TooManyEntriesAreRefused) {
    EXPECT_EQ(refusal([](sdbus::Message& m) {
                  std::map<std::string, sdbus::Variant> many;
                  many.emplace("k", sdbus::Variant(std::vector<std::uint8_t>(kMaxEntries + 1)));
                  m << many;
              }),
              kInvalid);
}

TEST_F(Wire, AnEndlessStringIsRefused) {
    EXPECT_EQ(refusal([](sdbus::Message& m) {
                  m << std::map<std::string, sdbus::Variant>{{"k", sdbus::Variant(std::string(kMaxString + 1, 'x'))}};
              }),
              kInvalid);
}

TEST(WireBounds, TheApplierTakesArgumentsOfAFewServersOnly) {
    const SmallRows rows;
    const SmallDict options;
    EXPECT_LE(rows.max_entries * rows.max_string * 2, 4U * 1024 * 1024) << "a key and a value an entry";
    EXPECT_LE(options.max_entries * options.max_string * 2, 1024U * 1024);
}

TEST_F(Wire, OtherTypesAreRefused) {
    EXPECT_EQ(refusal([](sdbus::Message& m) { m << "no dictionary"; }), kInvalid);
    EXPECT_EQ(refusal([](sdbus::Message& m) { m << std::map<std::string, std::string>{{"a", "b"}}; }), kInvalid);
    EXPECT_EQ(refusal([](sdbus::Message&) {}), kInvalid);
    EXPECT_EQ(refusal([](sdbus::Message& m) {
                  m << std::map<std::string, sdbus::Variant>{
                      {"k", sdbus::Variant(std::map<std::int32_t, std::string>{{1, "x"}})}};
              }),
              kInvalid);
    EXPECT_EQ(refusal([](sdbus::Message& m) {
                  m << std::map<std::string, sdbus::Variant>{{"k", sdbus::Variant(sdbus::UnixFd(0))}};
              }),
              kInvalid);
}

TEST_F(Wire, AKeyThatStandsTwiceIsRefused) {
    EXPECT_EQ(refusal([](sdbus::Message& m) {
                  m.openContainer("{sv}");
                  for (int i = 0; i < 2; ++i) {
                      m.openDictEntry("sv");
                      m << "same" << sdbus::Variant(i);
                      m.closeDictEntry();
                  }
                  m.closeContainer();
              }),
              kInvalid);
}

TEST_F(Wire, TwoThousandServersFit) {
    auto rows = Json::array();
    for (int i = 0; i < 2000; ++i) {
        auto server = Json::object();
        for (int key = 0; key < 22; ++key)
            server["some_key_" + std::to_string(key)] = i * 0.5;
        server["score_parts"] = {{"jitter", 1.0}, {"stratum", 2.0}, {"latency", 3.0}};
        rows.push_back(server);
    }
    EXPECT_EQ(through(Rows(rows)), rows);
}

}  // namespace
}  // namespace ntpopt::wire
