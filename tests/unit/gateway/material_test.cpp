// A listener's certificate files are taken whole or not at all, and the operator is told which one
// is wrong.
#include "unit/gateway/material_fixture.hpp"

namespace sallyport::gateway::test {
namespace {

TEST_F(MaterialTest, NothingIsServedWhereNothingIsNamed) {
    auto const material = load();
    ASSERT_TRUE(material);
    EXPECT_TRUE(material->credentials.empty());
    EXPECT_TRUE(material->files.empty());
}

TEST_F(MaterialTest, ACertificateAndItsKeyAreServedAndWatched) {
    serve(TlsMaterial::get().server);
    auto const material = load();
    ASSERT_TRUE(material) << material.error().what();
    ASSERT_EQ(material->credentials.size(), 1U);
    EXPECT_EQ(material->files, (std::vector{tls_.ssl_cert.front(), tls_.ssl_key.front()}));
    EXPECT_TRUE(material->renewables.empty());
}

TEST_F(MaterialTest, OnePairForEachKeyTypeIsServed) {
    serve(TlsMaterial::get().server);
    files_.serve(tls_, "rsa", TlsMaterial::rsa_server());
    EXPECT_EQ(load().value().credentials.size(), 2U);
}

TEST_F(MaterialTest, AMissingFileIsNamed) {
    serve(TlsMaterial::get().server);
    std::filesystem::remove(tls_.ssl_key.front());
    expect_fault(Errc::file_unreadable, "server.key", "cannot be read");
}

TEST_F(MaterialTest, GarbageIsNoCertificate) {
    serve(TlsMaterial::get().server);
    files_.write("server.crt", "not a certificate");
    expect_fault(Errc::file_invalid, "server.crt", "PEM certificate");
}

TEST_F(MaterialTest, AnEmptyFileIsNoCertificate) {
    serve(TlsMaterial::get().server);
    files_.write("server.crt", "");
    expect_fault(Errc::file_invalid, "server.crt", "PEM certificate");
}

TEST_F(MaterialTest, AHalfWrittenChainIsNotTakenForAShorterOne) {
    auto const credential = below_intermediate();
    serve(credential);
    auto const whole = pki::to_pem(credential.chain);
    auto const leaf = credential.chain.front().to_pem();
    for (std::size_t size : {leaf.size() + 1, leaf.size() + 100, whole.size() - 10}) {
        files_.write("server.crt", whole.substr(0, size));
        auto const loaded = load({credential.chain.back()});
        EXPECT_FALSE(loaded) << "cut after " << size;
    }
}

TEST_F(MaterialTest, AHalfWrittenKeyIsNoKey) {
    serve(TlsMaterial::get().server);
    auto const key = TlsMaterial::get().server.key.to_pem();
    files_.write("server.key", key.substr(0, key.size() / 2));
    expect_fault(Errc::file_invalid, "server.key", "private key");
}

TEST_F(MaterialTest, AnotherKeyIsAMismatch) {
    serve(TlsMaterial::get().server);
    files_.write("server.key", TlsMaterial::get().alice.key.to_pem());
    expect_fault(Errc::key_mismatch, "server.key", "does not belong");
}

TEST_F(MaterialTest, AnExpiredCertificateIsNotServed) {
    auto const a_month_ago = pki::current_time() - days(30);
    serve(TlsMaterial::get().ca.issue_server({"db.example"}, days(1), pki::KeyType::ecdsa_p256,
                                             a_month_ago));
    expect_fault(Errc::certificate_expired, "server.crt", "has expired");
}

TEST_F(MaterialTest, OneThatHasExpiredInUseKeepsNothingElseOut) {
    auto const a_month_ago = pki::current_time() - days(30);
    auto const old = TlsMaterial::get().ca.issue_server({"db.example"}, days(1),
                                                        pki::KeyType::ecdsa_p256, a_month_ago);
    serve(old);
    in_use_ = {old.chain.front().fingerprint()};
    EXPECT_TRUE(load());
}

TEST_F(MaterialTest, AnExpiredCanaryIsNotServedAndKeepsNothingElseOut) {
    serve(TlsMaterial::get().server);
    auto const a_month_ago = pki::current_time() - days(30);
    auto const old = TlsMaterial::get().ca.issue_server({"db.example"}, days(1),
                                                        pki::KeyType::ecdsa_p256, a_month_ago);
    tls_.canary_cert = {files_.write("canary.crt", pki::to_pem(old.chain))};
    tls_.canary_key = {files_.write("canary.key", old.key.to_pem())};
    auto const material = load();
    ASSERT_TRUE(material) << material.error().what();
    EXPECT_TRUE(material->canary.empty());
    EXPECT_EQ(material->credentials.size(), 1U);
}

TEST_F(MaterialTest, ACertificateOfTheFutureIsNotServed) {
    auto const tomorrow = pki::current_time() + days(1);
    serve(TlsMaterial::get().ca.issue_server({"db.example"}, days(1), pki::KeyType::ecdsa_p256,
                                             tomorrow));
    expect_fault(Errc::certificate_expired, "server.crt", "not valid yet");
}

TEST_F(MaterialTest, AChainInOrderIsServed) {
    serve(below_intermediate());
    EXPECT_TRUE(load());
}

TEST_F(MaterialTest, AChainThatEndsInItsRootIsServed) {
    auto credential = below_intermediate();
    credential.chain.push_back(TlsMaterial::get().ca.certificate());
    serve(credential);
    EXPECT_TRUE(load({credential.chain[1]}));
}

TEST_F(MaterialTest, AChainInTheWrongOrderIsIncomplete) {
    auto credential = below_intermediate();
    credential.chain.push_back(TlsMaterial::get().ca.certificate());
    std::swap(credential.chain[1], credential.chain[2]);
    serve(credential);
    expect_fault(Errc::chain_incomplete, "server.crt", "is not issued by the next one");
}

TEST_F(MaterialTest, AChainWhoseLeafIsNotFirstIsAMismatch) {
    auto credential = below_intermediate();
    std::swap(credential.chain[0], credential.chain[1]);
    serve(credential);
    expect_fault(Errc::key_mismatch, "server.key", "does not belong");
}

TEST_F(MaterialTest, AForeignIntermediateIsIncomplete) {
    auto credential = below_intermediate();
    credential.chain[1] = TlsMaterial::get().other_ca.certificate();
    serve(credential);
    expect_fault(Errc::chain_incomplete, "server.crt", "is not issued by the next one");
}

TEST_F(MaterialTest, AMissingIntermediateIsKnownFromBefore) {
    auto credential = below_intermediate();
    auto const intermediate = credential.chain.back();
    credential.chain.resize(1);
    serve(credential);
    expect_fault(Errc::chain_incomplete, "server.crt", "is missing", {intermediate});
}

TEST_F(MaterialTest, AnIntermediateOfSomebodyElsesChainIsNotMissed) {
    auto const known = below_intermediate().chain.back();
    serve(TlsMaterial::get().server);
    EXPECT_TRUE(load({known}));
}

TEST_F(MaterialTest, AnEncryptedKeyIsOpenedWithThePasswordFilesFirstLine) {
    auto const& server = TlsMaterial::get().server;
    serve(server);
    files_.write("server.key", encrypted_pem(server.key, "open sesame"));
    tls_.ssl_key_password_file = files_.write("password", "open sesame\r\nnot this line\n");
    auto const material = load();
    ASSERT_TRUE(material) << material.error().what();
    EXPECT_NE(std::ranges::find(material->files, tls_.ssl_key_password_file),
              material->files.end());
}

TEST_F(MaterialTest, AnEncryptedKeyWithTheWrongPasswordCannotBeOpened) {
    auto const& server = TlsMaterial::get().server;
    serve(server);
    files_.write("server.key", encrypted_pem(server.key, "open sesame"));
    tls_.ssl_key_password_file = files_.write("password", "open barley\n");
    expect_fault(Errc::file_invalid, "server.key", "can be opened");
}

TEST_F(MaterialTest, AnEncryptedKeyWithoutAPasswordFileIsNoPrompt) {
    auto const& server = TlsMaterial::get().server;
    serve(server);
    files_.write("server.key", encrypted_pem(server.key, "open sesame"));
    expect_fault(Errc::file_invalid, "server.key", "can be opened");
}

TEST_F(MaterialTest, AMissingPasswordFileIsNamed) {
    serve(TlsMaterial::get().server);
    tls_.ssl_key_password_file = files_.directory() / "password";
    expect_fault(Errc::file_unreadable, "password", "cannot be read");
}

TEST_F(MaterialTest, AutoTlsMakesCertificatesOfBothKeyTypesAndSaysWhenTheyAreDue) {
    tls_.auto_tls = true;
    auto const material = load_material(tls_, files_.directory() / "data", {"db.example"}, {});
    ASSERT_TRUE(material) << material.error().what();
    ASSERT_EQ(material->credentials.size(), 2U);
    auto const names = material->credentials.front().chain.front().names();
    EXPECT_NE(std::ranges::find(names, "db.example"), names.end());
    ASSERT_EQ(material->renewables.size(), 1U);
    EXPECT_EQ(material->own_cas.size(), 1U);
    EXPECT_FALSE(material->files.empty());
}

TEST_F(MaterialTest, AutoTlsSaysWhereItsDirectoryIsDamaged) {
    tls_.auto_tls = true;
    std::filesystem::create_directories(files_.directory() / "data/auto-tls");
    files_.write("data/auto-tls/ca.crt", "damaged");
    auto const material = load();
    ASSERT_FALSE(material);
    EXPECT_NE(material.error().reason.find("auto-tls"), std::string::npos);
    EXPECT_EQ(material.error().file.filename(), "auto-tls");
}

}  // namespace
}  // namespace sallyport::gateway::test
