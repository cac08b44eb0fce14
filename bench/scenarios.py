"""What is measured: each scenario loads one running peer and gives named figures.

A scenario is an object with a `name`, the `aims` it is judged by, and `measure(peer)`; the load
generators that know a protocol are in that protocol's folder.
"""

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from children import BenchError
from measure import cpu_seconds, resident_kib
from peers import Peer

AVERAGE = "average ms"
MEMORY = "RSS MiB"
IDLE = "KiB/session"

JITTER = 0.1  # seconds that a report may come early

# No load outlives the bench by more, even if the bench is killed.
SPARE_SECONDS = 30


@dataclass(frozen=True)
class Aim:
    """Sallyport's `figure` is to be at most `limit`, in its unit or as a ratio to `reference`'s."""

    figure: str
    limit: float
    reference: str | None = None


@dataclass(frozen=True)
class Sample:
    """A report, when it came, and the peer's CPU time until then; both in seconds."""

    at: float
    cpu: float
    report: dict[str, float]


class Load:
    """A load generator that reports its rate once per second, at a fixed number of connections.

    The first second holds the handshakes and cold caches, and is not counted; as soon as enough
    seconds are, the generator is stopped. In a closed loop the average latency is the number of
    connections divided by the rate.
    """

    unit = ""
    complaint = re.compile(r"$^")  # a line that says that the load is not what it should be

    def __init__(self, name: str, connections: int, seconds: int, folder: Path,
                 aims: tuple[Aim, ...] = ()):
        self.name = name
        self.aims = aims
        self._connections = connections
        self._seconds = seconds
        self._folder = folder

    def command(self, port: int) -> list[str]:
        raise NotImplementedError

    def read(self, line: str) -> dict[str, float] | None:
        """The figures of one report, of which one is the rate; None for any other line."""
        raise NotImplementedError

    def measure(self, peer: Peer) -> dict[str, float]:
        samples, output = [], []
        memory = 0
        with subprocess.Popen(self.command(peer.port), cwd=self._folder, stdout=subprocess.PIPE,
                              text=True, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL) as load:
            try:
                # Read as they come, so that CPU is sampled at the very report that counts the work.
                for line in load.stdout:
                    output.append(line)
                    if self.complaint.search(line):
                        break
                    if not (report := self.read(line)):
                        continue
                    samples.append(Sample(time.monotonic(), _cpu(peer), report))
                    if self._is_enough(samples):
                        memory = resident_kib(peer.pid) if peer.pid else 0
                        break
            finally:
                load.terminate()
        if not self._is_enough(samples):
            raise BenchError(f"{self.name} through {peer.name} failed:\n{''.join(output)}"
                             + (f"{peer.name}:\n  {peer.child.last_words()}" if peer.child else ""))
        return self._figures(samples, memory)

    @property
    def rate(self) -> str:
        return f"{self.unit}/s"

    @property
    def cpu(self) -> str:
        return f"CPU µs/{self.unit}"

    def _is_enough(self, samples: list[Sample]) -> bool:
        """By the clock, because on a busy machine two reports may come late and together."""
        return bool(samples) and samples[-1].at - samples[0].at >= self._seconds - JITTER

    def _figures(self, samples: list[Sample], memory: int) -> dict[str, float]:
        counted = samples[1:]
        span = samples[-1].at - samples[0].at
        work = sum(sample.report[self.rate] * (sample.at - before.at)
                   for before, sample in zip(samples, counted))
        figures = {key: median(sample.report[key] for sample in counted)
                   for key in samples[0].report}
        figures[self.rate] = work / span
        figures[AVERAGE] = self._connections * span / work * 1e3
        if memory:
            figures[self.cpu] = (samples[-1].cpu - samples[0].cpu) / work * 1e6
            figures[MEMORY] = memory / 1024
        return figures


class IdleSessions:
    """What a peer's memory grows by when sessions have logged in, were used once, and now idle.

    Nothing is subtracted: what the peer sets aside at its first session counts, too.
    """

    def __init__(self, sessions: int, open_session, aims: tuple[Aim, ...]):
        self.name = f"{sessions} idle sessions"
        self.aims = aims
        self._sessions = sessions
        self._open_session = open_session

    def measure(self, peer: Peer) -> dict[str, float]:
        if not peer.pid:
            return {}
        before = resident_kib(peer.pid)
        sessions = []
        try:
            for _ in range(self._sessions):
                sessions.append(self._open_session(peer.port))
            for session in sessions:
                session.ping()
            grown = resident_kib(peer.pid) - before
        finally:
            for session in sessions:
                session.close()
        return {IDLE: grown / self._sessions}


def _cpu(peer: Peer) -> float:
    return cpu_seconds(peer.pid) if peer.pid else 0.0
