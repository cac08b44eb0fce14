"""What our own CA issued, and what auto-tls made, is renewed at two thirds of its life while serving:
no restart, no session touched; failures are retried, and its state is told."""

import datetime
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from support import wire
from support.clients import tls_context
from support.gateway import run
from support.pki import Authority, Credential, new_key
from support.ports import free_port, wait_until

pytestmark = pytest.mark.once

DAY = 86400


def aged(authority, life: float, left: float):
    """A server's pair with a life of so many seconds, of which so many are left."""
    return authority.server("localhost", "127.0.0.1", days=left / DAY, age=(life - left) / DAY)


@pytest.fixture
def authority(tmp_path):
    own = Authority("House CA")
    (tmp_path / "ca.crt").write_text(own.pem)
    own.key_pem = own.key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                        serialization.NoEncryption()).decode()
    (tmp_path / "ca.key").write_text(own.key_pem)
    return own


def settings(directory) -> dict:
    return {"ssl-cert": str(directory / "server.crt"), "ssl-key": str(directory / "server.key"),
            "ca-cert": str(directory / "ca.crt"), "ca-key": str(directory / "ca.key")}


def on_disk(directory):
    return x509.load_pem_x509_certificate((directory / "server.crt").read_bytes())


def served(gateway, context) -> int:
    with wire.Client(gateway.port) as client:
        client.open_tls(context)
        return int(client.sock.getpeercert()["serialNumber"], 16)


def states(gateway, **fields) -> list:
    return [record["state"] for record in gateway.events("certificate renewal state", **fields)]


def test_a_leaf_of_our_ca_is_renewed_under_live_sessions(open_door, mariadb, pki, authority, tmp_path):
    old = aged(authority, life=60, left=26)
    old.write(tmp_path, "server")
    gateway = open_door(mariadb, tls=settings(tmp_path))
    gateway.wait_for_log("backend is up")
    context = tls_context(tmp_path / "ca.crt")
    with wire.connect(gateway.port, "app", tls=context) as client:
        held = int(client.sock.getpeercert()["serialNumber"], 16)
        client.begin(wire.COM_QUERY, "SELECT SLEEP(8), 7")
        gateway.wait_for_log("certificate renewed", file=str(tmp_path / "server.crt"))
        new = on_disk(tmp_path)
        assert new.serial_number != old.serial == held
        assert served(gateway, context) == new.serial_number
        assert client.result(client.receive())[0] == ("0", "7")
        assert client.query("SELECT 1") == [("1",)]
    assert new.subject == old.certificate.subject
    for kind in (x509.SubjectAlternativeName, x509.ExtendedKeyUsage, x509.KeyUsage):
        assert new.extensions.get_extension_for_class(kind).value == \
            old.certificate.extensions.get_extension_for_class(kind).value
    assert new.not_valid_after - new.not_valid_before == \
        old.certificate.not_valid_after - old.certificate.not_valid_before
    verified = subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", tmp_path / "ca.crt",
                               tmp_path / "server.crt"], capture_output=True, text=True)
    assert verified.returncode == 0, verified.stderr
    assert (tmp_path / "server.key").stat().st_mode & 0o777 == 0o600
    assert states(gateway)[-2:] == ["due", "fresh"]
    # Renewed at the very moment at which a third is left: nothing to be alarmed about.
    assert not gateway.events("certificate nears its end", role="node")


def test_failures_are_retried_and_told(open_door, mariadb, pki, authority, tmp_path):
    old = aged(authority, life=60, left=30)
    old.write(tmp_path, "server")
    gateway = open_door(mariadb, tls=settings(tmp_path))
    (tmp_path / "ca.key").write_text("gone")
    gateway.wait_for_log("certificate renewal state", state="overdue")
    assert gateway.events("certificate could not be renewed")
    pauses = [record["next_attempt_s"] for record in gateway.events("certificate could not be renewed")]
    assert all(0.5 <= pause <= 2 for pause in pauses), pauses
    (tmp_path / "ca.key").write_text(authority.key_pem)
    gateway.wait_for_log("certificate renewal state", state="fresh", before="overdue")
    context = tls_context(tmp_path / "ca.crt")
    assert served(gateway, context) == on_disk(tmp_path).serial_number != old.serial


def test_of_two_gateways_on_one_directory_one_renews(open_door, mariadb, pki, authority, tmp_path):
    old = aged(authority, life=60, left=30)
    old.write(tmp_path, "server")
    doors = [open_door(mariadb, tls=settings(tmp_path)) for _ in range(2)]
    context = tls_context(tmp_path / "ca.crt")
    for door in doors:
        wait_until(lambda: served(door, context) != old.serial, "the new certificate", patience=60)
    assert len({served(door, context) for door in doors} | {on_disk(tmp_path).serial_number}) == 1
    assert sum(len(door.events("certificate issued again")) for door in doors) == 1


def test_a_leaf_of_another_ca_is_left_alone(open_door, mariadb, pki, authority, tmp_path):
    stranger = pki.servers.server("localhost", "127.0.0.1", days=1, age=9)
    stranger.write(tmp_path, "server")
    gateway = open_door(mariadb, tls=settings(tmp_path))
    gateway.wait_for_log("certificate is not renewed here: ca-cert did not issue it")
    assert on_disk(tmp_path).serial_number == stranger.serial


def test_a_ca_that_does_not_fit_its_key_is_an_error(open_door, mariadb, pki, authority, tmp_path):
    aged(authority, life=DAY, left=DAY - 60).write(tmp_path, "server")
    (tmp_path / "ca.key").write_text(pki.front.key_pem)
    gateway = open_door(mariadb, tls=settings(tmp_path), start=False)
    done = run("check", "-c", gateway.config)
    assert done.returncode == 1 and "ca.key: the private key belongs to no certificate in" in done.stderr


def below_auto_tls(directory, life: float, left: float) -> Credential:
    """A server's pair as auto-tls makes them, but for its life."""
    ca = x509.load_pem_x509_certificate((directory / "ca.crt").read_bytes())
    ca_key = serialization.load_pem_private_key((directory / "ca.key").read_bytes(), None)
    key, end = new_key("ecdsa"), datetime.datetime.utcnow() + datetime.timedelta(seconds=left)
    identifier = ca.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    served = x509.load_pem_x509_certificate((directory / "server.crt").read_bytes())
    builder = (x509.CertificateBuilder().subject_name(served.subject).issuer_name(ca.subject)
               .public_key(key.public_key()).serial_number(x509.random_serial_number())
               .not_valid_before(end - datetime.timedelta(seconds=life)).not_valid_after(end)
               .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False))
    for kind in (x509.BasicConstraints, x509.KeyUsage, x509.ExtendedKeyUsage, x509.SubjectAlternativeName):
        extension = served.extensions.get_extension_for_class(kind)
        builder = builder.add_extension(extension.value, extension.critical)
    return Credential(builder.sign(ca_key, hashes.SHA256()), key, {}, {})


def test_auto_tls_is_renewed_while_serving_whatever_the_configuration_file_has_become(
        open_door, mariadb, tmp_path):
    gateway = open_door(mariadb, tls={"ssl-cert": None, "ssl-key": None})
    gateway.wait_for_log("backend is up")
    directory = gateway.data / "auto-tls"
    old = below_auto_tls(directory, life=80, left=32)
    context = tls_context(directory / "ca.crt")
    (directory / "server.key").write_text(old.key_pem)
    (directory / "server.crt").write_text(old.certificate_pem)

    def shown(serial_is) -> bool:
        return serial_is(served(gateway, context))
    wait_until(lambda: shown(lambda serial: serial == old.serial), "the short-lived certificate")
    with wire.connect(gateway.port, "app", tls=context) as client:
        # An edit that is only half done must not cost anybody a certificate.
        gateway.config.write_text(gateway.config.read_text() + "\n[limits\n")
        gateway.wait_for_log("certificate renewed", file=str(directory))
        assert shown(lambda serial: serial != old.serial)
        assert client.query("SELECT 1") == [("1",)]


def test_the_state_is_a_metric(open_door, mariadb, pki, authority, tmp_path):
    aged(authority, life=DAY, left=DAY - 60).write(tmp_path, "server")
    port = free_port()
    open_door(mariadb, tls=settings(tmp_path), console={"address": f"127.0.0.1:{port}"})
    page = subprocess.run(["curl", "-sS", "--cacert", tmp_path / "ca.crt", f"https://127.0.0.1:{port}/metrics"],
                          capture_output=True, text=True, timeout=60).stdout
    file = tmp_path / "server.crt"
    assert f'sallyport_certificate_renewal_state{{file="{file}",state="fresh"}} 1' in page
    assert f'sallyport_certificate_renewals_total{{file="{file}"}} 0' in page
