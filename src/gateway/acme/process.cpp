#include "gateway/acme/process.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace sallyport::gateway {
namespace {

constexpr int cannot_run = 127;  // what shells give

error_code system_error() {
    return {errno, boost::system::system_category()};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> list;
    for (auto& text : texts) list.push_back(text.data());
    list.push_back(nullptr);
    return list;
}

/// What the child does until it is the program. System calls only: another thread of ours may have
/// held any lock at the fork.
struct Becoming {
    char const* program;
    char const* directory;
    char* const* arguments;
    char* const* environment;
    int null;
    int output;
    pid_t parent;

    [[noreturn]] void perform() const {
        ::setpgid(0, 0);
        sigset_t none;
        ::sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::signal(SIGPIPE, SIG_DFL);
        ::umask(077);
        bool const is_ready = ::dup2(null, STDIN_FILENO) >= 0 && ::dup2(null, STDOUT_FILENO) >= 0 &&
                              ::dup2(output, STDERR_FILENO) >= 0 &&
                              // Not all that we have open is marked: sessions' sockets are not.
                              ::close_range(STDERR_FILENO + 1, ~0U, 0) == 0 &&
                              ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 && ::chdir(directory) == 0;
        // The gateway may have died before the kernel was told to watch it.
        if (::getppid() != parent) ::_exit(cannot_run);
        if (is_ready) ::execve(program, arguments, environment);
        char const* const reason = ::strerrordesc_np(errno);
        for (char const* text : {program, ": ", reason != nullptr ? reason : "?", "\n"})
            if (::write(STDERR_FILENO, text, std::strlen(text)) < 0) break;
        ::_exit(cannot_run);
    }
};

}  // namespace

Result<std::shared_ptr<Process>> Process::start(boost::asio::io_context& context,
                                                Order const& order, OnLine on_line, OnEnd on_end) {
    std::array<int, 2> pipe{};
    if (::pipe2(pipe.data(), O_CLOEXEC) != 0) return system_error();
    int const null = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    auto arguments = order.arguments;
    arguments.insert(arguments.begin(), order.program.string());
    auto environment = order.environment;
    auto const argument_list = pointers(arguments);
    auto const environment_list = pointers(environment);
    Becoming const becoming{order.program.c_str(),
                            order.directory.c_str(),
                            argument_list.data(),
                            environment_list.data(),
                            null,
                            pipe[1],
                            ::getpid()};
    pid_t const id = ::fork();
    if (id == 0) becoming.perform();
    auto const forked = system_error();
    ::close(pipe[1]);
    ::close(null);
    if (id < 0) {
        ::close(pipe[0]);
        return forked;
    }
    // Said by both sides: whichever comes first, the group is there before anybody signals it.
    ::setpgid(id, id);
    std::shared_ptr<Process> process(
        new Process(context, id, std::move(on_line), std::move(on_end)));
    if (auto const watched = process->watch(pipe[0], order.limit); !watched) return watched.error();
    return process;
}

Process::Process(boost::asio::io_context& context, pid_t id, OnLine on_line, OnEnd on_end)
    : output_(context),
      ending_(context),
      limit_(context),
      id_(id),
      on_line_(std::move(on_line)),
      on_end_(std::move(on_end)) {}

Process::~Process() {
    if (id_ > 0) reap();
}

Result<void> Process::watch(int output, std::chrono::milliseconds limit) {
    output_.assign(output);
    error_code failed;
    output_.non_blocking(true, failed);
    if (failed) return failed;
    // By its number: the header of glibc 2.36 declares pidfd_open for C only.
    int const descriptor = static_cast<int>(::syscall(SYS_pidfd_open, id_, 0));
    if (descriptor < 0) return system_error();
    ending_.assign(descriptor);
    ending_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [weak = weak_from_this()](error_code error) {
                           if (auto const self = weak.lock(); self && !error) self->end();
                       });
    limit_.expires_after(limit);
    limit_.async_wait([weak = weak_from_this()](error_code error) {
        auto const self = weak.lock();
        if (!self || error || self->id_ < 0) return;
        self->is_timed_out_ = true;
        ::kill(-self->id_, SIGKILL);
    });
    read_on();
    return {};
}

void Process::read_on() {
    output_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                       [weak = weak_from_this()](error_code error) {
                           auto const self = weak.lock();
                           if (!self || error) return;
                           std::array<char, longest_line> bytes{};
                           error_code failed;
                           auto const got =
                               self->output_.read_some(boost::asio::buffer(bytes), failed);
                           if (failed && failed != boost::asio::error::would_block) return;
                           self->take({bytes.data(), got});
                           self->read_on();
                       });
}

void Process::take(std::string_view bytes) {
    while (!bytes.empty()) {
        auto const length = std::min(bytes.find('\n'), bytes.size());
        auto const part = bytes.substr(0, std::min(length, longest_line - line_.size()));
        line_ += part;
        bytes.remove_prefix(part.size());
        bool const is_whole = !bytes.empty() && bytes.front() == '\n';
        if (is_whole) bytes.remove_prefix(1);
        if (is_whole || line_.size() == longest_line) on_line_(std::exchange(line_, {}));
    }
}

void Process::end() {
    int const status = reap();
    limit_.cancel();
    // What it said last may still be in the pipe. The group is dead: nobody adds to it for ever.
    std::array<char, longest_line> bytes{};
    error_code failed;
    while (auto const got = output_.read_some(boost::asio::buffer(bytes), failed))
        take({bytes.data(), got});
    if (!line_.empty()) on_line_(std::exchange(line_, {}));
    output_.close(failed);
    int const code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    // The owner may let go of us in there.
    auto const on_end = std::move(on_end_);
    on_end({code, is_timed_out_});
}

int Process::reap() {
    // Its own children may still be there. Until it is reaped no other group can have its number.
    ::kill(-id_, SIGKILL);
    int status = 0;
    while (::waitpid(id_, &status, 0) < 0 && errno == EINTR) {
    }
    id_ = -1;
    return status;
}

}  // namespace sallyport::gateway
