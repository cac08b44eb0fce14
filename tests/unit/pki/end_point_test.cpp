// Channel binding data: each kind of signature has its digest (RFC 5929 section 4.1).
#include "pki/certificate.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>
#include <openssl/err.h>
#include <openssl/rsa.h>

#include <ostream>

namespace sallyport::pki {
namespace {

using namespace test;

/// How a certificate is signed, and the digest that its binding is made with.
struct Signature {
    std::string name;
    int key_type;  ///< EVP_PKEY_RSA, EVP_PKEY_EC, …
    EVP_MD const* digest;
    bool is_pss;
    EVP_MD const* binding;  ///< null: there is none
};
void PrintTo(Signature const& signature, std::ostream* out) {
    *out << signature.name;
}

Key key_of(int type) {
    // One for all: they take time.
    static auto const rsa = Key::generate(KeyType::rsa_2048);
    switch (type) {
        case EVP_PKEY_RSA:
            return rsa;
        case EVP_PKEY_EC:
            return Key::generate(KeyType::ecdsa_p256);
        default:
            return Key(tls::EvpPkeyPtr(EVP_PKEY_Q_keygen(nullptr, nullptr, OBJ_nid2sn(type))));
    }
}

/// Signed again as `signature` says.
Certificate sign(Signature const& signature) {
    auto const key = key_of(signature.key_type);
    auto made = make_root(ca_wish("signed"), Key::generate(KeyType::ecdsa_p256)).certificate;
    X509_set_pubkey(made.get(), key.get());
    tls::EvpMdCtxPtr const context(EVP_MD_CTX_new());
    EVP_PKEY_CTX* options = nullptr;  // the context's
    EVP_DigestSignInit(context.get(), &options, signature.digest, nullptr, key.get());
    if (signature.is_pss) EVP_PKEY_CTX_set_rsa_padding(options, RSA_PKCS1_PSS_PADDING);
    if (X509_sign_ctx(made.get(), context.get()) <= 0)
        throw std::runtime_error("signing: " + tls::take_errors());
    return made;
}

std::vector<std::byte> digest_of(Certificate const& certificate, EVP_MD const* digest) {
    auto const text = der<X509>(i2d_X509, certificate.get());
    std::vector<std::byte> bytes(static_cast<std::size_t>(EVP_MD_get_size(digest)));
    EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(bytes.data()), nullptr,
               digest, nullptr);
    return bytes;
}

class EndPointBinding : public testing::TestWithParam<Signature> {};

INSTANTIATE_TEST_SUITE_P(
    Of, EndPointBinding,
    testing::Values(Signature{"RsaMd5", EVP_PKEY_RSA, EVP_md5(), false, EVP_sha256()},
                    Signature{"RsaSha1", EVP_PKEY_RSA, EVP_sha1(), false, EVP_sha256()},
                    Signature{"RsaSha256", EVP_PKEY_RSA, EVP_sha256(), false, EVP_sha256()},
                    Signature{"RsaSha512", EVP_PKEY_RSA, EVP_sha512(), false, EVP_sha512()},
                    Signature{"RsaPssSha1", EVP_PKEY_RSA, EVP_sha1(), true, EVP_sha256()},
                    Signature{"RsaPssSha256", EVP_PKEY_RSA, EVP_sha256(), true, EVP_sha256()},
                    Signature{"RsaPssSha512", EVP_PKEY_RSA, EVP_sha512(), true, EVP_sha512()},
                    Signature{"EcdsaSha1", EVP_PKEY_EC, EVP_sha1(), false, EVP_sha256()},
                    Signature{"EcdsaSha256", EVP_PKEY_EC, EVP_sha256(), false, EVP_sha256()},
                    Signature{"EcdsaSha384", EVP_PKEY_EC, EVP_sha384(), false, EVP_sha384()},
                    Signature{"Ed25519", EVP_PKEY_ED25519, nullptr, false, nullptr}),
    [](auto const& signature) { return signature.param.name; });

TEST_P(EndPointBinding, IsByTheSignaturesDigest) {
    auto const certificate = sign(GetParam());
    auto const* const digest = GetParam().binding;
    auto const expected =
        digest != nullptr ? digest_of(certificate, digest) : std::vector<std::byte>();
    EXPECT_EQ(certificate.end_point_binding(), expected);
    // And so it is where the certificate came over the network.
    auto const read = Certificate::from_pem(certificate.to_pem()).value().front();
    EXPECT_EQ(read.end_point_binding(), expected);
    EXPECT_EQ(ERR_peek_error(), 0U);
}

TEST(EndPointBindingOf, AnotherCertificateIsAnother) {
    auto const one = make_root(ca_wish("one"));
    auto const two = make_root(ca_wish("one"), one.key);
    EXPECT_NE(one.certificate.end_point_binding(), two.certificate.end_point_binding());
}

}  // namespace
}  // namespace sallyport::pki
