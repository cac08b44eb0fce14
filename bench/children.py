"""Child processes: started with a log file of their own, stopped by their id, whatever happens."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

PATIENCE = 60  # seconds for anything to start or to stop; a loaded machine needs a few of them
POLL = 0.02    # seconds between two looks

_LISTENING, _TIME_WAIT = "0A", "06"  # TCP_LISTEN and TCP_TIME_WAIT, as proc(5) writes them


class BenchError(Exception):
    """What ends the run; the message says why, and what to do where that is known."""


class Child:
    """One process, from its start to its end; as `user`, where that is another one."""

    def __init__(self, command: list[str], log: Path, user: str | None = None,
                 stop_signal: signal.Signals = signal.SIGTERM):
        self.log = log
        self._stop_signal = stop_signal
        with log.open("ab") as output:
            self.process = subprocess.Popen(command, cwd=log.parent, stdin=subprocess.DEVNULL,
                                            stdout=output, stderr=output, **_as_user(user))

    @property
    def pid(self) -> int:
        return self.process.pid

    def wait_until_listening(self, port: int) -> None:
        wait_until(lambda: self._is_listening(port), f"{self._name} on port {port}")

    def stop(self) -> None:
        self.process.send_signal(self._stop_signal)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def last_words(self) -> str:
        return "\n  ".join(self.log.read_text(errors="replace").splitlines()[-10:])

    @property
    def _name(self) -> str:
        return Path(self.process.args[0]).name

    def _is_listening(self, port: int) -> bool:
        if self.process.poll() is not None:
            raise BenchError(f"{self._name} ended at once:\n  {self.last_words()}")
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


def run(command: list[str], folder: Path, user: str | None = None) -> str:
    """One command to its end, in `folder`; gives what it wrote to stdout."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=PATIENCE * 5, **_as_user(user))
    if done.returncode != 0:
        raise BenchError(f"{command[0]} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def own_name() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def service_user() -> str | None:
    """Who runs the programs that refuse to be root; None where we are somebody else anyway."""
    return "postgres" if os.getuid() == 0 else None


def hand_over(path: Path, user: str | None) -> None:
    """Makes `path` that user's."""
    if user:
        shutil.chown(path, user, user)


def _as_user(user: str | None) -> dict:
    return {"user": user, "group": user, "extra_groups": []} if user else {}


def has_connections(to: int) -> bool:
    """Whether a connection to that port is still somebody's, at its one end or at the other."""
    return any(state not in (_LISTENING, _TIME_WAIT) and to in (local, remote)
               for local, remote, state in _sockets())


def _listening_ports() -> set[int]:
    return {local for local, _, state in _sockets() if state == _LISTENING}


def _sockets() -> list[tuple[int, int, str]]:
    """Local port, remote port and state of every TCP socket, as proc(5) has them."""
    rows = [row.split() for row in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [(_port(row[1]), _port(row[2]), row[3]) for row in rows]


def _port(address: str) -> int:
    return int(address.rpartition(":")[2], 16)
