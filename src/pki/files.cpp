#include "pki/files.hpp"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace sallyport::pki {
namespace {

namespace fs = std::filesystem;

// Bundles of every public root there is are about 250 KiB; an operator's CRL can have some MiB.
constexpr std::size_t max_file_size = std::size_t{16} << 20U;

/// A descriptor that is closed at the end of its scope.
class File {
 public:
    explicit File(int descriptor) : descriptor_(descriptor) {}
    File(File const&) = delete;
    File& operator=(File const&) = delete;
    ~File() {
        if (is_open()) ::close(descriptor_);
    }

    bool is_open() const { return descriptor_ >= 0; }
    int get() const { return descriptor_; }

    bool is_regular() const {
        struct stat status {};
        return ::fstat(descriptor_, &status) == 0 && S_ISREG(status.st_mode);
    }

    bool write_all(std::string_view content) const {
        while (!content.empty()) {
            auto const written = ::write(descriptor_, content.data(), content.size());
            if (written < 0 && errno == EINTR) continue;
            if (written < 0) return false;
            content.remove_prefix(static_cast<std::size_t>(written));
        }
        return true;
    }

 private:
    int descriptor_;
};

/// A name for what is not whole yet. It does not end in .crt: nobody takes it for a certificate.
std::string temporary_name(fs::path const& directory, fs::path const& file) {
    return (directory / ("." + file.filename().string() + ".XXXXXX")).string();
}

fs::path directory_of(fs::path const& file) {
    return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

/// rename() replaces; link() does not, whoever made the file in between.
bool put_in_place(std::string const& temporary, fs::path const& file, Existing existing) {
    if (existing == Existing::replaced) return ::rename(temporary.c_str(), file.c_str()) == 0;
    return ::link(temporary.c_str(), file.c_str()) == 0 && ::unlink(temporary.c_str()) == 0;
}

Result<void> as_result(error_code error) {
    if (error) return Errc::file_unreadable;
    return {};
}

}  // namespace

error_code last_system_error() {
    return {errno, boost::system::system_category()};
}

Result<std::string> read_file(fs::path const& file) {
    // Without O_NONBLOCK a FIFO in a certificate's place would stop the whole program here.
    File const opened(::open(file.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    if (!opened.is_open() || !opened.is_regular()) return Errc::file_unreadable;

    constexpr std::size_t step = 16 * 1024;
    std::string content;
    for (;;) {
        auto const before = content.size();
        content.resize(before + step);
        auto const got = ::read(opened.get(), content.data() + before, step);
        content.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Errc::file_unreadable;
        if (got == 0) return content;
        if (content.size() > max_file_size) return Errc::file_invalid;
    }
}

error_code sync_directory(fs::path const& directory) {
    // A rename is only as durable as the directory that holds it.
    File const opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!opened.is_open() || ::fsync(opened.get()) != 0) return last_system_error();
    return {};
}

error_code write_whole(fs::path const& file, std::string_view content, unsigned mode,
                       Existing existing) {
    auto const set_mode = [mode](int descriptor) { return ::fchmod(descriptor, mode) == 0; };
    return write_whole(file, content, set_mode, existing);
}

error_code write_whole(fs::path const& file, std::string_view content,
                       std::function<bool(int)> const& set_access, Existing existing) {
    auto const directory = directory_of(file);
    auto temporary = temporary_name(directory, file);
    // mkostemp creates with O_EXCL and mode 0600, of which the umask can only take away.
    File const opened(::mkostemp(temporary.data(), O_CLOEXEC));
    if (!opened.is_open()) return last_system_error();

    bool const complete = set_access(opened.get()) && opened.write_all(content) &&
                          ::fsync(opened.get()) == 0 && put_in_place(temporary, file, existing);
    if (!complete) {
        auto const why = last_system_error();
        ::unlink(temporary.c_str());
        return why;
    }
    return sync_directory(directory);
}

std::string first_line(std::string_view text) {
    return std::string(text.substr(0, text.find_first_of("\r\n")));
}

Result<void> write_private(fs::path const& file, std::string_view content) {
    return as_result(write_whole(file, content, private_mode));
}

Result<void> write_public(fs::path const& file, std::string_view content) {
    return as_result(write_whole(file, content, public_mode));
}

Result<void> make_private_directory(fs::path const& directory) {
    std::error_code error;
    if (fs::is_directory(directory, error)) return {};
    // "a/b/" has an empty last part and names the same directory as "a/b".
    auto const parent = directory.parent_path();
    if (!parent.empty() && parent != directory) {
        if (auto const made = make_private_directory(parent); !made) return made;
    }
    if (::mkdir(directory.c_str(), 0700) == 0) {
        // The umask may have taken away our own right to enter it.
        return ::chmod(directory.c_str(), 0700) == 0 ? Result<void>()
                                                     : Result<void>(Errc::file_unreadable);
    }
    // Another process may have been quicker. The caller tells of mkdir's reason, not of this
    // look's.
    int const reason = errno;
    if (fs::is_directory(directory, error)) return {};
    errno = reason;
    return Errc::file_unreadable;
}

}  // namespace sallyport::pki
