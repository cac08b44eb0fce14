"""MariaDB's own test suite (package mariadb-test), through the door: the same tests pass as directly.

Its runner starts its own server; the program that sends a test's statements is a wrapper of ours,
which goes through a door before that server.
"""

import os
import re
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

import pytest
from support.ports import free_ports

SUITE = Path("/usr/share/mysql/mysql-test")
# The ones that exercise the protocol: types and results in text and binary, prepared statements,
# several results, character sets, large packets, LOAD DATA, KILL, changing users, compression.
TESTS = """1st alias bulk_replace case change_user compress count_distinct ctype_utf8mb4_heap
  delete_returning func_group func_json func_str grant5 insert_select join
  loaddata multi_statement packet ps_1general ps_2myisam select_found sp-destruct trigger-compat
  type_blob type_datetime union view_alias""".split()
# The runner's "build thread" N has the 30 ports from 10000 + 30 * N; its first server the first.
PORTS, PORTS_OF_A_THREAD = 10000, 30
LAST_WORDS = 3000  # characters
PATIENCE_OF_A_RUN = 240  # seconds


def run_suite(build_thread: int, directory: Path, environment: dict) -> dict[str, str]:
    """Runs TESTS; returns each one's outcome: pass, fail or skipped."""
    runner = subprocess.Popen(
        ["perl", "mariadb-test-run.pl", f"--vardir={directory}", "--force", "--max-test-fail=0",
         "--retry=0", "--nocheck-testcases", "--nowarnings", "--parallel=1", "--skip-rpl",
         "--suite=main", *TESTS],
        cwd=SUITE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        stdin=subprocess.DEVNULL, start_new_session=True,
        env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": str(directory.parent),
             "MTR_BUILD_THREAD": str(build_thread), "USER": "root", **environment})
    try:
        text, _ = runner.communicate(timeout=PATIENCE_OF_A_RUN)
    finally:
        end_with_all_children(runner)
    print(text)
    outcomes = dict(re.findall(r"^main\.(\S+).*\[ (pass|fail|skipped|disabled) +\]", text,
                               re.MULTILINE))
    assert outcomes, text[-LAST_WORDS:]
    return outcomes


def end_with_all_children(runner: subprocess.Popen) -> None:
    """Its servers have process groups of their own, but its session."""
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            session = (entry / "stat").read_text().rpartition(")")[2].split()[3]
            if int(session) == runner.pid:
                os.kill(int(entry.name), signal.SIGKILL)
    runner.wait()


def free_thread() -> int:
    ports = free_ports(PORTS_OF_A_THREAD, origin=PORTS)
    return (ports[0] - PORTS) // PORTS_OF_A_THREAD


@pytest.fixture
def short_directory():
    """Sockets of the suite have long names, and a socket's path has room for 107 bytes."""
    with tempfile.TemporaryDirectory(prefix="mtr") as directory:
        yield Path(directory)


@pytest.mark.skipif(not SUITE.exists(), reason="package mariadb-test is not installed")
def test_the_same_tests_pass_as_directly(open_door, short_directory):
    thread = free_thread()
    server = f"127.0.0.1:{PORTS + PORTS_OF_A_THREAD * thread}"
    # Statements of the suite's tests are mostly plain text, with a few accounts that want TLS: the
    # door mirrors either.
    gateway = open_door([server], tls={"require-secure-transport": False, "ssl-ca": None},
                        backend_settings={"ssl-mode": "PREFERRED", "health-interval": 0.5},
                        limits={"connect-timeout": 30})
    wrapper = short_directory / "through-the-door"
    wrapper.write_text(f"""#!/bin/sh
# A statement must not be sent before the door knows the server: then it says 1105.
export MASTER_MYPORT={gateway.port}
tries=0
until mariadb --no-defaults --host=127.0.0.1 --port={gateway.port} --protocol=tcp --user=root \\
  --execute='DO 1' || [ $((tries += 1)) -gt 100 ]; do sleep 0.1; done
exec mariadb-test "$@" --host=127.0.0.1 --port={gateway.port} --protocol=tcp
""")
    wrapper.chmod(0o755)
    through = run_suite(thread, short_directory / "through", {"MYSQL_TEST": str(wrapper)})
    assert len(gateway.sessions()) > len(TESTS), "the tests did go through the door"
    failed = [name for name, outcome in through.items() if outcome == "fail"]
    if failed:
        direct = run_suite(thread, short_directory / "direct", {})
        assert {name: through[name] for name in failed} == {
            name: direct.get(name) for name in failed}, "fails through the door, passes directly"
    assert list(through.values()).count("pass") >= 20, through
