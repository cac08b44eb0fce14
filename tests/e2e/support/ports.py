"""Free ports, and waiting for things that others do."""

import os
import random
import socket
import time

# Below Linux's ephemeral range (32768...), so that no outgoing connection can take one meanwhile.
FIRST, LAST = 15000, 32000
PATIENCE = float(os.environ.get("E2E_PATIENCE", "30"))  # seconds until anything awaited is called a failure


def own_share() -> range:
    """The ports of this worker alone. Were they everybody's, two workers would now and then be
    given the same one, before either listens there."""
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    size = (LAST - FIRST) // workers
    return range(FIRST + worker * size, FIRST + (worker + 1) * size)


_share = own_share()
_given: set[int] = set()


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on, and another each time."""
    return free_ports(1, host=host)[0]


def free_ports(count: int, *, origin: int = 0, host: str = "127.0.0.1") -> range:
    """`count` ports in a row that nobody listens on, the first a multiple of `count` above `origin`.
    Random, because another run of the tests may look for ports at the same time."""
    while True:
        first = random.choice(_share)
        first -= (first - origin) % count
        ports = range(first, first + count)
        if (first in _share and ports[-1] in _share and _given.isdisjoint(ports)
                and all(can_listen(host, port) for port in ports)):
            _given.update(ports)
            return ports


def can_listen(host: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
        return True


def wait_until(condition, what: str, patience: float = PATIENCE):
    """Polls until `condition()` is true and returns its value; fails the test after `patience`."""
    end = time.monotonic() + patience
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"waited {patience} s in vain: {what}")
        time.sleep(0.02)
