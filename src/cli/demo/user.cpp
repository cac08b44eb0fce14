#include "cli/demo/user.hpp"

#include "cli/demo/failure.hpp"

#include <cerrno>
#include <pwd.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace sallyport::cli {
namespace {

void expect_done(bool done, std::filesystem::path const& file) {
    if (!done)
        throw DemoFailure(file.string() + ": " + std::system_category().message(errno),
                          "choose another place with --dir");
}

}  // namespace

std::string own_name() {
    passwd const* const entry = ::getpwuid(::geteuid());
    if (entry == nullptr)
        throw DemoFailure("user " + std::to_string(::geteuid()) + " has no name on this machine",
                          "the databases know their administrator by it: add the user to "
                          "/etc/passwd");
    return entry->pw_name;
}

std::optional<UserId> server_user() {
    if (::geteuid() != 0) return std::nullopt;
    for (char const* const name : {"postgres", "nobody"})
        if (passwd const* const entry = ::getpwnam(name); entry != nullptr && entry->pw_uid != 0)
            return UserId{entry->pw_uid, entry->pw_gid};
    throw DemoFailure("PostgreSQL refuses to run as root, and there is no user postgres or nobody",
                      "start the demo as another user");
}

void let_in(UserId const& user, std::filesystem::path const& file) {
    struct stat status {};
    bool const is_there = ::stat(file.c_str(), &status) == 0;
    auto const mode = S_ISDIR(status.st_mode) ? 0710U : 0640U;
    expect_done(
        is_there && ::chown(file.c_str(), 0, user.group) == 0 && ::chmod(file.c_str(), mode) == 0,
        file);
}

void give(UserId const& user, std::filesystem::path const& directory) {
    expect_done(::chown(directory.c_str(), user.user, user.group) == 0, directory);
}

}  // namespace sallyport::cli
