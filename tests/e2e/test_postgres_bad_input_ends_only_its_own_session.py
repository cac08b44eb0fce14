"""Whatever strangers send in place of a PostgreSQL login ends their own connection, with the right
error and one log line, and nothing of it reaches the database. Others do not notice."""

import random
import socket
import ssl
import struct
from contextlib import suppress

import pytest
from support import pgwire, wire
from support.pgwire import ServerError, message, opening, startup

PROTOCOL = pgwire.version(3, 0)
GOOD = startup("app")
GONE = ("peer_closed", "peer_vanished", "network")
UNDERSTOOD_NOT = ("malformed", "too_large", "unexpected_packet")
STALLING = {"connect-timeout": 2}


@pytest.fixture(scope="module")
def gateway(open_shared_door, pg15):
    door = open_shared_door(pg15, tls={"require-secure-transport": False},
                            backend_settings={"health-interval": 3600})
    door.wait_for_log("backend is up")
    return door


@pytest.fixture(scope="module")
def hasty_gateway(open_shared_door, pg15):
    """One that does not wait for long."""
    door = open_shared_door(pg15, tls={"require-secure-transport": False},
                            backend_settings={"health-interval": 3600}, limits=STALLING)
    door.wait_for_log("backend is up")
    return door


@pytest.fixture(scope="module")
def bystander(gateway, pki):
    with pgwire.connect(gateway.port, "app", tls=pki.context(), binding="disable") as client:
        yield client


class Ending:
    """What became of the sessions since this was made, but for the bystander's."""

    def __init__(self, door):
        self.door = door
        self.before = len(door.sessions())

    def __call__(self, count: int = 1) -> dict:
        """Awaits the log line of the `count`th of them."""
        record = self.door.wait_for_session(count=self.before + count)
        assert record["leg"] == "front", record
        return record

    def count(self) -> int:
        return len(self.door.sessions()) - self.before


@pytest.fixture
def ending(gateway, pg15, bystander):
    """Checks at the end that the database heard nothing, and that the bystander goes on."""
    log, made = len(pg15.log()), Ending(gateway)
    yield made
    made()
    assert bystander.query("SELECT 'still here'") == [("still here",)]
    assert "connection received" not in pg15.log()[log:]


def answer_to(port: int, data: bytes, context=None, leaves: bool = False) -> bytes:
    """What the door says to these bytes until it closes; with `context`, inside direct TLS."""
    with pgwire.Client(port) as client:
        if context:
            client.open_direct_tls(context)
        with suppress(ConnectionError):  # It may have closed before it was told everything.
            client.raw(data)
            if leaves:
                half_close(client)
        return client.read_to_end()


def half_close(client: pgwire.Client) -> None:
    """A bare FIN, and the answer is still read: SSLSocket's own would give up TLS as well."""
    socket.socket.shutdown(client.sock, socket.SHUT_WR)


def as_error(answer: bytes) -> ServerError:
    assert answer[:1] == b"E" and struct.unpack("!I", answer[1:5])[0] == len(answer) - 1, answer
    return ServerError.read(answer[5:])


# In place of a StartupMessage.


def sized(length: int, code: int = PROTOCOL, body: bytes = b"") -> bytes:
    """An opening packet that says of itself that it is so long."""
    return struct.pack("!II", length & 0xFFFFFFFF, code) + body


MALFORMED = {
    "a length of 0": sized(0), "a length of 3": sized(3), "a length of 7": sized(7),
    "a length of 8": sized(8), "a length of -1": sized(-1), "a length of 1 GiB": sized(1 << 30),
    "one byte too many": sized(10_005, body=bytes(9_997)),
    "a megabyte": sized((1 << 20) + 8, body=b"x" * (1 << 20)),
    "no nul anywhere": opening(PROTOCOL, b"x" * 9_996),
    "nothing but nuls": opening(PROTOCOL, bytes(100)),
    "no user": opening(PROTOCOL, b"database\0postgres\0\0"),
    "an empty user": opening(PROTOCOL, b"user\0\0\0"),
    "a user without its nul": opening(PROTOCOL, b"user\0app"),
    "no terminator": opening(PROTOCOL, b"user\0app\0"),
    "bytes behind the terminator": opening(PROTOCOL, b"user\0app\0\0database\0postgres\0\0"),
    "a query": message("Q", b"SELECT 1\0"),
    "a password": message("p", b"secret\0"),
    "an ssl request of 12 bytes": opening(pgwire.SSL, b"more"),
    "a gss request of 12 bytes": opening(pgwire.GSS, b"more"),
    "a cancel request without a key": opening(pgwire.CANCEL),
    "a cancel request of a megabyte": sized(1 << 20, pgwire.CANCEL, bytes(1 << 16)),
    "http": b"GET / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: lost\r\n\r\n",
    "ssh": b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
    "mysql": wire.packet(1, wire.login("app")),
    "a proxy header": b"PROXY TCP4 192.0.2.1 192.0.2.2 1234 5432\r\n" + GOOD,
    "a proxy header of version 2": b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0" + GOOD,
}


@pytest.mark.parametrize("direct", [False, True], ids=["plain", "direct tls"])
@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_openings(gateway, ending, pki, what, direct):
    context = pki.context() if direct else None
    fault = as_error(answer_to(gateway.port, MALFORMED[what], context))
    assert (fault.severity, fault.code) == ("FATAL", "08P01")
    record = ending()
    assert (record["stage"], record["level"]) in (("opening", "warn"), ("login", "warn"))
    assert record["reason"] in UNDERSTOOD_NOT


# Version 2's packet has a fixed size, and no length that counts: that of a whole login of it.
SECOND_VERSION = struct.pack("!II64s32s64s64s64s", 296, 2 << 16, b"postgres", b"app", b"", b"", b"")


@pytest.mark.parametrize("direct", [False, True], ids=["plain", "direct tls"])
@pytest.mark.parametrize("data", [
    SECOND_VERSION, startup("app", protocol=1 << 16), startup("app", protocol=4 << 16),
    opening(0), opening(0xFFFFFFFF), opening(1234 << 16 | 5681)],
    ids=["2.0", "1.0", "4.0", "0.0", "65535.65535", "an unknown request"])
def test_other_versions_of_the_protocol(gateway, ending, pki, data, direct):
    fault = as_error(answer_to(gateway.port, data, pki.context() if direct else None))
    assert (fault.severity, fault.code) == ("FATAL", "0A000")
    assert ending()["reason"] == "old_protocol"


@pytest.mark.parametrize("first, answer", [(pgwire.SSL_REQUEST, b""), (pgwire.GSS_REQUEST, b"N")])
@pytest.mark.parametrize("what", ["http", "a query", "a length of 3", "ssh"])
def test_rubbish_behind_an_answered_request(gateway, ending, first, answer, what):
    with pgwire.Client(gateway.port) as client:
        client.ask(first)
        client.raw(MALFORMED[what])
        told = client.read_to_end()
    if first == pgwire.SSL_REQUEST:
        assert ending()["reason"] == "tls_failed"
        assert not told or told[0] == 0x15, "nothing, or an alert"
    else:
        assert as_error(told).code == "08P01"
        assert ending()["reason"] in UNDERSTOOD_NOT


def test_tls_inside_tls(gateway, ending, pki):
    """A whole ClientHello inside the tunnel."""
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    with pytest.raises(ssl.SSLWantReadError):
        pki.context().wrap_bio(incoming, outgoing, server_hostname="localhost").do_handshake()
    assert as_error(answer_to(gateway.port, outgoing.read(), pki.context())).code == "08P01"
    assert ending()["reason"] in UNDERSTOOD_NOT


def test_a_tls_record_that_was_tampered_with(gateway, ending, pki):
    with pgwire.Client(gateway.port) as client:
        client.open_tls(pki.context())
        with socket.socket(fileno=client.sock.detach()) as sock:
            sock.settimeout(30)
            sock.sendall(b"\x17\x03\x03\x00\x40" + bytes(64))
            pgwire.Messages(sock).read_to_end()
    assert ending()["reason"] == "tls_failed"


@pytest.mark.parametrize("where", ["plain", "direct tls", "behind an ssl request"])
@pytest.mark.parametrize("seed", range(8))
def test_random_bytes(gateway, ending, pki, seed, where):
    noise = random.Random(seed).randbytes(700)
    if where == "behind an ssl request":
        with pgwire.Client(gateway.port) as client:
            assert client.ask() == b"S"
            client.raw(noise)
            half_close(client)
            client.read_to_end()
        assert ending()["reason"] in ("tls_failed", *GONE)
    else:
        context = pki.context() if where == "direct tls" else None
        assert as_error(answer_to(gateway.port, noise, context)).code in ("08P01", "0A000")


# A good opening, up to some byte.


@pytest.mark.parametrize("waits", [True, False], ids=["half-closed", "closed"])
@pytest.mark.parametrize("direct", [False, True], ids=["plain", "direct tls"])
def test_a_startup_message_cut_short(gateway, ending, pki, direct, waits):
    """At every byte. The client hears nothing: it has left."""
    for count in range(len(GOOD)):
        with pgwire.Client(gateway.port) as client:
            if direct:
                client.open_direct_tls(pki.context())
            if count:
                client.raw(GOOD[:count])
            if waits:
                half_close(client)
                with suppress(ssl.SSLError):  # The alert that TLS has for a FIN in the middle.
                    assert client.read_to_end() == b""
        record = ending(count + 1)
        assert record["reason"] in GONE and record["stage"] in ("opening", "login"), (count, record)
    assert ending.count() == len(GOOD)


@pytest.mark.parametrize("data", [
    pgwire.SSL_REQUEST[:5], pgwire.SSL_REQUEST, pgwire.SSL_REQUEST + b"\x16\x03\x01\x02\0\x01\0",
    b"\x16\x03\x01\x02\0\x01\0", pgwire.cancel_request(1, b"four")[:13]],
    ids=["ssl request", "client hello", "client hello behind its request", "direct", "cancel"])
def test_an_opening_cut_short(gateway, ending, data):
    """Whether what came so far is answered or not."""
    told = answer_to(gateway.port, data, leaves=True).removeprefix(b"S")
    assert not told or told[0] in b"E\x15", "nothing, an error or an alert"
    assert ending()["reason"] in (*GONE, "tls_failed", "unexpected_packet")


STALLS = {
    "before the first byte": (b"", False), "in the first length": (GOOD[:2], False),
    "behind the first length": (GOOD[:8], False), "in the startup message": (GOOD[:20], False),
    "in an ssl request": (pgwire.SSL_REQUEST[:6], False),
    "before the client hello": (pgwire.SSL_REQUEST, False),
    "in a direct client hello": (b"\x16\x03\x01\x02\0\x01\0", False),
    "behind a gss request": (pgwire.GSS_REQUEST, False),
    "in a cancel request": (pgwire.cancel_request(1, b"four")[:13], False),
    "inside tls": (b"", True), "in the startup message inside tls": (GOOD[:20], True),
}


@pytest.mark.parametrize("where", STALLS)
def test_a_client_that_stalls_is_ended_by_the_clock(hasty_gateway, pg15, pki, where):
    """And is told so, where it is not in the middle of a handshake."""
    data, inside = STALLS[where]
    ending, log = Ending(hasty_gateway), len(pg15.log())
    told = answer_to(hasty_gateway.port, data, pki.context() if inside else None)
    record = ending()
    assert (record["reason"], record["level"]) == ("timed_out", "warn")
    if record["stage"] == "handshake":
        assert told in (b"", b"S")
    else:
        assert as_error(told.removeprefix(b"N")).code == "08P01"
    assert "connection received" not in pg15.log()[log:]
