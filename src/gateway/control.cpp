#include "gateway/control.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace sallyport::gateway {
namespace {

constexpr std::string_view reload_request = "reload\n";
constexpr std::string_view done_answer = "done\n";
constexpr std::size_t max_line = 4096;

/// The socket's address by way of the open directory: a path of any length fits (sun_path takes 107
/// characters).
class SocketPath {
 public:
    explicit SocketPath(std::filesystem::path const& data_dir)
        : directory_(::open(data_dir.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)) {}
    ~SocketPath() { ::close(directory_); }
    SocketPath(SocketPath const&) = delete;
    SocketPath& operator=(SocketPath const&) = delete;

    boost::asio::local::stream_protocol::endpoint endpoint() const {
        return {"/proc/self/fd/" + std::to_string(directory_) + "/control.sock"};
    }

 private:
    int directory_;
};

bool is_answered(boost::asio::local::stream_protocol::endpoint const& endpoint) {
    boost::asio::io_context context;
    boost::asio::local::stream_protocol::socket probe(context);
    boost::system::error_code error;
    probe.connect(endpoint, error);
    return !error;
}

}  // namespace

Checked<std::shared_ptr<Control>> Control::open(boost::asio::io_context& context,
                                                std::filesystem::path const& data_dir,
                                                Reload reload) {
    auto const file = data_dir / "control.sock";
    SocketPath const path(data_dir);
    auto const endpoint = path.endpoint();
    if (is_answered(endpoint))
        return Fault{Errc::address_in_use, data_dir,
                     "another sallyport runs on this data directory",
                     "stop it, or give each its own data-dir"};
    std::error_code ignored;
    std::filesystem::remove(file, ignored);  // left over from one that crashed
    std::shared_ptr<Control> control(new Control(context, file, std::move(reload)));
    boost::system::error_code error;
    control->acceptor_.open(endpoint.protocol(), error);
    if (!error) control->acceptor_.bind(endpoint, error);
    if (!error) control->acceptor_.listen(Protocol::acceptor::max_listen_connections, error);
    if (error) return Fault{Errc::network, file, error.message(), ""};
    ::chmod(file.c_str(), 0600);
    control->accept();
    return control;
}

Control::Control(boost::asio::io_context& context, std::filesystem::path file, Reload reload)
    : context_(context), file_(std::move(file)), acceptor_(context), reload_(std::move(reload)) {}

Control::~Control() {
    std::error_code ignored;
    std::filesystem::remove(file_, ignored);
}

void Control::accept() {
    acceptor_.async_accept([weak = weak_from_this()](error_code error, Protocol::socket peer) {
        auto const self = weak.lock();
        if (!self || error == boost::asio::error::operation_aborted) return;
        if (!error) self->serve(std::make_shared<Protocol::socket>(std::move(peer)));
        self->accept();
    });
}

void Control::serve(std::shared_ptr<Protocol::socket> const& peer) {
    auto const line = std::make_shared<std::string>();
    auto const clock = std::make_shared<boost::asio::steady_timer>(context_, request_limit);
    clock->async_wait([peer](error_code error) {
        if (!error) peer->close();
    });
    boost::asio::async_read_until(
        *peer, boost::asio::dynamic_buffer(*line, max_line), '\n',
        [weak = weak_from_this(), peer, line, clock](error_code error, std::size_t) {
            auto const self = weak.lock();
            if (error || !self) return;
            auto const why = *line == reload_request ? self->reload_() : "unknown request";
            *line = why.empty() ? std::string(done_answer) : why + "\n";
            boost::asio::async_write(*peer, boost::asio::buffer(*line),
                                     [peer, line](error_code, std::size_t) {});
        });
}

Checked<void> Control::request_reload(std::filesystem::path const& data_dir) {
    auto const file = data_dir / "control.sock";
    boost::asio::io_context context;
    Protocol::socket socket(context);
    boost::system::error_code error;
    socket.connect(SocketPath(data_dir).endpoint(), error);
    if (error)
        return Fault{Errc::network, file, "no sallyport answers: " + error.message(),
                     "start one with: sallyport serve -c FILE"};
    boost::asio::write(socket, boost::asio::buffer(reload_request), error);
    std::string answer;
    boost::asio::read_until(socket, boost::asio::dynamic_buffer(answer, max_line), '\n', error);
    if (answer == done_answer) return {};
    if (answer.empty()) return Fault{Errc::network, file, "the gateway went away", ""};
    answer.pop_back();
    return Fault{Errc::file_invalid, {}, answer, "the old configuration stays in force"};
}

}  // namespace sallyport::gateway
