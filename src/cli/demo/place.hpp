// What the demo takes of the machine: one directory, which holds everything it makes, and free
// ports on 127.0.0.1.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

namespace sallyport::cli {

/// The demo's directory, for one demo at a time.
class DemoPlace {
 public:
    /// Makes it (0700) or takes the one of an earlier run. Throws DemoFailure where it is somebody
    /// else's: in use, of another user, or with contents that no demo made.
    explicit DemoPlace(std::filesystem::path const& wanted);
    DemoPlace(DemoPlace const&) = delete;
    DemoPlace& operator=(DemoPlace const&) = delete;
    ~DemoPlace();

    std::filesystem::path const& directory() const { return directory_; }
    std::filesystem::path file(std::string_view name) const { return directory_ / name; }

    /// Both replace the file as a whole; throw DemoFailure.
    void write_private(std::string_view name, std::string_view content) const;
    void write_public(std::string_view name, std::string_view content) const;
    /// The password in the file of that name, made where there is none: the same in every run.
    std::string keep_password(std::string_view name) const;

 private:
    std::filesystem::path directory_;
    int lock_ = -1;
};

/// A free port of 127.0.0.1, held until release(), so that nobody else finds it free too.
class DemoPort {
 public:
    /// The first free one from `first` on. Throws DemoFailure where a hundred are taken.
    static DemoPort from(std::uint16_t first);
    /// One that the system chooses: never a usual one.
    static DemoPort any();

    DemoPort(DemoPort&& other) noexcept;
    DemoPort& operator=(DemoPort&&) = delete;
    ~DemoPort() { release(); }

    std::uint16_t number() const { return number_; }
    /// To be called right before the one that it was held for takes it.
    void release();

 private:
    DemoPort(int descriptor, std::uint16_t number) : descriptor_(descriptor), number_(number) {}
    static DemoPort hold(std::uint16_t number);

    int descriptor_;
    std::uint16_t number_;
};

}  // namespace sallyport::cli
