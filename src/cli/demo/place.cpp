#include "cli/demo/place.hpp"

#include "cli/demo/failure.hpp"
#include "pki/files.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdexcept>
#include <sys/file.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace sallyport::cli {
namespace {

namespace fs = std::filesystem;

/// Locked while a demo runs; that it exists says that the directory is a demo's.
constexpr std::string_view lock_name = "demo.lock";

constexpr std::string_view letters =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static_assert(letters.size() == 64);         // a power of two: a random byte picks without bias
constexpr std::size_t password_length = 24;  // of 6 bits each: 144 bits

constexpr int ports_to_try = 100;

std::string system_message(int error) {
    return std::system_category().message(error);
}

fs::path whole_path(fs::path const& wanted) {
    if (wanted.empty()) throw DemoFailure("--dir names no directory");
    auto whole = fs::absolute(wanted).lexically_normal();
    // "a/b/" and "a/b" are the same directory.
    return whole.has_filename() ? whole : whole.parent_path();
}

void make_directory(fs::path const& directory) {
    std::error_code error;
    fs::create_directories(directory, error);
    if (error)
        throw DemoFailure(
            "cannot make the directory " + directory.string() + ": " + error.message(),
            "choose another place with --dir");
}

/// A demo overwrites its files at each run, so it must know that they are its own.
void judge_owner(fs::path const& directory) {
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0 || status.st_uid != ::geteuid())
        throw DemoFailure(directory.string() + " belongs to another user",
                          "choose another place with --dir");
    std::error_code error;
    bool const is_fresh = fs::is_empty(directory, error);
    if (!error && !is_fresh && !fs::exists(directory / lock_name, error))
        throw DemoFailure(directory.string() + " is not empty, and no demo made what is in it",
                          "choose another place with --dir");
}

int lock(fs::path const& directory) {
    auto const file = directory / lock_name;
    int const opened = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (opened < 0)
        throw DemoFailure("cannot write to " + directory.string() + ": " + system_message(errno),
                          "choose another place with --dir");
    if (::flock(opened, LOCK_EX | LOCK_NB) == 0) return opened;
    ::close(opened);
    throw DemoFailure("a demo is already running in " + directory.string(),
                      "stop it with Ctrl-C, or choose another place with --dir");
}

std::string make_password() {
    std::string password(password_length, '\0');
    // Up to 256 bytes come whole or not at all (getrandom(2)).
    if (::getrandom(password.data(), password.size(), 0) != static_cast<ssize_t>(password.size()))
        throw std::runtime_error("getrandom failed");
    for (char& letter : password) letter = letters[static_cast<unsigned char>(letter) % 64];
    return password;
}

void expect_written(Result<void> const& written, fs::path const& file) {
    if (!written)
        throw DemoFailure("cannot write " + file.string(),
                          "is the disk full, or the directory read-only?");
}

}  // namespace

DemoPlace::DemoPlace(fs::path const& wanted) : directory_(whole_path(wanted)) {
    make_directory(directory_);
    judge_owner(directory_);
    ::chmod(directory_.c_str(), 0700);
    lock_ = lock(directory_);
}

DemoPlace::~DemoPlace() {
    ::close(lock_);
}

void DemoPlace::write_private(std::string_view name, std::string_view content) const {
    expect_written(pki::write_private(file(name), content), file(name));
}

void DemoPlace::write_public(std::string_view name, std::string_view content) const {
    expect_written(pki::write_public(file(name), content), file(name));
}

std::string DemoPlace::keep_password(std::string_view name) const {
    if (auto kept = pki::read_file(file(name)); kept && kept->size() == password_length + 1) {
        kept->pop_back();
        if (kept->find_first_not_of(letters) == std::string::npos) return *kept;
    }
    auto password = make_password();
    write_private(name, password + "\n");
    return password;
}

DemoPort DemoPort::from(std::uint16_t first) {
    for (int number = first; number < first + ports_to_try; ++number) {
        auto held = hold(static_cast<std::uint16_t>(number));
        if (held.number() != 0) return held;
    }
    throw DemoFailure("no free port from " + std::to_string(first) + " on",
                      "`ss -ltn` shows who listens");
}

DemoPort DemoPort::any() {
    auto held = hold(0);
    if (held.number() == 0) throw DemoFailure("no free port on 127.0.0.1");
    return held;
}

/// Number 0 in the result: it is taken.
DemoPort DemoPort::hold(std::uint16_t number) {
    int const descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    DemoPort held(descriptor, 0);
    // As servers do, or connections of an earlier run would make the port look taken for a minute.
    int const on = 1;
    ::setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(number);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const general = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    bool const is_free = ::bind(descriptor, general, size) == 0 && ::listen(descriptor, 1) == 0 &&
                         ::getsockname(descriptor, general, &size) == 0;
    if (is_free) held.number_ = ntohs(address.sin_port);
    return held;
}

DemoPort::DemoPort(DemoPort&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)), number_(other.number_) {}

void DemoPort::release() {
    if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

}  // namespace sallyport::cli
