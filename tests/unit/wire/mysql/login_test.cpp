#include "unit/wire/mysql/samples.hpp"
#include "wire/mysql/messages.hpp"

#include <gtest/gtest.h>

namespace sallyport::mysql {
namespace {

using namespace test;

Buffer const head_41 = hex("00820000 00000001 21 00000000000000000000000000000000000000 00000000");

/// A login's head with these capabilities besides PROTOCOL_41.
Buffer head_with(std::uint32_t capabilities) {
    return write_ssl_request({.capabilities = capabilities | capability::protocol_41,
                              .max_packet = 0x1000000,
                              .charset = 45,
                              .extended = 0});
}

TEST(Login, OfTheCommandLineIsRead) {
    auto const login = read_login(payload_of(mariadb_login));
    ASSERT_TRUE(login);
    EXPECT_EQ(login->head.capabilities, 0x00bfa28cU);
    EXPECT_EQ(login->head.extended, 0x1dU);
    EXPECT_EQ(login->head.max_packet, 0x100000U);
    EXPECT_EQ(login->head.charset, 0x21);
    EXPECT_EQ(login->user, "a");
    EXPECT_EQ(login->auth.size(), 20U);
    EXPECT_EQ(login->database, "d");
    EXPECT_EQ(login->plugin, "mysql_native_password");
    EXPECT_EQ(login->attributes.size(), 0x7fU);
    EXPECT_TRUE(login->attributes.ends_with("_server_host\t127.0.0.1"));
}

TEST(Login, IsWrittenAsItWasRead) {
    for (auto const& packet : {mariadb_login, mysqlnd_login}) {
        auto const login = read_login(payload_of(packet));
        ASSERT_TRUE(login);
        EXPECT_EQ(write_login(*login), payload_of(packet));
    }
}

TEST(Login, OfMysqlClientHasNoExtendedCapabilities) {
    auto packet = payload_of(mysqlnd_login);
    packet[28] = std::byte{0x1d};
    EXPECT_EQ(read_login(packet)->head.extended, 0U);
}

TEST(Login, WithoutProtocol41IsOldHoweverShort) {
    EXPECT_EQ(read_login(hex("0500")).error(), Errc::old_protocol);
    EXPECT_EQ(read_login(hex("0584 ffffff 7573657200 7373")).error(), Errc::old_protocol);
}

TEST(Login, CutBeforeTheEndOfItsAuthenticationIsMalformed) {
    auto const whole = payload_of(mariadb_login);
    std::size_t const auth_ends = login_head_size + sizeof "a" + 1 + 20;
    for (std::size_t size = 0; size < auth_ends; ++size)
        EXPECT_EQ(read_login(Bytes(whole).first(size)).error(), Errc::malformed) << size;
    EXPECT_TRUE(read_login(Bytes(whole).first(auth_ends)));
}

TEST(Login, AttributesLongerThanThePacketAreMalformed) {
    auto const whole = payload_of(mariadb_login);
    EXPECT_EQ(read_login(Bytes(whole).first(whole.size() - 1)).error(), Errc::malformed);
}

TEST(Login, FieldsMissingAtTheEndAreEmpty) {
    auto const head = head_with(capability::connect_with_db | capability::plugin_auth |
                                capability::secure_connection | capability::connect_attrs |
                                capability::zstd_compression);
    auto const bare = read_login(head + hex("7500 00"));
    ASSERT_TRUE(bare);
    EXPECT_EQ(bare->user, "u");
    EXPECT_EQ(bare->database, "");
    EXPECT_EQ(bare->plugin, "");
    EXPECT_EQ(bare->attributes, "");
    EXPECT_EQ(bare->zstd_level, 3) << "libmysqlclient's default";

    auto const no_nul = read_login(head + hex("7500 00 64 00 7078"));
    ASSERT_TRUE(no_nul);
    EXPECT_EQ(no_nul->database, "d");
    EXPECT_EQ(no_nul->plugin, "px");
}

TEST(Login, UserWithoutItsNulIsMalformed) {
    EXPECT_EQ(read_login(head_41 + hex("7575")).error(), Errc::malformed);
    EXPECT_EQ(read_login(head_41).error(), Errc::malformed);
}

TEST(Login, AuthenticationDataInItsThreeForms) {
    auto const nul = read_login(head_with(0) + hex("7500 70617373 00"));
    EXPECT_EQ(nul->auth, "pass");
    auto const counted =
        read_login(head_with(capability::secure_connection) + hex("7500 03 610062"));
    EXPECT_EQ(counted->auth, std::string("a\0b", 3));
    auto const lenenc = read_login(head_with(capability::plugin_auth_lenenc) + hex("7500 fc0001") +
                                   Buffer(256, std::byte{0x61}));
    EXPECT_EQ(lenenc->auth, std::string(256, 'a'));
    for (auto const& login : {nul, counted, lenenc})
        EXPECT_EQ(read_login(write_login(*login))->auth, login->auth);
}

TEST(Login, LengthMarkersThatAreNoLengthAreMalformed) {
    auto const head = head_with(capability::plugin_auth_lenenc);
    EXPECT_EQ(read_login(head + hex("7500 fb")).error(), Errc::malformed);
    EXPECT_EQ(read_login(head + hex("7500 ff")).error(), Errc::malformed);
    EXPECT_EQ(read_login(head + hex("7500 fe ffffffffffffffff 61")).error(), Errc::malformed);
}

TEST(Login, AttributesOver64KiBComeBack) {
    auto login = *read_login(payload_of(mariadb_login));
    login.attributes = std::string(70'000, 'k');
    EXPECT_EQ(read_login(write_login(login))->attributes, login.attributes);
}

TEST(Login, ZstdLevelComesLast) {
    auto login = *read_login(payload_of(mariadb_login));
    login.head.capabilities |= capability::zstd_compression;
    login.zstd_level = 19;
    EXPECT_EQ(write_login(login).back(), std::byte{19});
    EXPECT_EQ(read_login(write_login(login))->zstd_level, 19);
}

TEST(SslRequest, IsReadAndWritten) {
    auto const request = read_ssl_request(payload_of(mariadb_ssl_request));
    ASSERT_TRUE(request);
    EXPECT_EQ(request->capabilities, 0x00bfaa84U);
    EXPECT_EQ(request->extended, 0x1dU);
    EXPECT_EQ(write_ssl_request(*request), payload_of(mariadb_ssl_request));
}

TEST(SslRequest, HasExactly32BytesAndAsksForTls) {
    auto const payload = payload_of(mariadb_ssl_request);
    EXPECT_EQ(read_ssl_request(Bytes(payload).first(31)).error(), Errc::malformed);
    EXPECT_EQ(read_ssl_request(payload + hex("00")).error(), Errc::malformed);
    EXPECT_EQ(read_ssl_request(head_41).error(), Errc::malformed);
}

}  // namespace
}  // namespace sallyport::mysql
