"""The scenarios of bench/load, our own client: connects, bulk answers, a mixture at fixed times."""

from children import BenchError
from load_client import Client
from measure import resident_kib
from peers import Peer, Role
from scenario import AVERAGE, MEMORY, Scenario, cpu_of, rate_of

# Enough connections at a time to keep the database busy, few enough to leave it the cores.
CONNECTING = 8
MIXED = 16
# One answer after the other, so that what is measured is one stream, not a queue for the cores.
BULK = 1
MEGABYTE = 1e6
OFFERED = "offered rate"
P50, P99, P999 = "p50 µs", "p99 µs", "p99.9 µs"


class OwnLoad(Scenario):
    """One mode of the client, for a warm-up and the counted seconds."""

    unit = ""
    mode = ""
    work_per_count = 1.0  # units in each count of the client

    def __init__(self, name: str, client: Client, connections: int):
        self.name = name
        self._client = client
        self._connections = connections

    def options(self) -> dict:
        return {}

    def measure(self, peer: Peer) -> dict[str, float]:
        with self._client.run(self.mode, peer, self.role is Role.CERTIFIED,
                              connections=self._connections, **self.options()) as report:
            end, latency = report("end"), report("latency")
            # Its sessions are still open.
            memory = resident_kib(peer.pid) if peer.pid else 0
        self.check(peer, latency)
        work = end["units"] * self.work_per_count
        if not work:
            raise BenchError(f"{self.name} through {peer.name}: nothing came in {end['seconds']} s")
        figures = {rate_of(self.unit): work / end["seconds"], **self.latencies(latency)}
        if memory:
            figures[cpu_of(self.unit)] = end["cpu_seconds"] / work * 1e6
            figures[MEMORY] = memory / 1024
        return figures

    def latencies(self, report: dict) -> dict[str, float]:
        """What of the client's latencies is worth showing."""
        if not report["counted"]:
            return {}
        return {AVERAGE: report["average_us"] / 1e3, P50: report["p50_us"], P99: report["p99_us"],
                P999: report["p999_us"]}

    def check(self, peer: Peer, report: dict) -> None:
        """Raises BenchError where the load was another one than it should be."""


class Connects(OwnLoad):
    """A handshake, a login, one query and a goodbye, over and over."""

    FULL = "connects, full handshake"

    unit = "connect"
    mode = "connects"

    def __init__(self, client: Client, name: str = FULL):
        super().__init__(name, client, CONNECTING)

    def check(self, peer: Peer, report: dict) -> None:
        if report["resumed"]:
            raise BenchError(f"{self.name} through {peer.name}: a session was resumed")


class CertifiedConnects(Connects):
    """With a client certificate, which the account of the database demands: so it is proved that
    the database saw it, from the client itself or mirrored."""

    NAME = "connects, client certificate"

    role = Role.CERTIFIED

    def __init__(self, client: Client):
        super().__init__(client, self.NAME)


class ResumedConnects(Connects):
    """The client resumes by the ticket of its last session; what the peer does towards the database
    is its own affair."""

    NAME = "connects, resumed"

    def __init__(self, client: Client):
        super().__init__(client, self.NAME)

    def options(self) -> dict:
        return {"resume": 1}

    def check(self, peer: Peer, report: dict) -> None:
        # A server may refuse a ticket now and then, while it changes its keys for instance.
        if report["resumed"] < 0.99 * report["counted"]:
            raise BenchError(f"{self.name} through {peer.name}: only {report['resumed']} of"
                             f" {report['counted']} sessions were resumed")


class Bulk(OwnLoad):
    """One query with an answer of 100 MB, again and again."""

    NAME = "bulk answer, 100 MB"

    unit = "MB"
    mode = "bulk"
    work_per_count = 1 / MEGABYTE

    def __init__(self, client: Client):
        super().__init__(self.NAME, client, BULK)

    def options(self) -> dict:
        return {"query": self._client.statements.bulk}

    def latencies(self, report: dict) -> dict[str, float]:
        """Of a whole answer, where one came to its end in the counted time."""
        return {AVERAGE: report["average_us"] / 1e3} if report["counted"] else {}


class Mixture(OwnLoad):
    """Nine point selects and one range of 100 rows in turn, as fast as the answers come: what there
    is to be had, of which HalfLoad takes half."""

    NAME = f"mixed load, {MIXED} connections"

    unit = "query"
    mode = "queries"
    most_rounds = 1

    def __init__(self, client: Client, name: str = NAME):
        super().__init__(name, client, MIXED)

    def options(self) -> dict:
        statements = self._client.statements
        return {"query": statements.point, "every_tenth": statements.span, "rows": statements.rows}


class HalfLoad(Mixture):
    """The same at fixed times, at half of what the slowest peer of Mixture could do; latency counts
    from when a query should have been sent."""

    NAME = f"mixed at half load, {MIXED} connections"

    most_rounds = None

    def __init__(self, client: Client):
        super().__init__(client, self.NAME)
        self._rate = 0.0

    def learn(self, results) -> None:
        """The rate is fixed by the first round, so that all rounds and peers are asked alike."""
        capacities = results.latest(Mixture.NAME, rate_of(self.unit))
        if capacities and not self._rate:
            self._rate = min(capacities.values()) / 2

    def takes(self, peer: Peer) -> bool:
        """Nobody, where no capacity was measured: of nothing there is no half."""
        return self._rate > 0 and super().takes(peer)

    def options(self) -> dict:
        return {**super().options(), "rate": self._rate}

    def latencies(self, report: dict) -> dict[str, float]:
        """With the rate that was asked for, which a peer may not reach."""
        return {OFFERED: self._rate, **super().latencies(report)}
