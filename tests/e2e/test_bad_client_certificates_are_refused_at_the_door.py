"""A client certificate that does not verify ends the handshake, with the right alert, and nothing
reaches the database."""

import ssl

import pytest
from support import wire
from support.clients import TLS_1_2, TLS_1_3


@pytest.fixture(scope="module")
def gateway(open_shared_door, mariadb, pki):
    revoked = pki.clients.client("revoked")
    pki.revoked = revoked.write(pki.directory, "revoked")
    crl = pki.put("client.crl", pki.clients.crl(revoked) + pki.staff.crl() + pki.desk.crl())
    door = open_shared_door(mariadb, tls={"ssl-crl": str(crl)},
                            backend_settings={"health-interval": 3600})
    door.wait_for_log("backend is up")
    return door


def make(pki, kind: str):
    if kind == "revoked":
        return pki.revoked
    return {
        "expired": lambda: pki.clients.client("late", days=-1, age=30),
        "not yet valid": lambda: pki.clients.client("early", age=-1, days=30),
        "of a stranger": lambda: pki.stranger.client("stranger"),
        "of a namesake of the CA": lambda: type(pki.clients)(pki.clients.subject).client("false"),
        "for servers": lambda: pki.clients.server("localhost"),
        "without its intermediate": lambda: without_chain(pki.desk.client("orphan")),
    }[kind]().write(pki.directory, kind.replace(" ", "-"))


def without_chain(credential):
    credential.chain = []
    return credential


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
@pytest.mark.parametrize("kind, alert", [
    ("expired", "certificate expired"),
    ("not yet valid", "bad certificate"),
    ("of a stranger", "unknown ca"),
    ("of a namesake of the CA", ""),
    ("revoked", "certificate revoked"),
    ("for servers", ""),
    ("without its intermediate", "unknown ca"),
])
def test_the_handshake_ends_with_an_alert(gateway, mariadb, pki, kind, alert, version):
    before = len(gateway.sessions())
    context = pki.context(make(pki, kind), version=version)
    connections = mariadb.status("Connections")
    with wire.Client(gateway.port) as client, pytest.raises(ssl.SSLError) as refused:
        client.open_tls(context)
        client.sock.recv(1)  # In TLS 1.3 the client is done before the server has judged.
    assert "alert" in str(refused.value).lower()
    assert alert in str(refused.value).lower()
    record = gateway.wait_for_session(count=before + 1)
    assert (record["leg"], record["stage"], record["reason"]) == (
        "front", "handshake", "certificate_untrusted")
    assert mariadb.status("Connections") == connections + 1, "the question itself"


def test_a_good_certificate_passes_the_same_door(gateway, mariadb, pki):
    mariadb.account("holder", require="X509")
    for files in (pki.files.alice, pki.files.reader):
        with wire.connect(gateway.port, "holder", tls=pki.context(files)) as client:
            assert client.query("SELECT 1") == [("1",)]


def test_a_door_without_client_cas_does_not_ask(open_door, mariadb, pki):
    """A client that has a certificate is not asked for it, and is then one without."""
    mariadb.account("holder", require="X509")
    door = open_door(mariadb, tls={"ssl-ca": None})
    with wire.connect(door.port, "app", tls=pki.context(pki.files.alice)) as client:
        assert client.query("SELECT 1") == [("1",)]
    with pytest.raises(wire.ServerError):
        wire.connect(door.port, "holder", tls=pki.context(pki.files.alice))


def test_a_door_may_ask_nobody(open_door, mariadb, pki):
    impostor = pki.stranger.client("x").write(pki.directory, "unasked")
    door = open_door(mariadb, tls={"client-certificate": "none"})
    with wire.connect(door.port, "app", tls=pki.context(impostor)) as client:
        client.quit()
    assert door.wait_for_session(user="app")["client_subject"] == ""


def test_a_door_may_require_a_certificate(open_door, mariadb, pki):
    door = open_door(mariadb, tls={"client-certificate": "required"})
    with wire.connect(door.port, "app", tls=pki.context(pki.files.alice)) as client:
        assert client.query("SELECT 1") == [("1",)]
    with wire.Client(door.port) as client, pytest.raises(ssl.SSLError) as refused:
        client.open_tls(pki.context())
        client.sock.recv(1)
    assert "certificate required" in str(refused.value).lower()
    assert door.wait_for_session(reason="certificate_required")["stage"] == "handshake"


def test_the_door_names_the_authorities_it_accepts(gateway, pki):
    """Clients with several certificates choose by these names."""
    import subprocess
    shown = subprocess.run(
        ["openssl", "s_client", "-starttls", "mysql", "-connect", f"127.0.0.1:{gateway.port}"],
        input="", capture_output=True, text=True, timeout=30).stdout
    names = shown.split("Acceptable client certificate CA names")[1]
    assert "CN = Clients CA" in names and "CN = Staff CA" in names
