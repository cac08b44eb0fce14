#include "gateway/postgres/verifier_lookup.hpp"

#include "gateway/postgres/verifier_query.hpp"
#include "net/deadline.hpp"

namespace sallyport::gateway {
namespace {

/// How often a session looks whether its turn to ask has come, or the answer is there by now.
constexpr std::chrono::milliseconds turn_poll{5};

bool fits(ScramVerifier const& verifier, Challenge const& challenge) {
    return verifier.salt == challenge.salt && verifier.iterations == challenge.iterations;
}

/// One session's question: its turn in the cache, and its connection beside the back leg's.
class Question {
 public:
    Question(VerifierCache& cache, std::string user, BackLeg& back, Target const& target)
        : cache_(cache),
          user_(std::move(user)),
          back_(back),
          query_(back.stream().socket().loop(), target, back.address_index()) {
        back_.set_companion(&query_.link());
    }
    Question(Question const&) = delete;
    Question& operator=(Question const&) = delete;
    ~Question() {
        back_.set_companion(nullptr);
        cache_.end_question(user_);
    }

    net::Task<Result<std::optional<ScramVerifier>>> ask() {
        return query_.ask(back_.endpoint(), user_);
    }
    VerifierQuery& query() { return query_; }

 private:
    VerifierCache& cache_;
    std::string user_;
    BackLeg& back_;
    VerifierQuery query_;
};

}  // namespace

net::Task<Result<FoundVerifier>> look_up_verifier(BackLeg& back, Target const& target,
                                                  Challenge challenge,
                                                  std::chrono::milliseconds limit,
                                                  std::string& why) {
    FoundVerifier found;
    auto const& users = target.verifier_files->users;
    auto const listed = users.find(challenge.user);
    if (listed != users.end() && fits(listed->second, challenge)) {
        found.verifier = listed->second;
        co_return found;
    }
    if (listed != users.end())
        found.note = "the verifier in auth-file is not the one that the database has";
    if (target.settings.verifiers.auth_user.empty()) co_return found;

    std::string const user(challenge.user);
    auto& cache = *target.verifiers;
    auto& loop = back.stream().socket().loop();
    for (;;) {
        if (back.has_given_up()) co_return Errc::timed_out;
        if (auto const known = cache.find(challenge)) {
            found.verifier = *known;
            co_return found;
        }
        if (cache.begin_question(user)) break;
        co_await net::rest(loop, turn_poll);
    }
    Question question(cache, user, back, target);
    net::Deadline const clock(loop, limit, [&question] { question.query().hang_up(); });
    auto answer = co_await question.ask();
    if (back.has_given_up()) co_return Errc::timed_out;
    if (!answer) {
        why = "auth-user: " + (clock.expired() ? "no answer in time" : question.query().detail());
        co_return Errc::verifier_unavailable;
    }
    // One that does not fit is of no use: a replica that lags behind, for one.
    if (*answer && !fits(**answer, challenge)) {
        found.note = "the verifier that auth-query gives is not the one of the challenge";
        answer->reset();
    }
    cache.store(challenge, *answer);
    found.verifier = std::move(*answer);
    co_return found;
}

}  // namespace sallyport::gateway
