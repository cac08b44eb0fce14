// What the tests of a listener's certificate files share.
#pragma once

#include "gateway/material.hpp"
#include "support/crl.hpp"
#include "support/files.hpp"
#include "support/tls_ends.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace sallyport::gateway::test {

using namespace sallyport::test;

using std::chrono::days;
using std::chrono::hours;

class MaterialTest : public testing::Test {
 protected:
    MaterialTest() { tls_.auto_tls = false; }

    Checked<Material> load(std::vector<pki::Certificate> const& known = {}) const {
        return load_material(tls_, files_.directory() / "data", {}, {known, in_use_});
    }
    void expect_fault(Errc code, std::string const& file, std::string const& words,
                      std::vector<pki::Certificate> const& known = {}) const {
        auto const loaded = load(known);
        ASSERT_FALSE(loaded);
        EXPECT_EQ(name(loaded.error().code), name(code));
        EXPECT_EQ(loaded.error().file.filename(), file);
        EXPECT_NE(loaded.error().reason.find(words), std::string::npos) << loaded.error().reason;
    }
    void serve(pki::Credential const& credential) { files_.serve(tls_, "server", credential); }
    /// A server certificate below an intermediate of the test CA, which is sent with it.
    static pki::Credential below_intermediate() {
        auto const& ca = TlsMaterial::get().ca;
        static auto const middle = ca.issue_intermediate_like(
            pki::Authority::create("Intermediate", days(9)).certificate());
        auto credential = middle.issue_server({"db.example"}, days(3));
        credential.chain.resize(1);
        credential.chain.push_back(middle.certificate());
        return credential;
    }

    Files files_;
    config::Tls tls_;
    std::set<std::string> in_use_;  ///< fingerprints of what is served until now
};

}  // namespace sallyport::gateway::test
