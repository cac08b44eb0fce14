#include "gateway/postgres/verifier_query.hpp"

#include "gateway/postgres/derive_keys.hpp"
#include "gateway/postgres/dialogue.hpp"
#include "identity/scram.hpp"
#include "pki/certificate.hpp"
#include "wire/postgres/query.hpp"
#include "wire/proxy_header.hpp"

#include <algorithm>
#include <string.h>

namespace sallyport::gateway {
namespace {

using identity::ScramClient;
using postgres::Auth;
namespace message = postgres::message;

/// One row is an answer; a second one makes it none.
constexpr std::uint32_t max_rows = 2;

bool contains(std::vector<std::string> const& names, std::string_view name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// The last column has the verifier. What is not one of SCRAM is as good as none.
std::optional<ScramVerifier> verifier_in(std::vector<postgres::Value> const& row) {
    if (row.empty() || !row.back()) return std::nullopt;
    auto const verifier = ScramVerifier::parse(*row.back());
    return verifier ? std::optional(*verifier) : std::nullopt;
}

}  // namespace

VerifierQuery::VerifierQuery(net::Loop& loop, Target const& target, std::size_t address_index)
    : target_(target), address_index_(address_index), link_(loop, target) {}

net::Task<Result<std::optional<ScramVerifier>>> VerifierQuery::ask(Endpoint const& endpoint,
                                                                   std::string const& user) {
    auto const opened = co_await open(endpoint);
    if (!opened) co_return opened.error();
    auto const logged_in = co_await log_in();
    if (!logged_in) co_return logged_in.error();
    auto const answer = co_await query(user);
    if (!answer) co_return answer.error();
    // The answer is there: whether the goodbye arrives is of no interest.
    co_await send(postgres::make_message(message::terminate, {}));
    link_.stream().finish(true);
    co_return answer;
}

net::Task<Result<void>> VerifierQuery::open(Endpoint const& endpoint) {
    step_ = "connect";
    auto const connected = co_await link_.connect(endpoint, wire::write_local_proxy_header());
    if (!connected) co_return failed(connected.error());
    if (!target_.tls || target_.is_always_plain(address_index_)) co_return Result<void>();
    step_ = "TLS";
    auto const& settings = target_.settings;
    PostgresDialogue dialogue(settings.negotiation, {});
    auto const takes_tls = co_await dialogue.ask_for_tls(link_.stream());
    if (!takes_tls) co_return failed(dialogue.detail());
    if (*takes_tls == TlsAnswer::none) {
        if (settings.ssl_mode == config::SslMode::preferred) co_return Result<void>();
        co_return failed(describe(Errc::tls_unsupported));
    }
    tls::BackWish wish;
    wish.server_name = target_.server_name(address_index_);
    wish.alpn = target_.alpn();
    auto const secured = co_await link_.secure(wish);
    if (!secured) co_return failed(secured.error());
    co_return secured;
}

net::Task<Result<void>> VerifierQuery::log_in() {
    step_ = "login of auth-user";
    auto const& settings = target_.settings.verifiers;
    std::vector<std::pair<std::string, std::string>> parameters{
        {"user", settings.auth_user},
        {"database", settings.auth_database},
        {"application_name", "sallyport"},
    };
    auto const sent = co_await send(postgres::write_startup(postgres::protocol_3_0, parameters));
    if (!sent) co_return sent;
    auto const authenticated = co_await authenticate();
    if (!authenticated) co_return authenticated;
    for (;;) {
        auto const next = co_await next_message();
        if (!next) co_return next.error();
        if (next->type == message::ready_for_query) co_return Result<void>();
        if (next->type != message::backend_key_data) co_return failed(Errc::unexpected_packet);
    }
}

/// Until AuthenticationOk, in the one way that the database asks for.
net::Task<Result<void>> VerifierQuery::authenticate() {
    auto const first = co_await next_message();
    if (!first) co_return first.error();
    if (first->type != message::authentication) co_return failed(Errc::unexpected_packet);
    auto const request = postgres::read_auth(first->body);
    if (!request) co_return failed(request.error());
    if (request->kind == Auth::ok) co_return Result<void>();

    Result<void> authenticated;
    if (request->kind == Auth::sasl)
        authenticated = co_await authenticate_by_scram(request->data);
    else if (request->kind == Auth::cleartext)
        authenticated = co_await authenticate_in_cleartext();
    else if (request->kind == Auth::md5)
        co_return failed("md5 is not supported for auth-user, use SCRAM");
    else
        co_return failed("the database asks for a kind of authentication that is not spoken here");
    if (!authenticated) co_return authenticated;

    auto const last = co_await next_message();
    if (!last) co_return last.error();
    auto const verdict = postgres::read_auth(last->body);
    bool const is_ok =
        last->type == message::authentication && verdict && verdict->kind == Auth::ok;
    if (!is_ok) co_return failed(Errc::unexpected_packet);
    co_return Result<void>();
}

net::Task<Result<void>> VerifierQuery::authenticate_in_cleartext() {
    if (!is_verified())
        co_return failed(
            "the database asks for the password in clear, which it gets only with ssl-mode "
            "VERIFY_CA or VERIFY_IDENTITY, or on a Unix socket");
    auto answer = postgres::write_password(target_.verifier_files->auth_password);
    auto const sent = co_await link_.stream().write_all(answer);
    explicit_bzero(answer.data(), answer.size());
    if (!sent) co_return failed(sent.error());
    co_return sent;
}

net::Task<Result<void>> VerifierQuery::authenticate_by_scram(Bytes mechanisms) {
    auto const offered = postgres::read_mechanisms(mechanisms);
    if (!offered) co_return failed(offered.error());
    ScramClient client(end_point());
    if (!contains(*offered, identity::scram_plus)) client.miss_binding();
    if (!contains(*offered, client.mechanism()))
        co_return failed("the database does not offer SCRAM-SHA-256");
    postgres::SaslInitial const initial{std::string(client.mechanism()), client.first()};
    auto const begun = co_await send(postgres::write_sasl_initial(initial));
    if (!begun) co_return begun;

    auto const challenge = co_await next_scram_message(Auth::sasl_continue);
    if (!challenge) co_return challenge.error();
    auto const challenged = client.challenge(*challenge);
    if (!challenged) co_return failed(challenged.error());
    auto const keys = co_await derive_keys(target_.verifier_files->auth_password, client.salt(),
                                           client.iterations());
    if (!keys) co_return failed(keys.error());
    auto const proof = client.prove(*keys);
    auto const sent = co_await send(postgres::make_message(message::password, as_bytes(proof)));
    if (!sent) co_return sent;

    auto const final = co_await next_scram_message(Auth::sasl_final);
    if (!final) co_return final.error();
    auto const verified = client.verify(*final);
    if (!verified) co_return failed("the database cannot prove that it knows auth-user's password");
    co_return verified;
}

net::Task<Result<std::optional<ScramVerifier>>> VerifierQuery::query(std::string const& user) {
    step_ = "auth-query";
    postgres::Question const question{target_.settings.verifiers.auth_query, {user}, max_rows};
    auto const sent = co_await send(postgres::write_question(question));
    if (!sent) co_return sent.error();
    std::optional<ScramVerifier> verifier;
    std::size_t rows = 0;
    for (;;) {
        auto const next = co_await next_message();
        if (!next) co_return next.error();
        if (next->type == message::ready_for_query) break;
        if (next->type != message::data_row) continue;
        auto const row = postgres::read_data_row(next->body);
        if (!row) co_return failed(row.error());
        verifier = verifier_in(*row);
        ++rows;
    }
    if (rows > 1) co_return failed("it gives more than one row for a user");
    co_return verifier;
}

/// What is neither an error nor said on the side: notices and settings can come at any time.
net::Task<Result<Message>> VerifierQuery::next_message() {
    for (;;) {
        auto next = co_await read_message(link_.stream(), postgres::max_login_message);
        if (!next) co_return failed(next.error());
        if (next->type == message::error_response) {
            auto const error = postgres::read_error(next->body);
            co_return error ? failed(error->message) : failed(error.error());
        }
        bool const is_aside = next->type == message::notice_response ||
                              next->type == message::parameter_status ||
                              next->type == message::negotiate_version;
        if (!is_aside) co_return next;
    }
}

net::Task<Result<std::string>> VerifierQuery::next_scram_message(Auth kind) {
    auto const next = co_await next_message();
    if (!next) co_return next.error();
    auto const request = postgres::read_auth(next->body);
    bool const is_wanted =
        next->type == message::authentication && request && request->kind == kind;
    if (!is_wanted) co_return failed(Errc::unexpected_packet);
    co_return std::string(as_text(request->data));
}

net::Task<Result<void>> VerifierQuery::send(Buffer message) {
    auto const sent = co_await link_.stream().write_all(message);
    if (!sent) co_return failed(sent.error());
    co_return sent;
}

/// What a SCRAM login binds itself to; empty in plain text.
Buffer VerifierQuery::end_point() {
    auto const& certificate = link_.stream().peer().certificate;
    return certificate ? pki::Certificate(tls::share(certificate.get())).end_point_binding()
                       : Buffer();
}

/// Whether the other end is the database for certain: a certificate says so, or the file system.
bool VerifierQuery::is_verified() {
    auto const mode = target_.settings.ssl_mode;
    bool const checks =
        mode == config::SslMode::verify_ca || mode == config::SslMode::verify_identity;
    return target_.is_always_plain(address_index_) || (link_.stream().is_tls() && checks);
}

Errc VerifierQuery::failed(std::string_view why) {
    detail_ = std::string(step_) + ": " + std::string(why);
    return Errc::verifier_unavailable;
}

Errc VerifierQuery::failed(error_code const& error) {
    if (link_.has_given_up()) return failed(describe(Errc::timed_out));
    return failed(link_.detail().empty() ? error.message() : link_.detail());
}

}  // namespace sallyport::gateway
