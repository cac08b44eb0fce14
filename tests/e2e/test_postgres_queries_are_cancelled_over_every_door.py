"""A query is cancelled over every door, in every way that clients have: its session goes on."""

import fcntl
import os
import pty
import signal
import subprocess
import sys
import termios
import threading
from types import SimpleNamespace

import pytest
from support import pgwire
from support.pgcancel import (
    CANCELLED, WAIT, WAYS, Barrier, assert_cancelled, barrier, cancel, door, log_in, server)
from support.ports import free_port, wait_until
from support.psql import EIGHTEEN, conninfo, environment, psql_command, verified

PROTOCOL_3_2 = pgwire.version(3, 2)
OPEN = {"require-secure-transport": False}


# Over every door.


DOORS = {
    "an ordinary one": {},
    "one that takes plain text": OPEN,
    "one that wants certificates": {"client-certificate": "required"},
}


@pytest.mark.parametrize("protocol", [pgwire.version(3, 0), PROTOCOL_3_2], ids=["3.0", "3.2"])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("which", DOORS)
def test_over_every_door(open_door, server, barrier, pki, log_in, which, way, protocol):
    gateway = open_door(server, tls=DOORS[which])
    client = log_in(gateway, protocol=protocol)
    assert len(client.secret) == (32 if protocol == PROTOCOL_3_2 and server.version == 18 else 4)
    barrier.stop(client)
    how = {**WAYS[way], "tls": pki.context(pki.files.alice) if "tls" in WAYS[way] else None}
    record = cancel(gateway, client.process, client.secret, **how)
    assert_cancelled(client)
    assert (record["level"], record["detail"]) == ("info", "")


@pytest.mark.parametrize("plain", [True, False], ids=["plain", "tls"])
def test_a_session_is_cancelled_again_and_again(open_door, server, barrier, log_in, plain):
    """Whichever worker the request comes to."""
    gateway = open_door(server, tls=OPEN)
    client = log_in(gateway, plain)
    for _ in range(5):
        barrier.stop(client)
        cancel(gateway, client.process, client.secret)
        assert_cancelled(client)


def test_the_process_id_is_the_databases_own(door, server, barrier, log_in):
    client = log_in(door)
    assert client.query("SELECT pg_backend_pid()") == [(str(client.process),)]
    barrier.stop(client)
    server.sql(f"SELECT pg_cancel_backend({client.process})")
    assert_cancelled(client)


def test_when_no_more_sessions_are_taken(open_door, server, barrier, log_in):
    gateway = open_door(server, limits={"max-connections": 1})
    client = log_in(gateway)
    barrier.stop(client)
    cancel(gateway, client.process, client.secret)
    assert_cancelled(client)


def test_after_a_reload(open_door, server, barrier, log_in):
    """The session and its key are of before; the request comes to the new configuration."""
    gateway = open_door(server)
    client = log_in(gateway)
    gateway.write_config(backend=[{**gateway.settings["backend"][0], "name": "another",
                                   "addresses": [f"127.0.0.1:{free_port()}"]}],
                         listener=[{**gateway.settings["listener"][0], "backend": "another"}])
    assert gateway.reload().returncode == 0
    barrier.stop(client)
    cancel(gateway, client.process, client.secret)
    assert_cancelled(client)


def test_over_a_unix_socket_to_the_database(open_door, server, barrier, log_in):
    gateway = open_door([f"unix:{server.socket}"], listener={"protocol": "postgres"})
    client = log_in(gateway)
    barrier.stop(client)
    cancel(gateway, client.process, client.secret)
    assert_cancelled(client)


def test_over_direct_tls_to_the_database(open_door, pg18, pki, log_in):
    gateway = open_door(pg18, backend_settings={"negotiation": "direct"})
    barrier = Barrier(pg18)
    client = log_in(gateway)
    barrier.stop(client)
    cancel(gateway, client.process, client.secret)
    assert_cancelled(client)
    barrier.holder.close()


# As clients do it.


def parameters(gateway, pki, **more) -> dict:
    return {"port": gateway.port, "user": "app", "password": "secret", "dbname": "postgres",
            "channel_binding": "disable", **verified(pki.ca), **more}


@pytest.fixture
def terminal(child_processes):
    """psql on a terminal of its own, in which keys can be pressed."""
    ours, its = pty.openpty()
    shown = bytearray()

    def read() -> None:
        while True:
            try:
                shown.extend(os.read(ours, 4096))
            except OSError:  # The last one on the other side has left.
                return

    def take_terminal() -> None:
        fcntl.ioctl(its, termios.TIOCSCTTY, 0)

    def start(libpq: int, **how) -> SimpleNamespace:
        process = child_processes(
            psql_command(**how), stdin=its, stdout=its, stderr=its, pass_fds=(its,),
            env=environment(libpq, TERM="dumb", PAGER="cat"), start_new_session=True,
            preexec_fn=take_terminal)
        os.close(its)
        reader = threading.Thread(target=read, daemon=True)
        reader.start()
        return SimpleNamespace(process=process, reader=reader, shown=shown,
                               press=lambda keys: os.write(ours, keys.encode()))

    yield start
    os.close(ours)


@pytest.mark.parametrize("libpq, more", [
    (15, {}), (18, {}), (18, {"max_protocol_version": "3.2"}), (18, {"sslnegotiation": "direct"})])
def test_control_c_in_psql(door, server, barrier, pki, terminal, libpq, more):
    """It says so, and goes on in the same session."""
    how, before = parameters(door, pki, application_name="at the terminal", **more), len(
        door.sessions(reason="client_quit"))
    screen = terminal(libpq, **how)
    screen.press(WAIT + ";\n")
    barrier.await_waiting("application_name = 'at the terminal'")
    screen.press("\x03")
    wait_until(lambda: b"canceling statement due to user request" in screen.shown, "psql's word")
    screen.press("SELECT 6 * 7 || ' is the answer';\n\\q\n")
    assert screen.process.wait(30) == 0
    screen.reader.join(30)
    assert b"42 is the answer" in screen.shown
    assert door.wait_for_session(count=before + 1, reason="client_quit")["user"] == "app"


def test_a_script_of_psql_is_interrupted(door, server, barrier, pki, child_processes):
    command = psql_command(f"--command={WAIT}", f"--command={WAIT}",
                           **parameters(door, pki, application_name="a script"))
    client = child_processes(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             encoding="utf-8", env=environment())
    barrier.await_waiting("application_name = 'a script'")
    client.send_signal(signal.SIGINT)
    shown, told = client.communicate(timeout=30)
    assert (shown, client.returncode) == ("", 1)
    assert "ERROR:  canceling statement due to user request" in told


# PQcancelBlocking came with libpq 17: it asks for whatever encryption its session has.
ENCRYPTED_CANCEL = """
import ctypes, sys
pq = ctypes.CDLL(sys.argv[1])
for name in ("PQconnectdb", "PQcancelCreate", "PQgetResult"):
    getattr(pq, name).restype = ctypes.c_void_p
pq.PQresultErrorField.restype = pq.PQerrorMessage.restype = ctypes.c_char_p
pq.PQcancelErrorMessage.restype = ctypes.c_char_p
connection = ctypes.c_void_p(pq.PQconnectdb(sys.argv[2].encode()))
assert pq.PQsendQuery(connection, sys.argv[3].encode()), pq.PQerrorMessage(connection)
print("sent", flush=True)
input()
cancel = ctypes.c_void_p(pq.PQcancelCreate(connection))
assert pq.PQcancelBlocking(cancel), pq.PQcancelErrorMessage(cancel)
result = ctypes.c_void_p(pq.PQgetResult(connection))
print(pq.PQresultErrorField(result, ord("C")).decode())
"""


@pytest.mark.parametrize("more", [
    {}, {"sslnegotiation": "direct"}, {"max_protocol_version": "3.2"}], ids=str)
def test_libpqs_cancel_in_encryption(door, server, barrier, pki, child_processes, more):
    told = conninfo(**parameters(door, pki, application_name="encrypted", **more))
    client = child_processes(
        [sys.executable, "-c", ENCRYPTED_CANCEL, EIGHTEEN / "lib" / "libpq.so.5", told, WAIT],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, encoding="utf-8", env=environment(18))
    before = len(door.sessions(reason="cancel_request"))
    assert client.stdout.readline() == "sent\n"
    barrier.await_waiting("application_name = 'encrypted'")
    shown, _ = client.communicate("go\n", timeout=30)
    assert shown == CANCELLED + "\n"
    record = door.wait_for_session(count=before + 1, reason="cancel_request")
    assert record["tls_version"] == "TLSv1.3"
