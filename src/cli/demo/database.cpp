#include "cli/demo/database.hpp"

#include "cli/demo/user.hpp"
#include "cli/say.hpp"

#include <algorithm>
#include <sstream>

namespace sallyport::cli {
namespace {

namespace fs = std::filesystem;

/// Generous: a busy disk makes installing take a minute, and so does recovery after a kill.
constexpr milliseconds patience = std::chrono::minutes(3);
constexpr milliseconds answer_limit = std::chrono::seconds(30);
/// Between two attempts to reach a server that is starting, which takes it about a second.
constexpr milliseconds retry_pause{100};

}  // namespace

fs::path unfinished(fs::path const& data) {
    return data.string() + ".new";
}

DemoDatabase::DemoDatabase(DemoPlace const& place, DemoRecipe recipe, DemoPort port,
                           StopSignals const& stop)
    : place_(place), recipe_(std::move(recipe)), port_(std::move(port)), stop_(stop) {
    place.write_private(recipe_.log.filename().string(), "");
}

DemoFailure DemoDatabase::failure(std::string const& what) const {
    return {what, "remove " + place_.directory().string() + " to start anew", recipe_.log};
}

DemoFailure DemoDatabase::end() const {
    return {recipe_.name + " has ended", {}, recipe_.log};
}

std::string DemoDatabase::version() const {
    auto const asked = run(recipe_.version, stop_, answer_limit);
    std::istringstream words(asked.output);
    for (std::string word; words >> word;)
        if (word == recipe_.before_version && words >> word) return word;
    throw DemoFailure(recipe_.version.program.string() + " does not run: " + asked.errors);
}

void DemoDatabase::install() {
    std::error_code error;
    if (fs::exists(recipe_.data, error)) return;
    progress(recipe_.name + ": a new database, in " + recipe_.data.string());
    auto const directory = unfinished(recipe_.data);
    fs::remove_all(directory, error);
    if (!fs::create_directories(directory, error))
        throw failure("cannot make " + directory.string() + ": " + error.message());
    if (recipe_.installer.user) give(*recipe_.installer.user, directory);
    installer_.emplace(recipe_.installer, recipe_.log);
}

void DemoDatabase::finish_installing() {
    auto const program = recipe_.installer.program.filename().string();
    if (!installer_->await_end(stop_, patience)) throw failure(program + " does not end");
    if (installer_->status() != 0) throw failure(program + " failed");
    std::error_code error;
    fs::rename(unfinished(recipe_.data), recipe_.data, error);
    if (error) throw failure("cannot make " + recipe_.data.string() + ": " + error.message());
}

void DemoDatabase::start() {
    if (installer_) finish_installing();
    progress(recipe_.name + " " + version() +
             " starts, on 127.0.0.1:" + std::to_string(port_.number()));
    // It names the server of a run that was killed, which ended with it: we hold the directory. But
    // while nobody has reaped that process, or when another one has its number, it looks alive.
    std::error_code error;
    if (!recipe_.lock.empty()) fs::remove(recipe_.data / recipe_.lock, error);
    port_.release();
    server_.emplace(recipe_.server, recipe_.log);
}

void DemoDatabase::make_accounts() {
    auto const end = std::chrono::steady_clock::now() + patience;
    for (;;) {
        auto const done = run(recipe_.administrator, stop_, answer_limit);
        if (done.status == 0) return;
        if (server_->await_end(stop_, retry_pause)) throw failure(recipe_.name + " does not start");
        bool const is_starting = std::ranges::any_of(recipe_.early, [&](std::string const& text) {
            return done.errors.find(text) != std::string::npos;
        });
        if (!is_starting)
            throw failure(recipe_.name + " refuses the demo's accounts: " + done.errors);
        if (std::chrono::steady_clock::now() > end)
            throw failure(recipe_.name + " does not answer");
    }
}

}  // namespace sallyport::cli
