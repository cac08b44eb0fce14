// What a refused PostgreSQL client is told, decided here and nowhere else: in its own protocol,
// without a word about our insides (DESIGN section 8). The reason in full is the log's.
#pragma once

#include "base/errc.hpp"
#include "wire/postgres/messages.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace sallyport::gateway {

/// Who is refused, as PostgreSQL's own texts name it.
struct RefusedClient {
    std::string host;
    std::string user;
    std::string database;
    std::string backend;
    bool is_tls = false;
    std::uint32_t version = 0;  ///< of the protocol, where it is not one that is spoken here
};

/// The error for a session that ends like this; nothing where the connection is simply closed: the
/// client is gone, or TLS itself has told it with an alert.
std::optional<postgres::ServerError> refusal_for(Ending const& ending, RefusedClient const& client);

}  // namespace sallyport::gateway
