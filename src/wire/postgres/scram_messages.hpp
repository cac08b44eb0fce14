// The four messages of SCRAM, cut into their attributes (RFC 5802 section 7). Values that are
// base64 stay base64 here: what they mean is identity/scram's.
#pragma once

#include "base/errc.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sallyport::postgres {

/// Of one side's part of the nonce. PostgreSQL's own limit is that of the message it comes in; a
/// real one has 18 bytes, base64.
inline constexpr std::size_t max_nonce = 256;

/// client-first-message. The views point into the text that was read.
struct ScramClientFirst {
    enum class Binding : char {
        not_supported = 'n',  ///< the client does not bind
        not_offered = 'y',    ///< the client would bind, but thinks that the server cannot
        used = 'p',
    };
    Binding binding = Binding::not_supported;
    std::string_view binding_name;  ///< "tls-server-end-point"; only where used
    std::string_view gs2_header;    ///< "n,,", "y,," or "p=NAME,,": what the proof covers
    std::string_view bare;          ///< what follows the gs2-header
    std::string_view nonce;
};
/// Errc::malformed: anything that RFC 5802 section 7 does not allow, an authzid (PostgreSQL takes
/// none), mandatory extensions (m=), a nonce that is empty, too long or not printable. The name is
/// not judged: PostgreSQL goes by the StartupMessage's, libpq leaves this one empty, and some
/// drivers forget its escapes.
Result<ScramClientFirst> read_scram_client_first(std::string_view text);

/// server-first-message.
struct ScramServerFirst {
    std::string_view nonce;
    std::string_view salt;  ///< base64
    std::uint32_t iterations = 0;
};
/// Errc::malformed; also where the iterations are 0 or not a number of at most 31 bits.
Result<ScramServerFirst> read_scram_server_first(std::string_view text);
std::string write_scram_server_first(ScramServerFirst const& first);

/// client-final-message.
struct ScramClientFinal {
    std::string_view binding;  ///< base64 of gs2-header and channel binding data
    std::string_view nonce;
    std::string_view proof;          ///< base64
    std::string_view without_proof;  ///< everything before ",p="
};
/// Errc::malformed.
Result<ScramClientFinal> read_scram_client_final(std::string_view text);

/// server-final-message.
struct ScramServerFinal {
    std::string_view signature;  ///< base64; empty where the server says an error
    std::string_view error;      ///< for example "invalid-proof"
};
/// Errc::malformed.
Result<ScramServerFinal> read_scram_server_final(std::string_view text);

}  // namespace sallyport::postgres
