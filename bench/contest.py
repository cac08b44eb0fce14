"""One protocol's contest: a database, the peers in front of it, and the scenarios, round by round.

Every round takes every scenario, and every scenario takes every peer in turn, each freshly started
and alone beside the database: so a busy minute of the machine hits all of them, and only ratios
within a round are worth quoting.
"""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from bars import Bar
from peers import Peer
from scenario import Scenario
from table import Results


@dataclass(frozen=True)
class Size:
    """How much of everything: connections of each point select, seconds that are counted of one
    load and that are not, idle sessions; and whether what no bar needs is left out."""

    connections: list[int]
    seconds: int
    warm_up: float
    sessions: list[int]
    is_quick: bool


@dataclass
class Contest:
    """`prepare` fills the running database; `prove` raises unless a session through that port is
    encrypted as all others are."""

    database: Peer
    peers: list[Peer]
    scenarios: list[Scenario]
    bars: list[Bar]
    references: tuple[str, ...]
    prepare: Callable[[], None]
    prove: Callable[[int], None]

    @property
    def names(self) -> list[str]:
        """Of the peers; one that has two settings is named once."""
        return list(dict.fromkeys(peer.name for peer in self.peers))

    def run(self, rounds: int) -> Results:
        results = Results()
        with ExitStack() as cleanup:
            cleanup.callback(self.database.stop)
            self.database.start()
            self.prepare()
            for number in range(rounds):
                for scenario in self.scenarios:
                    if scenario.most_rounds is None or number < scenario.most_rounds:
                        print(f"{self.database.name}, round {number + 1} of {rounds}:"
                              f" {scenario.name}", file=sys.stderr)
                        self._play(scenario, number, results)
        return results

    def _play(self, scenario: Scenario, number: int, results: Results) -> None:
        """Another peer begins in every round, so that none always follows the same neighbour's
        heat."""
        scenario.learn(results)
        peers = [peer for peer in self.peers if scenario.takes(peer)]
        if not peers:
            print(f"left out, for want of peers or of a capacity to be half of: {scenario.name}",
                  file=sys.stderr)
            return
        first = number % len(peers)
        for peer in peers[first:] + peers[:first]:
            results.add(scenario.name, peer.name, self._measure(scenario, peer))

    def _measure(self, scenario: Scenario, peer: Peer) -> dict[str, float]:
        peer.start()
        try:
            figures = scenario.measure(peer)
            self.prove(peer.port)
            return figures
        finally:
            peer.stop()
