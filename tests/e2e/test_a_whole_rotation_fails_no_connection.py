"""A CA is replaced under load, from --begin to --retire: clients that trust the old CA, the new one,
or both connect all the time, and not one fails."""

import subprocess
import threading
from collections import Counter

import pytest
from support import clients, psql, wire
from support.gateway import run
from support.pki import Authority, Credential
from support.ports import free_port, wait_until

# How many connects of each kind of client show that a stage holds.
ENOUGH = 6


class Load:
    """Clients that connect, ask and leave, again and again."""

    def __init__(self, mysql_port: int, postgres_port: int):
        self.ports = mysql_port, postgres_port
        self.done, self.failures = Counter(), []
        self._ends: dict[str, threading.Event] = {}
        self._threads: list[threading.Thread] = []

    def start(self, trust: str, ca) -> None:
        """One client of each program that trusts `ca` alone."""
        end = self._ends[trust] = threading.Event()
        for program in (self._psql, self._pymysql, self._mariadb):
            kind = f"{program.__name__[1:]} trusting {trust}"
            thread = threading.Thread(target=self._repeat, args=(kind, program, ca, end))
            self._threads.append(thread)
            thread.start()

    def stop(self, *trusts: str) -> None:
        for trust in trusts or list(self._ends):
            self._ends[trust].set()
        if not trusts:
            for thread in self._threads:
                thread.join()

    def wait(self, *trusts: str) -> None:
        """Until each client of these has connected often enough from now on."""
        before = self.done.copy()
        kinds = [kind for kind in before if kind.rpartition(" ")[2] in trusts]
        assert len(kinds) == 3 * len(trusts)
        wait_until(lambda: self.failures or all(self.done[kind] >= before[kind] + ENOUGH
                                                for kind in kinds), "more connects", patience=90)
        assert not self.failures, self.failures

    def figure(self) -> str:
        lines = [f"{count:6} {kind}" for kind, count in sorted(self.done.items())]
        return "\n".join(["connects through a whole rotation:", *lines,
                          f"{sum(self.done.values()):6} in all, {len(self.failures)} failed"])

    def _repeat(self, kind: str, program, ca, end: threading.Event) -> None:
        self.done[kind] += 0
        while not end.is_set():
            try:
                program(ca)
                self.done[kind] += 1
            except Exception as fault:  # Whatever it is, it is a failed connect.
                self.failures.append((kind, str(fault)))
                end.set()

    def _psql(self, ca) -> None:
        rows = psql.query("SELECT 1", port=self.ports[1], user="app", password="secret",
                          dbname="postgres", channel_binding="require", **psql.verified(ca))
        assert rows == [("1",)]

    def _pymysql(self, ca) -> None:
        connection = clients.connect(self.ports[0], "app", tls=clients.tls_context(ca))
        assert clients.query(connection, "SELECT 1") == [(1,)]
        connection.close()

    def _mariadb(self, ca) -> None:
        done = clients.mariadb(self.ports[0], "app", "SELECT 1", ca=ca)
        assert (done.returncode, done.stdout) == (0, "1\n"), done.stderr


@pytest.fixture
def certs(tmp_path):
    """A certificates directory, and the key of its CA."""
    old = Authority({"O": "Sallyport", "CN": "Sallyport CA"})
    folder, key = tmp_path / "certs", tmp_path / "private" / "ca.key"
    old.node("localhost", "127.0.0.1").write(folder, "node")
    (folder / "ca.crt").write_text(old.pem)
    key.parent.mkdir()
    key.touch(mode=0o600)
    key.write_text(Credential(old.certificate, old.key, {}, {}).key_pem)
    return folder


@pytest.fixture
def gateway(open_door, mariadb, pg15, certs, tmp_path):
    verifiers = tmp_path / "verifiers.txt"
    verifiers.touch(mode=0o600)
    verifiers.write_text(f'"app" "{pg15.verifier("app")}"\n')
    door = open_door(mariadb, start=False, tls={
        "ssl-cert": certs / "node.crt", "ssl-key": certs / "node.key", "ssl-ca": None})
    door.settings["listener"].append({"name": "second", "protocol": "postgres",
                                      "address": f"127.0.0.1:{free_port()}", "backend": "pg"})
    door.settings["backend"].append({"name": "pg", "addresses": [f"{pg15.host}:{pg15.port}"],
                                     "ssl-mode": "REQUIRED", "auth-file": verifiers})
    door.write_config()
    door.start()
    door.wait_for_log("backend is up", count=2)
    return door


def rotate(certs, step: str, *more) -> None:
    done = run("cert", "rotate-ca", step, "--certs-dir", certs, *more)
    assert done.returncode == 0, done.stderr


def served(gateway, ca) -> int:
    with wire.Client(gateway.port) as client:
        client.open_tls(clients.tls_context(ca))
        return int(client.sock.getpeercert()["serialNumber"], 16)


def serial(file) -> int:
    shown = subprocess.run(["openssl", "x509", "-in", file, "-noout", "-serial"],
                           capture_output=True, text=True, check=True).stdout
    return int(shown.strip().rpartition("=")[2], 16)


def test_no_connection_fails(gateway, mariadb, certs, tmp_path, record_property):
    mariadb.account("app")
    old = tmp_path / "old.crt"
    old.write_text((certs / "ca.crt").read_text())
    load = Load(gateway.port, int(gateway.settings["listener"][1]["address"].rpartition(":")[2]))
    try:
        load.start("old", old)
        wait_until(lambda: len(load.done) == 3, "the first clients")
        load.wait("old")

        rotate(certs, "--begin", "--ca-key", tmp_path / "private" / "ca.key")
        both, new = tmp_path / "both.crt", certs / "rotation" / "ca-next.crt"
        both.write_text((certs / "ca.crt").read_text())
        # The leaf has learned that the new CA vouches for it; who trusts that alone may come then.
        gateway.wait_for_log("configuration reloaded")
        load.start("both", both)
        load.start("new", new)
        wait_until(lambda: len(load.done) == 9, "all clients")
        load.wait("old", "both", "new")

        gateway.settings["tls"].update({"canary-cert": certs / "rotation" / "node.crt",
                                        "canary-key": certs / "rotation" / "node.key",
                                        "canary-share": 0.5})
        gateway.write_config()
        gateway.wait_for_log("a canary is served")
        load.wait("old", "both", "new")
        # Of each kind of client some were shown the new chain: 2^-54 that this is false.
        assert gateway.events("session ended", chain="canary")
        assert gateway.events("session ended", chain="main")

        rotate(certs, "--finish")
        moved = serial(certs / "node.crt")
        wait_until(lambda: served(gateway, both) == moved, "the new chain", patience=20)
        for key in ("canary-cert", "canary-key", "canary-share"):
            del gateway.settings["tls"][key]
        gateway.write_config()
        assert gateway.reload().returncode == 0
        load.wait("old", "both", "new")

        load.stop("old")
        before = len(gateway.events("configuration reloaded"))
        rotate(certs, "--retire")
        gateway.wait_for_log("configuration reloaded", count=before + 1)
        load.wait("both", "new")
    finally:
        load.stop()
    record_property("figure", load.figure())
    assert not load.failures
    assert not gateway.events("the canary has fallen back")
    refused = gateway.events("session ended", stage="handshake")
    assert not refused
