"""Free ports, and waiting for things that others do."""

import os
import random
import socket
import time

# Below Linux's ephemeral range (32768...), so that no outgoing connection can take one meanwhile.
FIRST, LAST = 15000, 32000
PATIENCE = float(os.environ.get("E2E_PATIENCE", "30"))  # seconds until anything awaited is called a failure


_given: set[int] = set()


def free_port(host: str = "127.0.0.1") -> int:
    """A port that nobody listens on, and another each time. Random, because several workers look
    for one at a time."""
    while True:
        port = random.randint(FIRST, LAST)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            _given.add(port)
            return port


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
