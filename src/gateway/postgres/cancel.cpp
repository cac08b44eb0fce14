#include "gateway/postgres/cancel.hpp"

#include "base/log.hpp"
#include "gateway/back_link.hpp"
#include "gateway/postgres/dialogue.hpp"
#include "gateway/postgres/message_io.hpp"
#include "net/deadline.hpp"
#include "wire/proxy_header.hpp"

#include <string>

namespace sallyport::gateway {
namespace {

/// One cancel request on its way to the database.
class Delivery {
 public:
    Delivery(net::Loop& loop, CancelRoute route, std::chrono::milliseconds limit)
        : route_(std::move(route)),
          link_(loop, *route_.target),
          clock_(loop, limit, [this] { link_.hang_up(); }) {}

    CancelRoute const& route() const { return route_; }
    std::string const& why() const { return why_; }

    /// True where the database has taken the request; else why() says what was in the way.
    net::Task<bool> run() {
        auto header = wire::write_local_proxy_header();
        auto const connected = co_await link_.connect(route_.endpoint, std::move(header));
        if (!connected) co_return failed("connect", connected.error());
        if (route_.use_tls) {
            bool const is_secure = co_await secure();
            if (!is_secure) co_return false;
        }
        auto const request = postgres::write_cancel_request(route_.key);
        auto const sent = co_await link_.stream().write_all(request);
        if (!sent) co_return failed("request", sent.error());
        co_return co_await await_close();
    }

 private:
    net::Task<bool> secure() {
        PostgresDialogue dialogue(route_.target->settings.negotiation, {});
        auto const takes_tls = co_await dialogue.ask_for_tls(link_.stream());
        if (!takes_tls) co_return failed("TLS", takes_tls.error());
        // In plain text the key would be for everybody on the way to use.
        if (*takes_tls == TlsAnswer::none) co_return failed("TLS", Errc::tls_unsupported);
        tls::BackWish wish;
        wish.server_name = route_.target->server_name(route_.address_index);
        wish.alpn = route_.target->alpn();
        auto const secured = co_await link_.secure(wish);
        if (!secured) co_return failed("TLS", secured.error());
        co_return true;
    }

    /// The database answers by closing. Until then our side stays open, as libpq's does: a pooler
    /// in between may take our FIN for a client that does not want its query cancelled any more.
    net::Task<bool> await_close() {
        auto const answer = co_await read_message(link_.stream(), postgres::max_login_message);
        if (clock_.expired()) co_return failed("answer", Errc::timed_out);
        link_.stream().finish(true);
        // Closing with our close_notify unread looks like a reset; both are a closing.
        if (!answer) {
            auto const& error = answer.error();
            bool const is_closing = error == Errc::peer_closed || error == Errc::peer_vanished;
            co_return is_closing || failed("answer", error);
        }
        auto const error = postgres::read_error(answer->body);
        bool const says_why = answer->type == postgres::message::error_response && error;
        why_ = "answer: " + (says_why ? error->message : std::string(describe(Errc::malformed)));
        co_return false;
    }

    bool failed(std::string_view step, error_code const& error) {
        why_ = std::string(step) + ": ";
        if (clock_.expired())
            why_ += "no answer in time";
        else
            why_ += link_.detail().empty() ? error.message() : link_.detail();
        return false;
    }

    CancelRoute route_;
    BackLink link_;
    net::Deadline clock_;
    std::string why_;
};

}  // namespace

net::Task<> forward_cancel(net::Loop& loop, CancelRoute route, std::chrono::milliseconds limit) {
    Delivery delivery(loop, std::move(route), limit);
    if (co_await delivery.run()) co_return;
    log::warn("cancel request was not delivered",
              {{"backend", delivery.route().target->settings.name},
               {"address", delivery.route().endpoint.to_string()},
               {"reason", delivery.why()}});
}

}  // namespace sallyport::gateway
