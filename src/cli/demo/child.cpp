#include "cli/demo/child.hpp"

#include "cli/demo/exec_plan.hpp"

#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <stdexcept>
#include <string_view>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

namespace sallyport::cli {
namespace {

/// Milliseconds between two signals to a child that has not ended.
constexpr int reminder = 500;

[[noreturn]] void fail(std::string const& what) {
    throw std::runtime_error(what + ": " + std::system_category().message(errno));
}

/// A descriptor that is closed at the end of its scope.
class Descriptor {
 public:
    explicit Descriptor(int value) : value_(value) {}
    Descriptor(Descriptor const&) = delete;
    Descriptor& operator=(Descriptor const&) = delete;
    ~Descriptor() { ::close(value_); }
    int get() const { return value_; }

 private:
    int value_;
};

/// A file without a name, in memory: unlike a pipe it has no capacity to mind while waiting.
int make_buffer() {
    int const made = ::memfd_create("sallyport", MFD_CLOEXEC);
    if (made < 0) fail("memfd_create");
    return made;
}

int make_input(std::string_view text) {
    int const made = make_buffer();
    auto const size = static_cast<ssize_t>(text.size());
    if (::write(made, text.data(), text.size()) != size || ::lseek(made, 0, SEEK_SET) != 0)
        fail("memfd");
    return made;
}

std::string read_buffer(int descriptor) {
    auto const size = ::lseek(descriptor, 0, SEEK_END);
    std::string text(size > 0 ? static_cast<std::size_t>(size) : 0, '\0');
    auto const got = ::pread(descriptor, text.data(), text.size(), 0);
    text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
    return text;
}

int open_log(std::filesystem::path const& file) {
    int const opened = ::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (opened < 0) fail(file.string());
    return opened;
}

}  // namespace

Child::Child(Command const& command, std::filesystem::path const& log) {
    Descriptor const opened(open_log(log));
    start(command, opened.get(), opened.get());
}

Child::Child(Command const& command, int output, int errors) {
    start(command, output, errors);
}

void Child::start(Command const& command, int output, int errors) {
    Descriptor const input(make_input(command.input));
    ExecPlan const plan(command, {input.get(), output, errors});
    end_signal_ = command.end_signal;
    id_ = ::fork();
    if (id_ < 0) fail("fork");
    if (id_ == 0) plan.perform();
    // Said by both sides: whichever comes first, the group is there before anybody signals it.
    ::setpgid(id_, id_);
    // By its number: the header of glibc 2.36 declares pidfd_open for C only.
    descriptor_ = static_cast<int>(::syscall(SYS_pidfd_open, id_, 0));
    if (descriptor_ >= 0) return;
    auto const reason = errno;
    ::kill(-id_, SIGKILL);
    status();
    errno = reason;
    fail("pidfd_open");
}

Child::~Child() {
    if (id_ > 0) {
        auto const end = std::chrono::steady_clock::now() + grace;
        pollfd watched{descriptor_, POLLIN, 0};
        // More than once: MariaDB forgets a SIGTERM that comes while it is starting.
        do ::kill(-id_, end_signal_);
        while (::poll(&watched, 1, reminder) <= 0 && std::chrono::steady_clock::now() < end);
        status();
    }
    if (descriptor_ >= 0) ::close(descriptor_);
}

bool Child::await_end(StopSignals const& stop, milliseconds limit) {
    return stop.await(descriptor_, limit);
}

int Child::status() {
    // Its own children may still be there. Until it is reaped no other group can have its number.
    ::kill(-id_, SIGKILL);
    int result = 0;
    while (::waitpid(id_, &result, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return WIFEXITED(result) ? WEXITSTATUS(result) : 128 + WTERMSIG(result);
}

Outcome run(Command const& command, StopSignals const& stop, milliseconds limit) {
    Descriptor const output(make_buffer());
    Descriptor const errors(make_buffer());
    Child child(command, output.get(), errors.get());
    child.await_end(stop, limit);
    int const status = child.status();
    return {status, read_buffer(output.get()), read_buffer(errors.get())};
}

}  // namespace sallyport::cli
