"""`sallyport cert revoke`, killed at any moment, run many times at once, or on a full disk: the list
is never half-written, no revocation that was reported is lost, and the next command repairs."""

import resource
import signal
import subprocess
from types import SimpleNamespace

import pytest
from cryptography import x509
from support.gateway import BINARY, run
from support.pki import Authority, Credential

pytestmark = pytest.mark.once


@pytest.fixture
def house(tmp_path):
    clients = Authority("Clients CA")
    certs, key = tmp_path / "certs", tmp_path / "ca-client.key"
    certs.mkdir()
    (certs / "ca-client.crt").write_text(clients.pem)
    key.write_text(Credential(clients.certificate, clients.key, {}, {}).key_pem)
    key.chmod(0o600)
    where = ["--certs-dir", certs, "--ca-key", key]
    assert run("cert", "crl", *where).returncode == 0

    def client(number: int):
        credential = clients.client(f"user{number}")
        file, _ = credential.write(tmp_path, f"user{number}")
        return credential, ["cert", "revoke", file, *where]

    def listed() -> set[int]:
        found = x509.load_pem_x509_crl((certs / "ca-client.crl").read_bytes())
        assert found.is_signature_valid(clients.key.public_key())
        return {entry.serial_number for entry in found}

    def left_over() -> list[str]:
        return sorted(path.name for path in certs.iterdir())

    return SimpleNamespace(client=client, listed=listed, left_over=left_over, certs=certs)


def start(command) -> subprocess.Popen:
    return subprocess.Popen([str(BINARY), *map(str, command)], stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)


def test_many_at_once(house):
    clients = [house.client(number) for number in range(6)]
    running = [start(command) for _, command in clients]
    for process in running:
        _, told = process.communicate(timeout=120)
        assert process.returncode == 0, told
    assert house.listed() == {credential.serial for credential, _ in clients}


def test_killed_at_any_moment(house):
    sure = set()
    for number in range(12):
        credential, command = house.client(number)
        process = start(command)
        try:
            # Not a wait for something to happen: each round is cut at another moment.
            process.wait(timeout=0.02 * number)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
        process.communicate(timeout=60)
        assert sure <= house.listed()
        again = run(*command)
        assert again.returncode == 0 or "was revoked already" in again.stderr, again.stderr
        sure.add(credential.serial)
        assert sure == house.listed()
    assert house.left_over() == [".lock", "ca-client.crl", "ca-client.crt", "ledger.db"]


def test_on_a_full_disk(house):
    credential, command = house.client(0)

    def nothing_fits():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))

    before = house.listed()
    # A pipe, unlike a file, has no size that the limit could hit.
    refused = run(*command, preexec_fn=nothing_fits)
    assert refused.returncode == 1
    assert refused.stderr.startswith("error: cannot ")
    assert house.listed() == before
    assert run(*command).returncode == 0
    assert house.listed() == before | {credential.serial}
