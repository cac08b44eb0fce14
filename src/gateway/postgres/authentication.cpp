#include "gateway/postgres/authentication.hpp"

#include "wire/postgres/scram_messages.hpp"

#include <algorithm>
#include <utility>

namespace sallyport::gateway {
namespace {

namespace message = postgres::message;

bool holds(std::vector<std::string> const& mechanisms, std::string_view name) {
    return std::find(mechanisms.begin(), mechanisms.end(), name) != mechanisms.end();
}

Buffer binding_to(tls::X509Ptr const& certificate) {
    if (!certificate) return {};
    return pki::Certificate(tls::share(certificate.get())).end_point_binding();
}

}  // namespace

Authentication::Authentication(FrontLeg& front, BackLeg& back, Target const& target,
                               std::string user, postgres::LoginWatch& watch, Leg& active)
    : front_(front),
      back_(back),
      target_(target),
      user_(std::move(user)),
      watch_(watch),
      active_(active) {}

net::Task<Result<void>> Authentication::run(Message first, std::chrono::milliseconds query_limit) {
    query_limit_ = query_limit;
    if (auto const judged = judge(first); !judged) co_return judged;
    Result<Message> said = std::move(first);
    for (; said; said = co_await from_back()) {
        if (said->type != message::authentication) {
            // Notices, and the versions that the server speaks: the client's to read.
            auto const passed = co_await pass_to_front(*said);
            if (!passed) co_return passed;
            continue;
        }
        auto const request = postgres::read_auth(said->body);
        if (!request) co_return request.error();
        if (request->kind == postgres::Auth::sasl) co_return co_await take_sasl(*said);
        co_return co_await pass_to_front(*said);
    }
    co_return said.error();
}

net::Task<Result<void>> Authentication::take_sasl(Message const& request) {
    auto mechanisms = postgres::read_mechanisms(postgres::read_auth(request.body)->data);
    if (!mechanisms) co_return mechanisms.error();
    auto const offer = offer_for(std::move(*mechanisms));
    bool const can_log_in = holds(offer.mechanisms, identity::scram);
    if (target_.settings.scram == config::Scram::password && can_log_in)
        co_return co_await ask_for_password(offer.back_binds);

    auto offered =
        postgres::write_auth(postgres::Auth::sasl, postgres::write_mechanisms(offer.mechanisms));
    auto told = co_await to_front(offered);
    if (!told) co_return told;
    auto const answer = co_await answer_from_front();
    if (!answer) {
        if (front_.stream().is_tls() && !offer.binds && !offer.back_binds)
            detail_ = "left when it was offered SCRAM without channel binding";
        co_return answer.error();
    }
    auto const initial = postgres::read_sasl_initial(answer->body);
    if (!initial) co_return initial.error();
    auto const way = choose(offer, *initial);
    if (!way) co_return way.error();
    if (*way == Way::mediate) co_return co_await mediate(offer, *initial);

    // The watch goes on from here: the database has asked, and the client has answered.
    auto whole = answer->whole();
    auto const asked = watch_.from_back(offered);
    if (!asked) co_return asked.error();
    auto const answered = watch_.from_front(whole);
    if (!answered) co_return answered.error();
    co_return co_await to_back(std::move(whole));
}

Authentication::Offer Authentication::offer_for(std::vector<std::string> mechanisms) const {
    Offer offer;
    offer.back_binds = holds(mechanisms, identity::scram_plus);
    bool const can_bind = front_.stream().is_tls() && !front_binding().empty();
    // A plain client must not see it, and one on TLS that cannot use it is better off without.
    bool const is_hidden = !front_.stream().is_tls() || (!can_bind && can_mediate());
    if (is_hidden) std::erase(mechanisms, identity::scram_plus);
    // What the database lacks we have ourselves, where we judge the login.
    if (!offer.back_binds && can_bind && can_mediate() && holds(mechanisms, identity::scram))
        mechanisms.insert(mechanisms.begin(), std::string(identity::scram_plus));
    offer.binds = can_bind && holds(mechanisms, identity::scram_plus);
    offer.mechanisms = std::move(mechanisms);
    return offer;
}

Result<Authentication::Way> Authentication::choose(Offer const& offer,
                                                   postgres::SaslInitial const& initial) const {
    bool const is_scram =
        initial.mechanism == identity::scram || initial.mechanism == identity::scram_plus;
    if (!is_scram) return Way::relay;
    if (!holds(offer.mechanisms, initial.mechanism)) return Errc::malformed;
    auto const first = postgres::read_scram_client_first(initial.data);
    if (!first) return first.error();
    using Binding = postgres::ScramClientFirst::Binding;
    // Somebody in between has hidden from the client what we offered.
    if (first->binding == Binding::not_offered && offer.binds) return Errc::binding_wrong;
    if (target_.settings.scram == config::Scram::verifier) return Way::mediate;
    bool const means_the_same =
        first->binding == Binding::not_supported ||
        (first->binding == Binding::not_offered && !offer.back_binds) ||
        (first->binding == Binding::used && offer.back_binds && has_same_certificate());
    if (means_the_same) return Way::relay;
    if (can_mediate()) return Way::mediate;
    return Errc::binding_not_relayed;
}

bool Authentication::can_mediate() const {
    auto const& settings = target_.settings;
    return settings.scram == config::Scram::verifier ||
           (settings.scram == config::Scram::automatic && !settings.verifiers.empty());
}

bool Authentication::has_same_certificate() const {
    auto const& shown = front_.stream().peer().shown;
    auto const& seen = back_.stream().peer().certificate;
    if (!shown || !seen) return false;
    return pki::Certificate(tls::share(shown.get())).fingerprint() ==
           pki::Certificate(tls::share(seen.get())).fingerprint();
}

Buffer Authentication::front_binding() const {
    return binding_to(front_.stream().peer().shown);
}

Buffer Authentication::back_binding() const {
    return binding_to(back_.stream().peer().certificate);
}

net::Task<Result<Message>> Authentication::from_back() {
    active_ = Leg::back;
    auto said = co_await read_message(back_.stream(), postgres::max_login_message);
    if (!said) {
        detail_ = back_.stream().tls_error();
        co_return said.error();
    }
    if (auto const judged = judge(*said); !judged) co_return judged.error();
    co_return said;
}

Result<void> Authentication::judge(Message const& said) {
    if (said.type != message::error_response) return {};
    auto const error = postgres::read_error(said.body);
    if (!error) return error.error();
    detail_ += (detail_.empty() ? "" : "; ") + error->code + " " + error->message;
    refusal_ = said.whole();
    return Errc::backend_refused;
}

net::Task<Result<Message>> Authentication::answer_from_back() {
    for (;;) {
        auto said = co_await from_back();
        if (!said || said->type != message::notice_response) co_return said;
        auto const passed = co_await pass_to_front(*said);
        if (!passed) co_return passed.error();
    }
}

net::Task<Result<std::string>> Authentication::sasl_from_back(postgres::Auth kind) {
    auto const said = co_await answer_from_back();
    if (!said) co_return said.error();
    if (said->type != message::authentication) co_return Errc::unexpected_packet;
    auto const request = postgres::read_auth(said->body);
    if (!request) co_return request.error();
    if (request->kind != kind) co_return Errc::unexpected_packet;
    co_return std::string(as_text(request->data));
}

net::Task<Result<Message>> Authentication::answer_from_front() {
    // The login's clock may have run out while something else was waited for.
    if (back_.has_given_up()) co_return Errc::timed_out;
    active_ = Leg::front;
    co_return co_await read_message(front_.stream(), postgres::max_auth_answer, message::password);
}

net::Task<Result<void>> Authentication::to_front(Buffer bytes) {
    active_ = Leg::front;
    co_return co_await front_.stream().write_all(bytes);
}

net::Task<Result<void>> Authentication::to_back(Buffer bytes) {
    active_ = Leg::back;
    co_return co_await back_.stream().write_all(bytes);
}

net::Task<Result<void>> Authentication::pass_to_front(Message const& said) {
    auto whole = said.whole();
    auto const seen = watch_.from_back(whole);
    if (!seen) co_return seen.error();
    co_return co_await to_front(std::move(whole));
}

}  // namespace sallyport::gateway
