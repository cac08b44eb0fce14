#include "console/http.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <httplib.h>

namespace sallyport::console {
namespace {

/// The connection as the library wants it. Counts what a request may bring: the library reads lines
/// of any length.
class Wire : public httplib::Stream {
 public:
    explicit Wire(tls::WaitingStream& stream) : stream_(stream) {}

    void begin_request() { budget_ = max_request_size; }
    bool has_more() const { return next_ < filled_; }
    bool is_broken() const { return is_broken_; }

    bool is_readable() const override { return has_more(); }
    bool is_writable() const override { return true; }
    ssize_t read(char* into, std::size_t size) override {
        if (!has_more() && !fill()) return -1;
        auto const count = std::min({size, filled_ - next_, budget_});
        if (count == 0) {
            is_broken_ = true;
            return -1;
        }
        std::memcpy(into, buffer_.data() + next_, count);
        next_ += count;
        budget_ -= count;
        return static_cast<ssize_t>(count);
    }
    ssize_t write(char const* data, std::size_t size) override {
        auto const sent = stream_.write(as_bytes({data, size}));
        if (!sent) is_broken_ = true;
        return sent ? static_cast<ssize_t>(size) : -1;
    }
    void get_remote_ip_and_port(std::string&, int&) const override {}
    void get_local_ip_and_port(std::string&, int&) const override {}
    socket_t socket() const override { return stream_.descriptor(); }

 private:
    bool fill() {
        auto const got = stream_.read(buffer_);
        if (!got) is_broken_ = true;
        next_ = 0;
        filled_ = got ? *got : 0;
        return got.has_value();
    }

    tls::WaitingStream& stream_;
    std::array<std::byte, 4096> buffer_{};
    std::size_t next_ = 0;
    std::size_t filled_ = 0;
    std::size_t budget_ = 0;
    bool is_broken_ = false;
};

Ask ask_of(httplib::Request const& request) {
    return {request.method, request.path, request.get_header_value("Accept"),
            request.get_header_value("If-None-Match"),
            request.get_header_value("If-Modified-Since")};
}

bool has_body(httplib::Request const& request) {
    auto const length = request.get_header_value("Content-Length");
    return request.has_header("Transfer-Encoding") || (!length.empty() && length != "0");
}

/// The library's server without its sockets and threads: one request at a time.
class Requests : public httplib::Server {
 public:
    explicit Requests(Respond const& respond) {
        set_pre_routing_handler([this, &respond](auto const& request, auto& response) {
            was_understood_ = true;
            fill(response, has_body(request) ? plain(413, "a request has no body here")
                                             : respond(ask_of(request)));
            return HandlerResponse::Handled;
        });
        set_post_routing_handler([this](auto const&, auto& response) {
            if (was_understood_) return;
            response.headers.erase("Connection");
            response.headers.erase("Keep-Alive");
            response.set_header("Connection", "close");
        });
        set_keep_alive_timeout(idle_limit.count());
        set_keep_alive_max_count(max_requests);
        // Nothing is uploaded here.
        set_payload_max_length(0);
    }

    /// False where the connection must end after this request.
    bool serve_one(Wire& wire, bool is_last) {
        bool is_closed = is_last;
        bool leaves_a_body = false;
        auto const note = [&](httplib::Request const& request) {
            leaves_a_body = has_body(request);
        };
        was_understood_ = false;
        bool const is_done = process_request(wire, is_last, is_closed, note);
        return is_done && was_understood_ && !is_closed && !leaves_a_body && !wire.is_broken();
    }

 private:
    static void fill(httplib::Response& response, Answer const& answer) {
        response.status = answer.status;
        for (auto const& [key, value] : answer.headers) response.set_header(key, value);
        response.set_header("X-Content-Type-Options", "nosniff");
        if (answer.status != 304) response.set_content(answer.body, answer.type);
    }

    /// The library refuses what it cannot read before it asks for a route, and would take the rest
    /// of the same bytes for the next request (RFC 9112 section 2.2).
    bool was_understood_ = false;
};

/// False where nothing comes, or where somebody waits for the place after `yields_from`.
bool waits_for_request(tls::WaitingStream& stream,
                       tls::WaitingStream::Clock::time_point yields_from,
                       std::function<bool()> const& is_wanted) {
    using Clock = tls::WaitingStream::Clock;
    auto const until = Clock::now() + idle_limit;
    stream.set_deadline(until);
    for (;;) {
        if (stream.waits_for_input(Clock::now() + yield_interval)) return true;
        auto const now = Clock::now();
        if (now >= until || (now >= yields_from && is_wanted())) return false;
    }
}

}  // namespace

void serve_http(tls::WaitingStream& stream, Respond const& respond,
                std::function<bool()> const& is_wanted) {
    using Clock = tls::WaitingStream::Clock;
    Requests requests(respond);
    Wire wire(stream);
    for (int count = 1; count <= max_requests; ++count) {
        auto const yields_from =
            Clock::now() + (count == 1 ? Clock::duration(first_request_grace) : Clock::duration(0));
        if (!wire.has_more() && !waits_for_request(stream, yields_from, is_wanted)) return;
        stream.set_deadline(Clock::now() + request_limit);
        wire.begin_request();
        if (!requests.serve_one(wire, count == max_requests || is_wanted())) return;
    }
}

}  // namespace sallyport::console
