// `sallyport cert create-node`: what a node shows to clients and to its neighbours.
#include "cli/cert/commands.hpp"
#include "cli/cert/leaf.hpp"

namespace sallyport::cli::cert {
namespace {

struct CreateNode {
    LeafOptions leaf;
    std::vector<std::string> hosts;
};

pki::Checked<void> make(CreateNode const& options) {
    auto const names = pki::check_hosts(options.hosts);
    if (!names) return names.error();
    // CockroachDB knows its nodes by this common name; clients look at the names beside it.
    return issue(options.leaf, {std::string(pki::certs_names::node),
                                "node",
                                {pki::certs_names::ca},
                                "node",
                                *names,
                                pki::Purpose::node});
}

int create_node(CreateNode const& options) {
    auto const made = make(options);
    return made ? 0 : failed(made.error());
}

}  // namespace

void add_create_node(CLI::App& group, Action& action) {
    CLI::App& command = add_command(
        group, "create-node", "Make a server's certificate and key: node.crt, node.key",
        "sallyport cert create-node db1.example.com '*.db.example.com' 10.0.0.7 localhost \\\n"
        "      --certs-dir certs --ca-key private/ca.key");
    auto const options = std::make_shared<CreateNode>();
    add_words(command, "HOST", options->hosts, "host names, wildcards and addresses of the server")
        .required()
        ->type_name("");
    add_leaf_options(command, options->leaf);
    command
        .add_option("--region", options->leaf.region,
                    "sign with this region's CA, and put that behind the certificate in node.crt")
        ->type_name("REGION");
    on_chosen(command, action, options, create_node);
}

}  // namespace sallyport::cli::cert
