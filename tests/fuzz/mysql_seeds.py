"""Packets of real clients and of MariaDB 10.11, and their kin."""

from chunks import back, front

GREETING = bytes.fromhex(
    "0a352e352e352d31302e31312e31392d4d6172696144422d302b64656231327531001300000062785627"
    "5b77636a00feff080200ff81150000000000001d0000006953412d5d6c2a2a335f645b006d7973716c5f"
    "6e61746976655f70617373776f726400")
ATTRIBUTES = b"\x03_os\x05Linux\x0c_client_name\x0alibmariadb"
NATIVE = b"mysql_native_password\0"
SIGNATURE = bytes.fromhex("3b9ba26431d19bdf0a581be669948d6a02832ffd")
SSL, WITH_DB, LENENC, ZSTD, PROTOCOL_41, SECURE = 1 << 11, 1 << 3, 1 << 21, 1 << 26, 1 << 9, 1 << 15
LIBMARIADB = 0x00BFA28C
OK = bytes.fromhex("00000002000000")
DENIED = b"\xff\x15\x04#28000Access denied for user 'a'@'localhost' (using password: YES)"


def packet(sequence: int, payload: bytes) -> bytes:
    return len(payload).to_bytes(3, "little") + bytes([sequence]) + payload


def frame(sequence: int, packets: bytes) -> bytes:
    return packet(sequence, packets)[:4] + b"\0\0\0" + packets


def head(capabilities: int, extended: int = 0x1D) -> bytes:
    return (capabilities.to_bytes(4, "little") + b"\0\0\x10\0\x21" + bytes(19)
            + extended.to_bytes(4, "little"))


def counted(data: bytes) -> bytes:
    return bytes([len(data)]) + data


def login(capabilities: int) -> bytes:
    return (head(capabilities) + b"a\0" + counted(SIGNATURE) + b"d\0" + NATIVE
            + counted(ATTRIBUTES))


def query(text: bytes) -> bytes:
    return packet(0, b"\x03" + text)


def seeds() -> dict[str, dict[str, bytes]]:
    tls_login = LIBMARIADB | SSL
    switch = b"\xfeclient_ed25519\0" + bytes(range(1, 33))
    kill = query(b"KILL QUERY 1073741825")
    change_user = packet(0, b"\x11e\0" + counted(SIGNATURE) + b"d\0\x08\0" + NATIVE)
    return {
        "greeting": {
            "mariadb": GREETING,
            "mysql": b"\x0a8.0.36\0\x08\0\0\0abcdefgh\0\xff\xff\xff\x02\0\xff\xdf\x15" + bytes(10)
                     + b"abcdefghijkl\0caching_sha2_password\0",
            "no_plugin": b"\x0a5.1\0\x08\0\0\0abcdefgh\0\0\x82\x08\x02\0\0\0\0" + bytes(10)
                         + b"abcdefghijkl\0",
        },
        "login": {
            "libmariadb": login(LIBMARIADB),
            "ssl_request": head(tls_login),
            "mysqlnd": head(0x001AA28D, 0) + b"a\0" + counted(SIGNATURE) + b"d\0" + NATIVE + b"\0",
            "ends_early": head(SECURE | PROTOCOL_41, 0) + b"a\0\0",
            "old_password": head(PROTOCOL_41 | WITH_DB, 0) + b"a\0secret\0d",
            "zstd": login(LIBMARIADB | ZSTD) + b"\x03",
            "long_auth": head(PROTOCOL_41 | LENENC) + b"a\0\xfc\x00\x01" + b"x" * 256,
            "before_4_1": b"\x05\x84\xff\xff\xffuser\0ss",
        },
        "front_opening": {
            "plain": b"\0" + packet(1, login(LIBMARIADB)),
            "tls": b"\0" + packet(1, head(tls_login)) + packet(2, login(tls_login)),
            "tls_not_offered": b"\1" + packet(1, head(tls_login)),
            "changed": b"\0" + packet(1, head(tls_login)) + packet(2, login(tls_login | ZSTD)),
            "as_mysql": b"\2" + packet(1, login(LIBMARIADB | 1)),
            "no_lenenc": b"\4" + packet(1, login(LIBMARIADB)),
            "http": b"\0GET / HTTP/1.1\r\nHost: x\r\n\r\n",
            "client_hello": b"\0\x16\x03\x01\x01\x8c\x01\0\0\x88\x03\x03" + bytes(32),
        },
        "back_greeting": {
            "mariadb": packet(0, GREETING),
            "too_many": packet(0, b"\xff\x10\x04Too many connections"),
            "denied": packet(2, DENIED),
        },
        "error": {
            "denied": DENIED,
            "at_connect": b"\xff\x6a\x04Host 'h' is not allowed to connect",
            "hash": b"\xff\x10\x04#2800",
        },
        "statement": {
            "kill": b"/* a */ KILL HARD QUERY 1073741825 ; -- b",
            "alter": b"alter instance reload tls for channel mysql_main no rollback on error;",
            "flush": b"# a\nFLUSH NO_WRITE_TO_BINLOG SSL",
            "other": b"/*! KILL 1073741825 */",
        },
        "login_watch": {
            "ed25519": b"\2" + back(packet(2, switch)) + front(packet(3, bytes(64)))
                       + back(packet(4, OK)),
            "shifted": b"\3" + back(packet(2, switch)) + front(packet(4, SIGNATURE))
                       + back(packet(4, OK)) + front(kill),
            "fast_path": b"\2" + back(packet(2, b"\1\3") + packet(3, OK)),
            "full_path": b"\2" + back(packet(2, b"\1\4")) + front(packet(3, b"\2"))
                         + back(packet(4, b"\1key")) + front(packet(5, SIGNATURE))
                         + back(packet(6, OK)),
            "denied": b"\2" + back(packet(2, DENIED)),
            "slipped_in": b"\2" + back(packet(2, switch)) + front(packet(3, SIGNATURE) + kill),
        },
        "command_watch": {
            "kill": b"\0" + front(kill),
            "process_kill": b"\0" + front(packet(0, b"\x0c\1\0\0\x40")),
            "change_user": b"\0" + front(change_user) + front(packet(0, b"\1")),
            "compressed": b"\1" + front(frame(0, kill)) + front(frame(0, packet(0, b"\1"))),
            "attributes": b"\2" + front(packet(0, b"\3\0\1KILL 1073741825")),
            "reload": b"\0" + front(query(b"FLUSH SSL")) + back(packet(1, OK)),
            "load_data": b"\0" + front(query(b"load data local")) + front(packet(255, b"\3kill"))
                         + front(packet(0, b"\3kill") + packet(255, b"") + kill),
            "mixed": b"\0" + front(query(b"select 1") + query(b"/* x */ kill 1073741825 ;")),
        },
    }
