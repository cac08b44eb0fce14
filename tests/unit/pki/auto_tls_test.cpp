// auto-tls: certificates appear, stay, are renewed in time and repaired after a crash, and the CA
// that clients trust is never replaced behind their back.
#include "pki/auto_tls.hpp"

#include "pki/alternative_names.hpp"
#include "pki/authority.hpp"
#include "pki/files.hpp"
#include "pki/pair.hpp"
#include "unit/pki/support.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <optional>
#include <thread>
#include <unistd.h>

namespace sallyport::pki {
namespace {

using namespace std::chrono_literals;
using namespace test;
using std::chrono::days;

class AutoTlsDirectory : public testing::Test {
 protected:
    std::filesystem::path file(std::string const& name) const {
        return root_.path() / "auto" / name;
    }

    Result<AutoTls> ensure(std::vector<std::string> const& names = {"db.example"},
                           Time now = current_time()) const {
        return ensure_auto_tls(root_.path() / "auto", names, now);
    }

    Result<void> renew(std::vector<std::string> const& names, Time now) const {
        return renew_auto_tls(root_.path() / "auto", names, now);
    }

    /// The content of every file by its name.
    std::map<std::string, std::string> contents() const {
        std::map<std::string, std::string> all;
        for (auto const& name : entries_of(root_.path() / "auto"))
            all[name] = *read_file(file(name));
        return all;
    }

    /// The names of the files that differ from `before`.
    std::vector<std::string> changed_since(std::map<std::string, std::string> const& before) const {
        std::vector<std::string> names;
        for (auto const& [name, content] : contents())
            if (!before.contains(name) || before.at(name) != content) names.push_back(name);
        return names;
    }

    static inline std::vector<std::string> const both_servers{"server-rsa.crt", "server-rsa.key",
                                                              "server.crt", "server.key"};

 private:
    TemporaryDirectory root_;
};

TEST_F(AutoTlsDirectory, IsMadeAtTheFirstStart) {
    auto const made = ensure();
    ASSERT_TRUE(made);
    EXPECT_EQ(entries_of(file("")),
              (std::vector<std::string>{".lock", "ca.crt", "ca.key", "server-rsa.crt",
                                        "server-rsa.key", "server.crt", "server.key"}));
    EXPECT_EQ(mode_of(file("")), 0700U);
    for (auto const* const key : {"ca.key", "server.key", "server-rsa.key"})
        EXPECT_EQ(mode_of(file(key)), 0600U) << key;
    EXPECT_EQ(mode_of(file("ca.crt")), 0644U);
    EXPECT_EQ(made->ca, file("ca.crt"));
    EXPECT_EQ(made->files.size(), 6U);
    for (auto const& watched : made->files) EXPECT_TRUE(std::filesystem::exists(watched));

    auto const ca = Certificate::from_pem(*read_file(made->ca))->front();
    EXPECT_EQ(ca.subject(), "CN=Sallyport Auto-TLS CA,O=Sallyport");
    ASSERT_EQ(made->servers.size(), 2U);
    EXPECT_EQ(EVP_PKEY_get_base_id(made->servers[0].key.get()), EVP_PKEY_EC);
    EXPECT_EQ(EVP_PKEY_get_base_id(made->servers[1].key.get()), EVP_PKEY_RSA);
    for (auto const& server : made->servers) {
        EXPECT_TRUE(server.chain.front().matches(server.key));
        EXPECT_EQ(verdict(server.chain, {ca}, X509_PURPOSE_SSL_SERVER), X509_V_OK);
        auto const life = server.chain.front().not_after() - current_time();
        EXPECT_LE(life, days(90));
        EXPECT_GT(life, days(89));
    }
    EXPECT_GT(made->renew_at, current_time() + days(59));
    EXPECT_LT(made->renew_at, current_time() + days(61));
}

TEST_F(AutoTlsDirectory, NamesWhatClientsDial) {
    std::array<char, 256> host{};
    ASSERT_EQ(::gethostname(host.data(), host.size() - 1), 0);
    auto const made = ensure({"DB.example", "0.0.0.0", "::", "", "löwe", "a,b", "10.0.0.1",
                              "0:0:0:0:0:0:0:1", "localhost", "db.example"});
    ASSERT_TRUE(made);
    auto const names = made->servers.front().chain.front().names();
    std::vector<std::string> expected{"db.example", "10.0.0.1",  "::1",
                                      "localhost",  "127.0.0.1", canonical_name(host.data())};
    EXPECT_TRUE(std::ranges::is_permutation(names, expected));
    EXPECT_EQ(made->servers.front().chain.front().subject(), "CN=db.example");
}

TEST_F(AutoTlsDirectory, StaysAsItIsWhileItIsGood) {
    ASSERT_TRUE(ensure());
    auto const before = contents();
    EXPECT_TRUE(ensure());
    EXPECT_TRUE(ensure({}, current_time() + days(59)));
    EXPECT_EQ(contents(), before);
}

TEST_F(AutoTlsDirectory, IsRenewedAtTwoThirdsOfItsLife) {
    auto const first = ensure();
    ASSERT_TRUE(first);
    auto const before = contents();
    EXPECT_TRUE(ensure({"db.example"}, first->renew_at - 1s));
    EXPECT_EQ(contents(), before);

    auto const second = ensure({"db.example"}, first->renew_at);
    ASSERT_TRUE(second);
    EXPECT_EQ(changed_since(before), both_servers);
    EXPECT_GT(second->renew_at, first->renew_at + days(59));
}

TEST_F(AutoTlsDirectory, IsIssuedAgainForANewName) {
    ASSERT_TRUE(ensure({"one.example"}));
    auto const before = contents();
    auto const second = ensure({"one.example", "two.example"});
    ASSERT_TRUE(second);
    EXPECT_EQ(changed_since(before), both_servers);
    auto const names = second->servers.back().chain.front().names();
    EXPECT_NE(std::ranges::find(names, "two.example"), names.end());
}

TEST_F(AutoTlsDirectory, RepairsWhatIsMissingTornOrDamaged) {
    ASSERT_TRUE(ensure());
    auto const damage = std::vector<std::function<void()>>{
        [&] { std::filesystem::remove(file("server.crt")); },
        [&] { std::filesystem::remove(file("server.key")); },
        [&] {
            // A crash of a renewal between its two files.
            auto const key = Key::generate(KeyType::ecdsa_p256);
            ASSERT_TRUE(write_private(file("server.key"), key.to_pem()));
        },
        [&] { ASSERT_TRUE(write_public(file("server.crt"), "garbage")); },
        [&] {
            // Sound in itself, and with every wanted name, but under another CA.
            auto const names = ensure()->servers.front().chain.front().names();
            auto const alien = Authority::create("Another CA", days(365));
            ASSERT_TRUE(
                write_pair(pair_files(file(""), "server"), alien.issue_server(names, days(90))));
        },
    };
    for (auto const& harm : damage) {
        auto const before = contents();
        harm();
        auto const repaired = ensure();
        ASSERT_TRUE(repaired);
        EXPECT_EQ(changed_since(before), (std::vector<std::string>{"server.crt", "server.key"}));
        EXPECT_TRUE(read_pair(pair_files(file(""), "server")));
        auto const ca = Certificate::from_pem(*read_file(repaired->ca))->front();
        EXPECT_EQ(verdict(repaired->servers.front().chain, {ca}, X509_PURPOSE_SSL_SERVER),
                  X509_V_OK);
    }
}

TEST_F(AutoTlsDirectory, FinishesAFirstStartThatCrashed) {
    ASSERT_TRUE(make_private_directory(file("")));
    ASSERT_TRUE(write_private(file("ca.key"), Key::generate(KeyType::ecdsa_p256).to_pem()));
    auto const made = ensure();
    ASSERT_TRUE(made);
    EXPECT_TRUE(read_pair(pair_files(file(""), "ca")));
}

TEST_F(AutoTlsDirectory, NeverReplacesADamagedCa) {
    ASSERT_TRUE(ensure());
    auto const ca_certificate = *read_file(file("ca.crt"));
    auto const ca_key = *read_file(file("ca.key"));
    auto const expect_refused = [&](error_code code) {
        auto const before = contents();
        auto const refused = ensure();
        ASSERT_FALSE(refused);
        EXPECT_EQ(refused.error(), code);
        EXPECT_EQ(contents(), before);
        ASSERT_TRUE(write_public(file("ca.crt"), ca_certificate));
        ASSERT_TRUE(write_private(file("ca.key"), ca_key));
        EXPECT_TRUE(ensure());
    };
    ASSERT_TRUE(write_public(file("ca.crt"), ca_certificate.substr(0, 200)));
    expect_refused(Errc::file_invalid);
    ASSERT_TRUE(write_private(file("ca.key"), "garbage"));
    expect_refused(Errc::file_invalid);
    ASSERT_TRUE(write_private(file("ca.key"), Key::generate(KeyType::ecdsa_p256).to_pem()));
    expect_refused(Errc::key_mismatch);
    std::filesystem::remove(file("ca.crt"));
    expect_refused(Errc::file_unreadable);
    ASSERT_TRUE(write_public(file("ca.crt"), *read_file(file("server.crt"))));
    expect_refused(Errc::file_invalid);
}

TEST_F(AutoTlsDirectory, ServesWithoutTheCaKeyAsLongAsItCan) {
    auto const first = ensure();
    ASSERT_TRUE(first);
    std::filesystem::remove(file("ca.key"));
    auto const before = contents();
    EXPECT_TRUE(ensure());

    // Due, and for want of the key served until its end.
    auto const end = first->servers.front().chain.front().not_after();
    auto const due = ensure({"db.example"}, first->renew_at);
    ASSERT_TRUE(due);
    EXPECT_EQ(due->renew_at, first->renew_at);
    EXPECT_TRUE(ensure({"another.example"}));
    EXPECT_EQ(contents(), before);

    auto const over = ensure({"db.example"}, end);
    ASSERT_FALSE(over);
    EXPECT_EQ(over.error(), Errc::file_unreadable);
    EXPECT_EQ(contents(), before);
}

TEST_F(AutoTlsDirectory, ServesWhatIsDueWhereNothingCanBeWritten) {
    auto const first = ensure();
    ASSERT_TRUE(first);
    // In the way of the new certificate, also for root.
    for (auto const* name : {".server.crt.renewed", ".server-rsa.crt.renewed"})
        std::filesystem::create_directory(file(name));
    auto const due = ensure({"db.example"}, first->renew_at);
    ASSERT_TRUE(due);
    EXPECT_EQ(due->servers.front().chain.front().serial(),
              first->servers.front().chain.front().serial());
    EXPECT_EQ(due->renew_at, first->renew_at);
    EXPECT_TRUE(ensure({"db.example"}));
}

TEST_F(AutoTlsDirectory, WhatWasMadeInAFutureThatDidNotComeIsMadeAgain) {
    auto const now = current_time();
    auto const future = ensure({"db.example"}, now + days(1000));
    ASSERT_TRUE(future);
    EXPECT_GT(future->servers.front().chain.front().not_before(), now);
    auto const present = ensure({"db.example"}, now);
    ASSERT_TRUE(present);
    for (auto const& server : present->servers) EXPECT_LE(server.chain.front().not_before(), now);
}

TEST_F(AutoTlsDirectory, EndsWithItsCa) {
    auto const first = ensure();
    ASSERT_TRUE(first);
    auto const ca_end = Certificate::from_pem(*read_file(first->ca))->front().not_after();
    // Ninety days are no longer to be had: what there is ends with the CA and is not due before.
    auto const last = ensure({"db.example"}, ca_end - days(10));
    ASSERT_TRUE(last);
    EXPECT_EQ(last->servers.front().chain.front().not_after(), ca_end);
    EXPECT_EQ(last->renew_at, ca_end);
    auto const before = contents();
    EXPECT_TRUE(ensure({"db.example"}, ca_end - 1s));
    EXPECT_EQ(contents(), before);
    EXPECT_EQ(ensure({"db.example"}, ca_end).error(), Errc::certificate_expired);
}

TEST_F(AutoTlsDirectory, ManyStartsAtOnceAgree) {
    std::array<std::string, 6> seen;
    {
        std::vector<std::jthread> threads;
        for (auto& fingerprints : seen)
            threads.emplace_back([&] {
                auto const made = ensure();
                if (!made) return;
                for (auto const& server : made->servers)
                    fingerprints += server.chain.front().fingerprint();
            });
    }
    EXPECT_FALSE(seen.front().empty());
    for (auto const& fingerprints : seen) EXPECT_EQ(fingerprints, seen.front());
}

TEST_F(AutoTlsDirectory, IsServedAsItIsWhileAnotherHoldsIt) {
    auto const first = ensure();
    ASSERT_TRUE(first);
    auto const due = first->renew_at;
    auto const before = contents();
    auto held = std::optional(DirectoryLock::acquire(file("")).value());
    // Without waiting: the patience here is that of a start.
    auto const served = ensure({"db.example"}, due);
    ASSERT_TRUE(served);
    EXPECT_EQ(served->renew_at, due);
    auto const renamed = ensure({"new.example"}, due - 1s);
    ASSERT_TRUE(renamed);
    EXPECT_EQ(renamed->renew_at, due - 1s) << "nobody would issue it for the new name";
    EXPECT_EQ(renew({"db.example"}, due).error(), Errc::would_block);
    EXPECT_EQ(contents(), before);
    held.reset();
    EXPECT_TRUE(renew({"db.example"}, due));
    EXPECT_EQ(changed_since(before), both_servers);
    EXPECT_TRUE(renew({"db.example"}, due)) << "there is nothing left to do";
}

TEST_F(AutoTlsDirectory, IsWaitedForOnlySoLongAtTheFirstStart) {
    ASSERT_TRUE(make_private_directory(file("")));
    auto const held = DirectoryLock::acquire(file("")).value();
    auto const given_up = ensure_auto_tls(file(""), {"db.example"}, current_time(), 0ms);
    EXPECT_EQ(given_up.error(), Errc::would_block);
}

TEST_F(AutoTlsDirectory, SaysWhereItCannotBeWritten) {
    ASSERT_TRUE(write_public(file("").parent_path(), "a file where the directory should be"));
    EXPECT_EQ(ensure().error(), Errc::file_unreadable);
}

}  // namespace
}  // namespace sallyport::pki
