"""One JSON line for each ended session, with everything an operator asks for and nothing secret."""

import re

import pytest
from support import wire
from support.clients import connect, mariadb as command_line, query
from support.pki import one_line

FIELDS = {
    "listener": str, "client": str, "backend": str, "backend_address": str, "connection_id": int,
    "backend_connection_id": int, "sni": str, "tls_version": str, "tls_cipher": str,
    "resumed": bool, "backend_resumed": bool, "chain": str, "client_subject": str,
    "client_serial": str, "client_fingerprint": str, "user": str, "database": str, "leg": str,
    "stage": str, "reason": str, "detail": str,
    "bytes_in": int, "bytes_out": int, "handshake_ms": (int, float), "login_ms": (int, float),
    "session_ms": (int, float),
}


def test_every_field_of_an_ordinary_session(door, mariadb, pki):
    user = mariadb.account("complete")
    with wire.connect(door.port, user, tls=pki.context(pki.files.alice), database="shop") as client:
        backend_id = mariadb.sessions(user)[0][0]
        client.query(f"SELECT '{'x' * 5000}'")
        port = client.sock.getsockname()[1]
        client.quit()
    record = door.wait_for_session(user=user)
    for field, kind in FIELDS.items():
        assert isinstance(record[field], kind), field
    expected = {
        "level": "info", "listener": "front", "client": f"127.0.0.1:{port}", "backend": "database",
        "backend_address": f"{mariadb.host}:{mariadb.port}", "sni": "localhost",
        "connection_id": client.greeting.connection_id, "backend_connection_id": backend_id,
        "client_subject": one_line(pki.alice.subject), "database": "shop", "stage": "relay",
        "leg": "front", "reason": "client_quit",
    }
    assert {field: record[field] for field in expected} == expected
    assert record["bytes_in"] > 5000 and record["bytes_out"] > 5000
    assert 0 < record["handshake_ms"] <= record["session_ms"]
    assert 0 < record["login_ms"] <= record["session_ms"]


def test_every_line_has_time_level_and_event(door):
    for record in door.records:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", record["time"])
        assert record["level"] in ("debug", "info", "warn", "error") and record["event"]


def test_sessions_that_come_to_nothing_are_told_of_too(open_door, mariadb, pki):
    gateway = open_door(mariadb)
    wire.Client(gateway.port).close()
    record = gateway.wait_for_session()
    assert (record["leg"], record["stage"], record["user"]) == ("front", "opening", "")
    assert set(FIELDS) <= set(record)


def test_one_line_for_each_session(open_door, mariadb, pki):
    gateway = open_door(mariadb)
    context = pki.context()
    for _ in range(20):
        wire.connect(gateway.port, "app", tls=context).quit()
    gateway.wait_for_session(count=20, user="app")
    gateway.stop()
    assert len(gateway.sessions()) == 20


@pytest.mark.parametrize("greeting", ["own", "backend"])
def test_no_password_and_no_query_in_the_log(open_door, mariadb, pki, greeting):
    """At the most talkative level, through every way a secret can come in."""
    password, statement = "correct-horse-battery", "sally_secret_column"
    mariadb.account("careful", f"IDENTIFIED BY '{password}'")
    mariadb.account("second", f"IDENTIFIED BY '{password}2'")
    gateway = open_door(mariadb, listener={"greeting": greeting}, log={"level": "debug"})
    with connect(gateway.port, "careful", password, tls=pki.context()) as connection:
        query(connection, f"SELECT 1 AS {statement}")
    with wire.connect(gateway.port, "careful", password, tls=pki.context()) as client:
        with pytest.raises(wire.ServerError):
            client.query(f"SELECT {statement} FROM shop.nothing")
        client.change_user("second", password + "2")
        client.quit()
    command_line(gateway.port, "careful", f"SELECT '{statement}'", password=password + "-wrong",
                 ca=pki.ca)
    gateway.wait_for_session(count=3)
    gateway.stop()
    text = gateway.log()
    assert password not in text and statement not in text


def test_names_that_would_break_the_log(door, pki):
    """User names are bytes from strangers: quotes, controls, and what is not UTF-8."""
    for name in ('quo"te\\', "new\nline", "tab\t\x01", "ünïcode"):
        with pytest.raises(wire.ServerError):
            wire.connect(door.port, name, "x", tls=pki.context())
        assert door.wait_for_session(user=name)["reason"] == "backend_refused"


def test_the_level_filters(open_door, mariadb, pki):
    gateway = open_door(mariadb, log={"level": "warn"}, start=False)
    gateway.launch()
    from support.ports import wait_until

    def ready() -> bool:
        try:
            wire.Client(gateway.port).close()
            return True
        except (OSError, wire.Closed, wire.ServerError):
            return False
    wait_until(ready, "the gateway's start")
    with pytest.raises(wire.ServerError):
        wire.connect(gateway.port, "app")
    gateway.wait_for_log("session ended", reason="tls_required")
    gateway.stop()
    assert {record["level"] for record in gateway.records} <= {"warn", "error"}
