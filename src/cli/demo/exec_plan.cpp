#include "cli/demo/exec_plan.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <string_view>
#include <sys/prctl.h>
#include <unistd.h>

namespace sallyport::cli {
namespace {

/// That of held_directory.
constexpr int held_descriptor = 3;

/// Our own environment without what would point a database's programs at another server, or at
/// settings of the person who started us. They speak English, too, so that we can read it.
std::vector<char*> environment() {
    static std::string home = "HOME=/nonexistent";
    std::vector<char*> kept{home.data()};
    for (char** entry = environ; *entry != nullptr; ++entry) {
        std::string_view const text = *entry;
        bool const is_theirs =
            std::ranges::any_of(std::array{"MYSQL_", "MARIADB_", "PG", "LC_", "LANG", "HOME="},
                                [&](auto const* prefix) { return text.starts_with(prefix); });
        if (!is_theirs) kept.push_back(*entry);
    }
    kept.push_back(nullptr);
    return kept;
}

/// What exec takes; it borrows the command's strings and does not write to them.
std::vector<char*> argument_list(Command const& command) {
    std::vector<char*> list{const_cast<char*>(command.program.c_str())};
    for (auto const& argument : command.arguments)
        list.push_back(const_cast<char*>(argument.c_str()));
    list.push_back(nullptr);
    return list;
}

}  // namespace

ExecPlan::ExecPlan(Command const& command, std::array<int, 3> const& streams)
    : command_(command),
      streams_(streams),
      parent_(::getpid()),
      arguments_(argument_list(command)),
      variables_(environment()) {}

bool ExecPlan::hold() const {
    if (command_.held.empty()) return true;
    int const opened = ::open(command_.held.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (opened < 0) return false;
    // dup2 makes a copy that exec leaves open; of a descriptor to itself it makes none.
    if (opened == held_descriptor) return ::fcntl(opened, F_SETFD, 0) == 0;
    return ::dup2(opened, held_descriptor) >= 0;
}

bool ExecPlan::become_user() const {
    if (!command_.user) return true;
    auto const [user, group] = *command_.user;
    return ::setgroups(1, &group) == 0 && ::setgid(group) == 0 && ::setuid(user) == 0;
}

bool ExecPlan::prepare() const {
    for (int number = 0; number < 3; ++number)
        ::dup2(streams_[static_cast<std::size_t>(number)], number);
    return hold() && become_user() &&
           // After the change of user, at which the kernel forgets it.
           ::prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
           (command_.directory.empty() || ::chdir(command_.directory.c_str()) == 0);
}

void ExecPlan::perform() const {
    ::setpgid(0, 0);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    bool const is_ready = prepare();
    // The parent may have died before the kernel was told to watch it.
    if (::getppid() != parent_) ::_exit(127);
    if (is_ready) ::execve(arguments_.front(), arguments_.data(), variables_.data());
    char const* const reason = ::strerrordesc_np(errno);
    std::string_view const texts[] = {arguments_.front(), ": ", reason != nullptr ? reason : "?",
                                      "\n"};
    for (auto const text : texts)
        if (::write(STDERR_FILENO, text.data(), text.size()) < 0) break;
    ::_exit(127);
}

}  // namespace sallyport::cli
