// ALPN: a server of one protocol, and the clients that speak it, speak another, or say nothing.
#include "tls/alpn.hpp"

#include "support/tls_ends.hpp"

#include <gtest/gtest.h>

namespace sallyport::tls {
namespace {

using test::Connection;

enum class Alpn { requested, required };

class ApplicationProtocol : public testing::TestWithParam<Version> {
 protected:
    ApplicationProtocol() { front_.alpn = "postgresql"; }

    /// `offered`: as the client's TLS sends it; empty: no ALPN at all.
    bool connect(std::string const& offered, Alpn alpn = Alpn::requested) {
        context_ = FrontContext::make(front_, tickets_).value();
        auto back = test::back_settings();
        back.policy.maximum = GetParam();
        auto client = test::back_context(back)->make_ssl(test::wish_for("db.example")).value();
        if (!offered.empty())
            SSL_set_alpn_protos(client.get(),
                                reinterpret_cast<unsigned char const*>(offered.data()),
                                static_cast<unsigned>(offered.size()));
        return connection_.shake(loop_, context_->make_ssl(alpn == Alpn::required),
                                 std::move(client));
    }
    void expect_refused_on_both_ends() {
        EXPECT_EQ(connection_.server_error, Errc::no_application_protocol);
        EXPECT_EQ(connection_.client_error, Errc::no_application_protocol);
        EXPECT_NE(connection_.server.tls_error().find("no application protocol"), std::string::npos)
            << connection_.server.tls_error();
        EXPECT_NE(connection_.client.tls_error().find("alert no application protocol"),
                  std::string::npos)
            << connection_.client.tls_error();
    }

    test::Loop loop_;
    TicketKeys tickets_;
    FrontSettings front_ = test::front_settings();
    std::shared_ptr<FrontContext> context_;
    Connection connection_{loop_};
};

INSTANTIATE_TEST_SUITE_P(Versions, ApplicationProtocol,
                         testing::Values(Version::tls_1_2, Version::tls_1_3),
                         [](auto const& version) {
                             return version.param == Version::tls_1_2 ? "Tls12" : "Tls13";
                         });

TEST_P(ApplicationProtocol, IsAgreedOn) {
    ASSERT_TRUE(connect(alpn_list("postgresql"), Alpn::required));
    EXPECT_EQ(connection_.server.peer().alpn, "postgresql");
    EXPECT_EQ(connection_.client.peer().alpn, "postgresql");
    EXPECT_EQ(connection_.server.peer().version, name(GetParam()));
}

TEST_P(ApplicationProtocol, IsFoundAmongOthers) {
    ASSERT_TRUE(connect(alpn_list("h2") + alpn_list("postgresql") + alpn_list("http/1.1")));
    EXPECT_EQ(connection_.server.peer().alpn, "postgresql");
    EXPECT_EQ(connection_.client.peer().alpn, "postgresql");
}

TEST_P(ApplicationProtocol, IsNotAnother) {
    EXPECT_FALSE(connect(alpn_list("h2") + alpn_list("postgres") + alpn_list("PostgreSQL")));
    expect_refused_on_both_ends();
}

TEST_P(ApplicationProtocol, IsNotAnotherWhereItIsRequiredEither) {
    EXPECT_FALSE(connect(alpn_list("h2"), Alpn::required));
    expect_refused_on_both_ends();
}

TEST_P(ApplicationProtocol, MayBeLeftUnsaid) {
    ASSERT_TRUE(connect(""));
    EXPECT_EQ(connection_.server.peer().alpn, "");
    EXPECT_EQ(connection_.client.peer().alpn, "");
}

TEST_P(ApplicationProtocol, MayNotBeLeftUnsaidWhereItIsRequired) {
    EXPECT_FALSE(connect("", Alpn::required));
    expect_refused_on_both_ends();
}

TEST_P(ApplicationProtocol, IsNotLookedAtByAServerOfNone) {
    front_.alpn.clear();
    ASSERT_TRUE(connect(alpn_list("h2")));
    EXPECT_EQ(connection_.server.peer().alpn, "");
    EXPECT_EQ(connection_.client.peer().alpn, "");
}

TEST_P(ApplicationProtocol, IsRequiredOfOneConnectionAndNotOfTheNext) {
    EXPECT_FALSE(connect("", Alpn::required));
    Connection next(loop_);
    auto client = test::back_context()->make_ssl(test::wish_for("db.example")).value();
    EXPECT_TRUE(next.shake(loop_, context_->make_ssl(), std::move(client)));
}

/// The back leg offers what its wish says.
TEST(ApplicationProtocolWish, IsOffered) {
    test::Loop loop;
    TicketKeys tickets;
    auto front = test::front_settings();
    front.alpn = "postgresql";
    auto const context = FrontContext::make(front, tickets).value();
    auto wish = test::wish_for("db.example");
    wish.alpn = "postgresql";
    Connection connection(loop);
    ASSERT_TRUE(connection.shake(loop, context->make_ssl(true),
                                 test::back_context()->make_ssl(wish).value()));
    EXPECT_EQ(connection.server.peer().alpn, "postgresql");
}

}  // namespace
}  // namespace sallyport::tls
