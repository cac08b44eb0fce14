#include "console/console.hpp"

#include "base/log.hpp"
#include "base/metrics.hpp"
#include "console/metrics_page.hpp"
#include "console/prometheus_text.hpp"
#include "console/trust_pages.hpp"

#include <algorithm>

namespace sallyport::console {
namespace {

/// The door whose certificate is shown; `load` has checked that there is one, and that it has one.
gateway::Door const& shown_door(gateway::World const& world) {
    auto const& name = world.config().console.listener;
    return **std::ranges::find_if(world.doors(),
                                  [&](auto const& door) { return door->settings.name == name; });
}

/// When the youngest of these began: what is made of them has not changed since.
std::time_t youngest(std::vector<pki::Certificate> const& certificates) {
    std::time_t last = 0;
    for (auto const& certificate : certificates)
        last = std::max(last, std::chrono::system_clock::to_time_t(certificate.not_before()));
    return last;
}

/// What the gateway made itself and others must trust.
std::vector<PublishedPtr> own_files(gateway::World const& world) {
    std::vector<PublishedPtr> files;
    for (auto const& door : world.doors()) {
        bool const is_auto_tls = door->settings.tls.ssl_cert.empty() && !door->own_cas.empty();
        if (!is_auto_tls) continue;
        files.push_back(publish("ca.crt", pki::to_pem(door->own_cas), youngest(door->own_cas)));
        break;
    }
    auto const bundle = world.mirror_bundle();
    if (auto const mirrors = pki::Certificate::from_pem(bundle))
        files.push_back(publish("mirror-ca.pem", bundle, youngest(*mirrors)));
    return files;
}

/// Everything that is answered here, by path.
class Pages {
 public:
    Pages(TrustPages trust, gateway::Insight insight)
        : trust_(std::move(trust)), insight_(std::move(insight)) {}

    Answer answer(Ask const& ask) const {
        if (ask.method != "GET" && ask.method != "HEAD") {
            auto refusal = plain(405, "only GET and HEAD are spoken here");
            refusal.headers = {{"Allow", "GET, HEAD"}};
            return refusal;
        }
        if (ask.path.starts_with(TrustPages::root)) return trust_.answer(ask);
        if (ask.path == "/healthz") return plain(200, "ok");
        if (ask.path == "/metrics") return metrics();
        if (ask.path == "/" || ask.path == "/trust") {
            auto elsewhere = plain(302, "see /trust/");
            elsewhere.headers = {{"Location", std::string(TrustPages::root)}};
            return elsewhere;
        }
        return plain(404, "not found");
    }

 private:
    Answer metrics() const {
        Answer answer;
        answer.type = PrometheusText::type;
        answer.headers = {{"Cache-Control", "no-store"}};
        answer.body = metrics_page(metrics::snapshot(), insight_.sessions(),
                                   insight_.certificates(), pki::current_time());
        return answer;
    }

    TrustPages trust_;
    gateway::Insight insight_;
};

}  // namespace

Console::Console(gateway::Addresses& addresses, gateway::Insight insight)
    : addresses_(addresses), insight_(std::move(insight)) {}

Console::~Console() = default;

gateway::Checked<void> Console::prepare(gateway::World const& next) {
    prepared_ = {};
    auto const& wanted = next.config().console;
    if (!wanted.address) return {};
    auto face = make_face(next);
    if (!face) return face.error();
    Prepared ready{wanted.address, nullptr, *face};
    if (!listener_ || listener_->address() != *wanted.address) {
        auto bound = addresses_.listen(*wanted.address);
        if (!bound) return bound.error();
        ready.listener = *bound;
    }
    prepared_ = std::move(ready);
    return {};
}

void Console::follow() {
    auto const ready = std::exchange(prepared_, {});
    if (!ready.address) {
        listener_.reset();
        server_.reset();
        return;
    }
    if (!server_) server_ = std::make_unique<HttpsServer>();
    server_->show(ready.face);
    if (!ready.listener) return;
    listener_ = ready.listener;
    listener_->start([this](int descriptor) { server_->adopt(descriptor); });
    log::info("console is ready", {{"address", ready.address->to_string()}});
}

gateway::Checked<std::shared_ptr<HttpsServer::Face const>> Console::make_face(
    gateway::World const& world) {
    tls::FrontSettings settings;
    settings.policy = tls::intermediate(tls::Version::tls_1_2);
    for (auto const& credential : shown_door(world).credentials)
        settings.identities.push_back(gateway::borrow(credential));
    settings.trust_id = "console";
    settings.alpn = "http/1.1";
    auto const context = tls::FrontContext::make(settings, tickets_);
    if (!context)
        return gateway::Fault{Errc::file_invalid, world.config().source,
                              "console: " + tls::take_errors(), ""};
    return std::make_shared<HttpsServer::Face const>(
        HttpsServer::Face{*context, make_responder(world)});
}

Respond Console::make_responder(gateway::World const& world) {
    auto const& path = world.config().console.trust_dir;
    // The same directory keeps what was read of it.
    if (!directory_ || directory_path_ != path) {
        directory_ = std::make_shared<TrustDirectory>(path);
        directory_path_ = path;
    }
    auto const pages =
        std::make_shared<Pages const>(TrustPages(directory_, own_files(world)), insight_);
    return [pages](Ask const& ask) { return pages->answer(ask); };
}

std::unique_ptr<gateway::Attendant> make_console(gateway::Addresses& addresses,
                                                 gateway::Insight insight) {
    return std::make_unique<Console>(addresses, std::move(insight));
}

}  // namespace sallyport::console
