// What `sallyport cert guide DATABASE` prints: how to set up the database for a certificates
// directory. The text is Markdown; everything to be done stands in a fenced block whose first line
// says what it is (sh, sql, or a file's name), so that people paste it and tests follow it.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sallyport::cli::cert {

/// A user of the directory, by client.USER.crt.
struct GuideUser {
    std::string name;
    std::string subject;  ///< OpenSSL's one-line form: what REQUIRE SUBJECT compares
    std::string issuer;
};

/// What a guide says something about.
struct GuideSubject {
    std::filesystem::path certs_dir;  ///< absolute
    std::string client_ca;            ///< "ca-client.crt" where the CA is split, else "ca.crt"
    bool has_own_client_ca = false;   ///< the first of these
    std::filesystem::path config;     ///< the gateway's configuration file
    std::vector<GuideUser> users;     ///< in the order of their names; without "node"
};

std::string guide_mariadb(GuideSubject const& subject);
std::string guide_mysql(GuideSubject const& subject);
std::string guide_tidb(GuideSubject const& subject);
std::string guide_postgres(GuideSubject const& subject);
std::string guide_cockroachdb(GuideSubject const& subject);

/// Each "{name}" of the template replaced by its value; other braces stay.
std::string fill(std::string_view text,
                 std::vector<std::pair<std::string_view, std::string>> const& values);

/// As one word for sh: as it is where that is safe, else in single quotes.
std::string shell_word(std::string const& text);
/// As a string literal of SQL. Where `has_escapes`, a backslash is written twice, as MySQL reads
/// it.
std::string sql_text(std::string const& text, bool has_escapes);

/// How the node's pair, and the CAs that clients are verified by, come to `target`, a directory of
/// the user `owner` that the database runs as.
std::string install_files(GuideSubject const& subject, std::string_view owner,
                          std::string_view target);

/// How the gateway is told about the directory; whether it serves node.crt itself; `more`: further
/// lines of its [[backend]].
std::string gateway_settings(GuideSubject const& subject, std::string_view protocol,
                             std::string_view port, bool serves_node, std::string_view more = {});

}  // namespace sallyport::cli::cert
