"""A CancelRequest stops the query of the one session whose key it carries. Any other key does
nothing, and whoever sends one is told nothing."""

import itertools
import os
import threading
from types import SimpleNamespace

import pytest
from support import pgwire
from support.pgbackend import PROCESS, accept_login, read_opening, serve_queries
from support.pgcancel import (
    LOCK, WAYS, WENT_ON, assert_cancelled, assert_goes_on, barrier, cancel, door, log_in,
    server)
from support.ports import free_port

PROTOCOL_3_2 = pgwire.version(3, 2)
OPEN = {"require-secure-transport": False}

# Wrong guesses are counted by address: whoever guesses here does so from one of its own.
strangers = map("127.0.1.{}".format, itertools.count(1))


# Keys that are not a session's.


def changed(secret: bytes, at: int) -> bytes:
    return secret[:at] + bytes([secret[at] ^ 1]) + secret[at + 1:]


WRONG = {
    "the first bit of the secret": lambda own, other: (own.process, changed(own.secret, 0)),
    "the last bit of the secret": lambda own, other: (own.process, changed(own.secret, -1)),
    "no secret": lambda own, other: (own.process, bytes(len(own.secret))),
    "less than the secret": lambda own, other: (own.process, own.secret[:-2].ljust(4, b"\0")),
    "more than the secret": lambda own, other: (own.process, own.secret + b"\0"),
    "another process": lambda own, other: (own.process + 1, own.secret),
    "no process": lambda own, other: (0, own.secret),
    "the secret of another session": lambda own, other: (own.process, other.secret),
    "the process of another session": lambda own, other: (other.process, own.secret),
}


@pytest.mark.parametrize("protocol", [pgwire.version(3, 0), PROTOCOL_3_2], ids=["3.0", "3.2"])
@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_key_does_nothing(door, barrier, log_in, what, protocol):
    own, other = log_in(door, protocol=protocol), log_in(door, protocol=protocol)
    assert own.secret != other.secret
    barrier.stop(own)
    barrier.stop(other)
    record = cancel(door, *WRONG[what](own, other), source=next(strangers))
    assert (record["level"], record["leg"]) == ("info", "front")
    assert record["detail"] == "no session has this key, or too many were tried"
    assert_goes_on(own, barrier)
    assert other.result() == WENT_ON


def test_the_key_of_an_ended_session_does_nothing(door, log_in):
    client = log_in(door)
    before = len(door.sessions(reason="client_quit"))
    client.terminate()
    door.wait_for_session(count=before + 1, reason="client_quit")
    record = cancel(door, client.process, client.secret, source=next(strangers))
    assert record["detail"] == "no session has this key, or too many were tried"


def test_the_key_of_a_direct_session_does_nothing_at_the_door(door, server, barrier, log_in):
    """And the door's does nothing at the database."""
    through = log_in(door)
    with pgwire.connect(server.port, "app", tls=None) as direct:
        barrier.stop(through)
        barrier.stop(direct)
        cancel(door, direct.process, direct.secret, source=next(strangers))
        before = len(server.log())
        pgwire.cancel(server.port, through.process, through.secret)
        server.wait_for_log(f"wrong key in cancel request for process {through.process}", before)
        assert_goes_on(through, barrier)
        assert direct.result() == WENT_ON


def test_the_key_of_another_door_does_nothing(door, open_door, server, barrier, log_in):
    other = open_door(server)
    client = log_in(door)
    barrier.stop(client)
    cancel(other, client.process, client.secret)
    assert_goes_on(client, barrier)


@pytest.mark.parametrize("way", WAYS)
def test_right_and_wrong_keys_end_alike(door, barrier, pki, log_in, way):
    """Not a byte, and the same kind of closing."""
    client = log_in(door)

    def ending(secret: bytes) -> tuple:
        tls = pki.context() if "tls" in WAYS[way] else None
        with pgwire.Client(door.port, source=next(strangers)) as asking:
            if tls:
                asking.open_direct_tls(tls) if "direct" in WAYS[way] else asking.open_tls(
                    tls, suppress_ragged_eofs=False)
            asking.raw(pgwire.cancel_request(client.process, secret))
            return asking.sock.recv(1), asking.sock.recv(1)

    endings = [ending(changed(client.secret, 0))]
    barrier.stop(client)
    endings.append(ending(client.secret))
    assert_cancelled(client)
    assert endings == [(b"", b"")] * 2, "a clean goodbye; anything else raises"


# Guessing.


def guess(gateway, process: int, source: str, count: int = 40) -> None:
    """Tries so many wrong secrets at once, and awaits their end."""
    before = len(gateway.sessions(reason="cancel_request"))
    clients = [pgwire.Client(gateway.port, source=source) for _ in range(count)]
    for number, client in enumerate(clients):
        client.raw(pgwire.cancel_request(process, b"no%02d" % number))
    for client in clients:
        assert client.read_to_end() == b""
        client.close()
    gateway.wait_for_session(count=before + count, reason="cancel_request")


def test_who_guesses_too_often_is_not_listened_to(door, barrier, log_in):
    """Not even with the right key; somebody at another address still is. It is forgiven in time,
    of which far less passes here than the six seconds for one guess."""
    client, guesser = log_in(door), next(strangers)
    barrier.stop(client)
    guess(door, client.process, guesser)
    record = cancel(door, client.process, client.secret, source=guesser)
    assert record["detail"] == "no session has this key, or too many were tried"
    assert_goes_on(client, barrier)
    barrier.holder.query(f"SELECT pg_advisory_lock({LOCK})")
    barrier.stop(client)
    cancel(door, client.process, client.secret, source=next(strangers))
    assert_cancelled(client)


def test_right_keys_are_never_too_many(door, barrier, log_in):
    client, source = log_in(door), next(strangers)
    for _ in range(15):
        barrier.stop(client)
        cancel(door, client.process, client.secret, source=source)
        assert_cancelled(client)


# What reaches the database.


@pytest.fixture
def database(scripted_postgres):
    """Starts a database that gives its sessions these secrets, in turn, and takes every cancel.

    It asks for no password; health checks have a secret of their own.
    """
    def start(*secrets: bytes, on_cancel=None, **how):
        left = iter(secrets)

        def script(wire, backend) -> None:
            opening = read_opening(wire, backend)
            if opening.is_cancel:
                if on_cancel:
                    on_cancel()
                return
            accept_login(wire, secret=next(left) if opening.user == "app" else b"none")
            serve_queries(wire)

        return scripted_postgres(script, **how)
    return start


def cancels(*backends) -> list[tuple]:
    """Port, what was asked for before it, and what came."""
    return [(backend.port, opening.requests, opening.packet) for backend in backends
            for opening in backend.openings if opening.is_cancel]


@pytest.mark.parametrize("plain", [False, True], ids=["tls", "plain"])
@pytest.mark.parametrize("size", [4, 32, 256])
def test_the_databases_own_key_reaches_it_as_protected_as_the_session(open_door, database, log_in,
                                                                      size, plain):
    real = os.urandom(size)
    backend = database(real)
    gateway = open_door(backend, tls=OPEN)
    client = log_in(gateway, plain)
    assert (client.process, len(client.secret)) == (PROCESS, size)
    assert client.secret != real
    cancel(gateway, PROCESS, real)
    assert cancels(backend) == [], "the real secret is nobody's at the door"
    cancel(gateway, PROCESS, client.secret)
    requests = [] if plain else [pgwire.SSL]
    assert cancels(backend) == [(backend.port, requests, pgwire.cancel_request(PROCESS, real))]


def test_sessions_with_the_same_process_id_are_told_apart(open_door, database, log_in):
    """Two servers number alike. Each gets its own cancel requests, and its own key."""
    secrets = [os.urandom(4), os.urandom(4)]
    backends = [database(secret) for secret in secrets]
    gateway = open_door(backends[0], start=False)
    front, settings = gateway.settings["listener"][0], gateway.settings["backend"][0]
    gateway.write_config(
        listener=[front, {**front, "name": "second", "backend": "second",
                          "address": f"127.0.0.1:{free_port()}"}],
        backend=[settings, {**settings, "name": "second",
                            "addresses": [f"127.0.0.1:{backends[1].port}"]}])
    gateway.start()
    second = SimpleNamespace(port=gateway.settings["listener"][1]["address"].rpartition(":")[2])
    clients = [log_in(gateway), log_in(second)]
    assert clients[0].secret != clients[1].secret
    cancel(gateway, PROCESS, clients[1].secret)
    expected = [(backends[1].port, [pgwire.SSL], pgwire.cancel_request(PROCESS, secrets[1]))]
    assert cancels(*backends) == expected


def test_a_cancel_goes_to_the_server_that_runs_the_query(open_door, database, log_in):
    """Of several addresses. The first one was down when the session began."""
    late, early = database(b"late"), database(b"rest", b"more")
    order = [f"127.0.0.1:{free_port()}", f"127.0.0.1:{early.port}", f"127.0.0.1:{late.port}"]
    gateway = open_door(order, listener={"protocol": "postgres"})
    client = log_in(gateway)
    where = next(backend for backend in (late, early) if any(
        opening.user == "app" for opening in backend.openings))
    cancel(gateway, client.process, client.secret)
    assert [port for port, *_ in cancels(late, early)] == [where.port]


def test_a_database_that_does_not_answer_holds_nobody_up(open_door, database, log_in):
    """The client is let go all the same; the log says that the request came to nothing."""
    over = threading.Event()
    backend = database(b"real", on_cancel=lambda: over.wait(60))
    gateway = open_door(backend, limits={"dial-timeout": 1})
    client = log_in(gateway)
    assert pgwire.cancel(gateway.port, client.process, client.secret) == b""
    record = gateway.wait_for_log("cancel request was not delivered")
    over.set()
    assert (record["level"], record["backend"]) == ("warn", "database")
    assert "no answer in time" in record["reason"]
    assert client.query("SELECT 1") == [("scripted",)]


def test_no_key_is_logged(open_door, database, log_in):
    real = b"QZQZ"
    gateway = open_door(database(real), log={"level": "debug"})
    client = log_in(gateway)
    cancel(gateway, client.process, client.secret)
    cancel(gateway, client.process, b"XWXW")
    client.terminate()
    gateway.wait_for_session(reason="client_quit")
    gateway.stop()
    for secret in (real, b"XWXW", client.secret):
        assert secret.decode("latin-1") not in gateway.log()
        assert secret.hex() not in gateway.log().lower()
