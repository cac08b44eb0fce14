"""Prepared statements speak the binary protocol; their parameters are nobody's business."""

import struct

import pytest
from support import wire

STRING, LONGLONG = 0xFD, 0x08
COM_STMT_CLOSE, COM_STMT_BULK_EXECUTE = 25, 250
BULK_OPERATIONS = 1 << 2  # MariaDB's extended capability
SEND_TYPES = 128


@pytest.fixture
def session(door, pki):
    with wire.connect(door.port, "app", tls=pki.context(), extended=BULK_OPERATIONS) as client:
        yield client


def prepare(client, sql: str) -> int:
    answer = client.command(wire.COM_STMT_PREPARE, sql)
    assert answer[0] == 0, wire.ServerError.read(answer)
    statement, columns, parameters = struct.unpack("<IHH", answer[1:9])
    for count in (parameters, columns):
        for _ in range(count + 1 if count else 0):  # The definitions, then an EOF.
            client.receive()
    return statement


def execute(client, statement: int, *values: bytes | None) -> bytes:
    """Executes with string parameters (None: sent as long data before); the first row."""
    nulls = bytes((len(values) + 7) // 8)
    types = b"".join(struct.pack("<BB", STRING, 0) for _ in values)
    data = b"".join(wire.lenenc(value) for value in values if value is not None)
    first = client.command(wire.COM_STMT_EXECUTE,
                           struct.pack("<IBI", statement, 0, 1) + nulls + b"\x01" + types + data)
    assert first[0] not in (0x00, 0xFF), first
    for _ in range(first[0] + 1):
        client.receive()
    row = client.receive()
    assert client.receive()[0] == 0xFE
    return row


def test_prepare_execute_close(session):
    statement = prepare(session, "SELECT CONCAT('<', ?, '>')")
    for text in (b"", b"hello", b"\0\xff binary" * 100):
        row = execute(session, statement, text)
        length, at = wire.read_lenenc(row, 2)
        assert row[at:at + length] == b"<" + text + b">"
    session.begin(COM_STMT_CLOSE, struct.pack("<I", statement))  # Has no answer.
    assert session.query("SELECT 1") == [("1",)]


def test_long_data_that_looks_like_a_kill(session):
    """COM_STMT_SEND_LONG_DATA has no answer, and may be many packets."""
    statement = prepare(session, "SELECT MD5(?), LENGTH(?)")
    chunk = b"\x03KILL QUERY %d" % session.greeting.connection_id
    for _ in range(1000):
        session.begin(wire.COM_STMT_SEND_LONG_DATA, struct.pack("<IH", statement, 0) + chunk)
    row = execute(session, statement, None, chunk)
    import hashlib
    assert hashlib.md5(chunk * 1000).hexdigest().encode() in row


def test_a_prepared_kill_names_the_databases_id(session, mariadb):
    """Only KILL as text is translated: a parameter is not looked at, so the database sees the
    number as it is and does not know it."""
    statement = prepare(session, "KILL QUERY ?")
    text = str((1 << 30) + 5).encode()
    answer = session.command(
        wire.COM_STMT_EXECUTE,
        struct.pack("<IBI", statement, 0, 1) + b"\0\x01" + struct.pack("<BB", STRING, 0)
        + wire.lenenc(text))
    assert wire.ServerError.read(answer).code == 1094


def test_mariadbs_bulk_execution(session, mariadb):
    """An extended capability of MariaDB's: works only if it was passed on in the login."""
    assert session.greeting.extended & BULK_OPERATIONS
    mariadb.sql("CREATE OR REPLACE TABLE shop.numbers (n BIGINT)")
    statement = prepare(session, "INSERT INTO shop.numbers VALUES (?)")
    rows = b"".join(b"\0" + struct.pack("<q", number) for number in range(1000))
    answer = session.command(
        COM_STMT_BULK_EXECUTE,
        struct.pack("<IHBB", statement, SEND_TYPES, LONGLONG, 0) + rows)
    assert answer[0] == 0, wire.ServerError.read(answer)
    assert mariadb.sql("SELECT COUNT(*), SUM(n) FROM shop.numbers") == [(1000, 499500)]
