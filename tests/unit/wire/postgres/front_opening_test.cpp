#include "unit/wire/postgres/samples.hpp"
#include "wire/postgres/opening.hpp"

#include <gtest/gtest.h>

namespace sallyport::postgres {
namespace {

using namespace samples;
using test::Script;

Buffer const yes = bytes_of("S");
Buffer const no = bytes_of("N");
constexpr std::byte tls_record{0x16};

FrontOpening opening() {
    return FrontOpening(true);
}
FrontOpening without_tls() {
    return FrontOpening(false);
}

Script direct_tls() {
    return Script{}.expect_peek(tls_record).expect_start_tls();
}
Script requested_tls() {
    return Script{}.give(ssl_request).expect_glance().expect_write(yes).expect_start_tls();
}

void refuses(Buffer first, Errc why) {
    Script{}.give(first).expect_fail(why).run(opening());
    requested_tls().give(first).expect_fail(why).run(opening());
    direct_tls().give(first).expect_fail(why).run(opening());
}

TEST(PostgresFrontOpening, TakesAStartupInPlainText) {
    auto dialogue = opening();
    Script{}.give(startup).expect_done().run(dialogue);
    ASSERT_TRUE(dialogue.startup());
    EXPECT_EQ(dialogue.startup()->user(), "a");
    EXPECT_EQ(dialogue.startup()->packet, startup);
    EXPECT_FALSE(dialogue.cancel());
    EXPECT_FALSE(dialogue.is_direct());
    EXPECT_EQ(dialogue.version(), 0U);
}

// What follows the SSLRequest is TLS's, and what follows the S is not read here.
TEST(PostgresFrontOpening, TakesTlsThenTheStartup) {
    auto dialogue = opening();
    requested_tls().give(startup).expect_done().run(dialogue);
    ASSERT_TRUE(dialogue.startup());
    EXPECT_FALSE(dialogue.is_direct());
}

TEST(PostgresFrontOpening, TakesDirectTlsAndLeavesItsFirstByte) {
    auto dialogue = opening();
    direct_tls().run(dialogue);
    EXPECT_TRUE(dialogue.is_direct());
    auto whole = opening();
    direct_tls().give(startup).expect_done().run(whole);
    EXPECT_TRUE(whole.startup());
}

TEST(PostgresFrontOpening, TakesACancelRequestEverywhere) {
    for (auto const& packet : {short_cancel, long_cancel}) {
        for (auto const& begin : {Script{}, requested_tls(), direct_tls(),
                                  Script{}.give(gss_request).expect_glance().expect_write(no)}) {
            auto script = begin;
            auto dialogue = opening();
            script.give(packet).expect_done().run(dialogue);
            ASSERT_TRUE(dialogue.cancel());
            EXPECT_EQ(write_cancel_request(*dialogue.cancel()), packet);
            EXPECT_FALSE(dialogue.startup());
        }
    }
}

TEST(PostgresFrontOpening, GssIsRefusedAndTlsMayFollow) {
    auto dialogue = opening();
    Script{}
        .give(gss_request)
        .expect_glance()
        .expect_write(no)
        .give(ssl_request)
        .expect_glance()
        .expect_write(yes)
        .expect_start_tls()
        .give(startup)
        .expect_done()
        .run(dialogue);
    EXPECT_TRUE(dialogue.startup());
    EXPECT_FALSE(dialogue.is_direct());
}

TEST(PostgresFrontOpening, WithoutTlsEverythingIsRefusedButPlainText) {
    auto const refused_tls = Script{}.give(ssl_request).expect_glance().expect_write(no);
    auto plain = refused_tls;
    plain.give(startup).expect_done().run(without_tls());
    auto gss = refused_tls;
    gss.give(gss_request)
        .expect_glance()
        .expect_write(no)
        .give(startup)
        .expect_done()
        .run(without_tls());
    Script{}.expect_peek(tls_record).expect_fail(Errc::malformed).run(without_tls());
}

TEST(PostgresFrontOpening, SurvivesFaultsAtEveryByte) {
    for (auto const& packet : {startup, short_cancel, long_cancel}) {
        Script{}.give(packet).replay_with_faults(opening);
        requested_tls().give(packet).replay_with_faults(opening);
        direct_tls().give(packet).replay_with_faults(opening);
        Script{}
            .give(gss_request)
            .expect_glance()
            .expect_write(no)
            .give(ssl_request)
            .expect_glance()
            .expect_write(yes)
            .expect_start_tls()
            .give(packet)
            .replay_with_faults(opening);
        Script{}
            .give(ssl_request)
            .expect_glance()
            .expect_write(no)
            .give(packet)
            .replay_with_faults(without_tls);
    }
}

// CVE-2021-23214: bytes that somebody on the way put behind the request would be taken for the
// client's first inside TLS.
TEST(PostgresFrontOpening, PlainBytesBehindARequestAreRefused) {
    for (auto const& request : {ssl_request, gss_request})
        for (auto const waiting : {std::byte{0}, tls_record})
            for (auto const make : {opening, without_tls})
                Script{}
                    .give(request)
                    .expect_glance(waiting)
                    .expect_fail(Errc::unexpected_packet)
                    .run(make());
}

TEST(PostgresFrontOpening, RequestsComeOnce) {
    for (auto const& request : {ssl_request, gss_request}) {
        Script{}
            .give(request)
            .expect_glance()
            .expect_write(no)
            .give(request)
            .expect_fail(Errc::unexpected_packet)
            .run(without_tls());
        requested_tls().give(request).expect_fail(Errc::unexpected_packet).run(opening());
        direct_tls().give(request).expect_fail(Errc::unexpected_packet).run(opening());
    }
}

TEST(PostgresFrontOpening, TlsInsideTlsIsRefused) {
    auto const client_hello = hex("16030102000100 01");
    requested_tls().give(client_hello).expect_fail(Errc::unexpected_packet).run(opening());
    direct_tls().give(client_hello).expect_fail(Errc::unexpected_packet).run(opening());
}

TEST(PostgresFrontOpening, DirectTlsDoesNotFollowARefusal) {
    Script{}
        .give(gss_request)
        .expect_glance()
        .expect_write(no)
        .give(hex("16030102000100 01"))
        .expect_fail(Errc::unexpected_packet)
        .run(opening());
}

// Judged by the first eight bytes: nobody waits for what a lie announces.
TEST(PostgresFrontOpening, WrongLengthsAreRefusedBeforeTheRestIsRead) {
    refuses(hex("00000000 00030000"), Errc::malformed);
    refuses(hex("00000007 00030000"), Errc::malformed);
    refuses(hex("00000008 00030000"), Errc::malformed);
    refuses(hex("00002715 00030000"), Errc::too_large);
    refuses(hex("ffffffff 00030000"), Errc::too_large);
    refuses(hex("00000009 04d2162f"), Errc::malformed);
    refuses(hex("00000007 04d21630"), Errc::malformed);
    refuses(hex("0000000f 04d2162e"), Errc::malformed);
    refuses(hex("0000010d 04d2162e"), Errc::too_large);
    refuses(hex("00000007 04d2162e"), Errc::malformed);
}

TEST(PostgresFrontOpening, LargestStartupIsTaken) {
    Startup parsed = *read_startup(startup);
    auto const room = max_startup - startup.size() - 2;
    parsed.parameters.emplace_back(std::string(room, 'x'), "");
    auto const largest = write_startup(protocol_3_0, parsed.parameters);
    ASSERT_EQ(largest.size(), max_startup);
    Script{}.give(largest).expect_done().run(opening());
}

TEST(PostgresFrontOpening, OtherProtocolsAreRefused) {
    refuses(bytes_of("GET / HT"), Errc::too_large);
    refuses(bytes_of("SSH-2.0-"), Errc::too_large);
    refuses(hex("00000000 00000000"), Errc::malformed);
}

TEST(PostgresFrontOpening, MinorVersionsGoOn) {
    for (int const minor : {1, 2, 0xff}) {
        auto packet = startup;
        packet[7] = std::byte(minor);
        auto dialogue = opening();
        Script{}.give(packet).expect_done().run(dialogue);
        EXPECT_EQ(dialogue.startup()->protocol, protocol_3_0 + static_cast<unsigned>(minor));
        EXPECT_EQ(dialogue.startup()->packet, packet);
    }
}

TEST(PostgresFrontOpening, MajorVersionsDoNot) {
    for (auto const* const head :
         {"00000128 00020000", "00000128 00010000", "00000008 00040000", "00000038 04d21633"}) {
        auto dialogue = opening();
        Script{}.give(hex(head)).expect_fail(Errc::old_protocol).run(dialogue);
        EXPECT_EQ(dialogue.version(), read_opening_head(hex(head)).code);
    }
}

TEST(PostgresFrontOpening, StartupThatIsNoneIsRefused) {
    Script{}.give(hex("00000009 00030000 00")).expect_fail(Errc::malformed).run(opening());
    auto unterminated = startup;
    unterminated.back() = std::byte{'x'};
    requested_tls().give(unterminated).expect_fail(Errc::malformed).run(opening());
}

}  // namespace
}  // namespace sallyport::postgres
