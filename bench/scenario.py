"""What a scenario is, and what its figures are called."""

from peers import Peer, Role

AVERAGE = "average ms"
MEMORY = "RSS MiB"
IDLE = "KiB/session"


class Scenario:
    """Loads one running peer with `measure` and gives named figures.

    `role` says what its peers must be, `peers` which of those take part (None: all), `most_rounds`
    after how many rounds there is nothing more to learn (None: never).
    """

    name = ""
    role = Role.PLAIN
    peers: frozenset[str] | None = None
    most_rounds: int | None = None

    def takes(self, peer: Peer) -> bool:
        return self.role in peer.roles and (self.peers is None or peer.name in self.peers)

    def learn(self, results) -> None:
        """Called before each round with what was measured so far."""

    def measure(self, peer: Peer) -> dict[str, float]:
        raise NotImplementedError


def rate_of(unit: str) -> str:
    return f"{unit}/s"


def cpu_of(unit: str) -> str:
    return f"CPU µs/{unit}"
