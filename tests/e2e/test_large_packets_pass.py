"""Packets of 16 MiB and more travel in pieces of 2^24-1 bytes, both ways, and arrive whole."""

import hashlib
import random

import pytest
from support import wire
from support.clients import connect, query

PIECE = wire.MAX_PAYLOAD
PREFIX = b"SELECT MD5('"
SUFFIX = b"')"
# The whole payload, command byte included, at the lengths where pieces begin and end.
SIZES = [PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 20 * 1024 * 1024]


@pytest.fixture
def session(door, pki):
    with wire.connect(door.port, "app", tls=pki.context()) as client:
        yield client


def digits(count: int) -> bytes:
    return random.Random(count).randbytes(count // 2 + 1).hex().encode()[:count]


@pytest.mark.parametrize("size", SIZES)
def test_towards_the_database(session, size):
    text = digits(size - 1 - len(PREFIX) - len(SUFFIX))
    assert session.query(PREFIX + text + SUFFIX) == [(hashlib.md5(text).hexdigest(),)]


@pytest.mark.parametrize("size", SIZES)
def test_towards_the_client(session, size):
    # A row of one value has a length of 4 bytes (up to 2^24-1) or 9 in front of it.
    length = size - (4 if size < PIECE else 9)
    rows = session.query(f"SELECT REPEAT('0123456789abcdef', {length // 16 + 1})")
    assert len(rows[0][0]) == 16 * (length // 16 + 1)
    assert rows[0][0] == "0123456789abcdef" * (length // 16 + 1)


def test_a_client_that_reads_slowly_gets_everything(door, pki):
    """The database is faster than the client: the door must hold the database back."""
    rows = 200_000
    with wire.connect(door.port, "app", tls=pki.context(), database="shop") as client:
        client.begin(wire.COM_QUERY, f"SELECT seq, REPEAT('x', 200) FROM seq_1_to_{rows}")
        # Until the first packet is taken off, everything waits on the way.
        answer = client.result(client.receive())
    assert len(answer) == rows
    assert answer[-1] == (str(rows), "x" * 200)


def test_a_literal_that_looks_like_packets_is_passed_on_as_it_is(session):
    kill = wire.packet(0, b"\x03KILL QUERY %d" % session.greeting.connection_id)
    count = 18 * 1024 * 1024 // len(kill)
    answer = session.query(b"SELECT MD5(0x" + (kill * count).hex().encode() + b")")
    assert answer == [(hashlib.md5(kill * count).hexdigest(),)]


def test_pymysql_both_ways(door, pki):
    text = digits(17 * 1024 * 1024).decode()
    with connect(door.port, "app", tls=pki.context(), max_allowed_packet=64 << 20) as connection:
        assert query(connection, "SELECT %s", text) == [(text,)]
