"""However a PostgreSQL client opens its connection (SSLRequest, GSSENCRequest before it, direct
TLS, plain text, protocol 3.0 or 3.2), it comes out as on a direct connection, or ends with the
right word."""

import re
import socket
import ssl

import pytest
from support import pgwire
from support.pgbackend import accept_login, read_opening, serve_queries
from support.ports import free_port
from support.psql import query, refusal, verified

PROTOCOL_3_2 = pgwire.version(3, 2)
SILENT = {"health-interval": 3600}  # No health check disturbs the database's log.


@pytest.fixture(scope="module", params=[15, 18])
def server(request, shared_postgres):
    return shared_postgres(request.param)


@pytest.fixture(scope="module")
def gateway(open_shared_door, server):
    """In front of either version; plain clients may come in, too."""
    door = open_shared_door(server, tls={"require-secure-transport": False},
                            backend_settings=SILENT)
    door.wait_for_log("backend is up")
    return door


@pytest.fixture(scope="module")
def closed_gateway(open_shared_door):
    """A door without a certificate."""
    return open_shared_door([f"127.0.0.1:{free_port()}"], listener={"protocol": "postgres"},
                            tls={"ssl-cert": None, "ssl-key": None, "ssl-ca": None,
                                 "auto-tls": False, "require-secure-transport": False})


def by_psql(port: int, pki, sql: str = "SELECT 1", libpq: int = 15, **more) -> list[tuple]:
    # A relayed login cannot bind where the certificates differ: that is another file's subject.
    return query(sql, libpq=libpq, port=port, user="app", password="secret", dbname="postgres",
                 channel_binding="disable", **{**verified(pki.ca), **more})


def log_in(client: pgwire.Client, **how) -> pgwire.Client:
    return client.log_in("app", binding="disable", **how)


def in_pieces(port: int, pki, pieces: int, direct: bool) -> pgwire.Client:
    """A client whose ClientHello arrives in as many segments."""
    context = pki.context()
    context.set_alpn_protocols([pgwire.ALPN])
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        tls.do_handshake()
    hello = outgoing.read()
    client = pgwire.Client(port)
    if not direct:
        assert client.ask() == b"S"
    client.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    size = -(-len(hello) // pieces)
    for at in range(0, len(hello), size):
        client.raw(hello[at:at + size])
    client.sock = MemoryTls(client.sock, tls, incoming, outgoing)
    return client


class MemoryTls:
    """As much of a socket as pgwire needs, over an SSLObject."""

    def __init__(self, sock, tls, incoming, outgoing):
        self.sock, self.tls, self.incoming, self.outgoing = sock, tls, incoming, outgoing
        self._drive(tls.do_handshake)

    def recv(self, size: int) -> bytes:
        return self._drive(self.tls.read, size)

    def sendall(self, data: bytes) -> None:
        self._drive(self.tls.write, data)
        self.sock.sendall(self.outgoing.read())

    def close(self) -> None:
        self.sock.close()

    def _drive(self, step, *arguments):
        while True:
            try:
                return step(*arguments)
            except ssl.SSLWantReadError:
                self.sock.sendall(self.outgoing.read())
                if not (piece := self.sock.recv(1 << 16)):
                    raise pgwire.Closed("in the handshake") from None
                self.incoming.write(piece)


# What comes out well.


@pytest.mark.parametrize("libpq, more", [
    (15, {}), (15, {"gssencmode": "disable"}), (18, {}), (18, {"sslnegotiation": "direct"}),
    (18, {"max_protocol_version": "3.2"}),
    (18, {"max_protocol_version": "3.2", "sslnegotiation": "direct"}),
    (15, {"sslmode": "disable"}), (18, {"sslmode": "disable", "max_protocol_version": "3.2"})])
def test_libpq_of_both_versions(gateway, server, pki, libpq, more):
    ask = "SELECT ssl, version FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    expected = [("f", "")] if "sslmode" in more else [("t", "TLSv1.3")]
    assert by_psql(gateway.port, pki, ask, libpq, **more) == expected


def test_ssl_request(gateway, pki):
    with pgwire.Client(gateway.port) as client:
        assert client.ask(pgwire.SSL_REQUEST) == b"S"
        client.start_tls(pki.context(), server_hostname="localhost")
        assert log_in(client).query("SELECT 1") == [("1",)]


def test_gss_request_and_then_ssl_request(gateway, pki):
    with pgwire.Client(gateway.port) as client:
        assert client.ask(pgwire.GSS_REQUEST) == b"N"
        client.open_tls(pki.context())
        assert log_in(client).query("SELECT 1") == [("1",)]


def test_gss_request_and_then_plain_text(gateway):
    with pgwire.Client(gateway.port) as client:
        assert client.ask(pgwire.GSS_REQUEST) == b"N"
        assert log_in(client).query("SELECT 1") == [("1",)]


def test_direct_tls(gateway, pki):
    with pgwire.Client(gateway.port) as client:
        client.open_direct_tls(pki.context())
        assert client.sock.selected_alpn_protocol() == "postgresql"
        assert log_in(client).query("SELECT 1") == [("1",)]


def test_plain_text(gateway):
    with pgwire.Client(gateway.port) as client:
        assert log_in(client).query("SELECT 1") == [("1",)]


@pytest.mark.parametrize("direct", [False, True], ids=["asked for", "direct"])
@pytest.mark.parametrize("pieces", [3, 1000], ids=["three segments", "single bytes"])
def test_a_client_hello_in_pieces(gateway, pki, pieces, direct):
    with in_pieces(gateway.port, pki, pieces, direct) as client:
        assert log_in(client).query("SELECT 1") == [("1",)]


@pytest.mark.parametrize("offered, agreed", [(None, None), ("postgresql", "postgresql")])
def test_alpn_is_taken_but_not_needed_behind_an_ssl_request(gateway, pki, offered, agreed):
    context = pki.context()
    if offered:
        context.set_alpn_protocols(["h2", offered])
    with pgwire.Client(gateway.port) as client:
        client.open_tls(context)
        assert client.sock.selected_alpn_protocol() == agreed
        assert log_in(client).query("SELECT 1") == [("1",)]


@pytest.mark.parametrize("tls", [True, False], ids=["tls", "plain"])
@pytest.mark.parametrize("protocol", [pgwire.version(3, 0), PROTOCOL_3_2, pgwire.version(3, 9999)])
def test_protocol_versions_are_negotiated_with_the_database(gateway, server, pki, protocol, tls):
    """PostgreSQL 15 answers 3.2 with NegotiateProtocolVersion and short keys; 18 with long ones."""
    def opened(port: int) -> tuple:
        how = {"tls": pki.context() if tls else None, "binding": "disable", "protocol": protocol}
        with pgwire.connect(port, "app", **how) as client:
            assert client.query("SELECT pg_backend_pid()") == [(str(client.process),)]
            return client.negotiated, len(client.secret), client.parameters
    directly = opened(server.port)
    assert opened(gateway.port) == directly
    is_long = server.version == 18 and protocol != pgwire.version(3, 0)
    assert directly[1] == (32 if is_long else 4)


def test_unknown_protocol_options_are_negotiated_with_the_database(gateway, server, pki):
    def opened(port: int) -> bytes:
        with pgwire.connect(port, "app", tls=pki.context(), binding="disable",
                            **{"_pq_.new_thing": "1"}) as client:
            return client.negotiated
    assert b"_pq_.new_thing" in opened(server.port)
    assert opened(gateway.port) == opened(server.port)


def test_the_startup_message_reaches_the_database_as_it_is(scripted_postgres, open_door, pki):
    def script(wire, backend):
        read_opening(wire, backend)
        accept_login(wire)
        serve_queries(wire)
    backend = scripted_postgres(script)
    gateway = open_door(backend)
    sent = pgwire.startup("some body", "a database", options="-c geqo=off -c x.y=\\ z",
                          application_name="Käse", protocol=PROTOCOL_3_2, _pq_="1")
    with pgwire.Client(gateway.port) as client:
        client.open_tls(pki.context())
        client.raw(sent)
        client.authenticate("")
        assert client.query("SELECT 1") == [("scripted",)]
    seen = [opening.packet for opening in backend.openings if opening.user == "some body"]
    assert seen == [sent]


def test_the_log_tells_how_it_was_opened(gateway, server, pki):
    with pgwire.Client(gateway.port) as client:
        context = pki.context()
        context.set_alpn_protocols([pgwire.ALPN])
        client.start_tls(context, server_hostname="front.sallyport.test")
        log_in(client)
        cipher, version, _ = client.sock.cipher()
        client.terminate()
    record = gateway.wait_for_session(sni="front.sallyport.test")
    told = {key: record[key] for key in ("sni", "tls_version", "tls_cipher", "user", "database",
                                         "connection_id", "backend_connection_id", "level")}
    assert told == {"sni": "front.sallyport.test", "tls_version": version, "tls_cipher": cipher,
                    "user": "app", "database": "postgres", "connection_id": client.process,
                    "backend_connection_id": client.process, "level": "info"}


# What is refused.


@pytest.fixture(scope="module")
def strict_gateway(open_shared_door, server):
    """A door where every session is one of those that are refused, and is awaited."""
    door = open_shared_door(server, backend_settings=SILENT)
    door.wait_for_log("backend is up")
    return door


@pytest.fixture
def untouched(strict_gateway, server):
    """Checks at the end that the database saw no connection, and that the door logged one session,
    which the test may await."""
    log, ended = len(server.log()), len(strict_gateway.sessions())

    def wait() -> dict:
        return strict_gateway.wait_for_session(count=ended + 1)

    yield wait
    wait()
    assert "connection received" not in server.log()[log:]
    assert len(strict_gateway.sessions()) == ended + 1


def fails_to_handshake(context, port: int) -> ssl.SSLError:
    with pgwire.Client(port) as client, pytest.raises(ssl.SSLError) as refused:
        client.start_tls(context, server_hostname="localhost")
        client.receive_exactly(1)  # With TLS 1.3 the alert comes behind the client's Finished.
    return refused.value


@pytest.mark.parametrize("offered", [[], ["http/1.1"], ["h2", "postgres"]],
                         ids=["no alpn", "another protocol", "other protocols"])
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_direct_tls_needs_alpn(strict_gateway, untouched, pki, offered, version):
    context = pki.context(version=version)
    if offered:
        context.set_alpn_protocols(offered)
    assert "no application protocol" in str(fails_to_handshake(context, strict_gateway.port))
    record = untouched()
    assert (record["stage"], record["reason"]) == ("handshake", "no_application_protocol")


def test_another_alpn_protocol_is_refused_behind_an_ssl_request_too(strict_gateway, untouched, pki):
    """As PostgreSQL 17 and later do: such a client was meant for another server (ALPACA)."""
    context = pki.context()
    context.set_alpn_protocols(["http/1.1"])
    with pgwire.Client(strict_gateway.port) as client:
        with pytest.raises(ssl.SSLError, match="(?i)no application protocol"):
            client.open_tls(context)
    assert untouched()["reason"] == "no_application_protocol"


BEHIND = {
    "a startup message": pgwire.startup("trusty"),
    "a second ssl request": pgwire.SSL_REQUEST,
    "a client hello": bytes.fromhex("16030100c8010000c40303") + bytes(194),
    "a single byte": b"\0",
}


@pytest.mark.parametrize("request_name", ["ssl", "gss"])
@pytest.mark.parametrize("what", BEHIND)
def test_plain_bytes_behind_a_request_for_encryption(strict_gateway, untouched, request_name, what):
    """They must never count as having come through TLS (CVE-2021-23214)."""
    asked = {"ssl": pgwire.SSL_REQUEST, "gss": pgwire.GSS_REQUEST}[request_name]
    with pgwire.Client(strict_gateway.port) as client:
        client.raw(asked + BEHIND[what])
        answer = client.read_to_end()
    assert answer == b"" or pgwire.ServerError.read(answer[5:]).code == "08P01", answer
    assert untouched()["reason"] == "unexpected_packet"


def test_tls_inside_tls(strict_gateway, untouched, pki):
    with pgwire.Client(strict_gateway.port) as client:
        client.open_tls(pki.context())
        client.raw(pgwire.SSL_REQUEST)
        assert pgwire.ServerError.read(client.expect("E")).code == "08P01"
    assert untouched()["reason"] == "unexpected_packet"


def test_a_cleartext_request_is_never_answered_twice(strict_gateway, untouched):
    with pgwire.Client(strict_gateway.port) as client:
        assert client.ask(pgwire.GSS_REQUEST) == b"N"
        client.raw(pgwire.GSS_REQUEST)
        assert pgwire.ServerError.read(client.expect("E")).code == "08P01"
    assert untouched()["reason"] == "unexpected_packet"


# A door without a certificate.


@pytest.mark.parametrize("request_packet", [pgwire.SSL_REQUEST, pgwire.GSS_REQUEST])
def test_without_a_certificate_encryption_is_declined(closed_gateway, request_packet):
    closed_gateway.wait_for_log("secure connection is NOT ENABLED")
    with pgwire.Client(closed_gateway.port) as client:
        assert client.ask(request_packet) == b"N"


def test_without_a_certificate_direct_tls_ends(closed_gateway, pki):
    context = pki.context()
    context.set_alpn_protocols([pgwire.ALPN])
    with pgwire.Client(closed_gateway.port) as client:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            client.start_tls(context, server_hostname="localhost")
    closed_gateway.wait_for_session(reason="malformed")


def test_without_a_certificate_psql_falls_back_where_it_may(open_door, pg15):
    gateway = open_door(pg15, tls={"ssl-cert": None, "ssl-key": None, "ssl-ca": None,
                                   "auto-tls": False, "require-secure-transport": False})
    where = {"host": "127.0.0.1", "port": gateway.port, "user": "app", "password": "secret",
             "dbname": "postgres"}
    assert query("SELECT 1", sslmode="prefer", **where) == [("1",)]
    assert re.search("server does not support SSL, but SSL was required",
                     refusal(sslmode="require", **where))
