// The ways of authentication.hpp in which a login is not relayed but done twice: once between the
// client and us, once between us and the database.
#include "gateway/postgres/authentication.hpp"
#include "gateway/postgres/derive_keys.hpp"
#include "gateway/postgres/verifier_lookup.hpp"

#include <cstring>
#include <utility>

namespace sallyport::gateway {

using postgres::Auth;

namespace {

/// Longer than anybody's, and short enough for SASLprep, whose time grows with the square.
constexpr std::size_t max_password = 1024;

}  // namespace

/// Judges the client's proof by the verifier, and proves itself to the database with the ClientKey
/// that the proof gives away. The database challenges first: with its salt the client is
/// challenged, known user or not, and by its salt a verifier is known to be the right one.
net::Task<Result<void>> Authentication::mediate(Offer const& offer,
                                                postgres::SaslInitial const& initial) {
    identity::ScramServer server(offer.binds ? front_binding() : Buffer());
    auto const begun = server.first(initial.mechanism, initial.data);
    if (!begun) co_return begun;
    identity::ScramClient client(back_binding());
    if (!offer.back_binds) client.miss_binding();
    auto const challenged = co_await begin(client);
    if (!challenged) co_return challenged;

    Challenge const challenge{user_, client.salt(), client.iterations()};
    auto const found = co_await look_up_verifier(back_, target_, challenge, query_limit_, detail_);
    // Whichever leg the cause is on, it is the way to the database that is broken.
    if (!found) co_return found.error();
    detail_ = found->note;

    auto put = postgres::write_auth(Auth::sasl_continue,
                                    as_bytes(server.challenge(client.salt(), client.iterations())));
    auto const told = co_await to_front(std::move(put));
    if (!told) co_return told;
    auto const answer = co_await answer_from_front();
    if (!answer) co_return answer.error();
    auto const& verifier = found->verifier;
    // Without a verifier the answer is read like any other, and judged by one that nothing fits.
    auto const keys = server.prove(as_text(answer->body), verifier.value_or(ScramVerifier{}));
    if (!keys && keys.error() != Errc::account_refused) co_return keys.error();
    if (!keys || !verifier) {
        target_.verifiers->doubt(user_);
        co_return co_await fail(client);
    }
    auto const proven = co_await prove(client, *keys);
    if (!proven) {
        target_.verifiers->doubt(user_);
        co_return proven;
    }
    auto last = postgres::write_auth(Auth::sasl_final, as_bytes(server.final()));
    co_return co_await to_front(std::move(last));
}

/// scram = "password": for databases that show nobody their verifiers. The client's TLS is what
/// protects its password, so there must be some.
net::Task<Result<void>> Authentication::ask_for_password(bool back_binds) {
    if (!front_.stream().is_tls()) {
        active_ = Leg::front;
        co_return Errc::tls_required;
    }
    auto const asked = co_await to_front(postgres::write_auth(Auth::cleartext));
    if (!asked) co_return asked;
    auto answer = co_await answer_from_front();
    if (!answer) {
        detail_ = "left when it was asked for its password (scram = \"password\")";
        co_return answer.error();
    }
    auto const password = postgres::read_password(answer->body);
    if (!password) co_return password.error();
    if (password->size() > max_password) co_return Errc::too_large;

    identity::ScramClient client(back_binding());
    if (!back_binds) client.miss_binding();
    auto const challenged = co_await begin(client);
    Result<identity::ScramKeys> keys = Errc::malformed;
    if (challenged) {
        // Of its own memory, however short: a string that keeps its text in itself leaves a copy
        // behind wherever it is moved from.
        std::string text;
        text.reserve(max_password);
        text = *password;
        keys = co_await derive_keys(std::move(text), client.salt(), client.iterations());
    }
    explicit_bzero(answer->body.data(), answer->body.size());
    if (!challenged) co_return challenged;
    if (!keys) co_return keys.error();
    co_return co_await prove(client, *keys);
}

net::Task<Result<void>> Authentication::begin(identity::ScramClient& client) {
    postgres::SaslInitial const initial{std::string(client.mechanism()), client.first()};
    auto const sent = co_await to_back(postgres::write_sasl_initial(initial));
    if (!sent) co_return sent;
    auto const challenge = co_await sasl_from_back(Auth::sasl_continue);
    if (!challenge) co_return challenge.error();
    co_return client.challenge(*challenge);
}

net::Task<Result<void>> Authentication::prove(identity::ScramClient& client,
                                              identity::ScramKeys const& keys) {
    auto proof = postgres::make_message(postgres::message::password, as_bytes(client.prove(keys)));
    auto const sent = co_await to_back(std::move(proof));
    if (!sent) co_return sent;
    auto const last = co_await sasl_from_back(Auth::sasl_final);
    if (!last) co_return last.error();
    auto const verified = client.verify(*last);
    if (!verified) detail_ = "the database does not know this user's SCRAM server key";
    co_return verified;
}

net::Task<Result<void>> Authentication::fail(identity::ScramClient& client) {
    auto proof = postgres::make_message(postgres::message::password, as_bytes(client.fail()));
    auto const sent = co_await to_back(std::move(proof));
    if (!sent) co_return sent;
    auto const last = co_await answer_from_back();
    if (!last) co_return last.error();
    co_return Errc::unexpected_packet;
}

}  // namespace sallyport::gateway
