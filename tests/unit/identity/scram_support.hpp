// The exchange of RFC 7677 section 3, and the same as a client says it that names no user, or
// binds; those worked out by hand with another implementation of HMAC.
#pragma once

#include "identity/scram.hpp"

#include <cstddef>
#include <string>

namespace sallyport::identity::test {

inline std::string const salt = "W22ZaJ0SNY7soEsUEjb6gQ==";
inline std::string const client_nonce = "rOprNGfwEbeRWgbNEkqO";
inline std::string const server_nonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
inline std::string const nonce = client_nonce + server_nonce;

/// Of the password "pencil".
inline std::string const verifier_text =
    "SCRAM-SHA-256$4096:" + salt +
    "$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=";

inline std::string const client_first = "n,,n=user,r=" + client_nonce;
inline std::string const server_first = "r=" + nonce + ",s=" + salt + ",i=4096";
inline std::string const client_final =
    "c=biws,r=" + nonce + ",p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
inline std::string const server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";

// Without a user's name, as PostgreSQL's clients do it.
inline std::string const anonymous_first = "n,,n=,r=" + client_nonce;
inline std::string const anonymous_final =
    "c=biws,r=" + nonce + ",p=qvT2SWdEH5Q06albL+hjSYuUhCG7VndFyzIb7CK4n9k=";
inline std::string const anonymous_server_final = "v=3HO6Qt1M4MKJrmlKaoOqLAI0/0TV0HZe7J9H3MBtSOg=";

// The same, bound to end_point().
inline std::string const bound_first = "p=tls-server-end-point,,n=,r=" + client_nonce;
inline std::string const bound_final =
    "c=cD10bHMtc2VydmVyLWVuZC1wb2ludCwsAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=,r=" + nonce +
    ",p=Q8h71kjaoMzNI7dPksDrhRE/5mTUObF0fUHVIgBOWQg=";
inline std::string const bound_server_final = "v=ykwoqH8mLqO5AQCeuwwf6lsj9f8zyJZT/CcvAbN4Ssc=";

/// 00 01 02 … 1f.
inline Buffer end_point() {
    Buffer bytes;
    for (unsigned i = 0; i < 32; ++i) bytes.push_back(std::byte(i));
    return bytes;
}

inline ScramVerifier verifier() {
    return ScramVerifier::parse(verifier_text).value();
}
inline ScramKeys keys() {
    return ScramKeys::derive("pencil", salt, 4096).value();
}

}  // namespace sallyport::identity::test
