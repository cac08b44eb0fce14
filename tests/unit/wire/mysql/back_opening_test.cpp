#include "unit/wire/mysql/samples.hpp"
#include "wire/mysql/opening.hpp"

#include <gtest/gtest.h>

namespace sallyport::mysql {
namespace {

using namespace test;

Greeting const backend = *read_greeting(payload_of(mariadb_greeting));
Login const client = *read_login(payload_of(mariadb_login));

TEST(BackGreeting, IsRead) {
    BackGreeting dialogue;
    Script{}.give(mariadb_greeting).expect_done().run(dialogue);
    EXPECT_EQ(dialogue.greeting().connection_id, 0x13U);
    EXPECT_FALSE(dialogue.error());
}

TEST(BackGreeting, MayBeAnError) {
    auto packet = access_denied;
    for (int const sequence : {0, 1, 2}) {
        packet[3] = std::byte(sequence);
        BackGreeting dialogue;
        Script{}.give(packet).expect_done().run(dialogue);
        ASSERT_TRUE(dialogue.error());
        EXPECT_EQ(dialogue.error()->code, 1045);
    }
}

TEST(BackGreeting, SurvivesFaultsAtEveryByte) {
    auto const make = [] { return BackGreeting(); };
    Script{}.give(mariadb_greeting).replay_with_faults(make);
    Script{}.give(access_denied).replay_with_faults(make);
}

TEST(BackGreeting, LiesAreRefused) {
    auto const refuses = [](Buffer bytes, Errc why) {
        Script{}.give(std::move(bytes)).expect_fail(why).run(BackGreeting());
    };
    refuses(hex("000000 00"), Errc::malformed);
    refuses(hex("014000 00"), Errc::too_large);
    refuses(hex("010000 00 09"), Errc::malformed);
    auto second = mariadb_greeting;
    second[3] = std::byte{1};
    refuses(second, Errc::malformed);
}

TEST(BackLogin, InPlainTextIsOnePacket) {
    BackLogin dialogue(client, false);
    Script{}.expect_write(mariadb_login).expect_done().run(dialogue);
    EXPECT_EQ(dialogue.next_sequence(), 2);
}

TEST(BackLogin, AsksForTlsFirst) {
    auto login = client;
    login.head.capabilities |= capability::ssl;
    BackLogin dialogue(client, true);
    Script{}
        .expect_write(make_packet(1, write_ssl_request(login.head)))
        .expect_start_tls()
        .expect_write(make_packet(2, write_login(login)))
        .expect_done()
        .run(dialogue);
    EXPECT_EQ(dialogue.next_sequence(), 3);
}

TEST(BackLogin, InPlainTextDoesNotSpeakOfTls) {
    auto login = client;
    login.head.capabilities |= capability::ssl;
    Script{}.expect_write(mariadb_login).expect_done().run(BackLogin(login, false));
}

TEST(LoginFor, AsksTheDatabaseToNameItsPlugin) {
    auto const login = login_for(client, backend);
    ASSERT_TRUE(login);
    EXPECT_EQ(login->plugin, auth_switch_plugin);
    EXPECT_EQ(login->auth, "");
    EXPECT_EQ(login->user, client.user);
    EXPECT_EQ(login->database, client.database);
    EXPECT_EQ(login->attributes, client.attributes);
    EXPECT_EQ(login->head.charset, client.head.charset);
    EXPECT_EQ(login->head.max_packet, client.head.max_packet);
    EXPECT_EQ(login->head.capabilities, client.head.capabilities);
    EXPECT_EQ(login->head.extended, client.head.extended);
}

TEST(LoginFor, OldClientGetsPluginAuthentication) {
    auto old = client;
    old.head.capabilities &= ~capability::plugin_auth;
    old.plugin.clear();
    auto const login = login_for(old, backend);
    ASSERT_TRUE(login);
    EXPECT_NE(login->head.capabilities & capability::plugin_auth, 0U);
    EXPECT_EQ(read_login(write_login(*login))->plugin, auth_switch_plugin);
}

TEST(LoginFor, NeverAsksForWhatTheBackendLacks) {
    auto lesser = backend;
    auto const local_files = 1U << 7U;
    lesser.capabilities &= ~(local_files | capability::connect_attrs);
    auto const login = login_for(client, lesser);
    ASSERT_TRUE(login);
    EXPECT_EQ(login->head.capabilities & ~lesser.capabilities, 0U);
}

TEST(LoginFor, PromisesThatTheBackendCannotKeepAreRefused) {
    for (auto const bit :
         {capability::compress, capability::session_track, capability::deprecate_eof,
          capability::optional_metadata, capability::zstd_compression, capability::query_attributes,
          capability::multi_factor, capability::connect_with_db}) {
        auto relying = client;
        relying.head.capabilities |= bit;
        auto lesser = backend;
        lesser.capabilities = ~bit;
        EXPECT_EQ(login_for(relying, lesser).error(), Errc::backend_incompatible) << bit;
        lesser.capabilities = ~0U;
        EXPECT_TRUE(login_for(relying, lesser)) << bit;
    }
    auto lesser = backend;
    lesser.extended = 0x0d;
    EXPECT_EQ(login_for(client, lesser).error(), Errc::backend_incompatible);
}

}  // namespace
}  // namespace sallyport::mysql
