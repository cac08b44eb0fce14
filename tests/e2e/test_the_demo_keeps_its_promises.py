"""`sallyport demo`: a private MariaDB with the door in front, proven, explained, and gone again."""

import os
import re
import signal
import socket
import subprocess
from pathlib import Path

import pytest
from support.gateway import BINARY
from support.ports import wait_until

STARTED = 90  # seconds within which the demo stands, on a slow machine too


def leftovers(directory: Path) -> list[str]:
    """Command lines of processes that name the demo's directory."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except OSError:
            continue
        if str(directory) in line:
            found.append(line)
    return found


def once(directory: Path) -> subprocess.CompletedProcess:
    return subprocess.run([str(BINARY), "demo", "--once", "--dir", str(directory)],
                          capture_output=True, text=True, timeout=STARTED,
                          stdin=subprocess.DEVNULL)


def test_once_twice_in_a_row(tmp_path):
    for _ in range(2):
        done = once(tmp_path / "demo")
        assert done.returncode == 0, done.stdout + done.stderr
        assert not leftovers(tmp_path)


def test_the_default_directory_is_in_the_current_one(tmp_path):
    done = subprocess.run([str(BINARY), "demo", "--once"], capture_output=True, text=True,
                          timeout=STARTED, stdin=subprocess.DEVNULL, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [entry.name for entry in tmp_path.iterdir()] == ["sallyport-demo"]


@pytest.fixture
def usual_ports_taken():
    held = []
    for port in (3306, 3307, 3308, 13306, 33060):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            sock.bind(("127.0.0.1", port))
            sock.listen()
        except OSError:
            sock.close()  # Taken by somebody else is just as good.
            continue
        held.append(sock)
    yield
    for sock in held:
        sock.close()


def test_with_the_usual_ports_taken(tmp_path, usual_ports_taken):
    done = once(tmp_path / "demo")
    assert done.returncode == 0, done.stdout + done.stderr


class Demo:
    """A standing demo: its output so far, until it is told to stop."""

    def __init__(self, directory: Path):
        directory.mkdir(exist_ok=True)
        self.output = directory / "output.txt"
        self.directory = directory
        with self.output.open("w") as sink:
            self.process = subprocess.Popen(
                [str(BINARY), "demo", "--dir", str(directory / "demo")], stdin=subprocess.DEVNULL,
                stdout=sink, stderr=subprocess.STDOUT, start_new_session=True)
        wait_until(lambda: self.commands() and "Ctrl-C" in self.text(), "the demo's instructions",
                   patience=STARTED)

    def text(self) -> str:
        if self.process.poll() not in (None, 0):
            raise AssertionError(self.output.read_text())
        return self.output.read_text()

    def commands(self) -> list[str]:
        """The command lines that it prints for pasting, continued lines joined."""
        joined = re.sub(r"\\\n\s*", " ", self.output.read_text())
        return [line.strip().removeprefix("$ ") for line in joined.splitlines()
                if re.match(r"\s*(\$ )?(mariadb|mysql) ", line)]

    def stop(self, how: int) -> int:
        # Ctrl-C reaches the whole foreground group, children included.
        os.killpg(self.process.pid, how)
        return self.process.wait(60)


@pytest.fixture
def demo(tmp_path):
    standing = Demo(tmp_path / "standing")
    yield standing
    if standing.process.poll() is None:
        standing.stop(signal.SIGTERM)


def test_the_printed_commands_work_when_pasted(demo):
    assert len(demo.commands()) >= 2, demo.text()
    for command in demo.commands():
        done = subprocess.run(["sh", "-c", command], input="SHOW STATUS LIKE 'Ssl_version';\n",
                              capture_output=True, text=True, timeout=60,
                              start_new_session=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        if "-e" not in command:
            assert "TLSv1.3" in done.stdout, f"{command}\n{done.stdout}"


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_being_told_to_stop_ends_everything_it_started(demo, how):
    assert leftovers(demo.directory)
    assert demo.stop(how) == 0, demo.text()
    wait_until(lambda: not leftovers(demo.directory), "the end of all children")


def test_a_second_demo_can_stand_beside_the_first(demo, tmp_path):
    done = once(tmp_path / "second")
    assert done.returncode == 0, done.stdout + done.stderr
    assert demo.process.poll() is None and leftovers(demo.directory)


def test_a_database_that_cannot_start_is_explained(tmp_path):
    """The child's own last words are shown; nothing is left behind."""
    blocked = tmp_path / "demo"
    blocked.write_text("a file where the directory should be")
    done = once(blocked)
    assert done.returncode == 1
    assert "error: " in done.stderr
    assert not leftovers(tmp_path)
