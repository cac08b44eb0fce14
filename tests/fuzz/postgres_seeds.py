"""Messages between psql and PostgreSQL 15 (protocol 3.2: 18), and their kin."""

from chunks import back, front

SSL_REQUEST = bytes.fromhex("0000000804d2162f")
GSS_REQUEST = bytes.fromhex("0000000804d21630")
CANCEL = bytes.fromhex("0000001004d2162e00003b56c9f666ab")
LONG_KEY = bytes.fromhex(
    "00003bbe46033f1d8f0ea19619238769825cf7e4409f0580c22098202024c9090e412278")
CLIENT_FIRST = b"n,,n=,r=B7U9OnQZTW6NZLpznbosaxvx"
NONCES = b"r=B7U9OnQZTW6NZLpznbosaxvxHuIJ5hnZJvhHG4/Vb7Fzh9OJ"
SERVER_FIRST = NONCES + b",s=6nA7s/GD4p8NIlgSkJmT7Q==,i=4096"
CLIENT_FINAL = b"c=biws," + NONCES + b",p=Al+BrycIdDT3FUZHfd38jOrvgyDPFmgJtSS9LIbvONI="
SERVER_FINAL = b"v=NenDwgwFj+/8pb5YFTP7MbpI5hBe8VZe1DorG2vaGJQ="
PLUS = b"p=tls-server-end-point,,n=,r=B7U9OnQZTW6NZLpznbosaxvx"
VERIFIER = (b"SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ=="
            b"$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=")
MECHANISMS = b"SCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0"
WRONG_PASSWORD = (b"SFATAL\0VFATAL\0C28P01\0Mpassword authentication failed for user \"a\"\0"
                  b"Fauth.c\0L334\0Rauth_failed\0\0")


def number(value: int) -> bytes:
    return value.to_bytes(4, "big")


def packet(code: int, rest: bytes) -> bytes:
    return number(8 + len(rest)) + number(code) + rest


def startup(protocol: int, parameters: dict[str, str]) -> bytes:
    texts = "".join(f"{name}\0{value}\0" for name, value in parameters.items())
    return packet(protocol, texts.encode() + b"\0")


def message(kind: bytes, body: bytes) -> bytes:
    return kind + number(4 + len(body)) + body


def auth(kind: int, data: bytes = b"") -> bytes:
    return message(b"R", number(kind) + data)


def sasl_initial(mechanism: bytes, data: bytes) -> bytes:
    return mechanism + b"\0" + number(len(data)) + data


PSQL = startup(0x30000, {"user": "a", "database": "postgres", "application_name": "psql"})
PSQL_18 = startup(0x30002, {"user": "a", "database": "postgres"})
OK = auth(0)
SETTINGS = message(b"S", b"client_encoding\0UTF8\0")
KEY = message(b"K", CANCEL[8:])
READY = message(b"Z", b"I")
SELECT = message(b"Q", b"select 1\0")
INITIAL = sasl_initial(b"SCRAM-SHA-256", CLIENT_FIRST)
SCRAM = (back(auth(10, MECHANISMS)) + front(message(b"p", INITIAL))
         + back(auth(11, SERVER_FIRST)) + front(message(b"p", CLIENT_FINAL)))


def seeds() -> dict[str, dict[str, bytes]]:
    return {
        "postgres_front_opening": {
            "plain": b"\0" + PSQL,
            "tls": b"\0" + SSL_REQUEST + PSQL,
            "tls_refused": b"\1" + SSL_REQUEST + PSQL,
            "gss_then_tls": b"\0" + GSS_REQUEST + SSL_REQUEST + PSQL_18,
            "direct": b"\0\x16" + PSQL_18,
            "direct_cancel": b"\0\x16" + packet(80877102, LONG_KEY),
            "cancel": b"\0" + CANCEL,
            "tls_cancel": b"\0" + SSL_REQUEST + CANCEL,
            "tls_twice": b"\0" + SSL_REQUEST + SSL_REQUEST,
            "something_waits": b"\2" + SSL_REQUEST + PSQL,
            "old": b"\0" + packet(0x20000, bytes(288)),
            "http": b"\0GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        },
        "postgres_startup": {
            "psql": PSQL,
            "psql_18": PSQL_18,
            "only_user": startup(0x30000, {"user": "a"}),
            "options": startup(0x30000, {"user": "a", "options": "", "_pq_.x": "1"}),
            "no_user": startup(0x30000, {"database": "d"}),
            "old": startup(0x20000, {"user": "a"}),
        },
        "postgres_cancel": {
            "short": CANCEL,
            "long": packet(80877102, LONG_KEY),
            "key": LONG_KEY,
            "no_secret": packet(80877102, number(1)),
        },
        "postgres_auth": {
            "ok": number(0),
            "md5": number(5) + b"salt",
            "sasl": number(10) + MECHANISMS,
            "mechanisms": MECHANISMS,
            "initial": INITIAL,
            "initial_plus": sasl_initial(b"SCRAM-SHA-256-PLUS", PLUS),
            "initial_none": b"OAUTHBEARER\0" + b"\xff" * 4,
            "password": b"pw\0",
        },
        "postgres_error": {
            "wrong_password": WRONG_PASSWORD,
            "hint": b"SFATAL\0C28000\0Mno\0Dbecause\0Htry sslmode=require\0\0",
            "other_language": b"VFATAL\0SFATALE\0C3D000\0Mnon esiste\0\0",
        },
        "postgres_scram": {
            "client_first": CLIENT_FIRST,
            "client_first_plus": PLUS,
            "client_first_extended": b"y,,n=a=2Cb,r=abc,x=1",
            "server_first": SERVER_FIRST,
            "client_final": CLIENT_FINAL,
            "client_final_extended": b"c=eSws,r=abc,x=1,p=AAAA",
            "server_final": SERVER_FINAL,
            "server_error": b"e=invalid-proof",
        },
        "postgres_data_row": {
            "verifier": b"\0\2" + number(5) + b"alice" + number(len(VERIFIER)) + VERIFIER,
            "null": b"\0\2" + number(5) + b"alice" + b"\xff" * 4,
            "empty": b"\0\0",
            "empty_text": b"\0\1" + number(0),
        },
        "postgres_login_watch": {
            "scram": SCRAM + back(auth(12, SERVER_FINAL) + OK + SETTINGS + KEY + READY)
                     + front(SELECT) + back(message(b"D", b"\0\1\0\0\0\0011")),
            "wrong_password": SCRAM + back(message(b"E", WRONG_PASSWORD)),
            "trust": back(OK + SETTINGS + message(b"K", LONG_KEY) + KEY + READY),
            "no_database": back(OK + message(b"E", WRONG_PASSWORD) + KEY),
            "md5": back(auth(5, b"salt")) + front(message(b"p", b"md5\0")) + back(OK + READY),
            "gss": back(auth(7)) + front(message(b"p", b"t")) + back(auth(8, b"t") + OK + READY),
            "version": back(message(b"v", number(0x30000) + number(0)) + auth(10, MECHANISMS)),
            "slipped_in": back(auth(3)) + front(message(b"p", b"pw\0") + SELECT),
        },
    }
