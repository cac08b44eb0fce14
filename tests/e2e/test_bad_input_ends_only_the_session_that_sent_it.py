"""Whatever strangers send before a login ends their own connection, with the right error, one log
line, and nothing sent to the database. Others do not notice."""

import random
import socket
import struct
from contextlib import suppress

import pytest
from support import wire

BAD_HANDSHAKE = wire.ServerError(1043, "08S01", "Bad handshake")


@pytest.fixture(scope="module")
def gateway(open_shared_door, mariadb):
    door = open_shared_door(mariadb, backend_settings={"health-interval": 3600},
                            limits={"connect-timeout": 1})
    door.wait_for_log("backend is up")
    return door


@pytest.fixture(autouse=True)
def ending(gateway, mariadb, pki):
    """A function that awaits the log line of the test's session.

    At the end: it was the only line, the database saw no connection, and a good client passes.
    """
    connections, ended = mariadb.status("Connections"), len(gateway.sessions())

    def wait() -> dict:
        return gateway.wait_for_session(count=ended + 1)

    yield wait
    wait()
    assert mariadb.status("Connections") == connections + 1, "only the question itself"
    assert len(gateway.sessions()) == ended + 1
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        assert client.query("SELECT 1") == [("1",)]
        client.quit()
    gateway.wait_for_session(count=ended + 2)


def answer_to(gateway, data: bytes, half_close: bool = False) -> bytes:
    """What the door says to these bytes, sent behind its greeting, until it closes."""
    with wire.Client(gateway.port) as client:
        with suppress(ConnectionError):  # It may have closed before it was told everything.
            client.raw(data)
            if half_close:
                client.sock.shutdown(socket.SHUT_WR)
        return client.read_to_end()


def as_error(answer: bytes) -> wire.ServerError:
    assert int.from_bytes(answer[:3], "little") == len(answer) - 4, answer
    return wire.ServerError.read(answer[4:])


MALFORMED = {
    "an http request": b"GET / HTTP/1.1\r\nHost: example.org\r\nUser-Agent: lost\r\n\r\n",
    "a tls client hello": bytes.fromhex("16030100c8010000c40303") + bytes(194),
    "an ssh banner": b"SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n",
    "zeros": bytes(100),
    "ones": b"\xff" * 100,
    "an empty packet": wire.packet(1, b""),
    "a short ssl request": wire.packet(1, wire.ssl_request()[:31]),
    "a short login": wire.packet(1, wire.login("app")[:33]),
    "a wrong sequence number": wire.packet(7, wire.ssl_request()),
    "a login that ends in its user": wire.packet(1, wire.ssl_request(wire.DEFAULT) + b"app"),
    "an oversized packet": b"\xff\xff\xff\x01" + wire.ssl_request() * 2000,
    "just too large a login": struct.pack("<I", 1024 * 1024 + 1)[:3] + b"\x01" + bytes(64),
    "an auth length beyond the end": wire.packet(1, wire.ssl_request(wire.DEFAULT) + b"app\0\xfe"),
    "a ping instead of a login": wire.packet(0, b"\x0e"),
}


@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_plain_bytes(gateway, ending, what):
    answer = answer_to(gateway, MALFORMED[what], half_close=True)
    assert as_error(answer) == BAD_HANDSHAKE
    assert ending()["reason"] in ("malformed", "too_large", "unexpected_packet",
                                         "old_protocol")


@pytest.mark.parametrize("seed", range(10))
def test_random_bytes(gateway, seed):
    noise = random.Random(seed).randbytes(500)
    answer = answer_to(gateway, noise, half_close=True)
    if answer:
        assert as_error(answer) == BAD_HANDSHAKE


@pytest.mark.parametrize("length", [1, 3, 4, 5, 20, 35])
def test_a_client_that_leaves_in_the_middle_of_a_packet(gateway, ending, length):
    data = wire.packet(1, wire.ssl_request())[:length]
    answer_to(gateway, data, half_close=True)
    assert ending()["stage"] == "opening"


def test_a_client_without_protocol_4_1(gateway, ending):
    """As MySQL before 4.1 spoke: a short login without that capability."""
    old = struct.pack("<HI", 0x0005, 1 << 24)[:5] + b"app\0password"
    answer = answer_to(gateway, wire.packet(1, old.ljust(40, b"\0")))
    assert as_error(answer).code in (1043, 1251)
    assert ending()["reason"] in ("old_protocol", "malformed")


def test_a_long_login_without_protocol_4_1(gateway, ending):
    login = wire.login("app", b"x" * 20, capabilities=wire.DEFAULT & ~wire.PROTOCOL_41)
    answer = answer_to(gateway, wire.packet(1, login))
    assert as_error(answer).code in (1043, 1251)
    assert ending()["reason"] == "old_protocol"


def test_plain_bytes_behind_an_ssl_request(gateway, ending):
    """An injected login must never count as having come through TLS (CVE-2021-23222's class)."""
    answer = answer_to(gateway, wire.packet(1, wire.ssl_request())
                       + wire.packet(2, wire.login("app", capabilities=wire.DEFAULT | wire.SSL)))
    assert not answer or answer[0] == 0x15, "nothing, or a TLS alert"
    assert ending()["reason"] == "tls_failed"


def test_an_ssl_request_and_then_nothing_but_its_client_hello_in_one_segment(gateway, pki):
    """Legal, and common with TCP Fast Open: the ClientHello is TLS's."""
    import ssl
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = pki.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    with wire.Client(gateway.port) as client:
        client.raw(wire.packet(1, wire.ssl_request()) + outgoing.read())
        while True:
            try:
                tls.do_handshake()
                break
            except ssl.SSLWantReadError:
                client.raw(outgoing.read())
                incoming.write(client.sock.recv(65536))
        assert tls.version() == "TLSv1.3"


def test_a_client_hello_in_single_bytes(gateway, pki):
    import ssl
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = pki.context().wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    with wire.Client(gateway.port) as client:
        client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in wire.packet(1, wire.ssl_request()) + outgoing.read():
            client.raw(bytes([byte]))
        assert client.receive_exactly(1) == b"\x16", "the ServerHello's record"


def test_capabilities_that_change_inside_tls(gateway, ending, pki):
    with wire.Client(gateway.port) as client:
        client.open_tls(pki.context(), wire.DEFAULT)
        client.send(wire.login("app", capabilities=wire.DEFAULT | wire.SSL | wire.CONNECT_ATTRS,
                               attributes={}))
        assert wire.ServerError.read(client.receive()) == BAD_HANDSHAKE
    assert ending()["reason"] == "capabilities_changed"


INSIDE_TLS = {
    "nothing but zeros": bytes(100),
    "a second ssl request": wire.packet(2, wire.ssl_request()),
    "an oversized login": b"\xff\xff\xff\x02" + bytes(5000),
    "a login over the limit": struct.pack("<I", 1024 * 1024 + 1)[:3] + b"\x02" + bytes(64),
    "a login cut short": wire.packet(2, wire.login("app", capabilities=wire.DEFAULT | wire.SSL)[:34]),
    "a wrong sequence number": wire.packet(
        9, wire.login("app", capabilities=wire.DEFAULT | wire.SSL)),
    "http": b"GET / HTTP/1.1\r\n\r\n" + b" " * 64,
    "a user without end": wire.packet(2, wire.ssl_request() + b"a" * 70_000),
    "attributes longer than the packet": wire.packet(
        2, wire.login("app", capabilities=wire.DEFAULT | wire.SSL | wire.CONNECT_ATTRS)
        + b"\xfd\xff\xff\xff"),
}


@pytest.mark.parametrize("what", INSIDE_TLS)
def test_malformed_logins_inside_tls(gateway, ending, pki, what):
    capabilities = wire.DEFAULT | (wire.CONNECT_ATTRS if "attributes" in what else 0)
    with wire.Client(gateway.port) as client:
        client.open_tls(pki.context(), capabilities)
        client.raw(INSIDE_TLS[what])
        assert as_error(client.read_to_end()) == BAD_HANDSHAKE
    record = ending()
    assert (record["stage"], record["leg"]) == ("login", "front")
    assert record["reason"] in ("malformed", "too_large", "unexpected_packet")


def test_rubbish_instead_of_a_client_hello(gateway, ending):
    answer_to(gateway, wire.packet(1, wire.ssl_request()) + random.Random(1).randbytes(300),
              half_close=True)
    assert ending()["reason"] == "tls_failed"


def test_a_tls_record_that_was_tampered_with(gateway, ending, pki):
    with wire.Client(gateway.port) as client:
        client.open_tls(pki.context())
        plain = client.sock.detach()
        with socket.socket(fileno=plain) as sock:
            sock.settimeout(30)
            sock.sendall(b"\x17\x03\x03\x00\x40" + bytes(64))
            wire.Wire(sock).read_to_end()
    assert ending()["reason"] == "tls_failed"


STALLS = {
    "before the first byte": (b"", False),
    "in the first header": (b"\x20\0", False),
    "in the ssl request": (wire.packet(1, wire.ssl_request())[:20], False),
    "before the client hello": (wire.packet(1, wire.ssl_request()), False),
    "in the client hello": (wire.packet(1, wire.ssl_request()) + b"\x16\x03\x01\x02\0\x01", False),
    "before the login": (b"", True),
    "in the login's header": (b"\x40\0", True),
    "in the login": (wire.packet(2, wire.login("app"))[:30], True),
}


@pytest.mark.parametrize("where", STALLS)
def test_a_client_that_stalls_is_ended_by_the_clock(gateway, ending, pki, where):
    data, inside = STALLS[where]
    with wire.Client(gateway.port) as client:
        if inside:
            client.open_tls(pki.context())
        client.raw(data)
        client.read_to_end()
    assert ending()["reason"] == "timed_out"

