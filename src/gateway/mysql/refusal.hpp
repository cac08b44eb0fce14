// What a refused client is told, decided here and nowhere else: in its own protocol, without a word
// about our insides (DESIGN section 8). The reason in full is the log's.
#pragma once

#include "base/errc.hpp"
#include "wire/mysql/messages.hpp"

#include <optional>
#include <string>

namespace sallyport::gateway {

/// The error packet for a session that ends like this; nothing where the connection is simply
/// closed: the client is gone, or TLS itself has told it with an alert.
/// `user`, `host` and `with_password` fill MySQL's own texts.
std::optional<mysql::ServerError> refusal_for(Ending const& ending, std::string const& backend,
                                              std::string const& user, std::string const& host,
                                              bool with_password);

}  // namespace sallyport::gateway
