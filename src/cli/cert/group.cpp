#include "cli/cert/commands.hpp"

namespace sallyport::cli::cert {

void add_group(CLI::App& program, Action& action) {
    CLI::App& group =
        add_command(program, "cert", "Make, publish, revoke and replace certificates",
                    "sallyport cert create-ca --certs-dir certs --ca-key private/ca.key\n"
                    "\n"
                    "sallyport cert COMMAND --help says more about a command.");
    group.require_subcommand(1);
    add_create_ca(group, action);
    add_create_client_ca(group, action);
    add_create_node(group, action);
    add_create_client(group, action);
    add_list(group, action);
    add_guide(group, action);
    add_create_intermediate(group, action);
    add_revoke(group, action);
    add_crl(group, action);
    add_bundle(group, action);
    add_rotate_ca(group, action);
}

}  // namespace sallyport::cli::cert
