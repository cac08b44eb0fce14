"""What stands between clients and a database of either kind: a straight line, HAProxy, the floor.
Sallyport is in sallyport.py; those that know one protocol only are in that protocol's folder.

A peer is a name, a port for clients and, where it is a process of its own, the id of the process
whose CPU and memory are its cost. Another peer is another class, and a line in the contest.
"""

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

import certificates
from children import Child, free_port, has_connections, wait_until

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


class Role(Enum):
    """How a peer takes its clients."""

    PLAIN = "without certificates"
    CERTIFIED = "with certificates, which the database is to see"


@dataclass(frozen=True)
class Setting:
    """Where a contest takes place, and with what."""

    protocol: str
    folder: Path
    keys: Path
    workers: int
    sallyport: Path
    floor: Path
    load: Path


class Peer:
    """What all have in common; `start` and `stop` may be called in turn many times.

    `most_sessions` is how many it can carry at one time; `keeps_back_legs` where the database's
    side of a session is kept for the next client.
    """

    name = ""
    roles = frozenset({Role.PLAIN})
    most_sessions = MAX_SESSIONS
    keeps_back_legs = False

    def __init__(self, setting: Setting, database: "Peer | None" = None):
        self.setting = setting
        self._database = database
        self.folder = self._own_folder()
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

    def wait_until_deserted(self) -> None:
        """Until the kernel has no connection left of any session that it carried."""
        wait_until(lambda: not has_connections(to=self.port), f"{self.name} to close its sessions")
        if self._database and not self.keeps_back_legs:
            wait_until(lambda: not has_connections(to=self._database.port),
                       f"{self.name} to close its sessions with the database")

    def last_words(self) -> str:
        """The end of its log, for a message."""
        return f"{self.name}:\n  {self.child.last_words()}" if self.child else ""

    def _own_folder(self) -> Path:
        return self.setting.folder / self.name

    def _spawn(self) -> Child:
        return Child(self._command(), self.folder / "log")

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _write_config(self, text: str, **values) -> str:
        """Fills `text` in and gives the name of the file that holds it."""
        path = self.folder / "config"
        path.write_text(text.format(
            folder=self.folder, keys=self.setting.keys, host=HOST, port=self.port,
            ca=certificates.CA, client_cas=certificates.CLIENT_CAS,
            server=certificates.SERVER, server_key=certificates.SERVER_KEY,
            tls_version=TLS_VERSION, sessions=MAX_SESSIONS, workers=self.setting.workers,
            protocol=self.setting.protocol, **values))
        return str(path)


class Direct(Peer):
    """The straight way to the database: no process, no cost."""

    name = "direct"
    roles = frozenset({Role.PLAIN, Role.CERTIFIED})
    most_sessions = 0  # it has no memory of its own

    def __init__(self, setting: Setting, database: Peer):
        super().__init__(setting, database)
        self.port = database.port

    def start(self) -> None:
        """The database runs already."""


class HAProxy(Peer):
    """Passes TLS through untouched: the cost of moving bytes, without any cryptography."""

    name = "haproxy"
    roles = frozenset({Role.PLAIN, Role.CERTIFIED})

    def __init__(self, setting: Setting, database: Peer):
        super().__init__(setting, database)
        self._config = self._write_config(_HAPROXY, database=database.port)

    def _command(self) -> list[str]:
        return ["haproxy", "-db", "-f", self._config]


class Floor(Peer):
    """TLS on both legs with nothing around it: floor.cpp."""

    name = "floor"

    def _command(self) -> list[str]:
        keys = self.setting.keys
        return [str(self.setting.floor), self.setting.protocol, str(self.port),
                str(self._database.port), str(self.setting.workers),
                *(str(keys / name) for name in
                  (certificates.SERVER, certificates.SERVER_KEY, certificates.CA))]
