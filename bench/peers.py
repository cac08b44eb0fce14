"""What stands between clients and a database of either kind: a straight line, HAProxy, the floor
and Sallyport. Those that know one protocol only are in that protocol's folder.

A peer is a name, a port for clients and, where it is a process of its own, the id of the process
whose CPU and memory are its cost. Another peer is another class, and a line in the contest.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import certificates
from children import BenchError, Child, free_port

HOST = "127.0.0.1"
# What OpenSSL's clients prefer; every leg that is TLS has it, and a check proves that.
TLS_VERSION, CIPHER = "TLSv1.3", "TLS_AES_256_GCM_SHA384"
MAX_SESSIONS = 6000  # 5,000 idle sessions and room for the rest

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
protocol = "{protocol}"
address = "{host}:{port}"
backend = "database"
[[backend]]
name = "database"
addresses = ["{host}:{database}"]
ssl-ca = "{keys}/{ca}"
"""


@dataclass(frozen=True)
class Setting:
    """Where a contest takes place, and with what."""

    protocol: str
    folder: Path
    keys: Path
    workers: int
    sallyport: Path
    floor: Path


class Peer:
    """What all have in common; `start` and `stop` may be called in turn many times."""

    name = ""

    def __init__(self, setting: Setting):
        self.setting = setting
        self.folder = setting.folder / self.name
        self.folder.mkdir(parents=True)
        self.port = free_port()
        self.child: Child | None = None

    @property
    def pid(self) -> int | None:
        """The process that is the peer's cost; none for the database itself."""
        return self.child.pid if self.child else None

    def start(self) -> None:
        self.child = self._spawn()
        self.child.wait_until_listening(self.port)

    def stop(self) -> None:
        """Safe to call when it does not run."""
        if self.child:
            self.child.stop()
        self.child = None

    def _spawn(self) -> Child:
        return Child(self._command(), self.folder / "log")

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _write_config(self, text: str, **values) -> str:
        """Fills `text` in and gives the name of the file that holds it."""
        path = self.folder / "config"
        path.write_text(text.format(
            folder=self.folder, keys=self.setting.keys, host=HOST, port=self.port,
            ca=certificates.CA, server=certificates.SERVER, server_key=certificates.SERVER_KEY,
            tls_version=TLS_VERSION, sessions=MAX_SESSIONS, workers=self.setting.workers,
            protocol=self.setting.protocol, **values))
        return str(path)


class Direct(Peer):
    """The straight way to the database: no process, no cost."""

    name = "direct"

    def __init__(self, setting: Setting, database: Peer):
        super().__init__(setting)
        self.port = database.port

    def start(self) -> None:
        """The database runs already."""


class HAProxy(Peer):
    """Passes TLS through untouched: the cost of moving bytes, without any cryptography."""

    name = "haproxy"

    def __init__(self, setting: Setting, database: Peer):
        super().__init__(setting)
        self._config = self._write_config(_HAPROXY, database=database.port)

    def _command(self) -> list[str]:
        return ["haproxy", "-db", "-f", self._config]


class Floor(Peer):
    """TLS on both legs with nothing around it: floor.cpp."""

    name = "floor"

    def __init__(self, setting: Setting, database: Peer):
        super().__init__(setting)
        self._database = database

    def _command(self) -> list[str]:
        keys = self.setting.keys
        return [str(self.setting.floor), self.setting.protocol, str(self.port),
                str(self._database.port), str(self.setting.workers),
                *(str(keys / name) for name in
                  (certificates.SERVER, certificates.SERVER_KEY, certificates.CA))]


class Sallyport(Peer):
    """TLS on both legs: the client's ends here, and is mirrored towards the database."""

    name = "sallyport"

    def __init__(self, setting: Setting, database: Peer):
        super().__init__(setting)
        self._config = self._write_config(_SALLYPORT, database=database.port)

    def stop(self) -> None:
        super().stop()
        self._check_log()

    def _command(self) -> list[str]:
        return [str(self.setting.sallyport), "serve", "-c", self._config]

    def _check_log(self) -> None:
        """Proves that every session that came as far as its relay was TLS on the front leg."""
        log = self.folder / "log"
        if not log.exists():
            return
        for line in log.read_text().splitlines():
            record = json.loads(line)
            # A load that is stopped in the middle of a handshake leaves sessions without one.
            if record["event"] != "session ended" or record["stage"] not in ("relay", "drain"):
                continue
            if (record["tls_version"], record["tls_cipher"]) != (TLS_VERSION, CIPHER):
                raise BenchError(f"a session was not {TLS_VERSION} with {CIPHER}: {line}")
