// What the tests of the relay share: a client and a database that the test plays, and the packets
// they exchange.
#pragma once

#include "gateway/mysql/watch.hpp"
#include "gateway/relay.hpp"
#include "support/script.hpp"
#include "support/sockets.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::gateway::test {

using namespace sallyport::test;

/// The database's OK to a login, with the number that the tests' logins expect.
inline Buffer ok_packet(std::uint8_t sequence = 2) {
    return mysql::make_packet(sequence, hex("00000002000000"));
}
inline Buffer query(std::string_view text) {
    return mysql::make_packet(0, as_bytes('\x03' + std::string(text)));
}
/// COM_CHANGE_USER without a password.
inline Buffer change_user(std::string const& user) {
    using std::string_literals::operator""s;
    return mysql::make_packet(0,
                              as_bytes('\x11' + user + "\0\0db\0\x21\0mysql_native_password\0"s));
}
/// As large as wanted: the relay follows the client's headers, so these must be right.
inline Buffer large_query(std::size_t size) {
    return query(std::string(size, 'x'));
}

struct Events final : RelayEvents, MysqlEvents {
    void on_login() override { ++logins; }
    void on_fault(Ending const& ending) override { faults.push_back(ending); }
    Result<void> on_change_user(std::string user) override {
        users.push_back(std::move(user));
        if (refuses_users) return Errc::account_refused;
        return {};
    }
    void on_reload() override { ++reloads; }

    int logins = 0;
    int reloads = 0;
    bool refuses_users = false;
    std::vector<Ending> faults;
    std::vector<std::string> users;
};

struct RelayOptions {
    std::size_t scratch = 64 * 1024;
    std::chrono::milliseconds linger = std::chrono::hours(1);
    mysql::CommandWatch::Translate translate{};
};

inline net::Task<Ending> run(Relay& relay) {
    while (!relay.is_over()) co_await relay.turn();
    co_return relay.ending();
}

/// A relay between two plain legs over Unix sockets.
class PlainRelay : public testing::Test {
 protected:
    void start(RelayOptions options = {}) {
        scratch_.resize(options.scratch);
        watch_.emplace(mysql::LoginWatch(2, 2),
                       mysql::CommandWatch(false, std::move(options.translate)), events_);
        relay_.emplace(Relay::Legs{front_, back_}, scratch_, options.linger, *watch_, events_);
        ending_ = loop_.start(run(*relay_));
    }
    void start_logged_in(RelayOptions options = {}) {
        start(std::move(options));
        database_.send(ok_packet());
        ASSERT_EQ(client_.receive(loop_, ok_packet().size()), ok_packet());
    }
    void expect_ending(Leg leg, Stage stage, Errc reason) {
        auto const ending = loop_.wait(ending_);
        EXPECT_EQ(name(ending.leg), name(leg));
        EXPECT_EQ(name(ending.stage), name(stage));
        EXPECT_EQ(name(ending.reason), name(reason));
    }
    /// Sends until neither the kernel nor the relay takes any more; how much that was.
    std::size_t send_until_full(RawSocket const& from, Bytes bytes) {
        std::size_t sent = 0;
        for (std::size_t more = 1; more > 0 && sent < bytes.size(); sent += more) {
            more = from.send_some(bytes.subspan(sent));
            EXPECT_TRUE(loop_.settle());
        }
        return sent;
    }

    Loop loop_;
    SocketPair front_pair_ = unix_pair();
    SocketPair back_pair_ = unix_pair();
    RawSocket& client_ = front_pair_.peers;
    RawSocket& database_ = back_pair_.peers;
    tls::Stream front_{*loop_, front_pair_.ours.release()};
    tls::Stream back_{*loop_, back_pair_.ours.release()};
    Buffer scratch_;
    Events events_;
    std::optional<MysqlWatch> watch_;
    std::optional<Relay> relay_;
    Pending<Ending> ending_;
};

}  // namespace sallyport::gateway::test
