"""The load generators that the field itself uses: they report their rate once per second."""

import re
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from children import BenchError
from measure import cpu_seconds, resident_kib
from peers import Peer
from scenario import AVERAGE, MEMORY, Scenario, cpu_of, rate_of

JITTER = 0.1  # seconds that a report may come early

# No load outlives the bench by more, even if the bench is killed.
SPARE_SECONDS = 30


def point_selects_at(connections: int) -> str:
    """The name of that scenario, whatever makes its load."""
    return f"point select, {connections} connection{'s' * (connections > 1)}"


@dataclass(frozen=True)
class Sample:
    """A report, when it came, and the peer's CPU time until then; both in seconds."""

    at: float
    cpu: float
    report: dict[str, float]


class FieldLoad(Scenario):
    """A fixed number of connections, each of which sends when it has its answer.

    The first second holds the handshakes and cold caches, and is not counted; as soon as enough
    seconds are, the generator is stopped. In a closed loop the average latency is the number of
    connections divided by the rate.
    """

    unit = ""
    complaint = re.compile(r"$^")  # a line that says that the load is not what it should be

    def __init__(self, name: str, connections: int, seconds: int, folder: Path):
        self.name = name
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
                             + peer.last_words())
        return self._figures(samples, memory)

    def _is_enough(self, samples: list[Sample]) -> bool:
        """By the clock, because on a busy machine two reports may come late and together."""
        return bool(samples) and samples[-1].at - samples[0].at >= self._seconds - JITTER

    def _figures(self, samples: list[Sample], memory: int) -> dict[str, float]:
        rate = rate_of(self.unit)
        counted = samples[1:]
        span = samples[-1].at - samples[0].at
        work = sum(sample.report[rate] * (sample.at - before.at)
                   for before, sample in zip(samples, counted))
        figures = {key: median(sample.report[key] for sample in counted)
                   for key in samples[0].report}
        figures[rate] = work / span
        figures[AVERAGE] = self._connections * span / work * 1e3
        if memory:
            figures[cpu_of(self.unit)] = (samples[-1].cpu - samples[0].cpu) / work * 1e6
            figures[MEMORY] = memory / 1024
        return figures


def _cpu(peer: Peer) -> float:
    return cpu_seconds(peer.pid) if peer.pid else 0.0
