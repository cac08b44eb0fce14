"""pgbench: its select-only script on lasting connections, or on a new connection each time."""

import os
import re
from pathlib import Path

import certificates
from peers import HOST
from postgres.database import DATABASE, PASSWORD, SCRAM, TRUSTED, program
from scenarios import SPARE_SECONDS, Aim, Load

DEVIATION = "stddev ms"

# A client that connects does so synchronously, so each has a thread of its own; enough of them to
# keep the database busy, few enough to leave it the cores.
CONNECTING = 8

_REPORT = re.compile(r"^progress: [\d.]+ s, ([\d.]+) tps, lat [\d.]+ ms stddev ([\d.]+)")


class PgBench(Load):
    """What both have in common."""

    complaint = re.compile(r"^pgbench: (error|fatal):")

    def read(self, line: str) -> dict[str, float] | None:
        report = _REPORT.match(line)
        return report and {self.rate: float(report[1]), DEVIATION: float(report[2])}

    def _pgbench(self, port: int, user: str, threads: int, *more: str) -> list[str]:
        # The name is what is verified, the address spares asking for it. Without `sslcert` libpq
        # would use a certificate that it finds in the home directory.
        target = (f"host=localhost hostaddr={HOST} port={port} dbname={DATABASE} user={user}"
                  f" password='{PASSWORD}' sslmode=verify-full"
                  f" sslrootcert={self._folder}/{certificates.CA} sslcert={self._folder}/none")
        return [program("pgbench"), "--select-only", "--no-vacuum", "--progress=1",
                f"--time={self._seconds + SPARE_SECONDS}", f"--client={self._connections}",
                f"--jobs={threads}", *more, target]


class PointSelects(PgBench):
    """Selects by primary key, prepared once per connection."""

    unit = "query"

    def __init__(self, connections: int, seconds: int, keys: Path, aims: tuple[Aim, ...]):
        name = f"point select, {connections} connection{'s' * (connections > 1)}"
        super().__init__(name, connections, seconds, keys, aims)

    def command(self, port: int) -> list[str]:
        threads = min(self._connections, os.cpu_count() or 1)
        return self._pgbench(port, TRUSTED, threads, "--protocol=prepared")


class Connects(PgBench):
    """A full handshake, a login, one select and a goodbye, over and over."""

    unit = "connect"

    def __init__(self, user: str, seconds: int, keys: Path):
        login = "SCRAM login" if user == SCRAM else "trusted login"
        super().__init__(f"connects, {login}", CONNECTING, seconds, keys)
        self._user = user

    def command(self, port: int) -> list[str]:
        return self._pgbench(port, self._user, CONNECTING, "--connect")
