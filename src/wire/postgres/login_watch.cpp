#include "wire/postgres/login_watch.hpp"

#include <algorithm>

namespace sallyport::postgres {
namespace {

/// ReadyForQuery's body is the transaction's status.
constexpr std::uint32_t ready_body = 1;

/// Takes what it can of a message that just passes off the front of `rest`; gives how much.
std::size_t skip(std::uint32_t& left, std::size_t rest) {
    auto const size = std::min<std::size_t>(left, rest);
    left -= static_cast<std::uint32_t>(size);
    return size;
}

/// What is read and not only followed.
bool is_read(char type) {
    return type == message::authentication || type == message::backend_key_data ||
           type == message::error_response;
}

/// SASLFinal is the mechanism's last word, with AuthenticationOk behind it. All others, those that
/// we do not know too, want something of the client.
bool wants_answer(Auth kind) {
    return kind != Auth::ok && kind != Auth::sasl_final;
}

}  // namespace

Result<std::size_t> LoginWatch::from_back(MutableBytes chunk) {
    std::size_t passed = 0;
    while (outcome_ == Outcome::pending || outcome_ == Outcome::accepted) {
        passed += skip(back_skip_, chunk.size() - passed);
        auto const rest = chunk.subspan(passed);
        if (rest.size() < message_head_size) return passed;
        auto const head = read_message_head(rest.first(message_head_size));
        if (!head) return head.error();
        if (!is_read(head->type)) {
            if (auto const followed = follow(*head); !followed) return followed.error();
            passed += message_head_size;
            continue;
        }
        if (head->body > max_login_message) return Errc::too_large;
        if (rest.size() - message_head_size < head->body) return passed;
        auto const taken = take(*head, rest.subspan(message_head_size, head->body));
        if (!taken) return taken.error();
        passed += message_head_size + head->body;
    }
    return outcome_ == Outcome::ready ? chunk.size() : passed;
}

Result<void> LoginWatch::follow(MessageHead const& head) {
    switch (head.type) {
        case message::notice_response:
        case message::parameter_status:
        case message::negotiate_version:
            break;
        case message::ready_for_query:
            if (outcome_ != Outcome::accepted || head.body != ready_body) return Errc::malformed;
            outcome_ = Outcome::ready;
            break;
        default:
            return Errc::malformed;
    }
    back_skip_ = head.body;
    return {};
}

Result<void> LoginWatch::take(MessageHead const& head, MutableBytes body) {
    if (head.type == message::error_response) {
        auto error = read_error(body);
        if (!error) return error.error();
        error_ = std::make_unique<ServerError const>(std::move(*error));
        outcome_ = Outcome::refused;
        is_asked_ = false;
        return {};
    }
    // The client has proved itself, or it has not: nothing is asked twice, and there is no key for
    // one that has not.
    bool const is_key = head.type == message::backend_key_data;
    if (is_key != (outcome_ == Outcome::accepted)) return Errc::malformed;
    if (is_key) {
        if (has_key_) return Errc::malformed;
        auto const key = read_backend_key(body);
        if (!key) return key.error();
        has_key_ = true;
        rekey_(*key, body.subspan(secret_offset));
        return {};
    }
    auto const request = read_auth(body);
    if (!request) return request.error();
    is_asked_ = wants_answer(request->kind);
    if (request->kind == Auth::ok) outcome_ = Outcome::accepted;
    return {};
}

Result<std::size_t> LoginWatch::from_front(Bytes chunk) {
    std::size_t passed = 0;
    while (outcome_ == Outcome::pending || outcome_ == Outcome::refused) {
        passed += skip(front_skip_, chunk.size() - passed);
        auto const rest = chunk.subspan(passed);
        if (rest.size() < message_head_size) return passed;
        auto const head = read_message_head(rest.first(message_head_size));
        if (!head) return head.error();
        bool const is_answer = head->type == message::password;
        if (!is_answer || !is_asked_) return Errc::unexpected_packet;
        if (head->body > max_auth_answer) return Errc::too_large;
        is_asked_ = false;
        front_skip_ = head->body;
        passed += message_head_size;
    }
    return chunk.size();
}

}  // namespace sallyport::postgres
