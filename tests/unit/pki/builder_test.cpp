#include "pki/builder.hpp"

#include "pki/authority.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>

namespace sallyport::pki {
namespace {

TEST(Builder, WritesTrueAsDerDoes) {
    auto const ca = Authority::create("CA", std::chrono::hours(1)).certificate();
    auto const constraints = test::extension_der(ca, NID_basic_constraints);
    // SEQUENCE { BOOLEAN TRUE }, the last of the extension.
    EXPECT_TRUE(constraints.ends_with(std::string("\x30\x03\x01\x01\xff", 5)));
}

}  // namespace
}  // namespace sallyport::pki
