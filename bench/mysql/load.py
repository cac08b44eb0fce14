"""sysbench's point selects by primary key, over TLS."""

import re
from pathlib import Path

from children import run
from field_load import SPARE_SECONDS, FieldLoad, point_selects_at
from mysql.database import SCHEMA, TABLE_ROWS, USER
from peers import HOST
from scenario import rate_of

P95 = "p95 ms"

_REPORT = re.compile(r"^\[ \d+s \].* qps: ([\d.]+) .*lat \(ms,95%\): ([\d.]+)")


class PointSelects(FieldLoad):
    """One query per round trip; sysbench finds certificates by their names in its folder."""

    unit = "query"
    complaint = re.compile(r"^FATAL")

    def __init__(self, connections: int, seconds: int, keys: Path):
        super().__init__(point_selects_at(connections), connections, seconds, keys)

    def command(self, port: int) -> list[str]:
        return _sysbench(port, self._connections, "run", "--report-interval=1",
                         f"--time={self._seconds + SPARE_SECONDS}")

    def read(self, line: str) -> dict[str, float] | None:
        report = _REPORT.match(line)
        return report and {rate_of(self.unit): float(report[1]), P95: float(report[2])}


def prepare(port: int, keys: Path) -> None:
    """The table that the queries read."""
    run(_sysbench(port, 1, "prepare"), keys)


def _sysbench(port: int, connections: int, action: str, *more: str) -> list[str]:
    return ["sysbench", "oltp_point_select", f"--mysql-host={HOST}", f"--mysql-port={port}",
            f"--mysql-user={USER}", f"--mysql-db={SCHEMA}", "--mysql-ssl=on", "--tables=1",
            f"--table-size={TABLE_ROWS}", f"--threads={connections}", *more, action]
