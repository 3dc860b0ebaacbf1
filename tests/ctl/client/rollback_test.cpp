// Root rolls back without ntpoptd: the applier is asked directly. Others are told that ntpoptd does not run.
#include <unistd.h>

#include "dbus/contract.hpp"
#include "dbus/glue/applier_adaptor.hpp"
#include "tests/ctl/client/client_fixture.hpp"

namespace ntpopt::test {
namespace {

/// An applier whose one transaction is closed when it is asked about for the third time.
class FakeApplier final : public sdbus::AdaptorInterfaces<org::ntpopt1::Applier_adaptor> {
  public:
    explicit FakeApplier(sdbus::IConnection& connection) : AdaptorInterfaces(connection, contract::kApplierPath) {
        registerAdaptor();
        connection.requestName(contract::kApplierName);
    }
    ~FakeApplier() { unregisterAdaptor(); }

    std::string ends_as = "committed";
    std::optional<bool> original;
    std::optional<sdbus::Error> refuses;

  private:
    void Observe(sdbus::Result<wire::Dict>&& result) override {
        result.returnResults(wire::Dict(Json{{"kept", {{{"transaction", 3}, {"selected", {"old.example"}}}}}}));
    }
    void Plan(sdbus::Result<wire::Dict>&& result, wire::SmallRows, wire::SmallDict) override {
        result.returnResults(wire::Dict());
    }
    void Apply(sdbus::Result<std::uint64_t>&& result, wire::SmallRows, wire::SmallDict) override {
        result.returnResults(0);
    }
    void Rollback(sdbus::Result<std::uint64_t>&& result, wire::SmallDict options) override {
        original = get_bool(options.value, "original");
        if (refuses) return result.returnError(*refuses);
        result.returnResults(5);
    }
    void Reconverge(sdbus::Result<std::uint64_t>&& result, wire::SmallDict) override { result.returnResults(0); }
    void GetTransaction(sdbus::Result<wire::Dict>&& result, std::uint64_t transaction) override {
        const auto state = ++asked_ < 3 ? std::string("verifying") : ends_as;
        result.returnResults(wire::Dict(Json{
            {"transaction", transaction}, {"state", state}, {"selected", {"old.example"}}, {"reason", "it said so"}}));
    }
    std::uint64_t OpenTransaction() override { return 0; }

    int asked_ = 0;
};

class Around : public Client {
  protected:
    Around() : Client(Policies::permissive) { daemon.reset(); }

    std::unique_ptr<sdbus::IConnection> connection = sdbus::createSystemBusConnection();
    BusPump pump{loop.io, *connection, [](const Error&) {}};
    FakeApplier applier{*connection};
    const bool root = ::geteuid() == 0;
};

TEST_F(Around, TheDaemonAsRoot) {
    const auto ended = run({"rollback", "--original"});
    if (root) {
        EXPECT_EQ(ended.code, 0) << ended.err;
        EXPECT_EQ(ended.out, "Rolled back: old.example\n");
        EXPECT_EQ(applier.original, true);
    } else {
        EXPECT_EQ(ended.code, 3);
        EXPECT_FALSE(applier.original);
    }
}

TEST_F(Around, ARollBackThatFailsIsAFailure) {
    applier.ends_as = "degraded";
    const auto ended = run({"rollback"});
    EXPECT_EQ(ended.code, root ? 1 : 3);
    EXPECT_EQ(ended.err.starts_with("ntpoptctl: rolling back failed: it said so\n"), root);
}

TEST_F(Around, FormerServersThatDoNotProveThemselvesAreNoRollBack) {
    applier.ends_as = "rolled_back";
    const auto ended = run({"rollback"});
    EXPECT_EQ(ended.code, root ? 6 : 3);
    EXPECT_EQ(ended.out, "");
    EXPECT_EQ(ended.err.starts_with("ntpoptctl: the former servers did not prove themselves, so the present ones stay"),
              root);
}

TEST_F(Around, NothingToGoBackToIsAFailure) {
    applier.refuses = sdbus::Error("org.ntpopt1.Error.NotFound", "there is nothing to go back to");
    const auto ended = run({"rollback", "--original"});
    EXPECT_EQ(ended.code, root ? 1 : 3);
    EXPECT_EQ(ended.out, "");
    if (root) {
        EXPECT_EQ(ended.err, "ntpoptctl: there is nothing to go back to\n");
    }
}

TEST_F(Around, OnATerminalTheEndStandsOnALineOfItsOwn) {
    const auto ended = run_on_terminal({"rollback"});
    if (root) {
        EXPECT_THAT(ended.out, testing::EndsWith("verifying\r\x1b[KRolled back: old.example\r\n"));
    }
}

TEST_F(Around, WhatIsKeptIsListed) {
    const auto ended = run({"rollback", "--list", "--json"});
    EXPECT_EQ(ended.code, root ? 0 : 3);
    const std::string kept =
        "[{\"transaction\":3,\"timestamp\":null,\"selected\":[\"old.example\"],\"original\":null}]\n";
    EXPECT_EQ(ended.out, root ? kept : "");
}

}  // namespace
}  // namespace ntpopt::test
