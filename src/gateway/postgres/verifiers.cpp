#include "gateway/postgres/verifiers.hpp"

#include "pki/files.hpp"

#include <algorithm>

namespace sallyport::gateway {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view blanks = " \t\r\f\v";

Checked<std::string> read(fs::path const& file) {
    auto text = pki::read_file(file);
    if (!text)
        return Fault{Errc::file_unreadable, file, "cannot be read",
                     "check that it exists and that sallyport's user may read it"};
    return *text;
}

/// Takes one text in double quotes from the front of `line`; a quote in it is written twice.
/// Nothing where there is none.
std::optional<std::string> take_quoted(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(blanks), line.size()));
    if (!line.starts_with('"')) return std::nullopt;
    std::string text;
    for (std::size_t at = 1; at < line.size(); ++at) {
        if (line[at] == '"') {
            bool const is_doubled = line.substr(at + 1).starts_with('"');
            if (!is_doubled) {
                line.remove_prefix(at + 1);
                return text;
            }
            ++at;
        }
        text += line[at];
    }
    return std::nullopt;
}

/// Reads auth-file line by line.
class AuthFile {
 public:
    explicit AuthFile(fs::path const& file) : file_(file) {}

    Checked<VerifierFiles> read_all(std::string_view text) {
        while (!text.empty()) {
            ++line_;
            auto const end = std::min(text.find('\n'), text.size());
            if (auto const taken = take(text.substr(0, end)); !taken) return taken.error();
            text.remove_prefix(std::min(end + 1, text.size()));
        }
        return std::move(files_);
    }

 private:
    /// What stands behind the two texts is passed over, as PgBouncer does.
    Checked<void> take(std::string_view line) {
        auto const start = line.find_first_not_of(blanks);
        if (start == std::string_view::npos || line[start] == ';' || line[start] == '#') return {};
        auto const user = take_quoted(line);
        auto const secret = user ? take_quoted(line) : std::nullopt;
        if (!secret)
            return fault("is not of the form \"user\" \"verifier\"",
                         "a quotation mark within a name is written twice");
        auto const verifier = ScramVerifier::parse(*secret);
        if (!verifier)
            return fault("the secret of \"" + *user + "\" is not a SCRAM-SHA-256 verifier",
                         "copy rolpassword from the database's pg_authid; passwords and md5 "
                         "hashes cannot be used");
        if (!files_.users.emplace(*user, *verifier).second)
            return fault("\"" + *user + "\" is there twice", "keep one line for each user");
        return {};
    }

    Fault fault(std::string const& reason, std::string hint) const {
        return {Errc::file_invalid, file_, "line " + std::to_string(line_) + ": " + reason,
                std::move(hint)};
    }

    fs::path const& file_;
    VerifierFiles files_;
    std::size_t line_ = 0;
};

}  // namespace

Checked<VerifierFiles> read_verifier_files(config::Verifiers const& settings) {
    VerifierFiles files;
    if (!settings.auth_file.empty()) {
        auto const text = read(settings.auth_file);
        if (!text) return text.error();
        auto const all = AuthFile(settings.auth_file).read_all(*text);
        if (!all) return all.error();
        files = *all;
    }
    if (!settings.auth_password_file.empty()) {
        auto const text = read(settings.auth_password_file);
        if (!text) return text.error();
        files.auth_password = pki::first_line(*text);
        if (files.auth_password.empty())
            return Fault{Errc::file_invalid, settings.auth_password_file, "its first line is empty",
                         "write auth-user's password there"};
    }
    return files;
}

std::optional<std::optional<ScramVerifier>> VerifierCache::find(Challenge const& challenge) {
    std::lock_guard const lock(mutex_);
    auto const* const known = known_.find(std::string(challenge.user));
    if (known == nullptr || known->is_doubted || known->salt != challenge.salt ||
        known->iterations != challenge.iterations)
        return std::nullopt;
    return known->verifier;
}

void VerifierCache::store(Challenge const& challenge, std::optional<ScramVerifier> verifier) {
    std::string const user(challenge.user);
    // The password was changed between the challenge and the question: the next login asks again.
    bool const is_outdated = verifier && (verifier->salt != challenge.salt ||
                                          verifier->iterations != challenge.iterations);
    std::lock_guard const lock(mutex_);
    if (is_outdated) return known_.erase(user);
    Known known{std::string(challenge.salt), challenge.iterations, std::move(verifier)};
    if (auto const* const before = known_.peek(user)) known.doubted_at = before->doubted_at;
    known_.put(user, std::move(known));
}

void VerifierCache::doubt(std::string_view user, Clock::time_point now) {
    std::lock_guard const lock(mutex_);
    auto* const known = known_.find(std::string(user));
    if (known == nullptr) return;
    bool const is_new = known->doubted_at == Clock::time_point{};
    if (!is_new && now - known->doubted_at < doubt_interval) return;
    known->is_doubted = true;
    known->doubted_at = now;
}

bool VerifierCache::begin_question(std::string const& user) {
    std::lock_guard const lock(mutex_);
    return asked_about_.size() < max_questions && asked_about_.insert(user).second;
}

void VerifierCache::end_question(std::string const& user) {
    std::lock_guard const lock(mutex_);
    asked_about_.erase(user);
}

}  // namespace sallyport::gateway
