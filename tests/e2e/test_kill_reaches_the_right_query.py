"""KILL by the connection id that the client was greeted with reaches the right session.

With greeting = "own" that id is the door's own; the door puts the database's in its place, in the
commands that carry one. Every client that cancels a query kills by the greeting's id.
"""

import signal
import struct
import subprocess
import threading
import zlib

import pytest
from support import wire
from support.clients import mariadb_command
from support.ports import wait_until

ER_QUERY_INTERRUPTED = 1317
ER_NO_SUCH_THREAD = 1094


@pytest.fixture
def pair(door, mariadb, pki):
    """Two sessions of one user: the first is to be killed, the second kills."""
    mariadb.account("killer")
    with wire.connect(door.port, "killer", tls=pki.context()) as first, \
            wire.connect(door.port, "killer", tls=pki.context()) as second:
        yield first, second


def sleep_in(client, mariadb, user="killer") -> None:
    """Starts a long query and waits until the database works on it."""
    client.begin(wire.COM_QUERY, "SELECT SLEEP(120)")
    wait_until(lambda: any("SLEEP" in (info or "") for *_, info in mariadb.sessions(user)),
               "the query's start")


def interrupted(client) -> bool:
    """Whether the query that the client awaits was killed: SLEEP returns 1, or fails with 1317."""
    try:
        return client.result(client.receive()) == [("1",)]
    except wire.ServerError as fault:
        return fault.code == ER_QUERY_INTERRUPTED


@pytest.mark.parametrize("statement", [
    "KILL QUERY {}", "kill query {}", "  KILL\tQUERY  {} ", "KILL QUERY {};", "/* stop */ KILL QUERY {}",
    "KILL SOFT QUERY {}", "KILL HARD QUERY {}",
])
def test_kill_query_ends_the_query_and_leaves_the_session(pair, mariadb, statement):
    first, second = pair
    sleep_in(first, mariadb)
    second.query(statement.format(first.greeting.connection_id))
    assert interrupted(first)
    assert first.query("SELECT 1") == [("1",)]


@pytest.mark.parametrize("statement", ["KILL {}", "KILL CONNECTION {}"])
def test_kill_connection_ends_the_session(pair, mariadb, statement):
    first, second = pair
    sleep_in(first, mariadb)
    second.query(statement.format(first.greeting.connection_id))
    with pytest.raises((wire.Closed, wire.ServerError)):
        first.result(first.receive())
        first.query("SELECT 1")


def test_process_kill_ends_the_session(pair, mariadb):
    first, second = pair
    sleep_in(first, mariadb)
    answer = second.command(wire.COM_PROCESS_KILL, struct.pack("<I", first.greeting.connection_id))
    assert answer[0] == 0
    with pytest.raises((wire.Closed, wire.ServerError)):
        first.result(first.receive())
        first.query("SELECT 1")


def test_the_databases_own_ids_still_work(pair, mariadb):
    first, second = pair
    sleep_in(first, mariadb)
    second.query(f"KILL QUERY {first_id(mariadb)}")
    assert interrupted(first)


def first_id(mariadb) -> int:
    return next(row[0] for row in mariadb.sessions("killer") if "SLEEP" in (row[4] or ""))


def test_an_unknown_id_is_refused_by_the_database(pair):
    _, second = pair
    with pytest.raises(wire.ServerError) as refused:
        second.query(f"KILL QUERY {(1 << 30) + 999_999_999 % (1 << 29)}")
    assert refused.value.code == ER_NO_SUCH_THREAD


def test_the_database_decides_who_may_kill(door, mariadb, pki):
    mariadb.account("killer")
    mariadb.account("other")
    with wire.connect(door.port, "killer", tls=pki.context()) as first, \
            wire.connect(door.port, "other", tls=pki.context()) as second:
        sleep_in(first, mariadb)
        with pytest.raises(wire.ServerError) as refused:
            second.query(f"KILL QUERY {first.greeting.connection_id}")
        assert refused.value.code in (1095, 1227), refused.value
        mariadb.sql(f"KILL QUERY {first_id(mariadb)}")
        assert interrupted(first)


def test_a_command_cut_into_single_bytes_is_still_seen(pair, mariadb):
    first, second = pair
    sleep_in(first, mariadb)
    text = b"\x03KILL QUERY %d" % first.greeting.connection_id
    for byte in wire.packet(0, text):
        second.raw(bytes([byte]))
    second.sequence = 1
    assert second.result(second.receive()) == []
    assert interrupted(first)


def test_kill_is_seen_in_compressed_sessions(door, mariadb, pki):
    """Short packets travel uncompressed inside their compressed frame."""
    mariadb.account("killer")
    with wire.connect(door.port, "killer", tls=pki.context()) as first, \
            wire.connect(door.port, "killer", tls=pki.context(),
                         capabilities=wire.DEFAULT | wire.COMPRESS) as second:
        sleep_in(first, mariadb)
        inner = wire.packet(0, b"\x03KILL QUERY %d" % first.greeting.connection_id)
        second.raw(struct.pack("<I", len(inner))[:3] + b"\0" + b"\0\0\0" + inner)
        assert interrupted(first)
        frame = second.receive_exactly(7)
        body = second.receive_exactly(int.from_bytes(frame[:3], "little"))
        body = zlib.decompress(body) if frame[4:7] != b"\0\0\0" else body
        assert body[4] == 0, "the KILL itself is answered with OK"


@pytest.mark.parametrize("options", [(), ("--compress",)], ids=["plain frames", "compressed"])
def test_control_c_in_the_command_line_client_stops_its_query(door, mariadb, pki, child_processes,
                                                              options):
    mariadb.account("cli")
    command = mariadb_command(door.port, "cli", "secret", "--sigint-ignore=0",
                              "--execute=SELECT SLEEP(120); SELECT 'went on'", *options, ca=pki.ca)
    client = child_processes(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    wait_until(lambda: any("SLEEP" in (info or "") for *_, info in mariadb.sessions("cli")),
               "the query's start")
    client.send_signal(signal.SIGINT)
    client.communicate(timeout=30)
    wait_until(lambda: not mariadb.sessions("cli"), "the session's end in the database")


def test_pymysql_kills_by_the_id_it_knows(door, mariadb, pki):
    from support.clients import connect, query
    mariadb.account("killer")
    victim = connect(door.port, "killer", tls=pki.context())
    killer = connect(door.port, "killer", tls=pki.context())
    failures = []

    def sleep() -> None:
        try:
            failures.append(query(victim, "SELECT SLEEP(120)"))
        except Exception as fault:
            failures.append(fault)

    sleeping = threading.Thread(target=sleep)
    sleeping.start()
    wait_until(lambda: any("SLEEP" in (info or "") for *_, info in mariadb.sessions("killer")),
               "the query's start")
    killer.kill(victim.thread_id())
    sleeping.join(30)
    assert isinstance(failures[0], Exception), failures
    killer.close()
