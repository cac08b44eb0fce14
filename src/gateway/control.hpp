// The control socket, data-dir/control.sock: one line in, one line out. `sallyport reload` speaks
// to it. It also keeps a second gateway from using the same data directory.
#pragma once

#include "gateway/fault.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

namespace sallyport::gateway {

class Control : public std::enable_shared_from_this<Control> {
 public:
    /// Carries out a reload and answers: empty for done, else why not.
    using Reload = std::function<std::string()>;

    /// Errc::address_in_use where a live gateway has the data directory.
    static Checked<std::shared_ptr<Control>> open(boost::asio::io_context& context,
                                                  std::filesystem::path const& data_dir,
                                                  Reload reload);
    ~Control();

    /// Asks the gateway that runs on `data_dir` to reload; blocks until it answers.
    static Checked<void> request_reload(std::filesystem::path const& data_dir);

 private:
    using Protocol = boost::asio::local::stream_protocol;

    // For a peer that connects and says nothing.
    static constexpr std::chrono::seconds request_limit{5};

    Control(boost::asio::io_context& context, std::filesystem::path file, Reload reload);
    // Handlers hold it weakly: they may be queued already when it is gone.
    void accept();
    void serve(std::shared_ptr<Protocol::socket> const& peer);

    boost::asio::io_context& context_;
    std::filesystem::path file_;
    Protocol::acceptor acceptor_;
    Reload reload_;
};

}  // namespace sallyport::gateway
