// One message at a time from a stream: for the parts of a login that are not simply relayed.
#pragma once

#include "tls/stream.hpp"
#include "wire/postgres/messages.hpp"

#include <optional>

namespace sallyport::gateway {

struct Message {
    char type = 0;
    Buffer body;

    /// As it came.
    Buffer whole() const { return postgres::make_message(type, body); }
};

/// Reads one message whose body has at most `limit` bytes. With `only`, messages of other types are
/// not waited for to be whole: Errc::unexpected_packet. Else Errc::malformed, too_large, or as the
/// stream fails.
inline net::Task<Result<Message>> read_message(tls::Stream& stream, std::size_t limit,
                                               std::optional<char> only = std::nullopt) {
    Buffer bytes(postgres::message_head_size);
    auto const got_head = co_await stream.read_exact(bytes);
    if (!got_head) co_return got_head.error();
    auto const head = postgres::read_message_head(bytes);
    if (!head) co_return head.error();
    if (only && head->type != *only) co_return Errc::unexpected_packet;
    if (head->body > limit) co_return Errc::too_large;
    Message message;
    message.type = head->type;
    message.body.resize(head->body);
    auto const got_body = co_await stream.read_exact(message.body);
    if (!got_body) co_return got_body.error();
    co_return message;
}

}  // namespace sallyport::gateway
