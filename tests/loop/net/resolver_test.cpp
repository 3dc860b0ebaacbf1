// AresResolver against a name server of our own: families, deadlines, dead servers, hostile answers, its end.
#include "daemon/io/net/resolver.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "daemon/core/discover/hosts.hpp"
#include "tests/loop/net/fake_dns.hpp"

namespace ntpopt {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::UnorderedElementsAre;
using Answer = Result<std::vector<Address>>;

class ResolverTest : public testing::Test {
  protected:
    ~ResolverTest() override {
        resolver_.reset();
        if (!hosts_.empty()) unlink(hosts_.c_str());
    }

    AresResolver& resolver(std::string servers) {
        ResolverOptions options;
        options.servers = std::move(servers);
        options.hosts_file = hosts_.empty() ? "/nonexistent" : hosts_;
        options.check_routes = false;
        resolver_ = std::make_unique<AresResolver>(io_, options);
        return *resolver_;
    }

    void write_hosts(const std::string& text) {
        hosts_ = "/tmp/ntpopt-hosts-XXXXXX";
        const int fd = mkstemp(hosts_.data());
        ASSERT_GE(fd, 0);
        close(fd);
        std::ofstream(hosts_) << text;
    }

    /// Asks for all names at the same time; the order of the answers is kept in order_.
    void ask(const std::vector<std::string>& names, Families families = {}, Duration deadline = 2s) {
        for (const auto& name : names) {
            ++open_;
            asio::co_spawn(io_, resolver_->resolve(*HostName::parse(name), families, deadline),
                           [this, name](std::exception_ptr failure, Answer answer) {
                               EXPECT_FALSE(failure);
                               answers_.insert_or_assign(name, std::move(answer));
                               order_.push_back(name);
                               if (--open_ == 0) io_.stop();
                           });
        }
    }

    void run() {
        io_.restart();
        io_.run_for(20s);
        ASSERT_EQ(open_, 0U) << "somebody still waits";
    }

    std::vector<std::string> addresses(const std::string& name) {
        std::vector<std::string> out;
        const auto& answer = answers_.at(name);
        if (!answer) return {"error: " + answer.error().detail};
        for (const auto& address : *answer)
            out.push_back(address.text());
        return out;
    }

    asio::io_context io_{1};
    test::FakeDns dns_{io_};
    std::unique_ptr<AresResolver> resolver_;
    std::string hosts_;
    std::map<std::string, Answer> answers_;
    std::vector<std::string> order_;
    std::size_t open_ = 0;
};

TEST_F(ResolverTest, AsksForBothFamiliesOrOne) {
    resolver(dns_.server());
    ask({"good-7.example"});
    run();
    EXPECT_THAT(addresses("good-7.example"), UnorderedElementsAre("192.0.2.7", "2001:db8::7"));
    ask({"good-8.example"}, {true, false});
    run();
    EXPECT_THAT(addresses("good-8.example"), ElementsAre("192.0.2.8"));
    ask({"good-9.example"}, {false, true});
    run();
    EXPECT_THAT(addresses("good-9.example"), ElementsAre("2001:db8::9"));
    EXPECT_THAT(dns_.asked, UnorderedElementsAre("good-7.example A", "good-7.example AAAA", "good-8.example A",
                                                 "good-9.example AAAA"));
}

TEST_F(ResolverTest, AnAnswerHoldsForTheLeastTimeOfItsRecords) {
    resolver(dns_.server());
    double ttl_s = 0;
    asio::co_spawn(io_, resolver_->lookup(*HostName::parse("ttl-7200.example"), Families(), 10s),
                   [&](std::exception_ptr, Result<NameAnswer> answer) {
                       EXPECT_EQ(answer->addresses.size(), 2U);
                       ttl_s = answer->ttl_s;
                       io_.stop();
                   });
    run();
    EXPECT_EQ(ttl_s, 7200);
}

TEST_F(ResolverTest, SaysWhatIsWrong) {
    resolver(dns_.server());
    ask({"nx.example", "none.example", "fail.example", "refuse.example"}, {}, 15s);
    ask({"black.example"}, {}, 300ms);
    run();
    EXPECT_EQ(answers_.at("nx.example").error(), (Error{Errc::not_found, "the name does not exist"}));
    EXPECT_EQ(answers_.at("none.example").error(), (Error{Errc::not_found, "the name has no usable address"}));
    for (const auto* name : {"fail.example", "refuse.example"})
        EXPECT_EQ(answers_.at(name).error(), (Error{Errc::io, "the name servers could not answer"})) << name;
    EXPECT_EQ(answers_.at("black.example").error(), (Error{Errc::timeout, "no name server answered in time"}));
}

TEST_F(ResolverTest, APublicNameThatDoesNotExistIsNotSearchedForElsewhere) {
    setenv("LOCALDOMAIN", "search.example", 1);
    resolver(dns_.server());
    ask({"nx.example", "good-3"});
    run();
    unsetenv("LOCALDOMAIN");
    EXPECT_EQ(dns_.asked.count("nx.example.search.example A"), 0U);
    EXPECT_THAT(addresses("good-3"), UnorderedElementsAre("192.0.2.3", "2001:db8::3"));
    EXPECT_EQ(dns_.asked.count("good-3.search.example A"), 1U);
}

TEST_F(ResolverTest, ThirtyTwoNamesOfWhichFourAreBlackHolesTakeTheTimeOfOne) {
    resolver(dns_.server());
    std::vector<std::string> names;
    for (int i = 1; i <= 32; ++i)
        names.push_back((i % 8 == 0 ? "black-" : "good-") + std::to_string(i) + ".example");
    ask(names, {}, 2s);
    const auto black = [](const std::string& name) { return name.starts_with("black"); };
    while (order_.size() < 32 && std::none_of(order_.begin(), order_.end(), black) && io_.run_one_for(20s) > 0) {
    }
    // When the first of them is given up, all have been asked and the good ones are answered: the deadlines run
    // together.
    EXPECT_EQ(order_.size(), 29U);
    for (const auto& name : names)
        EXPECT_GE(dns_.asked.count(name + " A"), 1U) << name;
    run();
    ASSERT_EQ(order_.size(), 32U);
    for (std::size_t i = 0; i < 32; ++i)
        EXPECT_EQ(black(order_[i]), i >= 28) << order_[i];
    for (const auto& name : names)
        EXPECT_EQ(answers_.at(name).has_value(), name.starts_with("good")) << name;
}

TEST_F(ResolverTest, ABlackHoleOfOneFamilyCostsLittle) {
    resolver(dns_.server());
    ask({"v6hole-1.example", "v4hole-2.example", "black.example"}, {}, 3s);
    run();
    EXPECT_THAT(addresses("v6hole-1.example"), ElementsAre("192.0.2.1"));
    EXPECT_THAT(addresses("v4hole-2.example"), ElementsAre("2001:db8::2"));
    EXPECT_EQ(order_.back(), "black.example") << "the others did not wait for the deadline";
}

TEST_F(ResolverTest, SlowAnswersAndLostPacketsAreWaitedFor) {
    resolver(dns_.server());
    ask({"slow-1.example", "lost-2.example"}, {}, 5s);
    run();
    EXPECT_THAT(addresses("slow-1.example"), UnorderedElementsAre("192.0.2.1", "2001:db8::1"));
    EXPECT_THAT(addresses("lost-2.example"), UnorderedElementsAre("192.0.2.2", "2001:db8::2"));
}

TEST_F(ResolverTest, ADeadNameServerInFrontDelaysNothingBeyondItsTry) {
    test::FakeDns silent(io_);
    silent.silence();
    std::string closed;
    {
        test::FakeDns gone(io_);
        closed = gone.server();
        gone.stop();
    }
    for (const auto& dead : {silent.server(), closed}) {
        dns_.asked.clear();
        resolver(dead + "," + dns_.server());
        ask({"good-1.example", "good-2.example", "nx.example"}, {}, 2s);
        run();
        EXPECT_THAT(addresses("good-1.example"), UnorderedElementsAre("192.0.2.1", "2001:db8::1"));
        EXPECT_THAT(addresses("good-2.example"), UnorderedElementsAre("192.0.2.2", "2001:db8::2"));
        EXPECT_EQ(answers_.at("nx.example").error().code, Errc::not_found);
    }
    silent.stop();
}

TEST_F(ResolverTest, AQuestionThatNobodyCanHaveGotIsToldFromOneThatMayHaveBeenHeard) {
    test::FakeDns silent(io_);
    silent.silence();
    const std::string nobody = "127.0.0.1:1";
    const std::string no_route = "255.255.255.255:53";  // the kernel lets nobody connect there
    for (const auto& servers : {nobody, no_route, no_route + "," + nobody}) {
        resolver(servers);
        ask({"good-1.example"}, {}, 10s);
        run();
        EXPECT_EQ(answers_.at("good-1.example").error(), (Error{Errc::unavailable, "no name server can be reached"}))
            << servers;
    }
    resolver(nobody + "," + silent.server());
    ask({"good-1.example"}, {}, 2s);
    run();
    EXPECT_EQ(answers_.at("good-1.example").error().code, Errc::timeout);
    silent.stop();
    resolver(nobody + "," + dns_.server());
    ask({"fail-1.example"}, {}, 10s);
    run();
    EXPECT_EQ(answers_.at("fail-1.example").error().code, Errc::io);
}

TEST_F(ResolverTest, HostileAnswersAreNoAnswers) {
    resolver(dns_.server());
    const std::vector<std::string> names{"junk.example", "short.example", "wrongid.example", "wrongname.example",
                                         "loop.example"};
    ask(names, {}, 1s);
    ask({"many.example", "odd.example"});
    run();
    for (const auto& name : names)
        EXPECT_FALSE(answers_.at(name)) << name;
    EXPECT_EQ(addresses("many.example").size(), 9U) << "eight and one";
    EXPECT_THAT(addresses("odd.example"), ElementsAre("192.0.2.1"));
}

TEST_F(ResolverTest, ATruncatedAnswerIsFetchedOverTcp) {
    resolver(dns_.server());
    ask({"trunc-1.example"});
    run();
    EXPECT_THAT(addresses("trunc-1.example"), UnorderedElementsAre("192.0.2.7", "2001:db8::7"));
    EXPECT_EQ(dns_.asked.count("tcp"), 2U);
}

TEST_F(ResolverTest, TheHostsFileComesFirstAndMayHoldSeveralAddresses) {
    write_hosts(
        "127.0.0.1 localhost\n192.0.2.50 Good-1.example alias # comment\n192.0.2.51 good-1.example\n"
        "2001:db8::50 good-1.example\n192.0.2.51 good-1.example\nfe80::1%lo good-1.example\nbroken\n192.0.2.52 "
        "v4only.example");
    resolver(dns_.server());
    ask({"good-1.example", "alias", "good-2.example"});
    run();
    EXPECT_THAT(addresses("good-1.example"), ElementsAre("192.0.2.50", "192.0.2.51", "2001:db8::50"));
    EXPECT_THAT(addresses("alias"), ElementsAre("192.0.2.50"));
    EXPECT_THAT(addresses("good-2.example"), UnorderedElementsAre("192.0.2.2", "2001:db8::2"));
    EXPECT_EQ(dns_.asked.count("good-1.example A"), 0U);
    answers_.clear();
    ask({"good-1.example", "v4only.example"}, {false, true});
    run();
    EXPECT_THAT(addresses("good-1.example"), ElementsAre("2001:db8::50"));
    EXPECT_FALSE(answers_.at("v4only.example"));
}

TEST_F(ResolverTest, IsIdleWhenNobodyWaits) {
    resolver(dns_.server());
    ask({"good-1.example", "v6hole-2.example", "nx.example"});
    ask({"black.example"}, {}, 300ms);
    run();
    dns_.stop();
    io_.restart();
    io_.run_for(10s);
    EXPECT_TRUE(io_.stopped()) << "no socket and no timer is left";
}

TEST_F(ResolverTest, MayEndWhileQuestionsAreOpen) {
    resolver(dns_.server());
    ask({"good-1.example", "black-2.example", "black-3.example"}, {}, 15s);
    while (dns_.asked.size() < 6)
        io_.run_one();
    resolver_.reset();
    run();
    EXPECT_EQ(answers_.at("black-2.example").error().code, Errc::shutting_down);
    EXPECT_EQ(answers_.at("black-3.example").error().code, Errc::shutting_down);
}

TEST_F(ResolverTest, MayEndBeforeAnybodyAsked) {
    resolver(dns_.server());
    auto late = resolver_->resolve(*HostName::parse("good-1.example"), {}, 1s);
    resolver_.reset();
    open_ = 1;
    asio::co_spawn(io_, std::move(late), [this](std::exception_ptr, Answer answer) {
        EXPECT_EQ(answer.error().code, Errc::shutting_down);
        --open_;
        io_.stop();
    });
    run();
}

TEST_F(ResolverTest, TheLoopMayEndWhileQuestionsAreOpen) {
    auto io = std::make_unique<asio::io_context>(1);
    ResolverOptions options;
    options.servers = dns_.server();
    auto resolver = std::make_unique<AresResolver>(*io, options);
    asio::co_spawn(*io, resolver->resolve(*HostName::parse("black.example"), {}, 15s), asio::detached);
    while (io->poll_one() > 0) {
    }
    resolver.reset();
    io.reset();
}

TEST_F(ResolverTest, ACancelledQuestionEndsAtOnceWithWhatItHas) {
    resolver(dns_.server());
    asio::cancellation_signal signal;
    for (const char* name : {"v6hole-1.example", "black-2.example"}) {
        ++open_;
        asio::co_spawn(
            io_, resolver_->resolve(*HostName::parse(name), {}, 15s),
            asio::bind_cancellation_slot(signal.slot(), [this, name](std::exception_ptr failure, Answer answer) {
                EXPECT_FALSE(failure);
                answers_.insert_or_assign(name, std::move(answer));
                if (--open_ == 0) io_.stop();
            }));
        while (dns_.asked.count(std::string(name) + " AAAA") == 0)
            io_.run_one();
        for (int i = 0; i < 10; ++i)
            io_.run_one_for(20ms);
        signal.emit(asio::cancellation_type::terminal);
        while (!answers_.contains(name))
            io_.run_one();
        io_.restart();
    }
    EXPECT_THAT(addresses("v6hole-1.example"), ElementsAre("192.0.2.1"));
    EXPECT_FALSE(answers_.at("black-2.example"));
}

TEST(Hosts, AnyTextIsRead) {
    EXPECT_TRUE(parse_hosts("").empty());
    EXPECT_TRUE(parse_hosts("\n#\n127.0.0.1\nnonsense name\n1.2.3.4 a_b -x ..\n\xff\xff \xff").empty());
}

}  // namespace
}  // namespace ntpopt
