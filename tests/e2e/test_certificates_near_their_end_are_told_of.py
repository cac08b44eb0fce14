"""Every certificate in sight is watched: one warning at a third of its life, one at a tenth, one error
when it has ended, none of them twice."""

import datetime
import signal

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from support import wire
from support.pki import Authority, _name

pytestmark = pytest.mark.once


def old_crl(authority) -> str:
    """A list of which a fifth of its life is left."""
    now = datetime.datetime.utcnow()
    builder = (x509.CertificateRevocationListBuilder().issuer_name(_name(authority.subject))
               .last_update(now - datetime.timedelta(days=8)).next_update(now + datetime.timedelta(days=2)))
    return builder.sign(authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.fixture
def database(new_mariadb, pki):
    """One whose certificate has a twentieth of its life left."""
    server = new_mariadb(credential=pki.servers.server("localhost", "127.0.0.1", days=5, age=95)).start()
    server.account("app")
    return server


def told(gateway, event: str = "certificate nears its end") -> set:
    found = [(record["role"], record["remaining"], record["subject"]) for record in gateway.events(event)]
    assert len(found) == len(set(found)), found
    return set(found)


def test_each_certificate_is_told_of_once(open_door, database, pki, tmp_path):
    leaf = pki.servers.server("localhost", "127.0.0.1", days=20, age=80)
    certificate, key = leaf.write(tmp_path, "server")
    clients = Authority("Ageing clients CA", days=1)
    clients.certificate = Authority._builder(
        clients.certificate.subject, clients.key.public_key(), clients, 300, 700).add_extension(
            x509.BasicConstraints(True, None), critical=True).sign(clients.key, hashes.SHA256())
    bob = clients.client("bob", days=9, age=91).write(tmp_path, "bob")
    (tmp_path / "clients.crt").write_text(clients.pem)
    (tmp_path / "clients.crl").write_text(old_crl(clients))
    gateway = open_door(database, tls={
        "ssl-cert": str(certificate), "ssl-key": str(key), "ssl-ca": str(tmp_path / "clients.crt"),
        "ssl-crl": str(tmp_path / "clients.crl")}, backend_settings={"mirror": "off"})
    gateway.wait_for_log("backend is up")
    with wire.connect(gateway.port, "app", tls=pki.context(bob)) as client:
        assert client.query("SELECT 1") == [("1",)]
    expected = {
        ("node", "1/3", "CN=localhost,O=Sallyport tests"),
        ("client_ca", "1/3", "CN=Ageing clients CA,O=Sallyport tests"),
        ("client_crl", "1/3", "CN=Ageing clients CA,O=Sallyport tests"),
        ("client", "1/10", "CN=bob,O=Sallyport tests"),
        ("backend", "1/10", "CN=localhost,O=Sallyport tests"),
    }
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for_log("configuration reloaded")
    assert told(gateway) == expected
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for_log("configuration reloaded", count=2)
    assert told(gateway) == expected
    for record in gateway.events("certificate nears its end"):
        assert record["level"] == "warn" and record["ttl_s"] > 0 and record["not_after"].endswith("Z")


def test_one_that_ends_while_it_serves_is_an_error(open_door, mariadb, pki, tmp_path):
    day = 86400
    leaf = pki.servers.server("localhost", "127.0.0.1", days=25 / day, age=100 / day)
    certificate, key = leaf.write(tmp_path, "server")
    gateway = open_door(mariadb, tls={"ssl-cert": str(certificate), "ssl-key": str(key)})
    record = gateway.wait_for_log("certificate has expired", role="node", patience=60)
    assert record["level"] == "error" and record["ttl_s"] <= 0
    assert [entry["remaining"] for entry in gateway.events("certificate nears its end", role="node")] \
        in (["1/3", "1/10"], ["1/10"])
    with pytest.raises(Exception):
        wire.connect(gateway.port, "app", tls=pki.context())
