#include "gateway/postgres/verifier_lookup.hpp"

#include "gateway/deadline.hpp"
#include "gateway/postgres/verifier_query.hpp"

namespace sallyport::gateway {
namespace {

bool fits(ScramVerifier const& verifier, Challenge const& challenge) {
    return verifier.salt == challenge.salt && verifier.iterations == challenge.iterations;
}

}  // namespace

tls::Task<Result<FoundVerifier>> look_up_verifier(BackLeg& back, Target const& target,
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
    if (auto const known = target.verifiers->find(challenge)) {
        found.verifier = *known;
        co_return found;
    }
    auto& poller = back.stream().socket().poller();
    VerifierQuery query(poller, target, back.address_index());
    Deadline const clock(poller.context(), limit, [&query] { query.hang_up(); });
    std::string const user(challenge.user);
    auto answer = co_await query.ask(back.endpoint(), user);
    if (!answer) {
        why = "auth-user: " + (clock.expired() ? "no answer in time" : query.detail());
        co_return Errc::verifier_unavailable;
    }
    // One that does not fit is of no use: a replica that lags behind, for one.
    if (*answer && !fits(**answer, challenge)) {
        found.note = "the verifier that auth-query gives is not the one of the challenge";
        answer->reset();
    }
    target.verifiers->store(challenge, *answer);
    found.verifier = std::move(*answer);
    co_return found;
}

}  // namespace sallyport::gateway
