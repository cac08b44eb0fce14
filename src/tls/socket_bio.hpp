// OpenSSL's view of a Socket: a BIO whose reads and writes are the socket's.
//
// OpenSSL's own socket BIO would write without MSG_NOSIGNAL and would ask a descriptor again that
// we know to be empty.
#pragma once

#include "net/socket.hpp"
#include "tls/handles.hpp"

namespace sallyport::tls {

/// The BIO does not own the socket, which must outlive it.
BioPtr make_socket_bio(net::Socket& socket);

}  // namespace sallyport::tls
