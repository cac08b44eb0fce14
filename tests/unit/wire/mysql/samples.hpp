// Packets as they were seen on the wire between real clients and MariaDB 10.11 (passwords are
// "pw").
#pragma once

#include "support/script.hpp"

namespace sallyport::test {

inline Buffer const mariadb_greeting =
    hex("64000000 0a 352e352e352d31302e31312e31392d4d6172696144422d302b64656231327531 00 13000000"
        "627856275b77636a 00 feff 08 0200 ff81 15 000000000000 1d000000 6953412d5d6c2a2a335f645b 00"
        "6d7973716c5f6e61746976655f70617373776f7264 00");

/// The mariadb command line in plain text: user a, database d, connection attributes.
inline Buffer const mariadb_login = hex(
    "cf000001 8ca2bf00 00001000 21 00000000000000000000000000000000000000 1d000000 6100"
    "14 3b9ba26431d19bdf0a581be669948d6a02832ffd 6400 6d7973716c5f6e61746976655f70617373776f726400"
    "7f 035f6f73054c696e75780c5f636c69656e745f6e616d650a6c69626d617269616462045f70696405323132383"
    "10f5f636c69656e745f76657273696f6e06332e332e3230095f706c6174666f726d067838365f36340c70726f6772"
    "616d5f6e616d65056d7973716c0c5f7365727665725f686f7374093132372e302e302e31");

/// The same program asking for TLS, and the first bytes of what it sends next, a ClientHello.
inline Buffer const mariadb_ssl_request =
    hex("20000001 84aabf00 00001000 21 00000000000000000000000000000000000000 1d000000");
inline Buffer const client_hello =
    hex("1603010200010001fc0303869141e2cd93334b1a0a3c0ca5b92156e27b775fbd1a60b1016809b17f591c30");

/// PHP's mysqlnd: CLIENT_MYSQL is set, no extended capabilities.
inline Buffer const mysqlnd_login = hex(
    "7c000001 8da21a00 000000c0 08 0000000000000000000000000000000000000000000000 6100"
    "14 225f9f702b226902dd34e5d90a20602d13ab7e4a 6400 6d7973716c5f6e61746976655f70617373776f726400"
    "2c 0c5f636c69656e745f6e616d65076d7973716c6e640c5f7365727665725f686f7374093132372e302e302e31");

/// The server's switch to ed25519 with its scramble, the client's signature, and the OK.
inline Buffer const ed25519_switch = hex(
    "30000002 fe 636c69656e745f656432353531390057b65dee7a3fd6d53202d25018febaceea56b7f59245f83ba526"
    "7ef48a446d95");
inline Buffer const ed25519_answer =
    hex("40000003 "
        "0b23fddc745503ac8c155d0b3f72b08f94576cd979670093cfa4fcd34fd46596b5a89c80749a91a2df15fb"
        "2db08287ecbf49b4ad2f506f4ebdf7b9e86c89760d");
inline Buffer const ed25519_ok = hex("07000004 00000002000000");

/// "Access denied for user 'a'@'localhost' (using password: YES)"
inline Buffer const access_denied =
    hex("45000002 ff 1504 23 3238303030 "
        "4163636573732064656e69656420666f7220757365722027612740276c6f6361"
        "6c686f73742720287573696e672070617373776f72643a2059455329");

/// A whole packet's payload.
inline Buffer payload_of(Buffer const& packet) {
    return {packet.begin() + 4, packet.end()};
}

}  // namespace sallyport::test
