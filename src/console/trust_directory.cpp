#include "console/trust_directory.hpp"

#include "base/log.hpp"
#include "pki/digest.hpp"
#include "pki/publishable.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <utility>

namespace sallyport::console {
namespace {

struct Kind {
    std::string_view ending;
    std::string_view type;
    pki::Publication what;
};

constexpr std::array kinds{
    Kind{".pem", "application/x-pem-file", pki::Publication::certificates},
    Kind{".crt", "application/x-x509-ca-cert", pki::Publication::certificates},
    Kind{".p7b", "application/x-pkcs7-certificates", pki::Publication::bundle},
    Kind{".crl", "application/pkix-crl", pki::Publication::revocations},
};

Kind const* kind_of(std::string_view name) {
    constexpr std::size_t longest_name = 255;  // NAME_MAX
    bool const is_harmless = std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '.' || c == '-' || c == '_';
    });
    if (!is_harmless || name.starts_with('.') || name.size() > longest_name) return nullptr;
    for (auto const& kind : kinds)
        if (name.ends_with(kind.ending)) return &kind;
    return nullptr;
}

class Descriptor {
 public:
    explicit Descriptor(int descriptor) : descriptor_(descriptor) {}
    Descriptor(Descriptor const&) = delete;
    Descriptor& operator=(Descriptor const&) = delete;
    ~Descriptor() {
        if (descriptor_ >= 0) ::close(descriptor_);
    }
    int get() const { return descriptor_; }
    bool is_open() const { return descriptor_ >= 0; }

 private:
    int descriptor_;
};

/// Opens a file below `directory`. Links may be followed as long as they stay below it (Kubernetes
/// mounts its files as such); where the kernel cannot hold them to that, none is followed.
int open_below(int directory, std::string const& name) {
    constexpr int flags = O_RDONLY | O_NONBLOCK | O_CLOEXEC;
    open_how how{};
    how.flags = flags;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
    auto const opened = ::syscall(SYS_openat2, directory, name.c_str(), &how, sizeof how);
    // ENOSYS before Linux 5.6, EPERM from the filters of some containers.
    if (opened >= 0 || (errno != ENOSYS && errno != EPERM)) return static_cast<int>(opened);
    return ::openat(directory, name.c_str(), flags | O_NOFOLLOW);
}

std::int64_t nanoseconds(timespec const& time) {
    constexpr std::int64_t per_second = 1'000'000'000;
    return time.tv_sec * per_second + time.tv_nsec;
}

bool read_all(int descriptor, std::size_t limit, std::string& content) {
    std::array<char, std::size_t{16} * 1024> part{};
    for (;;) {
        auto const got = ::read(descriptor, part.data(), part.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return false;
        if (got == 0) return true;
        content.append(part.data(), static_cast<std::size_t>(got));
        if (content.size() > limit) return false;
    }
}

}  // namespace

std::string_view media_type(std::string_view name) {
    auto const* const kind = kind_of(name);
    return kind != nullptr ? kind->type : std::string_view();
}

PublishedPtr publish(std::string name, std::string content, std::time_t modified) {
    auto type = std::string(media_type(name));
    auto digest = pki::sha256(content);
    return std::make_shared<Published const>(Published{
        std::move(name), std::move(type), std::move(content), std::move(digest), modified});
}

PublishedPtr TrustDirectory::find(std::string const& name) {
    if (directory_.empty() || kind_of(name) == nullptr) return nullptr;
    // Opened anew each time: the path may lead through a link that is turned.
    Descriptor const directory(::open(directory_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory.is_open()) return nullptr;
    Descriptor const file(open_below(directory.get(), name));
    struct stat status {};
    bool const is_file =
        file.is_open() && ::fstat(file.get(), &status) == 0 && S_ISREG(status.st_mode);
    std::lock_guard const lock(mutex_);
    if (!is_file) {
        known_.erase(name);
        return nullptr;
    }
    Stamp const stamp{status.st_ino, status.st_size, nanoseconds(status.st_mtim),
                      nanoseconds(status.st_ctim)};
    auto& known = known_[name];
    if (known.stamp != stamp) known = {stamp, read(file.get(), name, status.st_mtim.tv_sec)};
    return known.file;
}

PublishedPtr TrustDirectory::read(int descriptor, std::string const& name,
                                  std::time_t modified) const {
    std::string content;
    bool const is_read = read_all(descriptor, max_file_size, content);
    auto published = is_read ? pki::publishable(content, kind_of(name)->what)
                             : Result<std::string>(Errc::file_unreadable);
    if (published) return publish(name, std::move(*published), modified);
    log::warn("file is not published",
              {{"file", (directory_ / name).string()},
               {"reason", is_read ? "it is not wholly what its name says"
                                  : "it cannot be read, or is too large"}});
    return nullptr;
}

std::vector<PublishedPtr> TrustDirectory::all() {
    std::vector<std::string> names;
    std::error_code error;
    std::filesystem::directory_iterator entries(directory_, error);
    for (; !error && entries != std::filesystem::directory_iterator(); entries.increment(error)) {
        auto name = entries->path().filename().string();
        if (kind_of(name) != nullptr && names.size() < max_listed) names.push_back(std::move(name));
    }
    std::ranges::sort(names);
    std::vector<PublishedPtr> files;
    for (auto const& name : names)
        if (auto file = find(name)) files.push_back(std::move(file));
    return files;
}

}  // namespace sallyport::console
