#include "pki/pair.hpp"

#include "pki/files.hpp"
#include "pki/key_access.hpp"

#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/file.h>
#include <thread>
#include <unistd.h>
#include <utility>

namespace sallyport::pki {

PairFiles pair_files(std::filesystem::path const& directory, std::string_view stem) {
    std::string const name(stem);
    return {directory / (name + ".crt"), directory / (name + ".key")};
}

Result<Credential> read_pair(PairFiles const& files, std::string_view password) {
    auto const certificate_text = read_file(files.certificate);
    if (!certificate_text) return certificate_text.error();
    auto const key_text = read_file(files.key);
    if (!key_text) return key_text.error();

    auto chain = Certificate::from_pem(*certificate_text);
    if (!chain) return chain.error();
    auto key = Key::from_pem(*key_text, password);
    if (!key) return key.error();
    if (!chain->front().matches(*key)) return Errc::key_mismatch;
    return Credential{std::move(*chain), std::move(*key)};
}

Result<void> write_pair(PairFiles const& files, Credential const& credential) {
    return replace_pair(files, credential.chain, credential.key.to_pem());
}

std::filesystem::path staged_certificate(PairFiles const& files) {
    auto const name = files.certificate.filename().string();
    return files.certificate.parent_path() / ("." + name + ".renewed");
}

Result<void> replace_pair(PairFiles const& files, std::vector<Certificate> const& chain,
                          std::string_view key_pem) {
    auto const waiting = staged_certificate(files);
    if (auto const written = write_public(waiting, to_pem(chain)); !written) return written;
    if (auto const written = replace_key(files.key, key_pem); !written) {
        std::error_code ignored;
        std::filesystem::remove(waiting, ignored);
        return written;
    }
    // From here on the pair is complete but for this name.
    std::error_code error;
    std::filesystem::rename(waiting, files.certificate, error);
    if (error) return Errc::file_unreadable;
    if (sync_directory(waiting.parent_path())) return Errc::file_unreadable;
    return {};
}

Result<void> finish_pair(PairFiles const& files, std::string_view password) {
    auto const waiting = staged_certificate(files);
    std::error_code error;
    if (!std::filesystem::exists(waiting, error)) return {};
    if (read_pair(files, password).has_value()) {
        // Interrupted before the key was replaced: the old pair stands.
        std::filesystem::remove(waiting, error);
        return {};
    }
    if (!read_pair({waiting, files.key}, password)) return {};
    std::filesystem::rename(waiting, files.certificate, error);
    if (error) return Errc::file_unreadable;
    if (sync_directory(waiting.parent_path())) return Errc::file_unreadable;
    return {};
}

Result<DirectoryLock> DirectoryLock::lock(std::filesystem::path const& directory, int operation) {
    auto const file = directory / ".lock";
    DirectoryLock lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (lock.descriptor_ < 0) return Errc::file_unreadable;
    while (::flock(lock.descriptor_, operation) != 0) {
        if (errno == EWOULDBLOCK) return Errc::would_block;
        if (errno != EINTR) return Errc::file_unreadable;
    }
    return lock;
}

Result<DirectoryLock> DirectoryLock::acquire(std::filesystem::path const& directory) {
    return lock(directory, LOCK_EX);
}

Result<DirectoryLock> DirectoryLock::acquire(std::filesystem::path const& directory,
                                             std::chrono::milliseconds patience) {
    // flock() has no limit of its own, and a signal for one would belong to the whole process.
    constexpr std::chrono::milliseconds look{20};
    auto const end = std::chrono::steady_clock::now() + patience;
    for (;;) {
        auto lock = try_acquire(directory);
        bool const is_held = !lock && lock.error() == Errc::would_block;
        if (!is_held || std::chrono::steady_clock::now() >= end) return lock;
        std::this_thread::sleep_for(look);
    }
}

Result<DirectoryLock> DirectoryLock::try_acquire(std::filesystem::path const& directory) {
    return lock(directory, LOCK_EX | LOCK_NB);
}

DirectoryLock::DirectoryLock(DirectoryLock&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

DirectoryLock& DirectoryLock::operator=(DirectoryLock&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
}

DirectoryLock::~DirectoryLock() {
    // Closing lets go of the lock.
    if (descriptor_ >= 0) ::close(descriptor_);
}

}  // namespace sallyport::pki
