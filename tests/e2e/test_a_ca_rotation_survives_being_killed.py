"""Whatever moment a step of a rotation is killed at, the files serve as they are, no key is lost,
and the same command goes on."""

import json
import subprocess

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from support import gateway as gateways
from support.gateway import run
from support.killing import build_shim, kills
from support.pki import Authority, Credential

AFTER = {"--begin": "begun", "--finish": "finished", "--retire": "retired"}
STEPS = list(AFTER)

# No gateway is run here that could hear of bytes in another way.
pytestmark = pytest.mark.once


def keys_in(*folders) -> set[str]:
    return {file.read_text() for folder in folders for file in folder.rglob("*.key")}


def verifies(trusted, chain) -> bool:
    return subprocess.run(["openssl", "verify", "-x509_strict", "-purpose", "sslserver",
                           "-CAfile", trusted, "-untrusted", chain, chain],
                          capture_output=True).returncode == 0


def matches(certificate, key) -> bool:
    def plain(public) -> bytes:
        return public.public_bytes(serialization.Encoding.DER,
                                   serialization.PublicFormat.SubjectPublicKeyInfo)
    shown = x509.load_pem_x509_certificate(certificate.read_bytes())
    own = serialization.load_pem_private_key(key.read_bytes(), None)
    return plain(shown.public_key()) == plain(own.public_key())


def phase(home) -> str:
    return json.loads((home / "certs" / "rotation.json").read_text())["phase"]


def is_listed(home) -> bool:
    """Whether the list revokes the old CA as the next one vouches for it."""
    link = x509.load_pem_x509_certificate(
        (home / "certs" / "rotation" / "old-by-next.crt").read_bytes())
    lists = home / "certs" / "ca.crl"
    return lists.exists() and x509.load_pem_x509_crl(
        lists.read_bytes()).get_revoked_certificate_by_serial_number(link.serial_number) is not None


@pytest.fixture(scope="module")
def shim(tmp_path_factory):
    return build_shim(tmp_path_factory.mktemp("shim"))


@pytest.fixture
def home(tmp_path):
    """certs/ with a node, private/ca.key, old.crt: what was trusted before."""
    old = Authority({"O": "Sallyport", "CN": "Sallyport CA"})
    folder = tmp_path / "home"
    certs, private = folder / "certs", folder / "private"
    old.server("localhost").write(certs, "node")
    private.mkdir()
    (private / "ca.key").touch(mode=0o600)
    (private / "ca.key").write_text(Credential(old.certificate, old.key, {}, {}).key_pem)
    for file in (certs / "ca.crt", folder / "old.crt"):
        file.write_text(old.pem)
    return folder


def rotate(home, step: str, **how) -> subprocess.CompletedProcess:
    key = ["--ca-key", home / "private" / "ca.key"] if step == "--begin" else []
    return run("cert", "rotate-ca", step, "--certs-dir", home / "certs", *key, **how)


@pytest.mark.parametrize("step", STEPS)
def test_a_directory(home, shim, step):
    for before in STEPS[:STEPS.index(step)]:
        assert rotate(home, before).returncode == 0
    keys = keys_in(home / "private")
    count = 0
    for at in kills(shim, home, lambda **how: rotate(home, step, **how)):
        count += 1
        assert keys <= keys_in(home / "private"), f"a key was lost at {at}"
        if step == "--retire":
            is_decided = (home / "certs" / ".staged").exists()
            is_over = phase(home) == "retired"
            assert is_listed(home) or not is_over or is_decided, f"after a kill at {at}"

        again = rotate(home, step)
        assert again.returncode == 0, f"after a kill at {at}: {again.stderr}"
        certs = home / "certs"
        assert phase(home) == AFTER[step]
        assert not list(certs.glob(".staged*"))
        trusts = [certs / "ca.crt", certs / "rotation" / "ca-next.crt"]
        if step != "--retire":
            trusts.append(home / "old.crt")
        assert matches(certs / "node.crt", certs / "node.key")
        for trust in trusts:
            assert verifies(trust, certs / "node.crt"), f"{trust}, after a kill at {at}"
        if step != "--begin":
            assert matches(certs / "rotation" / "ca-next.crt", home / "private" / "ca.key")
        assert is_listed(home) == (step == "--retire"), f"after a kill at {at}"
    # Each file's place in the change, the change itself, and the states before and after it.
    assert count > 5
    print(f"{step}: killed at {count} points")


@pytest.fixture
def data(tmp_path, pki):
    """A gateway's configuration with a mirror CA, which it has made."""
    class Nobody:
        host, port = "127.0.0.1", 1
    client_ca = tmp_path / "clients.crt"
    client_ca.write_text(pki.clients.pem)
    settings = gateways.door(Nobody, tls={"ssl-ca": client_ca}, **{"data-dir": tmp_path / "data"})
    (tmp_path / "sallyport.toml").write_text(gateways.to_toml(settings))
    assert run("mirror-ca", "-c", tmp_path / "sallyport.toml").returncode == 0
    return tmp_path / "data"


def rotate_mirror(data, step: str, **how) -> subprocess.CompletedProcess:
    return run("cert", "rotate-ca", "--mirror", "-c", data.parent / "sallyport.toml", step, **how)


@pytest.mark.parametrize("step", STEPS)
def test_the_mirror(data, shim, step):
    for before in STEPS[:STEPS.index(step)]:
        assert rotate_mirror(data, before).returncode == 0
    keys = keys_in(data / "mirror-ca")
    count = 0
    for at in kills(shim, data, lambda **how: rotate_mirror(data, step, **how)):
        count += 1
        # A gateway that starts now finds its mirror whole.
        shown = run("mirror-ca", "-c", data.parent / "sallyport.toml")
        assert shown.returncode == 0, f"after a kill at {at}: {shown.stderr}"
        assert step == "--retire" or keys <= keys_in(data / "mirror-ca")
        again = rotate_mirror(data, step)
        # Where only the answer was still to come, there is nothing left to retire.
        assert again.returncode == 0 or (step == "--retire" and "to retire" in again.stderr)
        for key in (data / "mirror-ca").glob("*.key"):
            assert key.stat().st_mode & 0o777 == 0o600
    assert count > 2
    print(f"--mirror {step}: killed at {count} points")
