"""`sallyport cert revoke` while the door is open: the client is refused at its next handshake, also
where it resumes a session; with revoked-sessions = "close" its live sessions end, too."""

import ssl
from types import SimpleNamespace

import pytest
from support import pgwire, wire
from support.clients import TLS_1_2, TLS_1_3
from support.gateway import run
from support.pki import Credential

CUT = (OSError, wire.Closed, ssl.SSLError)


class Mysql:
    def __init__(self, port: int):
        self.port = port

    def open(self, context, session=None):
        """TLS is up, and no login sent yet."""
        client = wire.Client(self.port)
        client.open_tls(context, session=session)
        return client

    def log_in(self, client):
        answer = client.log_in("app", "secret")
        assert answer[0] == 0, answer
        return client

    def connect(self, context, session=None):
        return wire.connect(self.port, "app", tls=context, session=session)


class Postgres:
    def __init__(self, port: int):
        self.port = port

    def open(self, context, session=None):
        return pgwire.Client(self.port).open_tls(context, session=session)

    def log_in(self, client):
        return client.log_in("app", binding="disable")

    def connect(self, context, session=None):
        return self.log_in(self.open(context, session))


@pytest.fixture(params=["mysql", "postgres"])
def protocol(request):
    return request.param


@pytest.fixture
def house(protocol, request, open_door, pki, tmp_path):
    """A door whose clients' CA has a certificates directory, with an empty list at first."""
    certs, key = tmp_path / "certs", tmp_path / "ca-client.key"
    certs.mkdir()
    (certs / "ca-client.crt").write_text(pki.clients.pem)
    key.write_text(Credential(pki.clients.certificate, pki.clients.key, {}, {}).key_pem)
    key.chmod(0o600)

    def cert(*words):
        done = run("cert", *words, "--certs-dir", certs, "--ca-key", key)
        assert done.returncode == 0, done.stderr
        return done

    cert("crl")
    database = request.getfixturevalue("mariadb" if protocol == "mysql" else "pg15")

    def start(revoked_sessions: str | None):
        tls = {"ssl-ca": str(certs / "ca-client.crt"), "ssl-crl": str(certs / "ca-client.crl")}
        if revoked_sessions:
            tls["revoked-sessions"] = revoked_sessions
        gateway = open_door(database, tls=tls)
        gateway.wait_for_log("backend is up")
        kind = Mysql if protocol == "mysql" else Postgres
        return gateway, kind(gateway.port)

    def revoke(credential, reason="keyCompromise"):
        file = tmp_path / "revoked.crt"
        file.write_text(credential.certificate_pem)
        return cert("revoke", file, "--reason", reason)

    def client(name: str, version=None):
        credential = pki.clients.client(name)
        return credential, pki.context(credential.write(tmp_path, name), version=version)

    return SimpleNamespace(start=start, revoke=revoke, client=client, cert=cert)


def is_alive(client) -> bool:
    return str(client.query("SELECT 1")[0][0]) == "1"


def test_at_its_next_handshake(house):
    gateway, door = house.start(None)
    alice, context = house.client("alice")
    _, others = house.client("bob")
    with door.connect(context) as before:
        house.revoke(alice)
        gateway.wait_for_log("configuration reloaded")
        with pytest.raises(CUT):
            door.connect(context)
        assert "revoked" in gateway.wait_for_session(reason="certificate_untrusted")["detail"]
        # Without revoked-sessions = "close", what lives goes on.
        assert is_alive(before)
    with door.connect(others) as other:
        assert is_alive(other)
    assert not gateway.sessions(reason="certificate_revoked")


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_also_with_a_ticket_from_before(house, version):
    gateway, door = house.start(None)
    alice, context = house.client("alice", version)
    with door.connect(context) as first:
        assert is_alive(first)
        ticket = first.sock.session
    with door.connect(context, ticket) as second:
        assert is_alive(second) and second.sock.session_reused
        ticket = second.sock.session
    house.revoke(alice)
    gateway.wait_for_log("configuration reloaded")
    with pytest.raises(CUT):
        with door.connect(context, ticket) as third:
            is_alive(third)
    gateway.wait_for_session(reason="certificate_untrusted")


def test_its_live_sessions_end_where_that_is_wished(house):
    gateway, door = house.start("close")
    alice, context = house.client("alice")
    _, others = house.client("bob")
    with door.connect(context) as first, door.connect(others) as other:
        assert is_alive(first)
        with door.connect(context, first.sock.session) as resumed:
            assert is_alive(resumed) and is_alive(other)
            house.revoke(alice)
            # Nothing is asked of them: they end by themselves.
            for client in (first, resumed):
                client.sock.settimeout(20)
                with pytest.raises(CUT):
                    client.receive()
        assert is_alive(other)
    gateway.wait_for_session(reason="certificate_revoked", count=2)
    for record in gateway.sessions(reason="certificate_revoked"):
        assert record["leg"] == "front" and record["stage"] == "relay"
        assert record["client_serial"].lstrip("0") == f"{alice.serial:X}"
    assert [record["resumed"] for record in gateway.sessions(reason="certificate_revoked")].count(
        True) == 1


def test_a_session_between_handshake_and_login_does_not_slip_through(house):
    gateway, door = house.start("close")
    alice, context = house.client("alice")
    with door.open(context) as client:
        house.revoke(alice)
        gateway.wait_for_log("configuration reloaded")
        with pytest.raises(CUT):
            door.log_in(client)
            is_alive(client)
    gateway.wait_for_session(reason="certificate_revoked")


def test_a_hold_can_be_taken_back(house):
    gateway, door = house.start("close")
    alice, context = house.client("alice")
    house.revoke(alice, "certificateHold")
    gateway.wait_for_log("configuration reloaded")
    with pytest.raises(CUT):
        door.connect(context)
    house.revoke(alice, "removeFromCRL")
    gateway.wait_for_log("configuration reloaded", count=2)
    with door.connect(context) as client:
        assert is_alive(client)
    # A list that has not changed for a session ends none.
    with door.connect(context) as client:
        house.cert("crl")
        gateway.wait_for_log("configuration reloaded", count=3)
        assert is_alive(client)
