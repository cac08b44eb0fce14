"""A database that stalls, lies or dies, at any step of the opening, ends the session in the
client's own protocol, is logged with leg and stage, and never hangs the door."""

import socket
import struct

import pytest
from support import wire
from support.backend import (CAPABILITIES, accept_tls, greet_and_read_login, greeting,
                             serve_commands, user_of)

HEALTH_USER = "sallyport"


def stall(peer) -> None:
    """Says nothing more until the gateway closes."""
    peer.read_to_end()


def reset(peer) -> None:
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    peer.close()


def greet(peer, backend) -> None:
    peer.send(greeting().write())
    peer.receive()


def greet_with(payload: bytes):
    def step(peer, backend) -> None:
        peer.send(payload)
        stall(peer)
    return step


def into_tls(then):
    def step(peer, backend) -> None:
        greet(peer, backend)
        then(peer)
    return step


def after_tls(then):
    def step(peer, backend) -> None:
        greet(peer, backend)
        accept_tls(peer, backend.context)
        then(peer)
    return step


def after_login(then):
    def step(peer, backend) -> None:
        greet_and_read_login(peer, backend)
        then(peer)
    return step


def garbage(peer) -> None:
    peer.raw(b"\x15garbage, not TLS and not MySQL" * 20)
    stall(peer)


def after_switch(then):
    def step(peer, backend) -> None:
        greet_and_read_login(peer, backend)
        peer.send(b"\xfemysql_native_password\0" + b"s" * 20 + b"\0")
        peer.receive()
        then(peer)
    return step


def wrong_sequence(peer) -> None:
    peer.sequence += 5
    peer.send(wire.OK_PACKET)
    stall(peer)


def endless(peer) -> None:
    """An authentication that never ends."""
    while True:
        peer.send(b"\x01more")
        peer.receive()


def huge(peer) -> None:
    peer.raw(b"\xff\xff\xff" + bytes([peer.sequence & 0xFF]) + bytes(1 << 20))
    stall(peer)


FAULTS = {
    "closes at once": lambda peer, backend: None,
    "resets at once": lambda peer, backend: reset(peer),
    "stalls before its greeting": lambda peer, backend: stall(peer),
    "sends half a greeting and stalls": lambda peer, backend: (
        peer.raw(wire.packet(0, greeting().write())[:30]), stall(peer)),
    "sends half a greeting and closes": lambda peer, backend: (
        peer.raw(wire.packet(0, greeting().write())[:30])),
    "sends garbage for a greeting": greet_with(b"\x99" * 80),
    "sends an empty greeting": greet_with(b""),
    "speaks protocol 9": greet_with(b"\x09" + greeting().write()[1:]),
    "sends http": lambda peer, backend: (peer.raw(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9),
                                         stall(peer)),
    "sends a greeting of 16 MiB": lambda peer, backend: huge(peer),
    "has no tls": lambda peer, backend: greet_with(
        greeting(capabilities=CAPABILITIES & ~wire.SSL).write())(peer, backend),
    "closes after the ssl request": into_tls(lambda peer: None),
    "resets after the ssl request": into_tls(reset),
    "stalls in the handshake": into_tls(stall),
    "sends garbage in the handshake": into_tls(garbage),
    "sends a server hello that never ends": into_tls(
        lambda peer: (peer.raw(b"\x16\x03\x03\x40\0\x02\xff\xff\xff" + bytes(50)), stall(peer))),
    "closes after the handshake": after_tls(lambda peer: None),
    "stalls after the handshake": after_tls(stall),
    "closes after the login": after_login(lambda peer: None),
    "resets after the login": after_login(reset),
    "stalls after the login": after_login(stall),
    "answers the login with garbage": after_login(lambda peer: (
        peer.send(b"\x77garbage"), stall(peer))),
    "answers the login with an empty packet": after_login(lambda peer: (
        peer.send(b""), stall(peer))),
    "answers the login with 16 MiB": after_login(huge),
    "answers the login out of order": after_login(wrong_sequence),
    "closes in the authentication": after_switch(lambda peer: None),
    "stalls in the authentication": after_switch(stall),
    "never ends the authentication": after_switch(endless),
}
ENDED = (wire.Closed, ConnectionError)


@pytest.fixture
def faulty(open_door, scripted):
    """A door before a database that is healthy to health checks and faulty to the client `app`.

    `break_it(fault)` makes it faulty for everyone who comes from now on.
    """
    state = {"fault": None}

    def script(peer, backend) -> None:
        if state["fault"]:
            state["fault"](peer, backend)
            return
        login = greet_and_read_login(peer, backend)
        if user_of(login) == HEALTH_USER:
            peer.send(wire.error_packet(1045, "28000", "Access denied"))
            return
        peer.send(wire.OK_PACKET)
        serve_commands(peer)

    def start(**how):
        gateway = open_door(scripted(script), limits={"connect-timeout": 2, "dial-timeout": 0.5},
                            **how)
        gateway.wait_for_log("backend is up")
        return gateway, lambda fault: state.update(fault=fault)
    return start


def outcome(gateway, context) -> wire.ServerError | None:
    """The error that the client is told, or None where the connection just ends."""
    client = None
    try:
        client, answer = wire.attempt(gateway.port, "app", tls=context,
                                      answers=lambda plugin, data: b"x")
        assert answer[0] == 0xFF, f"accepted? {answer}"
        return wire.ServerError.read(answer)
    except wire.ServerError as refused:
        return refused
    except ENDED:
        return None
    finally:
        if client:
            client.close()


@pytest.mark.parametrize("mode", ["own", "backend"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_database_that(faulty, pki, fault, mode):
    gateway, break_it = faulty(listener={"greeting": mode})
    break_it(FAULTS[fault])
    told = outcome(gateway, pki.context())
    record = gateway.wait_for_session()
    # An empty packet could be a plugin's own: it is passed on, and the client leaves.
    assert record["leg"] == "back" or "empty packet" in fault, record
    assert record["reason"] not in ("peer_closed", "client_quit"), record
    if "stalls" in fault:
        assert record["reason"] in ("timed_out", "backend_down"), record
    before_the_login_went_out = record["stage"] in ("dial", "route", "opening", "handshake")
    if before_the_login_went_out:
        assert told and told.code == 1105, f"the client was told: {told}"
    if fault in ("closes after the login", "closes after the handshake"):
        assert told and told.code == 1105, "no answer to the login is an error, not just an end"
    break_it(None)
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        assert client.command(wire.COM_PING) == wire.OK_PACKET, "and all is well again"


@pytest.mark.parametrize("code, message", [
    (1040, "Too many connections"), (1130, "Host '192.0.2.1' is not allowed to connect"),
    (1129, "Host '192.0.2.1' is blocked because of many connection errors")])
def test_an_error_instead_of_a_greeting_is_passed_on(faulty, pki, code, message):
    gateway, break_it = faulty()
    break_it(greet_with(wire.error_packet(code, "", message)))
    told = outcome(gateway, pki.context())
    assert (told.code, told.message) == (code, message)
    record = gateway.wait_for_session()
    assert (record["leg"], record["reason"]) == ("back", "backend_refused")


def test_a_database_whose_packets_come_in_single_bytes_is_fine(open_door, scripted, pki):
    def script(peer, backend) -> None:
        hello = wire.packet(0, greeting().write())
        peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in hello:
            peer.raw(bytes([byte]))
        peer.sequence = 1
        peer.receive()
        accept_tls(peer, backend.context)
        peer.receive()
        for byte in wire.packet(peer.sequence, wire.OK_PACKET):
            peer.raw(bytes([byte]))
        serve_commands(peer)

    gateway = open_door(scripted(script))
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        assert client.command(wire.COM_PING) == wire.OK_PACKET


def test_the_next_address_is_tried_when_the_first_lies(open_door, scripted, mariadb, pki):
    liar = scripted(greet_with(b"\x99" * 80))
    gateway = open_door([f"127.0.0.1:{liar.port}", f"127.0.0.1:{mariadb.port}"],
                        limits={"dial-timeout": 1})
    gateway.wait_for_log("backend is up")
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        assert client.query("SELECT 1") == [("1",)]
