// The console: HTTPS beside the doors, with the certificate of one of them. Bundles and revocation
// lists under /trust/, /metrics, /healthz.
//
// Its listening socket is the gateway's kind and lives as long as its address does; a reload swaps
// what new connections are shown.
#pragma once

#include "console/https_server.hpp"
#include "console/trust_directory.hpp"
#include "gateway/attendant.hpp"
#include "gateway/world.hpp"

#include <memory>
#include <optional>
#include <vector>

namespace sallyport::console {

class Console final : public gateway::Attendant {
 public:
    Console(gateway::Addresses& addresses, gateway::Insight insight);
    ~Console() override;

    gateway::Checked<void> prepare(gateway::World const& next) override;
    void follow() override;

 private:
    using Address = std::optional<config::Address>;

    gateway::Checked<std::shared_ptr<HttpsServer::Face const>> make_face(
        gateway::World const& world);
    Respond make_responder(gateway::World const& world);

    /// What prepare() made for follow().
    struct Prepared {
        Address address;                              ///< none: there is no console
        std::shared_ptr<gateway::Listener> listener;  ///< null: the one at work is kept
        std::shared_ptr<HttpsServer::Face const> face;
    };

    gateway::Addresses& addresses_;
    gateway::Insight insight_;
    tls::TicketKeys tickets_;  ///< before the server, whose connections use them
    Prepared prepared_;
    std::shared_ptr<TrustDirectory> directory_;  ///< the one shown last
    std::filesystem::path directory_path_;
    std::unique_ptr<HttpsServer> server_;
    std::shared_ptr<gateway::Listener> listener_;
};

/// For Server::start.
std::unique_ptr<gateway::Attendant> make_console(gateway::Addresses& addresses,
                                                 gateway::Insight insight);

}  // namespace sallyport::console
