// The gateway inside the demo: the same that `sallyport serve` runs, on a thread of its own.
#pragma once

#include "cli/demo/client.hpp"
#include "cli/demo/pki.hpp"
#include "gateway/server.hpp"

#include <thread>

namespace sallyport::cli {

/// Writes the configuration, for the gateway and for whoever wants to learn from it.
void write_demo_config(DemoPlace const& place, DemoPorts mariadb, DemoPorts postgres);

/// The configuration, or the first thing that is wrong with it.
gateway::Checked<config::Config> load_demo_config(std::filesystem::path const& file);

class DemoGateway {
 public:
    /// Serves from here on, as the file says; a change of the file is served as well. Throws
    /// DemoFailure. To be called when the signals that stop us are blocked: they are not its own.
    explicit DemoGateway(std::filesystem::path const& file);
    DemoGateway(DemoGateway const&) = delete;
    DemoGateway& operator=(DemoGateway const&) = delete;
    /// Lets sessions end for as long as `drain-timeout` says, then ends them.
    ~DemoGateway();

 private:
    std::unique_ptr<gateway::Server> server_;
    std::thread thread_;
};

}  // namespace sallyport::cli
