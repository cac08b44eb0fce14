// What client certificates are verified against: CA bundles and revocation lists.
#include "pki/files.hpp"
#include "unit/gateway/material_fixture.hpp"

namespace sallyport::gateway::test {
namespace {

class ClientMaterial : public MaterialTest {
 protected:
    ClientMaterial() {
        tls_.ssl_ca = files_.write("clients.crt", TlsMaterial::get().ca.certificate().to_pem());
    }
    void revoke(std::string const& pem) { tls_.ssl_crl = files_.write("clients.crl", pem); }
};

TEST_F(ClientMaterial, TheClientCasAreReadAndWatched) {
    auto const material = load();
    ASSERT_TRUE(material);
    EXPECT_EQ(material->client_cas.size(), 1U);
    EXPECT_EQ(material->files, std::vector{tls_.ssl_ca});
}

TEST_F(ClientMaterial, TheTrustChangesWithTheCas) {
    auto const before = load().value().trust_id;
    files_.write("clients.crt", TlsMaterial::get().other_ca.certificate().to_pem());
    EXPECT_NE(load().value().trust_id, before);
}

TEST_F(ClientMaterial, TheTrustChangesWithTheRevocationList) {
    auto const before = load().value().trust_id;
    revoke(crl_pem(TlsMaterial::get().ca));
    auto const with_list = load().value().trust_id;
    EXPECT_NE(with_list, before);
    revoke(crl_pem(TlsMaterial::get().ca, {.revoked = {TlsMaterial::get().alice.chain.front()}}));
    EXPECT_NE(load().value().trust_id, with_list);
}

TEST_F(ClientMaterial, TheTrustIsNotChangedByAnotherServerCertificate) {
    auto const before = load().value().trust_id;
    serve(TlsMaterial::get().server);
    EXPECT_EQ(load().value().trust_id, before);
}

TEST_F(ClientMaterial, AMissingCaFileIsNamed) {
    std::filesystem::remove(tls_.ssl_ca);
    expect_fault(Errc::file_unreadable, "clients.crt", "cannot be read");
}

TEST_F(ClientMaterial, GarbageIsNoBundle) {
    files_.write("clients.crt", "garbage");
    expect_fault(Errc::file_invalid, "clients.crt", "bundle");
}

TEST_F(ClientMaterial, ALeafIsNoCa) {
    files_.write("clients.crt", TlsMaterial::get().server.chain.front().to_pem());
    expect_fault(Errc::file_invalid, "clients.crt", "not a CA");
}

TEST_F(ClientMaterial, AnExpiredCaBesideACurrentOneIsARotation) {
    auto wish = pki::test::ca_wish("Old CA");
    wish.until = pki::current_time() - hours(1);
    auto const old = pki::test::make_root(wish).certificate;
    files_.write("clients.crt", old.to_pem() + TlsMaterial::get().ca.certificate().to_pem());
    EXPECT_TRUE(load());
    files_.write("clients.crt", old.to_pem());
    expect_fault(Errc::certificate_expired, "clients.crt", "has expired");
    in_use_ = {old.fingerprint()};
    EXPECT_TRUE(load());
}

TEST_F(ClientMaterial, ARevocationListOfOursIsTakenAndWatched) {
    revoke(crl_pem(TlsMaterial::get().ca));
    auto const material = load();
    ASSERT_TRUE(material) << material.error().what();
    EXPECT_EQ(material->crls.size(), 1U);
    EXPECT_EQ(material->files.back(), tls_.ssl_crl);
}

TEST_F(ClientMaterial, AnExpiredRevocationListProvesNothing) {
    revoke(crl_pem(TlsMaterial::get().ca, {.next = pki::current_time() - hours(1)}));
    expect_fault(Errc::certificate_expired, "clients.crl", "has expired");
    auto const list = pki::Crl::from_pem(*pki::read_file(tls_.ssl_crl))->front();
    in_use_ = {list.fingerprint()};
    EXPECT_TRUE(load()) << "it refuses everybody already, and must not keep out its successor";
}

TEST_F(ClientMaterial, AForeignRevocationListIsInvalid) {
    revoke(crl_pem(TlsMaterial::get().other_ca));
    expect_fault(Errc::file_invalid, "clients.crl", "no revocation list in it is signed by");
}

TEST_F(ClientMaterial, AnotherIssuersListBesideOursIsTaken) {
    // An intermediate's: it is checked with the chains that clients bring.
    revoke(crl_pem(TlsMaterial::get().ca) + crl_pem(TlsMaterial::get().other_ca));
    EXPECT_EQ(load().value().crls.size(), 2U);
}

TEST_F(ClientMaterial, AHalfWrittenRevocationListIsInvalid) {
    auto const pem = crl_pem(TlsMaterial::get().ca);
    revoke(pem + pem.substr(0, pem.size() / 2));
    expect_fault(Errc::file_invalid, "clients.crl", "revocation list");
}

TEST_F(ClientMaterial, AMissingRevocationListIsNamed) {
    tls_.ssl_crl = files_.directory() / "clients.crl";
    expect_fault(Errc::file_unreadable, "clients.crl", "cannot be read");
}

}  // namespace
}  // namespace sallyport::gateway::test
