"""A PostgreSQL client that the door refuses gets an ErrorResponse as PostgreSQL would write it; one
that the database refuses gets the database's own, byte for byte."""

import socket
import ssl
import struct
from contextlib import ExitStack

import pytest
from support import pgwire
from support.pgbackend import read_opening
from support.pgwire import ServerError
from support.ports import free_port
from support.psql import query, refusal, verified

CLOSED_HBA = "local all postgres trust\n"


def refused(port: int, user: str = "app", *, tls: ssl.SSLContext | None, **how) -> ServerError:
    with pytest.raises(ServerError) as fault:
        pgwire.connect(port, user, tls=tls, binding="disable", **how)
    return fault.value


def error_in(client: pgwire.Client) -> ServerError:
    """The next message, an error, behind which the connection is closed."""
    fault = ServerError.read(client.expect("E"))
    assert client.read_to_end() == b""
    return fault


# Plain text where TLS is required.


@pytest.mark.parametrize("user, database", [
    ("app", "postgres"), ("nobody", "nowhere"), ('o\'brien "x"', "a b"), ("Jürgen", "Käse"),
    ("u" * 63, "d" * 63)])
def test_plain_text_is_refused_in_postgresqls_words(postgres_door, new_postgres, user, database):
    server = new_postgres(hba=CLOSED_HBA).start()
    own = refused(server.port, user, tls=None, database=database)
    ours = refused(postgres_door.port, user, tls=None, database=database)
    assert (ours.severity, ours.code, ours.message) == (own.severity, own.code, own.message)
    assert ours.code == "28000" and "no encryption" in ours.message
    assert "sslmode=require" in ours.hint


def test_the_database_is_that_of_the_users_name_where_none_is_given(postgres_door):
    with pgwire.Client(postgres_door.port) as client:
        client.raw(pgwire.opening(pgwire.version(3, 0), b"user\0app\0\0"))
        assert error_in(client).message == (
            'no pg_hba.conf entry for host "127.0.0.1", user "app", database "app", no encryption')


def test_psql_shows_message_and_hint(postgres_door, pg15):
    before = len(pg15.log())
    text = refusal(host="127.0.0.1", port=postgres_door.port, user="app", password="secret",
                   dbname="shop", sslmode="disable")
    assert text.startswith('FATAL:  no pg_hba.conf entry for host "127.0.0.1", user "app",'
                           ' database "shop", no encryption\nHINT:  ')
    record = postgres_door.wait_for_session(reason="tls_required", database="shop")
    assert (record["level"], record["leg"], record["stage"]) == ("warn", "front", "login")
    assert "shop" not in pg15.log()[before:], "the database knows nothing of it"


def test_psql_that_prefers_plain_text_comes_back_with_tls(postgres_door, pki):
    """sslmode=allow tries plain text first, and our refusal makes it try again."""
    assert query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()", host="127.0.0.1",
                 port=postgres_door.port, user="app", password="secret", dbname="postgres",
                 sslmode="allow", channel_binding="disable") == [("t",)]


# Rules, limits and faults of ours.


@pytest.mark.parametrize("rule", ["X509", "SUBJECT '/O=Sallyport tests/CN=bob'",
                                  "ISSUER '/CN=nobody'", "CIPHER 'ECDHE-RSA-AES128-SHA'"])
def test_an_account_rule_that_is_not_met(open_door, pg15, pki, rule):
    """The client is not told why, the log is, the database hears nothing."""
    gateway = open_door(pg15, backend_settings={"mirror": "off", "health-interval": 3600},
                        account=[{"user": "app", "require": rule}])
    gateway.wait_for_log("backend is up")
    before = len(pg15.log())
    credential = None if rule == "X509" else pki.files.alice
    fault = refused(gateway.port, tls=pki.context(credential))
    assert (fault.severity, fault.code, fault.hint) == ("FATAL", "28000", "")
    for secret in ("X509", "SUBJECT", "bob", "ISSUER", "CIPHER", "certificate", "rule"):
        assert secret not in fault.message + fault.detail
    record = gateway.wait_for_session(user="app")
    assert (record["reason"], record["level"]) == ("account_refused", "warn")
    assert "connection received" not in pg15.log()[before:]


def test_an_account_rule_that_is_met(open_door, pg15, pki):
    rule = "SUBJECT '/O=Sallyport tests/CN=alice'"
    gateway = open_door(pg15, backend_settings={"mirror": "off"},
                        account=[{"user": "app", "require": rule}])
    with pgwire.connect(gateway.port, "app", tls=pki.context(pki.files.alice),
                        binding="disable") as client:
        assert client.query("SELECT 1") == [("1",)]


def test_no_backend(open_door, pki):
    gateway = open_door([f"127.0.0.1:{free_port()}"], listener={"protocol": "postgres"})
    fault = refused(gateway.port, tls=pki.context())
    assert (fault.severity, fault.code) == ("FATAL", "08006")
    record = gateway.wait_for_session(user="app")
    assert (record["reason"], record["leg"], record["stage"]) == ("backend_down", "back", "dial")


def test_a_backend_that_is_not_who_it_should_be(open_door, pg15, pki):
    gateway = open_door(pg15, backend_settings={"ssl-mode": "VERIFY_CA", "ssl-ca": pki.put(
        "not-the-servers.crt", pki.stranger.pem)})
    before = len(pg15.log())
    assert refused(gateway.port, tls=pki.context()).code == "08006"
    record = gateway.wait_for_session(user="app")
    assert (record["reason"], record["leg"]) == ("certificate_untrusted", "back")
    assert "user=app" not in pg15.log()[before:]


def test_a_backend_without_tls(open_door, scripted_postgres, pki):
    gateway = open_door(scripted_postgres(read_opening, tls=False))
    assert refused(gateway.port, tls=pki.context()).code == "08006"
    assert gateway.wait_for_session(user="app")["reason"] == "tls_unsupported"


def test_one_session_too_many(open_door, pg15, pki):
    gateway = open_door(pg15, limits={"max-connections": 1})
    with pgwire.connect(gateway.port, "app", tls=pki.context(), binding="disable"):
        with pgwire.Client(gateway.port) as client:
            client.raw(pgwire.startup("app"))
            fault = ServerError.read(client.read_to_end()[5:])
        assert (fault.severity, fault.code) == ("FATAL", "53300")
        assert fault.message == "sorry, too many clients already"
        text = refusal(port=gateway.port, user="app", dbname="postgres", **verified(pki.ca))
        assert "sorry, too many clients already" in text
    gateway.wait_for_session(count=3)
    with pgwire.connect(gateway.port, "app", tls=pki.context(), binding="disable") as client:
        assert client.query("SELECT 1") == [("1",)], "there is room again"


def test_far_too_many_connections_are_closed_unheard(open_door, pg15):
    """To be told costs a handshake; a hundred at a time may have that."""
    gateway = open_door(pg15, limits={"max-connections": 1})
    with ExitStack() as held:
        for _ in range(1 + 100):
            held.enter_context(socket.create_connection(("127.0.0.1", gateway.port)))
        with socket.create_connection(("127.0.0.1", gateway.port)) as last:
            assert last.recv(1) == b""
        assert gateway.wait_for_log("connection closed")["reason"] == "too_many_sessions"


def test_the_service_account_is_for_the_door_alone(open_door, new_postgres, pki):
    """Where the database lets it in by where it comes from, it would let in everybody."""
    server = new_postgres(hba="local all all trust\n").start()
    server.sql("CREATE ROLE keeper LOGIN SUPERUSER")
    gateway = open_door([f"unix:{server.socket}"], listener={"protocol": "postgres"},
                        backend_settings={"auth-user": "keeper"})
    fault = refused(gateway.port, "keeper", tls=pki.context(), password="made up")
    assert fault.code == "28000"
    assert gateway.wait_for_session(user="keeper")["reason"] == "account_refused"


@pytest.mark.parametrize("where", ["in plain text", "inside tls", "in the authentication"])
def test_a_login_that_takes_too_long(open_door, pg15, pki, where):
    gateway = open_door(pg15, limits={"connect-timeout": 2},
                        tls={"require-secure-transport": False})
    with pgwire.Client(gateway.port) as client:
        if where != "in plain text":
            client.open_tls(pki.context())
        if where == "in the authentication":
            client.raw(pgwire.startup("app"))
            assert client.expect("R")
        else:
            client.raw(pgwire.startup("app")[:20])
        assert error_in(client).code == "08P01"
    assert gateway.wait_for_session()["reason"] == "timed_out"


def test_a_database_that_never_answers(open_door, scripted_postgres, pki):
    def stall(wire, backend):
        read_opening(wire, backend)
        wire.read_to_end()
    gateway = open_door(scripted_postgres(stall), limits={"connect-timeout": 2})
    fault = refused(gateway.port, tls=pki.context())
    assert (fault.severity, fault.code[:2]) == ("FATAL", "08")
    assert gateway.wait_for_session(user="app")["reason"] == "timed_out"


# What no client of today sends.


MALFORMED = {
    "no user": pgwire.opening(pgwire.version(3, 0), b"database\0postgres\0\0"),
    "no nul at the end": pgwire.startup("app")[:-2] + b"xx",
    "no terminator": pgwire.opening(pgwire.version(3, 0), b"user\0app\0"),
    "a name without a value": pgwire.opening(pgwire.version(3, 0), b"user\0app\0database\0\0"[:-1]),
    "nothing at all": pgwire.opening(pgwire.version(3, 0)),
    "too long by one": struct.pack("!II", 10_005, pgwire.version(3, 0)) + bytes(9_997),
    "a megabyte": struct.pack("!II", 1 << 20, pgwire.version(3, 0)) + bytes(1 << 16),
    "too short": struct.pack("!II", 7, pgwire.version(3, 0)),
    "http": b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    "a cancel request without its key": pgwire.opening(pgwire.CANCEL),
    "a cancel request with half its key": pgwire.cancel_request(1, b"ab"),
    "a cancel request with too long a key": pgwire.cancel_request(1, bytes(257)),
    "a long ssl request": pgwire.opening(pgwire.SSL, b"more"),
}


@pytest.fixture(scope="module")
def strangers_door(open_shared_door, pg15):
    """A door where every session is awaited by its test."""
    return open_shared_door(pg15)


@pytest.mark.parametrize("inside_tls", [False, True], ids=["plain", "tls"])
@pytest.mark.parametrize("what", MALFORMED)
def test_malformed_openings(strangers_door, pki, what, inside_tls):
    ended = len(strangers_door.sessions())
    with pgwire.Client(strangers_door.port) as client:
        if inside_tls:
            client.open_tls(pki.context())
        client.raw(MALFORMED[what])
        fault = ServerError.read(client.expect("E"))
    assert (fault.severity, fault.code) == ("FATAL", "08P01")
    record = strangers_door.wait_for_session(count=ended + 1)
    assert (record["leg"], record["level"]) == ("front", "warn")
    assert record["reason"] in ("malformed", "too_large", "unexpected_packet", "old_protocol")


@pytest.mark.parametrize("major, minor", [(1, 0), (2, 0), (4, 0), (9999, 9999)])
@pytest.mark.parametrize("inside_tls", [False, True], ids=["plain", "tls"])
def test_other_protocols(postgres_door, pg18, pki, major, minor, inside_tls):
    """As PostgreSQL 18 says it; but for protocols before 3 it has an older form of errors."""
    def answer(port: int) -> bytes:
        with pgwire.Client(port) as client:
            if inside_tls:
                client.open_tls(pki.context())
            client.raw(pgwire.startup("app", protocol=pgwire.version(major, minor)))
            return client.read_to_end()
    ours, own = answer(postgres_door.port), answer(pg18.port)
    fault = ServerError.read(ours[5:])
    text = f"unsupported frontend protocol {major}.{minor}: server supports 3.0 to 3.2"
    assert (fault.severity, fault.code, fault.message) == ("FATAL", "0A000", text)
    assert text.encode() in own
    if major > 3:
        assert fault == ServerError.read(own[5:])
    assert postgres_door.wait_for_session(reason="old_protocol")["level"] == "warn"


# Inside the TLS handshake.


def test_a_certificate_that_is_required(open_door, pg15, pki):
    gateway = open_door(pg15, tls={"client-certificate": "required"})
    text = refusal(port=gateway.port, user="app", dbname="postgres", **verified(pki.ca))
    assert "certificate required" in text
    assert gateway.wait_for_session()["reason"] == "certificate_required"


def test_a_version_that_is_not_offered(open_door, pg15, pki):
    gateway = open_door(pg15, tls={"tls-version": "TLSv1.3"})
    text = refusal(port=gateway.port, user="app", dbname="postgres", **verified(pki.ca),
                   ssl_max_protocol_version="TLSv1.2")
    assert "protocol version" in text
    assert gateway.wait_for_session()["reason"] == "tls_no_agreement"


# What the database refuses.


@pytest.mark.parametrize("how", [
    {"database": "nowhere"}, {"options": "-c no_such_setting=1"}, {"client_encoding": "klingon"},
    {"replication": "true"}, {"user": "nobody"}, {"password": "wrong"}, {"user": "plain"},
    {"datestyle": "of yesterday"}, {"options": "--help"}], ids=str)
def test_the_databases_own_errors_pass_as_they_are(postgres_door, pg15, pki, how):
    def answer(port: int) -> ServerError:
        parameters = dict(how)
        user = parameters.pop("user", "app")
        return refused(port, user, tls=pki.context(), **parameters)
    assert answer(postgres_door.port) == answer(pg15.port)


def test_a_database_that_is_full_says_so_itself(open_door, new_postgres, pki):
    server = new_postgres(options="max_connections = 4\nsuperuser_reserved_connections = 0").start()
    server.account("app")
    gateway = open_door(server, backend_settings={"health-interval": 3600})
    gateway.wait_for_log("backend is up")
    held = [pgwire.connect(gateway.port, "app", tls=pki.context(), binding="disable")
            for _ in range(4)]
    try:
        fault = refused(gateway.port, tls=pki.context())
        assert fault == refused(server.port, tls=pki.context())
        assert fault.code == "53300"
    finally:
        for client in held:
            client.close()


def test_a_database_that_refuses_before_tls(open_door, scripted_postgres, pki):
    """An error in place of the answer to SSLRequest is a database too busy, or too old, for TLS;
    it is not encrypted, so nothing of it is believed (CVE-2021-23222's class)."""
    def script(wire, backend):
        wire.receive_exactly(8)
        wire.raw(ServerError("FATAL", "53300", "not to be believed").write())
    gateway = open_door(scripted_postgres(script))
    fault = refused(gateway.port, tls=pki.context())
    assert fault.code == "08006" and "believed" not in fault.message
