#include "unit/wire/mysql/samples.hpp"
#include "wire/mysql/opening.hpp"

#include <gtest/gtest.h>

namespace sallyport::mysql {
namespace {

using namespace test;

Greeting const offered = *read_greeting(payload_of(mariadb_greeting));

Greeting without_tls() {
    auto greeting = offered;
    greeting.capabilities &= ~capability::ssl;
    return greeting;
}

FrontOpening opening() {
    return FrontOpening(offered);
}

/// The captured login as it would be sent inside TLS: numbered 2, with the SSLRequest's
/// capabilities.
Buffer login_inside_tls(std::uint32_t also = 0) {
    auto login = *read_login(payload_of(mariadb_login));
    login.head.capabilities = read_ssl_request(payload_of(mariadb_ssl_request))->capabilities;
    login.head.capabilities |= capability::connect_with_db;
    login.head.capabilities ^= also;
    return make_packet(2, write_login(login));
}

Buffer ssl_request() {
    auto head = *read_ssl_request(payload_of(mariadb_ssl_request));
    head.capabilities |= capability::connect_with_db;
    return make_packet(1, write_ssl_request(head));
}

Script refused(Buffer first, Errc why) {
    return Script{}.expect_write(mariadb_greeting).give(std::move(first)).expect_fail(why);
}

TEST(FrontOpening, TakesALoginInPlainText) {
    auto dialogue = opening();
    Script{}.expect_write(mariadb_greeting).give(mariadb_login).expect_done().run(dialogue);
    EXPECT_EQ(dialogue.login().user, "a");
    EXPECT_EQ(dialogue.login().database, "d");
    EXPECT_EQ(dialogue.next_sequence(), 2);
}

TEST(FrontOpening, TakesTlsThenTheLogin) {
    auto dialogue = opening();
    Script{}
        .expect_write(mariadb_greeting)
        .give(ssl_request())
        .expect_start_tls()
        .give(login_inside_tls())
        .expect_done()
        .run(dialogue);
    EXPECT_EQ(dialogue.login().user, "a");
    EXPECT_EQ(dialogue.next_sequence(), 3);
}

TEST(FrontOpening, SurvivesFaultsAtEveryByte) {
    Script{}
        .expect_write(mariadb_greeting)
        .give(ssl_request())
        .expect_start_tls()
        .give(login_inside_tls())
        .replay_with_faults(opening);
    Script{}.give(mariadb_login).replay_with_faults(opening);
}

TEST(FrontOpening, CountsPacketsForWhateverMustBeSaidNext) {
    auto dialogue = opening();
    EXPECT_EQ(dialogue.next_sequence(), 0);
    Script{}.expect_write(mariadb_greeting).run(dialogue);
    EXPECT_EQ(dialogue.next_sequence(), 1);
    auto too_soon = opening();
    Script{}
        .expect_write(mariadb_greeting)
        .give(ssl_request())
        .expect_start_tls()
        .give(hex("20000003"))
        .expect_fail(Errc::malformed)
        .run(too_soon);
    EXPECT_EQ(too_soon.next_sequence(), 2);
}

// Some drivers clear CLIENT_SSL in the login: what TLS there is, is no longer theirs to ask for.
TEST(FrontOpening, LoginInsideTlsNeedNotSpeakOfTls) {
    auto dialogue = opening();
    Script{}
        .expect_write(mariadb_greeting)
        .give(ssl_request())
        .expect_start_tls()
        .give(login_inside_tls(capability::ssl))
        .expect_done()
        .run(dialogue);
    EXPECT_NE(dialogue.login().head.capabilities & capability::ssl, 0U);
}

TEST(FrontOpening, CapabilitiesMustBeThoseOfTheSslRequest) {
    Script{}
        .expect_write(mariadb_greeting)
        .give(ssl_request())
        .expect_start_tls()
        .give(login_inside_tls(capability::deprecate_eof))
        .expect_fail(Errc::capabilities_changed)
        .run(opening());
    auto extended = login_inside_tls();
    extended[header_size + 28] ^= std::byte{4};
    Script{}
        .expect_write(mariadb_greeting)
        .give(ssl_request())
        .expect_start_tls()
        .give(extended)
        .expect_fail(Errc::capabilities_changed)
        .run(opening());
}

TEST(FrontOpening, CutsCapabilitiesDownToTheGreetings) {
    auto greeting = offered;
    greeting.capabilities &= ~capability::deprecate_eof;
    greeting.extended = 0x04;
    auto login = *read_login(payload_of(mariadb_login));
    login.head.capabilities |= capability::query_attributes | capability::deprecate_eof;
    FrontOpening dialogue(greeting);
    Script{}
        .expect_write(make_packet(0, write_greeting(greeting)))
        .give(make_packet(1, write_login(login)))
        .expect_done()
        .run(dialogue);
    EXPECT_EQ(dialogue.login().head.capabilities, 0x00bfa28cU & greeting.capabilities);
    EXPECT_EQ(dialogue.login().head.extended, 0x04U);
}

// mysqlnd's bit 0 is cut off against MariaDB's greeting, and must not turn its filler into
// capabilities.
TEST(FrontOpening, MysqlClientBehindMariaDbGreetingHasNoExtendedCapabilities) {
    auto packet = mysqlnd_login;
    packet[header_size + 28] = std::byte{0xff};
    auto dialogue = opening();
    Script{}.expect_write(mariadb_greeting).give(packet).expect_done().run(dialogue);
    EXPECT_EQ(dialogue.login().head.extended, 0U);
}

// Fields are laid out by what both sides announced, as the server itself reads them.
TEST(FrontOpening, LayoutThatWasNeverOfferedIsNotRead) {
    auto greeting = offered;
    greeting.capabilities &= ~capability::plugin_auth_lenenc;
    auto login = *read_login(payload_of(mariadb_login));
    login.head.capabilities &= ~capability::plugin_auth_lenenc;
    // As one byte it is this length; as a length-encoded integer it says that two bytes follow.
    login.auth = std::string(0xfc, 'x');
    auto payload = write_login(login);
    payload[2] |= std::byte{capability::plugin_auth_lenenc >> 16U};
    FrontOpening dialogue(greeting);
    Script{}
        .expect_write(make_packet(0, write_greeting(greeting)))
        .give(make_packet(1, payload))
        .expect_done()
        .run(dialogue);
    EXPECT_EQ(dialogue.login().auth, login.auth);
    EXPECT_EQ(dialogue.login().plugin, "mysql_native_password");
}

TEST(FrontOpening, TlsThatWasNotOfferedIsUnexpected) {
    Script{}
        .expect_write(make_packet(0, write_greeting(without_tls())))
        .give(mariadb_ssl_request)
        .expect_fail(Errc::unexpected_packet)
        .run(FrontOpening(without_tls()));
}

// mysql2 and others announce what they could do, whatever was offered.
TEST(FrontOpening, PlainLoginMaySpeakOfTlsThatWasNotOffered) {
    auto packet = mariadb_login;
    packet[header_size + 1] |= std::byte{capability::ssl >> 8U};
    FrontOpening dialogue(without_tls());
    Script{}
        .expect_write(make_packet(0, write_greeting(without_tls())))
        .give(packet)
        .expect_done()
        .run(dialogue);
    EXPECT_EQ(dialogue.login().head.capabilities & capability::ssl, 0U);
    // Where TLS was on offer, the client takes a plain connection for a secure one.
    refused(Buffer(packet.begin(), packet.begin() + header_size + login_head_size), Errc::malformed)
        .run(opening());
}

TEST(FrontOpening, OtherProtocolsAreMalformed) {
    auto const http = hex("474554 20");
    refused(http, Errc::malformed).run(opening());
    refused(hex("160301 02"), Errc::malformed).run(opening());
    refused(hex("000000 01"), Errc::malformed).run(opening());
    refused(hex("000000 00"), Errc::malformed).run(opening());
    refused(hex("200000 02"), Errc::malformed).run(opening());
}

// A ClientHello of 256 to 511 bytes has a header that passes for a login of 66,326 bytes, and is
// turned away without waiting for them.
TEST(FrontOpening, ShortClientHelloIsMalformedAtOnce) {
    auto hello = Buffer(client_hello.begin(), client_hello.begin() + header_size);
    hello[3] = std::byte{1};
    auto const head = hex("8c 0100 0088 0303") + Buffer(25, std::byte{0x5a});
    refused(hello + head, Errc::malformed).run(opening());
}

TEST(FrontOpening, TooLargeIsRefusedByItsHeader) {
    Buffer header;
    Writer(header).u24le(max_login + 1);
    refused(header + hex("01"), Errc::too_large).run(opening());
}

TEST(FrontOpening, OldClientIsToldSo) {
    refused(make_packet(1, hex("0584 ffffff 7573657200 7373")), Errc::old_protocol).run(opening());
}

TEST(FrontOpening, LoginWithoutAUserIsMalformed) {
    auto head = *read_login(payload_of(mariadb_login));
    refused(make_packet(1, write_ssl_request(head.head)), Errc::malformed).run(opening());
}

}  // namespace
}  // namespace sallyport::mysql
