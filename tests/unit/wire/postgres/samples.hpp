// Messages as they were seen on the wire between psql and PostgreSQL: 15, and 18 where it says so.
// The user is "a", the password "pw".
#pragma once

#include "support/script.hpp"
#include "wire/postgres/messages.hpp"

namespace sallyport::postgres::samples {

using test::hex;
using test::operator+;

inline Buffer bytes_of(std::string_view text) {
    return {as_bytes(text).begin(), as_bytes(text).end()};
}

/// A whole message without its type and length.
inline Buffer body_of(Buffer const& message) {
    return {message.begin() + message_head_size, message.end()};
}

inline Buffer const ssl_request = hex("00000008 04d2162f");
inline Buffer const gss_request = hex("00000008 04d21630");

/// user a, database postgres, application_name psql
inline Buffer const startup =
    hex("00000038 00030000 7573657200 6100 646174616261736500 706f73746772657300"
        "6170706c69636174696f6e5f6e616d6500 7073716c00 00");

/// PostgreSQL 18, protocol 3.2: a secret of 32 bytes, and the request that cancels with it.
inline Buffer const long_key =
    hex("4b 00000028 00003bbe"
        "46033f1d8f0ea19619238769825cf7e4409f0580c22098202024c9090e412278");
inline Buffer const long_cancel =
    hex("0000002c 04d2162e 00003bbe"
        "46033f1d8f0ea19619238769825cf7e4409f0580c22098202024c9090e412278");

inline Buffer const short_key = hex("4b 0000000c 00003b56 c9f666ab");
inline Buffer const short_cancel = hex("00000010 04d2162e 00003b56 c9f666ab");

/// AuthenticationSASL: SCRAM-SHA-256
inline Buffer const sasl = hex("52 00000017 0000000a 534352414d2d5348412d32353600 00");
/// "n,,n=,r=B7U9OnQZTW6NZLpznbosaxvx"
inline Buffer const sasl_initial =
    hex("70 00000036 534352414d2d5348412d32353600 00000020"
        "6e2c2c6e3d2c723d423755394f6e515a5457364e5a4c707a6e626f7361787678");
/// "r=B7U9OnQZTW6NZLpznbosaxvxHuIJ5hnZJvhHG4/Vb7Fzh9OJ,s=6nA7s/GD4p8NIlgSkJmT7Q==,i=4096"
inline Buffer const sasl_continue =
    hex("52 0000005c 0000000b"
        "723d423755394f6e515a5457364e5a4c707a6e626f73617876784875494a35686e5a4a76684847342f56623746"
        "7a68394f4a2c733d366e4137732f47443470384e496c67536b4a6d5437513d3d2c693d34303936");
/// "c=biws,r=(both nonces),p=Al+BrycIdDT3FUZHfd38jOrvgyDPFmgJtSS9LIbvONI="
inline Buffer const sasl_response =
    hex("70 0000006c"
        "633d626977732c723d423755394f6e515a5457364e5a4c707a6e626f73617876784875494a35686e5a4a766848"
        "47342f566237467a68394f4a2c703d416c2b42727963496444543346555a48666433386a4f727667794450466d"
        "674a745353394c4962764f4e493d");
/// "v=NenDwgwFj+/8pb5YFTP7MbpI5hBe8VZe1DorG2vaGJQ="
inline Buffer const sasl_final =
    hex("52 00000036 0000000c"
        "763d4e656e44776777466a2b2f3870623559465450374d6270493568426538565a6531446f7247327661474a51"
        "3d");
inline Buffer const auth_ok = hex("52 00000008 00000000");
/// ParameterStatus: application_name psql; client_encoding UTF8
inline Buffer const parameters =
    hex("53 0000001a 6170706c69636174696f6e5f6e616d6500 7073716c00"
        "53 00000019 636c69656e745f656e636f64696e6700 5554463800");
inline Buffer const ready = hex("5a 00000005 49");

/// FATAL 28P01: password authentication failed for user "a"
inline Buffer const wrong_password =
    hex("45 00000061 53464154414c00 56464154414c00 43323850303100"
        "4d70617373776f72642061757468656e7469636174696f6e206661696c656420666f722075736572202261"
        "2200 46617574682e6300 4c33333400 52617574685f6661696c656400 00");
/// FATAL 3D000: database "nosuch" does not exist
inline Buffer const no_database =
    hex("45 0000005b 53464154414c00 56464154414c00 43334430303000"
        "4d646174616261736520226e6f737563682220646f6573206e6f7420657869737400"
        "46706f7374696e69742e6300 4c39343800 52496e6974506f73746772657300 00");

}  // namespace sallyport::postgres::samples
