#include "pki/key_access.hpp"

#include "base/log.hpp"
#include "pki/files.hpp"

#include <cerrno>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

namespace sallyport::pki {
namespace {

constexpr char access_list[] = "system.posix_acl_access";
constexpr mode_t shared_mode = 0640;

/// What the directory's default list would let in together with the group.
bool remove_list(int descriptor) {
    return ::fremovexattr(descriptor, access_list) == 0 || errno == ENODATA || errno == ENOTSUP;
}

/// The group first: at no moment does another one have the right to read.
bool share(int descriptor, ReadingGroup const& group) {
    constexpr auto same_owner = static_cast<uid_t>(-1);
    return !group.has_list && remove_list(descriptor) &&
           ::fchown(descriptor, same_owner, group.id) == 0 &&
           ::fchmod(descriptor, shared_mode) == 0;
}

}  // namespace

std::optional<ReadingGroup> reading_group(std::filesystem::path const& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
    bool const is_shared = (status.st_mode & S_IRGRP) != 0 && (status.st_mode & S_IRWXO) == 0;
    if (!is_shared) return std::nullopt;
    return ReadingGroup{status.st_gid, ::getxattr(file.c_str(), access_list, nullptr, 0) > 0};
}

Result<Readers> write_key(std::filesystem::path const& file, std::string_view content,
                          std::optional<ReadingGroup> const& group) {
    auto readers = Readers::kept;
    auto const set_access = [&](int descriptor) {
        if (group && share(descriptor, *group)) return true;
        if (group) readers = Readers::lost;
        return ::fchmod(descriptor, private_mode) == 0;
    };
    if (auto const reason = write_whole(file, content, set_access)) return reason;
    return readers;
}

Result<void> replace_key(std::filesystem::path const& file, std::string_view content) {
    auto const readers = write_key(file, content, reading_group(file));
    if (!readers) return Errc::file_unreadable;
    if (*readers == Readers::lost)
        log::warn("the key's group may not read it any more",
                  {{"file", file.string()},
                   {"hint",
                    "let sallyport's user be a member of that group; then chgrp, and "
                    "chmod 640"}});
    return {};
}

}  // namespace sallyport::pki
