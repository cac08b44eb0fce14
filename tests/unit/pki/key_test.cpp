// Keys are read in every PEM form that operators have, and never by asking on the terminal.
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/pem.h>

#include <fstream>
#include <sstream>

namespace sallyport::pki {
namespace {

using namespace test;

class KeyForms : public testing::Test {
 protected:
    /// The text that an openssl command leaves in the file `out`; `in` holds a key of ours.
    std::string converted(Key const& key, std::string const& command) {
        auto const in = (directory_.path() / "in").string();
        auto const out = (directory_.path() / "out").string();
        std::ofstream(in) << key.to_pem();
        EXPECT_EQ(run("openssl " + command + " -in " + in + " -out " + out), 0);
        std::ostringstream text;
        text << std::ifstream(out).rdbuf();
        return text.str();
    }

    TemporaryDirectory directory_;
};

bool same(Key const& one, Key const& other) {
    return EVP_PKEY_eq(one.get(), other.get()) == 1;
}

TEST_F(KeyForms, ReadBackAsWritten) {
    for (auto const type : {KeyType::ecdsa_p256, KeyType::rsa_2048}) {
        auto const key = Key::generate(type);
        EXPECT_TRUE(key.to_pem().starts_with("-----BEGIN PRIVATE KEY-----"));
        auto const read = Key::from_pem(key.to_pem());
        ASSERT_TRUE(read);
        EXPECT_TRUE(same(key, *read));
    }
}

TEST_F(KeyForms, Sec1WithAndWithoutParameters) {
    auto const key = Key::generate(KeyType::ecdsa_p256);
    auto const sec1 = converted(key, "ec");
    ASSERT_TRUE(sec1.starts_with("-----BEGIN EC PRIVATE KEY-----"));
    // What `openssl ecparam -genkey` writes first.
    std::string const parameters =
        "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n";
    for (auto const& text : {sec1, parameters + sec1}) {
        auto const read = Key::from_pem(text);
        ASSERT_TRUE(read) << text;
        EXPECT_TRUE(same(key, *read));
        EXPECT_EQ(ERR_peek_error(), 0U);
    }
}

TEST_F(KeyForms, Pkcs1) {
    auto const key = Key::generate(KeyType::rsa_2048);
    auto const pkcs1 = converted(key, "rsa -traditional");
    ASSERT_TRUE(pkcs1.starts_with("-----BEGIN RSA PRIVATE KEY-----"));
    auto const read = Key::from_pem(pkcs1);
    ASSERT_TRUE(read);
    EXPECT_TRUE(same(key, *read));
}

TEST_F(KeyForms, BehindACertificateInOneFile) {
    auto const made = make_root(ca_wish("ca"));
    auto const read = Key::from_pem(made.certificate.to_pem() + made.key.to_pem());
    ASSERT_TRUE(read);
    EXPECT_TRUE(same(made.key, *read));
}

TEST_F(KeyForms, EncryptedOpensWithItsPasswordOnly) {
    auto const key = Key::generate(KeyType::ecdsa_p256);
    auto const pkcs8 = converted(key, "pkcs8 -topk8 -passout pass:sesame");
    auto const sec1 = converted(key, "ec -aes128 -passout pass:sesame");
    ASSERT_TRUE(pkcs8.starts_with("-----BEGIN ENCRYPTED PRIVATE KEY-----"));
    ASSERT_NE(sec1.find("Proc-Type: 4,ENCRYPTED"), std::string::npos);
    std::string const too_long(5000, 'x');
    for (auto const& text : {pkcs8, sec1}) {
        auto const read = Key::from_pem(text, "sesame");
        ASSERT_TRUE(read);
        EXPECT_TRUE(same(key, *read));
        for (std::string_view const wrong : {"", "Sesame", "sesam", too_long.c_str()}) {
            auto const refused = Key::from_pem(text, wrong);
            ASSERT_FALSE(refused) << wrong;
            EXPECT_EQ(refused.error(), Errc::file_invalid);
            EXPECT_EQ(ERR_peek_error(), 0U);
        }
    }
}

TEST_F(KeyForms, DamageIsRefused) {
    auto const text = Key::generate(KeyType::ecdsa_p256).to_pem();
    auto const certificate = make_root(ca_wish("ca")).certificate.to_pem();
    for (auto const& damaged :
         {std::string(), std::string("no key"), certificate, text.substr(0, text.size() / 2),
          text.substr(0, text.size() - 10)}) {
        auto const read = Key::from_pem(damaged);
        ASSERT_FALSE(read) << damaged;
        EXPECT_EQ(read.error(), Errc::file_invalid);
        EXPECT_EQ(ERR_peek_error(), 0U);
    }
}

TEST(KeyValue, CopiesShareTheKey) {
    auto const key = Key::generate(KeyType::ecdsa_p256);
    Key copy;
    copy = key;
    EXPECT_EQ(copy.get(), key.get());
}

}  // namespace
}  // namespace sallyport::pki
