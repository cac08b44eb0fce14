"""The CAs that stand behind client certificates are replaced: the clients' own (`cert rotate-ca
--client-ca`) and the gateway's mirror of it (`--mirror`). Accounts that require issuer and subject
go on, with databases that trust the old one, the next one, or both."""

import json

import pytest
from support import wire
from support.gateway import run
from support.pki import Authority, Credential, one_line
from support.psql import psql, verified


class MariaDBAccount:
    """alice, who must show her certificate of that very issuer."""

    def __init__(self, server, credential):
        self.server = server
        server.account("alice", require=f"SUBJECT '{one_line(credential.subject)}'"
                                        f" AND ISSUER '{one_line(credential.issuer)}'")

    def refusal(self, gateway, pki, files) -> str:
        """Why alice cannot log in; empty where she can."""
        try:
            wire.connect(gateway.port, "alice", tls=pki.context(files)).quit()
            return ""
        except (wire.ServerError, wire.Closed, OSError) as fault:
            return str(fault) or type(fault).__name__


class PostgresAccount:
    """alice, whose certificate is her login."""

    def __init__(self, server, _):
        self.server = server
        server.add_accounts()

    def refusal(self, gateway, pki, files) -> str:
        done = psql("SELECT 1", port=gateway.port, user="alice", dbname="postgres",
                    **verified(pki.ca, files))
        return "" if done.returncode == 0 else done.stderr or "refused"


@pytest.fixture(params=["mariadb", "postgres"])
def new_account(request):
    """Makes the database and the account: new_account(credential, client_cas)."""
    kind = request.param
    make = request.getfixturevalue(f"new_{kind}")
    account = {"mariadb": MariaDBAccount, "postgres": PostgresAccount}[kind]
    return lambda credential, client_cas: account(make(client_cas=client_cas).start(), credential)


def open_for(open_door, server, **tls):
    gateway = open_door(server, tls=tls)
    gateway.wait_for_log("backend is up")
    return gateway


def reload(gateway) -> None:
    done = gateway.reload()
    assert done.returncode == 0, done.stderr


def bundle(gateway) -> str:
    shown = run("mirror-ca", "-c", gateway.config)
    assert shown.returncode == 0, shown.stderr
    return shown.stdout


def test_the_mirror(open_door, new_account, pki, mirror):
    account = new_account(pki.alice, mirror.bundle)
    gateway = open_for(open_door, account.server)

    def rotate(step: str) -> str:
        done = run("cert", "rotate-ca", "--mirror", "-c", gateway.config, step, "--format=json")
        assert done.returncode == 0, done.stderr
        reload(gateway)
        return json.loads(done.stdout)["phase"]

    def expect_in() -> None:
        assert account.refusal(gateway, pki, pki.files.alice) == ""

    expect_in()
    old = bundle(gateway)
    assert rotate("--begin") == "begun"
    both = bundle(gateway)
    assert both.count("BEGIN") == 2 * old.count("BEGIN")
    expect_in()
    account.server.trust(both)
    expect_in()
    assert rotate("--finish") == "finished"
    expect_in()
    account.server.trust(old)
    expect_in()
    account.server.trust(both)
    assert rotate("--retire") == "none"
    next_ca = bundle(gateway)
    assert next_ca.count("BEGIN") == old.count("BEGIN") and next_ca != old
    expect_in()
    account.server.trust(next_ca)
    expect_in()
    # And it is really the next CA that issues: who trusts the old one alone is lost now.
    account.server.trust(old)
    assert account.refusal(gateway, pki, pki.files.alice)
    keys = list((gateway.data / "mirror-ca").glob("*.key"))
    assert len(keys) == 2 and {key.stat().st_mode & 0o777 for key in keys} == {0o600}


def test_the_clients_own(open_door, new_account, pki, tmp_path):
    ca = Authority("Our clients CA")
    alice = ca.client("alice")
    certs, key = tmp_path / "certs", tmp_path / "ca-client.key"
    alice.write(certs, "client.alice")
    old_files = alice.write(tmp_path, "old-alice")
    (certs / "ca-client.crt").write_text(ca.pem)
    key.touch(mode=0o600)
    key.write_text(Credential(ca.certificate, ca.key, {}, {}).key_pem)
    account = new_account(alice, ca.pem)
    gateway = open_for(open_door, account.server, **{"ssl-ca": certs / "ca-client.crt"})
    account.server.trust(bundle(gateway))

    def rotate(step: str, *more) -> None:
        done = run("cert", "rotate-ca", "--client-ca", step, "--certs-dir", certs, *more)
        assert done.returncode == 0, done.stderr
        reload(gateway)
        account.server.trust(bundle(gateway))

    def refusal(files) -> str:
        return account.refusal(gateway, pki, files)

    in_place = certs / "client.alice.crt", certs / "client.alice.key"
    aside = tuple(certs / "rotation-client" / file.name for file in in_place)
    assert refusal(old_files) == ""
    rotate("--begin", "--ca-key", key)
    assert [refusal(files) for files in (old_files, in_place, aside)] == ["", "", ""]
    rotate("--finish")
    assert [refusal(files) for files in (old_files, in_place, aside)] == ["", "", ""]
    rotate("--retire")
    assert refusal(in_place) == ""
    assert refusal(old_files)
