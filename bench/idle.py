"""Sessions that do nothing: what they cost in memory, and whether they leave any of it behind."""

from load_client import Client
from measure import resident_kib
from own_load import CONNECTING
from peers import Peer
from scenario import IDLE, MEMORY, Scenario

LEFT = "RSS MiB when closed"
GROWTH = "MiB grown each time"

# The first two times fill malloc's arenas, which stay: even the floor, which leaves nothing behind,
# grows by up to 20 MiB at the second of them, and by little after that.
_SETTLING, _CYCLES = 2, 4


def idle_sessions(number: int) -> str:
    return f"{number:,} idle sessions"


class IdleSessions(Scenario):
    """What a peer's memory grows by when sessions have logged in, were used once, and now idle, and
    what it is when they are closed. Nothing is subtracted: what the peer sets aside at its first
    session counts, too.

    Peers that are `judged_for_growth` go through that several times: what a session leaves behind,
    it leaves behind every time.
    """

    def __init__(self, client: Client, sessions: int, rounds: int,
                 judged_for_growth: frozenset[str] = frozenset()):
        self.name = idle_sessions(sessions)
        self.most_rounds = rounds
        self._client = client
        self._sessions = sessions
        self._judged_for_growth = judged_for_growth

    def takes(self, peer: Peer) -> bool:
        return super().takes(peer) and self._sessions <= peer.most_sessions

    def measure(self, peer: Peer) -> dict[str, float]:
        before = resident_kib(peer.pid)
        opened, left = self._open_and_close(peer)
        figures = {IDLE: (opened - before) / self._sessions, MEMORY: opened / 1024,
                   LEFT: left / 1024}
        if peer.name in self._judged_for_growth:
            later = [left, *(self._open_and_close(peer)[1] for _ in range(_CYCLES - 1))]
            grown = later[-1] - later[_SETTLING - 1]
            figures[GROWTH] = grown / (_CYCLES - _SETTLING) / 1024
        return figures

    def _open_and_close(self, peer: Peer) -> tuple[int, int]:
        """KiB of memory while the sessions are open, and when all trace of them is gone."""
        with self._client.run("idle", peer, connections=CONNECTING,
                              sessions=self._sessions) as report:
            report("open")
            opened = resident_kib(peer.pid)
        peer.wait_until_deserted()
        return opened, resident_kib(peer.pid)
