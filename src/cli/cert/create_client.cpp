// `sallyport cert create-client`: what a user shows to a server.
#include "cli/cert/commands.hpp"
#include "cli/cert/leaf.hpp"
#include "cli/say.hpp"

namespace sallyport::cli::cert {
namespace {

struct CreateClient {
    LeafOptions leaf;
    std::string user;
};

pki::Checked<void> make(CreateClient const& options) {
    if (auto const good = pki::check_user(options.user); !good) return good.error();
    // The CA is the one whose key was given: with split CAs that is the clients' own.
    return issue(options.leaf, {pki::certs_names::client(options.user),
                                "client",
                                {pki::certs_names::client_ca, pki::certs_names::ca},
                                options.user,
                                {},
                                pki::Purpose::client});
}

int create_client(CreateClient const& options) {
    auto const made = make(options);
    return made ? 0 : failed(made.error());
}

}  // namespace

void add_create_client(CLI::App& group, Action& action) {
    CLI::App& command = add_command(
        group, "create-client", "Make a user's certificate and key: client.USER.crt, .key",
        "sallyport cert create-client maxroach --certs-dir certs --ca-key private/ca.key\n"
        "  sallyport cert create-client node ... (the node as a client, where CAs are split)");
    auto const options = std::make_shared<CreateClient>();
    command.add_option("USER", options->user, "the user's name: the certificate's common name")
        ->required()
        ->type_name("");
    add_leaf_options(command, options->leaf);
    on_chosen(command, action, options, create_client);
}

}  // namespace sallyport::cli::cert
