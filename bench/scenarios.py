"""What is measured: each scenario loads one running peer and gives named figures.

A scenario is a class with a `name`, the `aims` it is judged by, and `measure(peer)`; another one is
another class here and a line in `chosen`.
"""

import re
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import certificates
from children import BenchError, run
from client import Session
from measure import cpu_seconds, resident_kib
from peers import HOST, SCHEMA, USER, Peer

QUERIES = "queries/s"
AVERAGE, P95 = "average ms", "p95 ms"
CPU = "CPU µs/query"
IDLE = "KiB/session"

TABLE_ROWS = 100_000


@dataclass(frozen=True)
class Aim:
    """Sallyport's `figure` is to be at most `limit`, in its unit or as a ratio to HAProxy's."""

    figure: str
    limit: float
    is_ratio: bool


class PointSelects:
    """sysbench's point selects by primary key over TLS, at a number of connections.

    The first second holds the handshakes and cold caches, and is not counted.
    """

    aims = (Aim(CPU, 1.0, is_ratio=True),)

    def __init__(self, connections: int, seconds: int, keys: Path):
        self.name = f"point select, {connections} connection{'s' * (connections > 1)}"
        self._connections = connections
        self._seconds = seconds
        self._keys = keys

    def measure(self, peer: Peer) -> dict[str, float]:
        # Two seconds more than counted: the first, and a last one that sysbench does not report.
        command = _sysbench(peer.port, self._connections, "run", f"--time={self._seconds + 2}",
                            "--report-interval=1", "--forced-shutdown=10")
        cpu, rates, output = [], [], []
        # Read as they come, so that CPU is sampled at the very report that counts the queries.
        with subprocess.Popen(command, cwd=self._keys, stdout=subprocess.PIPE, text=True,
                              stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL) as load:
            try:
                for line in load.stdout:
                    output.append(line)
                    if reported := re.match(r"\[ \d+s \].* qps: ([\d.]+)", line):
                        rates.append(float(reported[1]))
                        cpu.append(cpu_seconds(peer.pid) if peer.pid else 0.0)
            finally:
                load.terminate()
        text = "".join(output)
        if load.returncode != 0 or len(rates) <= self._seconds:
            raise BenchError(f"sysbench through {peer.name} failed:\n{text}")
        return self._figures(peer, rates[1:self._seconds + 1], cpu[:self._seconds + 1], text)

    def _figures(self, peer: Peer, rates: list[float], cpu: list[float],
                 text: str) -> dict[str, float]:
        queries = sum(rates)  # one report per second
        figures = {QUERIES: queries / len(rates), AVERAGE: _latency("avg", text),
                   P95: _latency("95th percentile", text)}
        if peer.pid:
            figures[CPU] = (cpu[-1] - cpu[0]) / queries * 1e6
        return figures


class IdleSessions:
    """What a peer's memory grows by when sessions have logged in, were used once, and now idle.

    Nothing is subtracted: what the peer sets aside at its first session counts, too.
    """

    aims = (Aim(IDLE, 32, is_ratio=False),)

    def __init__(self, sessions: int, keys: Path):
        self.name = f"{sessions} idle sessions"
        self._sessions = sessions
        self._context = ssl.create_default_context(cafile=str(keys / certificates.CA))

    def measure(self, peer: Peer) -> dict[str, float]:
        if not peer.pid:
            return {}
        before = resident_kib(peer.pid)
        sessions = []
        try:
            for _ in range(self._sessions):
                sessions.append(Session(peer.port, USER, self._context))
            for session in sessions:
                session.ping()
            grown = resident_kib(peer.pid) - before
        finally:
            for session in sessions:
                session.close()
        return {IDLE: grown / self._sessions}


def chosen(seconds: int, sessions: int, keys: Path) -> list:
    return [*(PointSelects(connections, seconds, keys) for connections in (1, 16, 64)),
            IdleSessions(sessions, keys)]


def prepare(database: Peer, keys: Path) -> None:
    """The table that the queries read."""
    run(_sysbench(database.port, 1, "prepare"), keys)


def _sysbench(port: int, connections: int, action: str, *more: str) -> list[str]:
    return ["sysbench", "oltp_point_select", f"--mysql-host={HOST}", f"--mysql-port={port}",
            f"--mysql-user={USER}", f"--mysql-db={SCHEMA}", "--mysql-ssl=on", "--tables=1",
            f"--table-size={TABLE_ROWS}", f"--threads={connections}", *more, action]


def _latency(name: str, text: str) -> float:
    return float(re.search(rf"^\s+{name}:\s+([\d.]+)$", text, re.MULTILINE)[1])
