"""Who takes part: the database, and what can stand between it and its clients.

A peer is a name, a port for clients and, where it is a process of its own, the id of the process
whose CPU and memory are its cost. Another peer is another class here and a line in run.py.
"""

import json
import os
import pwd
from pathlib import Path

import certificates
from children import BenchError, Child, free_port, run, wait_until

HOST = "127.0.0.1"
USER, SCHEMA = "bench", "bench"
# What OpenSSL's clients prefer; the account requires it, so every leg to the database has it.
TLS_VERSION, CIPHER = "TLSv1.3", "TLS_AES_256_GCM_SHA384"
MAX_SESSIONS = 6000  # 5,000 idle sessions and room for the rest

_MARIADB = """[mariadbd]
datadir={folder}/data
socket={folder}/server.sock
pid-file={folder}/server.pid
bind-address={host}
port={port}
ssl-cert={keys}/{server}
ssl-key={keys}/{server_key}
ssl-ca={keys}/{ca}
tls-version={tls_version}
skip-name-resolve
skip-log-bin
max-connections={sessions}
thread-cache-size=256
innodb-buffer-pool-size=128M
innodb-flush-log-at-trx-commit=0
innodb-flush-method=nosync
"""

# Accepts are spread over the threads by HAProxy itself, Nagle's delay is off for TCP mode, and
# nothing is logged: its defaults are the tuned ones for small messages.
_HAPROXY = """global
    nbthread {workers}
    maxconn {sessions}
defaults
    mode tcp
    timeout connect 10s
    timeout client 1h
    timeout server 1h
listen bench
    bind {host}:{port}
    server database {host}:{database}
"""

_SALLYPORT = """data-dir = "{folder}/data"
workers = {workers}
[tls]
ssl-cert = "{keys}/{server}"
ssl-key = "{keys}/{server_key}"
client-certificate = "none"
[limits]
max-connections = {sessions}
[[listener]]
name = "bench"
protocol = "mysql"
address = "{host}:{port}"
backend = "database"
[[backend]]
name = "database"
addresses = ["{host}:{database}"]
ssl-ca = "{keys}/{ca}"
"""


class Peer:
    """What all have in common; `start` and `stop` may be called in turn many times."""

    name = ""

    def __init__(self, folder: Path, keys: Path):
        folder.mkdir(parents=True)
        self.folder = folder
        self.keys = keys
        self.port = free_port()
        self.child: Child | None = None

    @property
    def pid(self) -> int | None:
        """The process that is the peer's cost; none for the database itself."""
        return self.child.pid if self.child else None

    def start(self) -> None:
        self.child = Child(self._command(), self.folder / "log")
        self.child.wait_until_listening(self.port)

    def stop(self) -> None:
        """Safe to call when it does not run."""
        if self.child:
            self.child.stop()
        self.child = None

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _write_config(self, text: str, **values) -> str:
        """Fills `text` in and gives the name of the file that holds it."""
        path = self.folder / "config"
        path.write_text(text.format(
            folder=self.folder, keys=self.keys, host=HOST, port=self.port, ca=certificates.CA,
            server=certificates.SERVER, server_key=certificates.SERVER_KEY,
            tls_version=TLS_VERSION, sessions=MAX_SESSIONS, **values))
        return str(path)


class MariaDB(Peer):
    """The database behind all of them."""

    name = "mariadb"

    def start(self) -> None:
        data = self.folder / "data"
        if not data.exists():
            run(["mariadb-install-db", "--no-defaults", f"--datadir={data}", "--skip-test-db",
                 "--auth-root-authentication-method=normal", f"--user={_own_name()}"], self.folder)
        super().start()
        wait_until(self._answers, "MariaDB's answer")
        self._sql(f"CREATE DATABASE IF NOT EXISTS {SCHEMA}",
                  f"CREATE USER IF NOT EXISTS {USER} REQUIRE CIPHER '{CIPHER}'",
                  f"GRANT ALL ON {SCHEMA}.* TO {USER}")

    def _command(self) -> list[str]:
        config = self._write_config(_MARIADB)
        return ["mariadbd", f"--defaults-file={config}", f"--user={_own_name()}"]

    def _answers(self) -> bool:
        try:
            self._sql("SELECT 1")
            return True
        except BenchError:
            return False

    def _sql(self, *statements: str) -> str:
        return run(["mariadb", "--no-defaults", f"--socket={self.folder}/server.sock",
                    "--user=root", "--execute", "; ".join(statements)], self.folder)


class Direct(Peer):
    """The straight way to the database: no process, no cost."""

    name = "direct"

    def __init__(self, folder: Path, keys: Path, database: Peer):
        super().__init__(folder, keys)
        self.port = database.port

    def start(self) -> None:
        """The database runs already."""


class HAProxy(Peer):
    """Passes TLS through untouched: the cost of moving bytes, without any cryptography."""

    name = "haproxy"

    def __init__(self, folder: Path, keys: Path, database: Peer, workers: int):
        super().__init__(folder, keys)
        self._config = self._write_config(_HAPROXY, database=database.port, workers=workers)

    def _command(self) -> list[str]:
        return ["haproxy", "-db", "-f", self._config]


class Sallyport(Peer):
    """TLS on both legs: the client's ends here, and is mirrored towards the database."""

    name = "sallyport"

    def __init__(self, folder: Path, keys: Path, database: Peer, workers: int, binary: Path):
        super().__init__(folder, keys)
        self._binary = binary
        self._config = self._write_config(_SALLYPORT, database=database.port, workers=workers)

    def stop(self) -> None:
        super().stop()
        self._check_log()

    def _command(self) -> list[str]:
        return [str(self._binary), "serve", "-c", self._config]

    def _check_log(self) -> None:
        """Proves that every measured session was TLS on the front leg; the back leg's is proved by
        the account's REQUIRE CIPHER."""
        log = self.folder / "log"
        if not log.exists():
            return
        for line in log.read_text().splitlines():
            record = json.loads(line)
            if record["event"] != "session ended":
                continue
            if (record["tls_version"], record["tls_cipher"]) != (TLS_VERSION, CIPHER):
                raise BenchError(f"a session was not {TLS_VERSION} with {CIPHER}: {line}")


def _own_name() -> str:
    return pwd.getpwuid(os.getuid()).pw_name
