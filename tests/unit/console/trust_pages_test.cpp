#include "console/trust_pages.hpp"

#include "pki/authority.hpp"
#include "pki/crl.hpp"
#include "support/crl.hpp"
#include "support/files.hpp"

#include <gtest/gtest.h>

namespace sallyport::console {
namespace {

class TrustPagesTest : public testing::Test {
 protected:
    TrustPagesTest() {
        files_.write("global-bundle.pem", pem());
        files_.write("ca.crl", crl_text());
        files_.write("node.pem", pem() + ca().key().to_pem());
        files_.write("node.key", ca().key().to_pem());
        files_.write(".hidden.pem", pem());
        std::filesystem::create_directory(files_.directory() / "regions");
        files_.write("regions/eu.pem", pem());
    }

    static pki::Authority const& ca() {
        static auto const authority = pki::Authority::create("CA", std::chrono::hours(24));
        return authority;
    }
    static std::string pem() { return ca().certificate().to_pem(); }

    /// Signed once: ECDSA signs with a random number.
    static std::string const& crl_text() {
        static auto const text = test::crl_pem(ca());
        return text;
    }

    Answer get(std::string const& name, Ask ask = {}) const {
        ask.method = "GET";
        ask.path = "/trust/" + name;
        return pages_.answer(ask);
    }
    static std::string header(Answer const& answer, std::string const& key) {
        for (auto const& [name, value] : answer.headers)
            if (name == key) return value;
        return {};
    }

    test::Files files_;
    TrustPages pages_{std::make_shared<TrustDirectory>(files_.directory()),
                      {publish("mirror-ca.pem", pem(), 1'000)}};
};

TEST_F(TrustPagesTest, ServesBundlesAndListsWithTheirTypes) {
    auto const bundle = get("global-bundle.pem");
    EXPECT_EQ(bundle.status, 200);
    EXPECT_EQ(bundle.type, "application/x-pem-file");
    EXPECT_EQ(bundle.body, pem());
    auto const crl = get("ca.crl");
    EXPECT_EQ(crl.type, "application/pkix-crl");
    EXPECT_EQ(crl.body, pki::Crl::from_pem(crl_text())->front().to_der());
    EXPECT_EQ(get("mirror-ca.pem").body, pem());
}

TEST_F(TrustPagesTest, NeverServesAKey) {
    EXPECT_EQ(get("node.pem").status, 404);
    EXPECT_EQ(get("node.key").status, 404);
}

TEST_F(TrustPagesTest, NothingElseCanBeNamed) {
    std::filesystem::copy_file(files_.directory() / "global-bundle.pem",
                               files_.directory().parent_path() / "outside-sallyport.pem",
                               std::filesystem::copy_options::overwrite_existing);
    for (std::string const name :
         {"../outside-sallyport.pem", "regions/eu.pem", ".hidden.pem", "./global-bundle.pem",
          "/etc/ssl/certs/ca-certificates.crt", "missing.pem", "regions", "global-bundle.pem/",
          "global-bundle.pem\n"})
        EXPECT_EQ(get(name).status, 404) << name;
    EXPECT_EQ(get(std::string("global-bundle.pem\0.pem", 22)).status, 404);
    std::filesystem::remove(files_.directory().parent_path() / "outside-sallyport.pem");
}

TEST_F(TrustPagesTest, FollowsLinksWithinTheDirectoryAlone) {
    test::Files outside;
    outside.write("stolen.pem", pem());
    auto const link = [&](std::filesystem::path const& to, std::string const& name) {
        std::filesystem::create_symlink(to, files_.directory() / name);
    };
    link(outside.directory() / "stolen.pem", "absolute.pem");
    link(std::filesystem::path("..") / outside.directory().filename() / "stolen.pem", "up.pem");
    link(outside.directory(), "away");
    link(std::filesystem::path("away") / "stolen.pem", "twice.pem");
    link("global-bundle.pem", "alias.pem");
    link(std::filesystem::path("regions") / "eu.pem", "eu.pem");
    for (auto const* name : {"absolute.pem", "up.pem", "twice.pem"})
        EXPECT_EQ(get(name).status, 404) << name;
    EXPECT_EQ(get("alias.pem").status, 200);
    EXPECT_EQ(get("eu.pem").status, 200);
}

TEST_F(TrustPagesTest, AClientThatHasItIsToldSo) {
    auto const first = get("global-bundle.pem");
    Ask ask;
    ask.if_none_match = "\"other\", W/" + header(first, "ETag");
    EXPECT_EQ(get("global-bundle.pem", ask).status, 304);
    EXPECT_EQ(get("global-bundle.pem", ask).body, "");
    ask.if_none_match = "\"other\"";
    ask.if_modified_since = header(first, "Last-Modified");
    EXPECT_EQ(get("global-bundle.pem", ask).status, 200) << "the tag goes first";
    ask.if_none_match.clear();
    EXPECT_EQ(get("global-bundle.pem", ask).status, 304);
    ask.if_modified_since = "Thu, 01 Jan 1970 00:00:00 GMT";
    EXPECT_EQ(get("global-bundle.pem", ask).status, 200);
    ask.if_modified_since = "yesterday";
    EXPECT_EQ(get("global-bundle.pem", ask).status, 200);
}

TEST_F(TrustPagesTest, SeesAFileThatChanges) {
    auto const first = header(get("global-bundle.pem"), "ETag");
    files_.write("global-bundle.pem", pem() + pem());
    EXPECT_EQ(get("global-bundle.pem").body, pem() + pem());
    EXPECT_NE(header(get("global-bundle.pem"), "ETag"), first);
    std::filesystem::remove(files_.directory() / "global-bundle.pem");
    EXPECT_EQ(get("global-bundle.pem").status, 404);
}

TEST_F(TrustPagesTest, AFileGoesBeforeOneOfOurOwn) {
    files_.write("mirror-ca.pem", pem() + pem());
    EXPECT_EQ(get("mirror-ca.pem").body, pem() + pem());
}

TEST_F(TrustPagesTest, TheIndexListsWhatIsServedAndNothingElse) {
    Ask ask;
    ask.accept = "application/json";
    auto const json = get("", ask);
    EXPECT_EQ(json.type, "application/json");
    for (auto const* name : {"global-bundle.pem", "ca.crl", "mirror-ca.pem"})
        EXPECT_NE(json.body.find("\"/trust/" + std::string(name) + "\""), std::string::npos)
            << name;
    for (auto const* name : {"node", "hidden", "regions"})
        EXPECT_EQ(json.body.find(name), std::string::npos) << name;
    ask.accept = "text/html,application/xhtml+xml,*/*;q=0.8";
    auto const html = get("", ask);
    EXPECT_EQ(html.type, "text/html; charset=utf-8");
    EXPECT_NE(html.body.find("href=\"/trust/ca.crl\""), std::string::npos);
    EXPECT_EQ(get("").type, html.type);
}

TEST_F(TrustPagesTest, ADirectoryThatIsNotThereIsEmpty) {
    TrustPages const pages(std::make_shared<TrustDirectory>(""), {});
    Ask ask;
    ask.path = "/trust/";
    EXPECT_EQ(pages.answer(ask).status, 200);
    ask.path = "/trust/ca.crt";
    EXPECT_EQ(pages.answer(ask).status, 404);
}

}  // namespace
}  // namespace sallyport::console
