// `sallyport cert guide DATABASE`: the database's side of a certificates directory, step by step.
#include "cli/cert/guide/guide.hpp"

#include "cli/cert/commands.hpp"
#include "cli/cert/options.hpp"
#include "cli/say.hpp"

#include <algorithm>
#include <array>

namespace sallyport::cli::cert {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view client_prefix = "client.";
constexpr std::string_view certificate_ending = ".crt";
constexpr char usual_config[] = "/etc/sallyport/sallyport.toml";

struct Database {
    std::string_view name;
    std::string (*guide)(GuideSubject const&);
};

constexpr std::array databases{
    Database{"mariadb", guide_mariadb},
    Database{"mysql", guide_mysql},
    Database{"tidb", guide_tidb},
    Database{"postgres", guide_postgres},
    Database{"cockroachdb", guide_cockroachdb},
};

struct Guide {
    std::string database;
    fs::path certs_dir;
    fs::path config = usual_config;
};

/// USER of each client.USER.crt, sorted. A node's client certificate is no user's.
std::vector<std::string> users_in(fs::path const& directory) {
    std::vector<std::string> users;
    std::error_code error;
    for (auto entry = fs::directory_iterator(directory, error);
         !error && entry != fs::directory_iterator(); entry.increment(error)) {
        auto const name = entry->path().filename().string();
        if (name.size() <= client_prefix.size() + certificate_ending.size() ||
            !name.starts_with(client_prefix) || !name.ends_with(certificate_ending))
            continue;
        auto user = name.substr(client_prefix.size(),
                                name.size() - client_prefix.size() - certificate_ending.size());
        if (user != pki::certs_names::node) users.push_back(std::move(user));
    }
    std::ranges::sort(users);
    return users;
}

pki::Checked<GuideSubject> look(Guide const& options) {
    auto const directory = pki::CertsDirectory::open(options.certs_dir);
    if (!directory) return directory.error();
    GuideSubject subject;
    subject.certs_dir = fs::absolute(options.certs_dir).lexically_normal();
    if (!subject.certs_dir.has_filename()) subject.certs_dir = subject.certs_dir.parent_path();
    subject.config = options.config;
    for (auto const& [name, command] :
         {std::pair("ca.crt", "create-ca"), std::pair("node.crt", "create-node HOST")})
        if (!directory->has(name))
            return pki::Fault{Errc::file_unreadable,
                              "there is no " + directory->file(name).string(),
                              "sallyport cert " + std::string(command) + " makes it"};
    subject.has_own_client_ca = directory->has(pki::certs_names::client_ca);
    subject.client_ca =
        subject.has_own_client_ca ? pki::certs_names::client_ca : pki::certs_names::ca;
    for (auto const& user : users_in(options.certs_dir)) {
        // In a settings file or a script a line's end would begin a line of its own.
        if (std::ranges::any_of(user, [](unsigned char c) { return c < ' ' || c == 0x7f; }))
            return pki::Fault{Errc::file_invalid,
                              "the name of a client's certificate in " +
                                  subject.certs_dir.string() + " has a control character in it",
                              "find it with `ls -b`, and move it away"};
        auto const chain = directory->read_certificates(pki::certs_names::client(user) + ".crt");
        if (!chain) return chain.error();
        auto const& leaf = chain->front();
        subject.users.push_back({user, leaf.subject_oneline(), leaf.issuer_oneline()});
    }
    return subject;
}

int guide(Guide const& options) {
    auto const subject = look(options);
    if (!subject) return failed(subject.error());
    auto const database = std::ranges::find(databases, options.database, &Database::name);
    std::string text = database->guide(*subject);
    while (text.ends_with('\n')) text.pop_back();
    out(text);
    return 0;
}

}  // namespace

void add_guide(CLI::App& group, Action& action) {
    auto const options = std::make_shared<Guide>();
    CLI::App& command =
        add_command(group, "guide", "Print the database's set-up for these certificates",
                    "sallyport cert guide postgres --certs-dir certs -c sallyport.toml");
    std::vector<std::string> names;
    for (auto const& database : databases) names.emplace_back(database.name);
    command
        .add_option("database", options->database, "mariadb, mysql, tidb, postgres or cockroachdb")
        ->required()
        ->check(CLI::IsMember(names))
        ->type_name("DATABASE");
    add_certs_dir(command, options->certs_dir);
    command
        .add_option("-c,--config", options->config,
                    "the gateway's configuration file (" + std::string(usual_config) + ")")
        ->type_name("FILE");
    on_chosen(command, action, options, guide);
}

}  // namespace sallyport::cli::cert
