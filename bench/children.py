"""Child processes: started with a log file of their own, stopped by their id, whatever happens."""

import socket
import subprocess
import time
from pathlib import Path

PATIENCE = 60  # seconds for anything to start or to stop; a loaded machine needs a few of them
POLL = 0.02    # seconds between two looks


class BenchError(Exception):
    """What ends the run; the message says why, and what to do where that is known."""


class Child:
    """One process, from its start to its end."""

    def __init__(self, command: list[str], log: Path):
        self.log = log
        with log.open("ab") as output:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output,
                                            stderr=output)

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_until_listening(self, port: int) -> None:
        wait_until(lambda: self._is_listening(port), f"{self._name} on port {port}")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    @property
    def _name(self) -> str:
        return Path(self.process.args[0]).name

    def _is_listening(self, port: int) -> bool:
        if self.process.poll() is not None:
            last = self.log.read_text(errors="replace").splitlines()[-10:]
            raise BenchError(f"{self._name} ended at once:\n  " + "\n  ".join(last))
        # Looked up rather than tried: a try would be counted as a connection by whoever answers.
        return port in _listening_ports()


def wait_until(condition, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > end:
            raise BenchError(f"waited {PATIENCE} s in vain for {what}")
        time.sleep(POLL)


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def run(command: list[str], folder: Path) -> str:
    """One command to its end, in `folder`; gives what it wrote to stdout."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=PATIENCE * 5)
    if done.returncode != 0:
        raise BenchError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def _listening_ports() -> set[int]:
    listening = "0A"  # TCP_LISTEN, as proc(5) writes it
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return {int(row[1].rpartition(":")[2], 16) for row in rows if row[3] == listening}
