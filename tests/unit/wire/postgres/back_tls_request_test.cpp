#include "unit/wire/postgres/samples.hpp"
#include "wire/postgres/opening.hpp"

#include <gtest/gtest.h>

namespace sallyport::postgres {
namespace {

using namespace samples;
using test::Script;

Script answered(std::string_view answer) {
    return Script{}.expect_write(ssl_request).give(bytes_of(answer));
}

TEST(PostgresBackTlsRequest, GetsTls) {
    answered("S").expect_start_tls().expect_done().run(BackTlsRequest());
}

TEST(PostgresBackTlsRequest, GetsNone) {
    answered("N").expect_done().run(BackTlsRequest());
}

// 'E' is how a server answers that cannot fork, and how one did before it knew of TLS.
TEST(PostgresBackTlsRequest, OtherAnswersAreMalformed) {
    for (auto const* const answer : {"E", "G", "s", "\x15"})
        answered(answer).expect_fail(Errc::malformed).run(BackTlsRequest());
}

TEST(PostgresBackTlsRequest, SurvivesFaults) {
    auto const make = [] { return BackTlsRequest(); };
    answered("S").expect_start_tls().replay_with_faults(make);
    answered("N").replay_with_faults(make);
}

}  // namespace
}  // namespace sallyport::postgres
