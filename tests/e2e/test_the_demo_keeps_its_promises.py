"""`sallyport demo`: private databases with the door in front, proven, explained, and gone again."""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
from pathlib import Path

import pytest
from support.gateway import BINARY
from support.ports import wait_until

STARTED = 90  # seconds within which the demo stands, on a slow machine too


def leftovers(directory: Path) -> list[str]:
    """Processes that name the demo's directory or work in it, as PostgreSQL's children do."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            place = os.readlink(entry / "cwd")
        except OSError:
            continue
        if str(directory) in line or place.startswith(str(directory)):
            found.append(f"{entry.name} {line}")
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
    for port in (3306, 3307, 3308, 5432, 5433):
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


def test_in_a_directory_whose_name_is_long_and_has_spaces_and_quotes(tmp_path):
    """Sockets have short paths, scripts split words, and connection strings have quotes."""
    done = once(tmp_path / f"it's a demo {'x' * 120}")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(os.getuid() != 0, reason="every other test here is run by an ordinary user")
def test_an_ordinary_user_can_run_it():
    # pytest's folders are root's alone, and so may be the one with the build.
    with tempfile.TemporaryDirectory() as home:
        nobody = pwd.getpwnam("nobody")
        program = shutil.copy(BINARY, home)
        os.chown(home, nobody.pw_uid, nobody.pw_gid)
        done = subprocess.run([program, "demo", "--once"], capture_output=True, text=True,
                              timeout=STARTED, stdin=subprocess.DEVNULL, cwd=home,
                              user=nobody.pw_uid, group=nobody.pw_gid, extra_groups=[])
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_missing_database_is_explained(tmp_path):
    """No directory of PATH has MariaDB's installer; the hint names the package."""
    done = subprocess.run([str(BINARY), "demo", "--once", "--dir", str(tmp_path / "demo")],
                          capture_output=True, text=True, timeout=STARTED,
                          stdin=subprocess.DEVNULL, env=dict(os.environ, PATH=str(tmp_path)))
    assert done.returncode == 1
    assert "error: there is no mariadb-install-db" in done.stderr
    assert "hint: apt-get install mariadb-server-core" in done.stderr


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
        """The command lines that it prints for pasting: each with the lines up to an empty one."""
        return re.findall(r"^  ((?:mariadb|psql) .*?)\n\n", self.output.read_text(), re.M | re.S)

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


# What to ask after each command line, and what must be in the answer.
LOOK = {"mariadb": ("SHOW STATUS LIKE 'Ssl_version';\n", "TLSv1.3"),
        "psql": ("SELECT version, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid();\n",
                 "TLSv1.3")}


def test_the_printed_commands_work_when_pasted(demo):
    assert [command.split()[0] for command in demo.commands()] == ["mariadb"] * 2 + ["psql"] * 2
    for command in demo.commands():
        question, answer = LOOK[command.split()[0]]
        done = subprocess.run(["sh", "-c", command], input=question, capture_output=True, text=True,
                              timeout=60, start_new_session=True)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
        assert answer in done.stdout, f"{command}\n{done.stdout}"
        assert ("/CN=cert" in done.stdout) == ("sslcert" in command), f"{command}\n{done.stdout}"


def test_psql_gets_in_by_default_and_bound_to_the_door(demo):
    """The database has another certificate: no relayed login could be bound to the door's."""
    psql, = (command for command in demo.commands() if "passfile" in command)
    settings = psql.removeprefix("psql '").removesuffix("'")
    assert "channel_binding" not in settings
    for more in ("", " channel_binding=require", " channel_binding=disable"):
        done = subprocess.run(["psql", "-XAtc", "SELECT current_user", settings + more],
                              capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        assert (done.returncode, done.stdout) == (0, "app\n"), done.stderr


def test_plain_text_never_reaches_the_database(demo):
    """The proof has sent some, and both would have used the same words."""
    assert demo.text().count("app, in plain text") == 2
    assert "no encryption" not in (demo.directory / "demo" / "postgres.log").read_text()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_being_told_to_stop_ends_everything_it_started(demo, how):
    assert leftovers(demo.directory)
    assert demo.stop(how) == 0, demo.text()
    wait_until(lambda: not leftovers(demo.directory), "the end of all children")


def test_being_killed_ends_everything_it_started_and_the_next_run_recovers(demo):
    demo.process.kill()
    demo.process.wait(60)
    wait_until(lambda: not leftovers(demo.directory), "the end of all children")
    done = once(demo.directory / "demo")
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_killed_runs_lock_names_nobody_even_when_its_number_is_alive(tmp_path):
    """As after a kill in a container whose first process reaps nobody."""
    directory = tmp_path / "demo"
    assert once(directory).returncode == 0
    data = directory / "postgres" / "data"
    owner = data.stat()
    with subprocess.Popen(["sleep", "60"], user=owner.st_uid) as other:
        lock = data / "postmaster.pid"
        lock.write_text(f"{other.pid}\n")
        os.chown(lock, owner.st_uid, owner.st_gid)
        done = once(directory)
        other.kill()
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_second_demo_can_stand_beside_the_first(demo, tmp_path):
    done = once(tmp_path / "second")
    assert done.returncode == 0, done.stdout + done.stderr
    assert demo.process.poll() is None and leftovers(demo.directory)


def test_a_database_that_ends_ends_the_demo(demo):
    lock = demo.directory / "demo" / "postgres" / "data" / "postmaster.pid"
    os.kill(int(lock.read_text().split()[0]), signal.SIGINT)
    assert demo.process.wait(60) == 1
    assert "error: PostgreSQL has ended" in demo.output.read_text()
    wait_until(lambda: not leftovers(demo.directory), "the end of all children")


def test_a_database_that_cannot_start_is_explained(tmp_path):
    """The child's own last words are shown; nothing is left behind."""
    blocked = tmp_path / "demo"
    blocked.write_text("a file where the directory should be")
    done = once(blocked)
    assert done.returncode == 1
    assert "error: " in done.stderr
    assert not leftovers(tmp_path)
