"""One protocol's contest: a database, the peers in front of it, and the scenarios, round by round.

Every round takes every scenario, and every scenario takes every peer in turn, each freshly started
and alone beside the database: so a busy minute of the machine hits all of them, and only ratios
within a round are worth quoting.
"""

import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass

from peers import Peer
from table import Results


@dataclass(frozen=True)
class Size:
    """How much of everything: connections of each point select, seconds of one load, idle sessions;
    and whether scenarios that are like another one are left out."""

    connections: list[int]
    seconds: int
    sessions: int
    is_quick: bool


@dataclass
class Contest:
    """`prepare` fills the running database; `prove` raises unless a session through that port is
    encrypted as all others are."""

    database: Peer
    peers: list[Peer]
    scenarios: list
    references: tuple[str, ...]
    prepare: Callable[[], None]
    prove: Callable[[int], None]

    def run(self, rounds: int) -> Results:
        results = Results()
        with ExitStack() as cleanup:
            cleanup.callback(self.database.stop)
            self.database.start()
            self.prepare()
            for number in range(rounds):
                for scenario in self.scenarios:
                    print(f"{self.database.name}, round {number + 1} of {rounds}: {scenario.name}",
                          file=sys.stderr)
                    for peer in self._in_turn(number):
                        results.add(scenario.name, peer.name, self._measure(scenario, peer))
        return results

    def _in_turn(self, number: int) -> list[Peer]:
        """Another one begins in every round, so that none always follows the same neighbour's
        heat."""
        first = number % len(self.peers)
        return self.peers[first:] + self.peers[:first]

    def _measure(self, scenario, peer: Peer) -> dict[str, float]:
        peer.start()
        try:
            figures = scenario.measure(peer)
            self.prove(peer.port)
            return figures
        finally:
            peer.stop()
