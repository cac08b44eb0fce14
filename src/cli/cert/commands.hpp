// The commands of the group `cert`. Each is a file of its own, which declares its options and what
// it does with them; the one that was given puts itself into `action`.
//
// To add one: write `void add_NAME(CLI::App& group, Action& action)` in a file NAME.cpp beside
// this, with the options of cert/options.hpp that it shares, and name it here and in group.cpp.
#pragma once

#include "cli/options.hpp"

namespace sallyport::cli::cert {

/// The whole group, under the program itself.
void add_group(CLI::App& program, Action& action);

void add_create_ca(CLI::App& group, Action& action);
void add_create_client_ca(CLI::App& group, Action& action);
void add_create_node(CLI::App& group, Action& action);
void add_create_client(CLI::App& group, Action& action);
void add_list(CLI::App& group, Action& action);
void add_guide(CLI::App& group, Action& action);
void add_create_intermediate(CLI::App& group, Action& action);
void add_revoke(CLI::App& group, Action& action);
void add_crl(CLI::App& group, Action& action);
void add_bundle(CLI::App& group, Action& action);
void add_rotate_ca(CLI::App& group, Action& action);

}  // namespace sallyport::cli::cert
