"""PostgreSQL backends: over TCP and Unix sockets, TLS asked for or at once, checked as ssl-mode
says, several addresses in order, with the client's address in a PROXY protocol header where it is
wanted."""

import os
import signal
import socket
import struct
from dataclasses import dataclass

import pytest
from support import pgwire
from support.backend import accept_tls
from support.pgbackend import accept_login, read_opening, serve_queries
from support.pgwire import ServerError
from support.ports import free_port
from support.psql import query, verified

SILENT = {"health-interval": 3600}  # No health check but the first disturbs the database.
OFTEN = {"health-interval": 0.2}
TLS = "SELECT ssl, version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
PLAIN = [("f", None, None)]


def log_in(gateway, pki, user: str = "app", **how) -> pgwire.Client:
    # A relayed login cannot bind where the certificates differ: that is another file's subject.
    return pgwire.connect(gateway.port, user, tls=pki.context(), binding="disable", **how)


def one_query(gateway, pki, sql: str = "SELECT 1", **how) -> list[tuple]:
    with log_in(gateway, pki, **how) as client:
        return client.query(sql)


def refused_by(gateway, pki, **how) -> ServerError:
    with pytest.raises(ServerError) as refused:
        log_in(gateway, pki, **how)
    return refused.value


def address_of(server) -> str:
    return f"{server.host}:{server.port}"


def trusting(pki, settings: dict) -> dict:
    files = {"ours": pki.ca, "a stranger's": pki.put("stranger.crt", pki.stranger.pem)}
    return {key: str(files.get(value, value)) for key, value in settings.items()}


# What ssl-mode accepts.


ACCEPTING = [
    ("REQUIRED", {}),
    ("VERIFY_CA", {"ssl-ca": "ours"}),
    ("VERIFY_IDENTITY", {"ssl-ca": "ours"}),
    ("VERIFY_IDENTITY", {"ssl-ca": "ours", "ssl-server-name": "database.sallyport.test"}),
    ("VERIFY_CA", {"ssl-ca": "ours", "ssl-server-name": "not.the.name"}),
]


@pytest.mark.parametrize("negotiation, mode, more", [
    ("postgres", "PREFERRED", {}),
    *[(negotiation, *case) for negotiation in ("postgres", "direct") for case in ACCEPTING]])
def test_ssl_modes_that_accept_the_database(open_door, pg18, pki, negotiation, mode, more):
    gateway = open_door(pg18, backend_settings={"ssl-mode": mode, "negotiation": negotiation,
                                                **trusting(pki, more)})
    gateway.wait_for_log("backend is up")
    with log_in(gateway, pki) as client:
        cipher, version, _ = client.sock.cipher()
        assert client.query(TLS) == [("t", version, cipher)]


@pytest.mark.parametrize("mode, more", [
    ("VERIFY_CA", {"ssl-ca": "a stranger's"}),
    ("VERIFY_IDENTITY", {"ssl-ca": "a stranger's"}),
    ("VERIFY_CA", {}),  # The system's roots.
    ("VERIFY_IDENTITY", {"ssl-ca": "ours", "ssl-server-name": "not.the.name"}),
])
@pytest.mark.parametrize("negotiation", ["postgres", "direct"])
def test_ssl_modes_that_refuse_the_database(open_door, pg18, pki, mode, more, negotiation):
    """No session, no login sent, an error in the client's protocol, and the log knows why."""
    before = len(pg18.log())
    gateway = open_door(pg18, backend_settings={"ssl-mode": mode, "negotiation": negotiation,
                                                **trusting(pki, more)})
    assert "verify failed" in gateway.wait_for_log("backend is down")["reason"]
    fault = refused_by(gateway, pki)
    assert (fault.severity, fault.code) == ("FATAL", "08006")
    record = gateway.wait_for_session(user="app")
    assert (record["leg"], record["stage"], record["reason"]) == ("back", "handshake",
                                                                  "certificate_untrusted")
    assert "verify failed" in record["detail"]
    assert "app@" not in pg18.log()[before:]


def test_ssl_mode_disabled_makes_the_back_leg_plain(open_door, pg15, pki):
    """Allowed only because the operator wrote it; the database then sees a plain client."""
    gateway = open_door(pg15, backend_settings={"ssl-mode": "DISABLED"})
    assert one_query(gateway, pki, TLS) == PLAIN
    assert "no encryption" in refused_by(gateway, pki, user="encrypted").message


@pytest.fixture(scope="module")
def without_tls(new_shared_postgres):
    server = new_shared_postgres(options="ssl = off", hba="local all postgres trust\n"
                                 "host all all 127.0.0.0/8 scram-sha-256\n").start()
    server.account("app")
    return server


@pytest.mark.parametrize("mode", ["DISABLED", "PREFERRED"])
def test_a_database_without_tls_where_that_is_allowed(open_door, without_tls, pki, mode):
    gateway = open_door(without_tls, backend_settings={"ssl-mode": mode})
    gateway.wait_for_log("backend is up")
    assert one_query(gateway, pki, TLS) == PLAIN
    # The default client: there is no -PLUS to bind with, which is not our doing.
    assert query("SELECT 1", port=gateway.port, user="app", password="secret", dbname="postgres",
                 **verified(pki.ca)) == [("1",)]


@pytest.mark.parametrize("mode", ["REQUIRED", "VERIFY_CA", "VERIFY_IDENTITY"])
def test_a_database_without_tls_where_that_is_not_allowed(open_door, without_tls, pki, mode):
    before = len(without_tls.log())
    gateway = open_door(without_tls, backend_settings={"ssl-mode": mode})
    assert refused_by(gateway, pki).code == "08006"
    record = gateway.wait_for_session(user="app")
    assert (record["leg"], record["reason"]) == ("back", "tls_unsupported")
    assert "app@" not in without_tls.log()[before:]


# How TLS is opened.


@dataclass
class Beginning:
    first: bytes
    sni: str | None
    alpn: str | None


@pytest.fixture
def recording(scripted_postgres):
    """A database that knows how each user's last connection began: `began`, by user."""
    def script(wire, backend):
        first = wire.sock.recv(1, socket.MSG_PEEK)
        if first == b"\x16":
            accept_tls(wire, backend.context)
        opening = read_opening(wire, backend)
        backend.began[opening.user] = Beginning(first, wire.sock.sni,
                                                wire.sock.selected_alpn_protocol())
        accept_login(wire)
        serve_queries(wire)

    def remember(tls, name, context):
        tls.sni = name

    backend = scripted_postgres(script)
    backend.began = {}
    backend.context.set_alpn_protocols([pgwire.ALPN])
    backend.context.sni_callback = remember
    return backend


@pytest.mark.parametrize("negotiation, first", [("postgres", b"\0"), ("direct", b"\x16")])
@pytest.mark.parametrize("host, name, sni", [
    ("localhost", None, "localhost"), ("127.0.0.1", None, None),
    ("127.0.0.1", "database.sallyport.test", "database.sallyport.test"),
    ("localhost", "database.sallyport.test", "database.sallyport.test")])
def test_the_databases_name_is_sent_as_sni(open_door, recording, pki, negotiation, first, host,
                                           name, sni):
    """By health checks, too; and ALPN says which protocol is meant."""
    named = {"ssl-server-name": name} if name else {}
    gateway = open_door([f"{host}:{recording.port}"], listener={"protocol": "postgres"},
                        backend_settings={"negotiation": negotiation, **named})
    gateway.wait_for_log("backend is up")
    assert one_query(gateway, pki) == [("scripted",)]
    expected = Beginning(first, sni, "postgresql")
    assert recording.began == {"sallyport": expected, "app": expected}


def test_direct_tls_to_a_database_that_does_not_speak_it(open_door, pg15, pki):
    """It takes the ClientHello for a StartupMessage, and leaves."""
    gateway = open_door(pg15, backend_settings={"negotiation": "direct"})
    assert "direct TLS from 17 on" in gateway.wait_for_log("backend is down")["reason"]
    fault = refused_by(gateway, pki)
    assert (fault.severity, fault.code) == ("FATAL", "08006")
    record = gateway.wait_for_session(user="app")
    assert (record["leg"], record["stage"], record["level"]) == ("back", "handshake", "warn")
    assert "direct TLS from 17 on" in record["detail"]


def test_direct_tls_to_a_server_that_does_not_answer_alpn(open_door, scripted_postgres, pki):
    """It may be a server of another protocol behind the same certificate (ALPACA)."""
    logins = []

    def script(wire, backend):
        accept_tls(wire, backend.context)
        logins.append(wire.receive_exactly(8))

    gateway = open_door(scripted_postgres(script), backend_settings={"negotiation": "direct"})
    assert refused_by(gateway, pki).code == "08006"
    assert gateway.wait_for_session(user="app")["reason"] == "no_application_protocol"
    assert logins == []


# Unix sockets.


@pytest.mark.parametrize("mode", ["DISABLED", "PREFERRED", "REQUIRED", "VERIFY_IDENTITY"])
def test_a_unix_socket(open_door, pg15, pki, mode):
    """Always plain, as libpq's own connection to it is."""
    address = f"unix:{pg15.socket}"
    gateway = open_door([address], listener={"protocol": "postgres"},
                        backend_settings={"ssl-mode": mode})
    gateway.wait_for_log("backend is up", address=address)
    with log_in(gateway, pki) as client:
        assert client.query(TLS) == PLAIN
        assert client.query("SELECT inet_client_addr()") == [(None,)]
        client.terminate()
    assert gateway.wait_for_session(user="app")["backend_address"] == address


def test_a_unix_socket_that_nobody_listens_on(open_door, pki, tmp_path):
    gateway = open_door([f"unix:{tmp_path / 'nothing'}"], listener={"protocol": "postgres"})
    assert "No such file" in gateway.wait_for_log("backend is down")["reason"]
    assert refused_by(gateway, pki).code == "08006"


def test_a_listener_on_a_unix_socket(open_door, pg15):
    """As libpq names them: a directory, and in it .s.PGSQL.PORT."""
    gateway = open_door(pg15, start=False, tls={"require-secure-transport": False})
    path = gateway.directory / ".s.PGSQL.5432"
    gateway.settings["listener"][0]["address"] = f"unix:{path}"
    gateway.write_config()
    gateway.start()
    assert query("SELECT current_user", host=gateway.directory, port=5432, user="app",
                 password="secret", dbname="postgres") == [("app",)]
    gateway.stop()
    assert not path.exists()


# Several addresses.


def test_the_first_address_that_answers_is_used(open_door, pg15, pki):
    down = f"127.0.0.1:{free_port()}"
    gateway = open_door([down, address_of(pg15)], listener={"protocol": "postgres"})
    gateway.wait_for_log("backend is down", address=down)
    gateway.wait_for_log("backend is up", address=address_of(pg15))
    assert one_query(gateway, pki) == [("1",)]
    assert gateway.wait_for_session(user="app")["backend_address"] == address_of(pg15)


def test_a_database_that_died_is_replaced_by_the_next(open_door, new_postgres, pg15, pki):
    """Though no health check has told yet."""
    first = new_postgres().start()
    first.account("app")
    addresses = [address_of(server) for server in (first, pg15)]
    gateway = open_door(addresses, listener={"protocol": "postgres"}, backend_settings=SILENT)
    for address in addresses:
        gateway.wait_for_log("backend is up", address=address)
    for expected, then in zip(addresses, (first.stop, lambda: None)):
        assert one_query(gateway, pki) == [("1",)]
        assert gateway.wait_for_session(user="app", backend_address=expected)
        then()
    gateway.wait_for_log("backend is down", address=addresses[0])


def test_a_database_that_only_takes_connections_is_passed_over(open_door, new_postgres, pg15, pki):
    """The kernel accepts for a server that does nothing any more."""
    first = new_postgres().start()
    first.account("app")
    addresses = [address_of(server) for server in (first, pg15)]
    gateway = open_door(addresses, listener={"protocol": "postgres"}, backend_settings=SILENT,
                        limits={"dial-timeout": 1})
    for address in addresses:
        gateway.wait_for_log("backend is up", address=address)
    os.kill(first.process.pid, signal.SIGSTOP)
    try:
        assert one_query(gateway, pki) == [("1",)]
        assert gateway.wait_for_session(user="app")["backend_address"] == addresses[1]
        gateway.wait_for_log("backend is down", address=addresses[0])
    finally:
        os.kill(first.process.pid, signal.SIGCONT)


def test_a_database_that_comes_back_is_used_again(open_door, new_postgres, pki):
    server = new_postgres().start()
    server.account("app")
    gateway = open_door(server, backend_settings=OFTEN)
    gateway.wait_for_log("backend is up")
    server.stop()
    gateway.wait_for_log("backend is down")
    fault = refused_by(gateway, pki)
    assert (fault.severity, fault.code) == ("FATAL", "08006")
    server.start()
    gateway.wait_for_log("backend is up", count=2)
    assert one_query(gateway, pki) == [("1",)]


# The PROXY protocol.


@dataclass
class ProxyHeader:
    command: int
    family: int
    body: bytes

    @classmethod
    def read(cls, wire) -> "ProxyHeader":
        assert wire.receive_exactly(12) == b"\r\n\r\n\0\r\nQUIT\n"
        command, family, length = struct.unpack("!BBH", wire.receive_exactly(4))
        return cls(command, family, wire.receive_exactly(length))


LOCAL, PROXY, TCP_OVER_IPV4 = 0x20, 0x21, 0x11


@pytest.mark.parametrize("source", ["127.0.0.2", "127.0.0.3"])
@pytest.mark.parametrize("negotiation", ["postgres", "direct"])
def test_the_proxy_header_carries_the_clients_address(open_door, scripted_postgres, pki, source,
                                                      negotiation):
    """Before anything else; health checks and cancel requests are the door's own connections."""
    seen = {}

    def script(wire, backend):
        header = ProxyHeader.read(wire)
        if negotiation == "direct":
            accept_tls(wire, backend.context)
        opening = read_opening(wire, backend)
        seen["cancel" if opening.is_cancel else opening.user] = header
        if not opening.is_cancel:
            accept_login(wire)
            serve_queries(wire)

    backend = scripted_postgres(script)
    backend.context.set_alpn_protocols([pgwire.ALPN])
    gateway = open_door(backend, backend_settings={
        "proxy-protocol": True, "negotiation": negotiation, **SILENT})
    gateway.wait_for_log("backend is up")
    with log_in(gateway, pki, source=source) as client:
        assert client.query("SELECT 1") == [("scripted",)]
        addresses = [socket.inet_aton(host) for host in (source, "127.0.0.1")]
        ports = [client.sock.getsockname()[1], gateway.port]
        pgwire.cancel(gateway.port, client.process, client.secret, source=source)
    own = ProxyHeader(LOCAL, 0, b"")
    assert seen == {"sallyport": own, "cancel": own, "app": ProxyHeader(
        PROXY, TCP_OVER_IPV4, b"".join(addresses) + struct.pack("!HH", *ports))}


def test_without_it_the_address_is_the_doors(postgres_door, pki):
    with log_in(postgres_door, pki, source="127.0.0.2") as client:
        assert client.query("SELECT host(inet_client_addr())") == [("127.0.0.1",)]
