#include "gateway/upkeep.hpp"

#include "pki/builder.hpp"
#include "pki/files.hpp"
#include "pki/pair.hpp"
#include "support/addresses.hpp"
#include "support/files.hpp"
#include "support/tls_ends.hpp"

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <set>

namespace sallyport::gateway {
namespace {

using namespace std::chrono_literals;

/// A server certificate that began at `from`.
pki::Credential server_since(pki::Authority const& ca, pki::Time from, std::chrono::seconds life) {
    auto const key = pki::Key::generate(pki::KeyType::ecdsa_p256);
    pki::Builder builder(pki::make_name({}, "db.example").get(), key);
    builder.span(from, from + life);
    builder.leaf(pki::Purpose::server);
    builder.names({"db.example"});
    return {{std::move(builder).sign(ca.certificate(), ca.key())}, key};
}

/// A gateway's upkeep with clocks that stand still until they are set.
class UpkeepTest : public testing::Test {
 protected:
    UpkeepTest() {
        config_.source = files_.directory() / "sallyport.toml";
        config_.data_dir = files_.directory() / "data";
        config_.backends.push_back(test::backend_at("orders", test::tcp_address("db")));
        config_.backends.back().ssl_mode = config::SslMode::disabled;
        config_.listeners.push_back(
            test::listener_at("front", test::tcp_address("127.0.0.1"), "orders"));
        auto& tls = config_.listeners.back().tls;
        files_.serve(tls, "server", ca_.issue_server({"db.example"}, 30h));
        tls.ca_cert = files_.write("ca.crt", ca_.certificate().to_pem());
        tls.ca_key = files_.write("ca.key", ca_.key().to_pem());
    }
    ~UpkeepTest() override { upkeep_.reset(); }

    void serve(pki::Credential const& credential) {
        files_.write("server.crt", pki::to_pem(credential.chain));
        files_.write("server.key", credential.key.to_pem());
    }
    void start() {
        upkeep_ = Upkeep::start(context_, [this] { return ++renewed_, rebuild(); },
                                {[this] { return now_; }, [this] { return ticks_; }});
        ASSERT_TRUE(rebuild());
    }
    bool rebuild() {
        auto const built = World::build(config_, estate_);
        if (!built) return false;
        world_ = *built;
        look();
        return true;
    }
    void look() { upkeep_->follow(world_); }
    /// Runs what the main thread would until `condition`.
    void run_until(std::function<bool()> const& condition) {
        auto const patience = std::chrono::steady_clock::now() + 30s;
        while (!condition()) {
            context_.run_one_until(patience);
            ASSERT_LT(std::chrono::steady_clock::now(), patience) << "it never came";
        }
    }
    std::string served() const {
        return pki::Certificate::from_pem(*pki::read_file(files_.directory() / "server.crt"))
            ->front()
            .serial();
    }
    RenewalStatus status() const { return upkeep_->report().renewals.at(0); }

    test::Files files_;
    pki::Authority ca_ = pki::Authority::create("Own CA", 9000h);
    config::Config config_;
    Estate estate_;
    pki::Time now_ = pki::current_time();
    Renewal::Ticks ticks_{1h};
    int renewed_ = 0;
    boost::asio::io_context context_{1};
    std::shared_ptr<World const> world_;
    std::shared_ptr<Upkeep> upkeep_;
};

TEST_F(UpkeepTest, LeavesAFreshCertificateAlone) {
    auto const before = served();
    start();
    EXPECT_EQ(status().state, RenewalState::fresh);
    EXPECT_EQ(served(), before);
    EXPECT_EQ(renewed_, 0);
}

TEST_F(UpkeepTest, RenewsAndServesWhatIsDue) {
    // The renewal itself asks the real clock; so the certificate is one that is really due.
    serve(server_since(ca_, pki::current_time() - 20h, 25h));
    auto const before = served();
    start();
    EXPECT_EQ(status().state, RenewalState::due);
    run_until([this] { return renewed_ == 1; });
    EXPECT_NE(served(), before);
    EXPECT_EQ(status().state, RenewalState::fresh);
    EXPECT_EQ(status().renewed, 1U);
}

TEST_F(UpkeepTest, TriesAgainAfterAFailureAndSucceeds) {
    auto const due = now_;
    serve(server_since(ca_, due - 20h, 25h));
    now_ = due - 15h;
    start();
    // An attempt begins at once: not before there is something that it fails at.
    EXPECT_EQ(status().state, RenewalState::fresh);
    files_.write("ca.key", "gone");
    now_ = due;
    look();
    run_until([this] { return status().failures == 1; });
    EXPECT_EQ(renewed_, 0);
    EXPECT_EQ(status().state, RenewalState::due);
    files_.write("ca.key", ca_.key().to_pem());
    ASSERT_TRUE(rebuild());
    EXPECT_EQ(status().failures, 1U) << "the pause is over too early";
    ticks_ += 1h;
    ASSERT_TRUE(rebuild());
    run_until([this] { return status().renewed == 1; });
    EXPECT_EQ(status().failures, 0U);
}

TEST_F(UpkeepTest, WhoeverHoldsTheDirectoryDelaysARenewalAndNoEnd) {
    serve(server_since(ca_, pki::current_time() - 20h, 25h));
    auto const held = pki::DirectoryLock::acquire(files_.directory()).value();
    start();
    run_until([this] { return status().failures == 1; });
    upkeep_->stop();
    upkeep_.reset();
    EXPECT_EQ(renewed_, 0);
}

TEST_F(UpkeepTest, IsSilentOnceItIsGone) {
    start();
    std::weak_ptr const gone = upkeep_;
    upkeep_.reset();
    // As at a drain: its timer's handler is queued, and nothing arms it anew.
    EXPECT_TRUE(gone.expired());
    context_.run();
    EXPECT_EQ(renewed_, 0);
}

TEST_F(UpkeepTest, ATimerThatHasFiredWhenItGoesDoesNotArmItselfAgain) {
    // A life of twelve seconds is looked at five times a second.
    serve(server_since(ca_, pki::current_time() - 1s, 12s));
    now_ = pki::current_time();
    start();
    boost::asio::io_context elsewhere;
    boost::asio::steady_timer(elsewhere, 250ms).wait();
    boost::asio::post(context_, [this] { upkeep_.reset(); });
    context_.poll();
    EXPECT_TRUE(context_.stopped()) << "something is still armed";
}

TEST_F(UpkeepTest, ReportsEveryCertificateInSight) {
    start();
    std::set<Role> roles;
    for (auto const& what : upkeep_->report().in_sight) roles.insert(what.role);
    EXPECT_EQ(roles, (std::set{Role::node, Role::ca}));
}

}  // namespace
}  // namespace sallyport::gateway
