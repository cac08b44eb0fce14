// Users of this machine: the one who started the demo, and the one whom PostgreSQL runs as.
#pragma once

#include "cli/demo/child.hpp"

namespace sallyport::cli {

/// The name of the one who started the demo, which is also the databases' administrator: proven by
/// their Unix sockets, without a password. Throws DemoFailure where the machine has no name for it.
std::string own_name();

/// Whom a server runs as that refuses to be root: Debian's `postgres`, else `nobody`. Nothing where
/// we are not root: then it runs as we do. Throws DemoFailure.
std::optional<UserId> server_user();

/// Lets the user look into this directory of ours, or read this file, and nothing more.
void let_in(UserId const& user, std::filesystem::path const& file);
/// Makes the directory the user's own.
void give(UserId const& user, std::filesystem::path const& directory);

}  // namespace sallyport::cli
