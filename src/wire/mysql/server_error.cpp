// Protocol::ERR_Packet: what a server says when it refuses.
#include "wire/mysql/messages.hpp"

namespace sallyport::mysql {
namespace {

constexpr std::byte error_marker{0xff};
constexpr std::size_t state_size = 5;

}  // namespace

bool is_error(Bytes payload) {
    return !payload.empty() && payload.front() == error_marker;
}

Result<ServerError> read_error(Bytes payload) {
    if (!is_error(payload)) return Errc::malformed;
    Reader in(payload.subspan(1));
    ServerError error;
    error.code = in.u16le();
    // A server that does not know yet what the client speaks leaves the SQLSTATE out.
    if (in.remaining() > state_size && in.rest().front() == std::byte{'#'}) {
        in.skip(1);
        error.sql_state = as_text(in.take(state_size));
    }
    error.message = as_text(in.rest());
    if (!in.ok()) return Errc::malformed;
    return error;
}

Buffer write_error(ServerError const& error) {
    Buffer payload{error_marker};
    Writer out(payload);
    out.u16le(error.code);
    if (!error.sql_state.empty()) {
        out.u8('#');
        out.text(error.sql_state);
    }
    out.text(error.message);
    return payload;
}

}  // namespace sallyport::mysql
