"""`sallyport mirror-ca` prints the roots that a database must trust so that the mirror works: one
for each client CA, under the very name of the original, and no key."""

import subprocess

import pytest
from cryptography import x509
from support import gateway as gateways
from support import wire
from support.pki import one_line


def certificates(pem: str) -> list[x509.Certificate]:
    end = "-----END CERTIFICATE-----\n"
    return [x509.load_pem_x509_certificate((part + end).encode())
            for part in pem.split(end) if part.strip()]


def test_one_root_for_each_client_ca_under_its_name(mirror, pki):
    roots = certificates(mirror.bundle)
    assert sorted(root.subject.rfc4514_string() for root in roots) == sorted(
        authority.certificate.subject.rfc4514_string() for authority in (pki.clients, pki.staff))
    for root in roots:
        assert root.public_key() not in (pki.clients.key.public_key(), pki.staff.key.public_key())
        assert root.issuer == root.subject
    assert "PRIVATE" not in mirror.bundle


def test_the_bundle_is_stable(mirror):
    again = gateways.run("mirror-ca", "-c", mirror.data.parent / "sallyport.toml")
    assert (again.returncode, again.stdout, again.stderr) == (0, mirror.bundle, "")


def test_it_passes_openssls_strict_check(mirror, tmp_path):
    (tmp_path / "bundle.pem").write_text(mirror.bundle)
    for number, root in enumerate(mirror.bundle.split("-----END CERTIFICATE-----\n")[:-1]):
        file = tmp_path / f"{number}.crt"
        file.write_text(root + "-----END CERTIFICATE-----\n")
        done = subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile",
                               str(tmp_path / "bundle.pem"), str(file)],
                              capture_output=True, text=True)
        assert done.returncode == 0, done.stderr


def test_keys_are_readable_by_their_owner_only(mirror):
    keys = list((mirror.data / "mirror-ca").glob("*.key"))
    assert len(keys) == 2
    assert {key.stat().st_mode & 0o777 for key in keys} == {0o600}
    assert mirror.data.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("with_the_real_ones", [False, True], ids=["alone", "with the real CAs"])
def test_a_database_that_trusts_it_accepts_mirrored_clients(
        open_door, new_mariadb, pki, mirror, with_the_real_ones):
    real = pki.clients.pem + pki.staff.pem if with_the_real_ones else ""
    server = new_mariadb(client_cas=real + mirror.bundle).start()
    gateway = open_door(server)
    for name in ("alice", "reader"):
        credential = getattr(pki, name)
        server.account(name, require=f"SUBJECT '{one_line(credential.subject)}'"
                                     f" AND ISSUER '{one_line(credential.issuer)}'")
        with wire.connect(gateway.port, name, tls=pki.context(getattr(pki.files, name))) as client:
            assert client.query("SELECT 1") == [("1",)]


def test_a_database_that_trusts_only_the_real_cas_refuses_them(open_door, new_mariadb, pki):
    """Then the mirror's certificates are forgeries to it: the session fails, and the log says so."""
    server = new_mariadb(client_cas=pki.clients.pem + pki.staff.pem).start()
    server.account("app")
    gateway = open_door(server)
    with pytest.raises(wire.ServerError) as refused:
        wire.connect(gateway.port, "app", tls=pki.context(pki.files.alice))
    assert refused.value.code == 1105
    record = gateway.wait_for_session(user="app")
    assert (record["leg"], record["stage"]) == ("back", "auth")
    assert "sallyport mirror-ca" in record["detail"], "the log names the mend"
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        assert client.query("SELECT 1") == [("1",)], "clients without a certificate are unharmed"


def test_without_client_cas_there_is_nothing_to_print(tmp_path):
    config = tmp_path / "sallyport.toml"
    backend = type("Nowhere", (), {"host": "127.0.0.1", "port": 1})
    config.write_text(gateways.to_toml(
        gateways.door(backend, **{"data-dir": str(tmp_path / "data")})))
    done = gateways.run("mirror-ca", "-c", config)
    assert done.stdout == ""
    assert done.returncode == 1 and done.stderr.startswith("error: ")
