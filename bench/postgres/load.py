"""pgbench: its select-only script on lasting connections, or on a new one each time."""

import os
import re
from pathlib import Path

import certificates
from field_load import SPARE_SECONDS, FieldLoad, point_selects_at
from own_load import CONNECTING
from peers import HOST
from postgres.database import DATABASE, PASSWORD, SCRAM, TRUSTED, program
from scenario import rate_of

DEVIATION = "stddev ms"

_REPORT = re.compile(r"^progress: [\d.]+ s, ([\d.]+) tps, lat [\d.]+ ms stddev ([\d.]+)")


class PgBench(FieldLoad):
    """What both have in common."""

    complaint = re.compile(r"^pgbench: (error|fatal):")

    def read(self, line: str) -> dict[str, float] | None:
        report = _REPORT.match(line)
        return report and {rate_of(self.unit): float(report[1]), DEVIATION: float(report[2])}

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

    def __init__(self, connections: int, seconds: int, keys: Path):
        super().__init__(point_selects_at(connections), connections, seconds, keys)

    def command(self, port: int) -> list[str]:
        threads = min(self._connections, os.cpu_count() or 1)
        return self._pgbench(port, TRUSTED, threads, "--protocol=prepared")


class ScramConnects(PgBench):
    """A full handshake, a login by password, one select and a goodbye, over and over."""

    unit = "connect"

    def __init__(self, seconds: int, keys: Path):
        super().__init__("connects, SCRAM login", CONNECTING, seconds, keys)

    def command(self, port: int) -> list[str]:
        return self._pgbench(port, SCRAM, CONNECTING, "--connect")
