#include "pki/key_file.hpp"

#include "pki/files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::pki {
namespace {

namespace fs = std::filesystem;

// CockroachDB's limits (its certificate loader): the owner alone, or root's group besides.
constexpr mode_t most_for_owner = 0700;
constexpr mode_t most_for_group_of_root = 0740;

bool is_true(char const* variable) {
    char const* const value = std::getenv(variable);
    if (value == nullptr) return false;
    constexpr std::array<std::string_view, 5> words{"1", "t", "true", "TRUE", "True"};
    return std::ranges::find(words, value) != words.end();
}

/// As `ls -l` shows them: "-rw-r--r--".
std::string mode_text(mode_t mode) {
    constexpr std::string_view letters = "rwxrwxrwx";
    std::string text = "-";
    for (std::size_t i = 0; i < letters.size(); ++i)
        text += (mode & (0400U >> i)) != 0 ? letters[i] : '-';
    return text;
}

}  // namespace

Checked<void> check_key_permissions(fs::path const& file) {
    struct stat status {};
    if (::stat(file.c_str(), &status) != 0)
        return Fault{
            Errc::file_unreadable,
            "could not stat key file " + file.string() + ": " + last_system_error().message(),
            "--ca-key names the private key of the CA"};
    if (!S_ISREG(status.st_mode))
        return Fault{Errc::file_invalid, "key file " + file.string() + " is not a regular file",
                     "--ca-key names the private key of the CA"};
    if (is_true("SALLYPORT_SKIP_KEY_PERMISSION_CHECK") ||
        is_true("COCKROACH_SKIP_KEY_PERMISSION_CHECK"))
        return {};
    bool const for_group = status.st_uid == 0 && status.st_gid == ::getgid();
    mode_t const most = for_group ? most_for_group_of_root : most_for_owner;
    mode_t const mode = status.st_mode & 0777U;
    if ((mode & ~most) == 0) return {};
    return Fault{Errc::file_invalid,
                 "key file " + file.string() + " has permissions " + mode_text(mode) +
                     ", exceeds " + mode_text(most),
                 "chmod 600 " + file.string() + "; whoever could read it may have copied it"};
}

Checked<std::string> read_password(fs::path const& file) {
    if (file.empty()) return std::string();
    auto const text = read_file(file);
    if (!text)
        return Fault{Errc::file_unreadable, "cannot read the password file " + file.string(),
                     "its first line is the password"};
    auto password = first_line(*text);
    if (password.empty())
        return Fault{Errc::file_invalid, "the first line of " + file.string() + " is empty",
                     "its first line is the password"};
    return password;
}

Checked<Key> load_key(KeyFile const& key_file) {
    if (auto const allowed = check_key_permissions(key_file.file); !allowed) return allowed.error();
    auto const password = read_password(key_file.password_file);
    if (!password) return password.error();
    auto const text = read_file(key_file.file);
    if (!text)
        return Fault{Errc::file_unreadable, "cannot read the key file " + key_file.file.string(),
                     "run this as the user that owns it"};
    auto const key = Key::from_pem(*text, *password);
    if (key) return *key;
    bool const is_encrypted = text->find("ENCRYPTED") != std::string::npos;
    return Fault{Errc::file_invalid,
                 key_file.file.string() + (is_encrypted && !password->empty()
                                               ? ": the password does not open this key"
                                           : is_encrypted ? " is encrypted"
                                                          : " is not a PEM private key"),
                 is_encrypted ? "--ca-key-password-file names the file with its password"
                              : "--ca-key names the private key of the CA, in PEM"};
}

}  // namespace sallyport::pki
