"""PostgreSQL's own regression suite, run by its own pg_regress through the door with
sslmode=verify-full and channel binding: the same tests pass as directly.

A few fail either way where the suite is not of exactly the server's version; see
postgres_suite/install.
"""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from support.postgres import as_server
from support.psql import DEBIAN, ROOT, environment

SUITE = ROOT / "build" / "postgres_suite"
RUNNER = DEBIAN / "lib/pgxs/src/test/regress/pg_regress"
MODULES = ("autoinc", "refint")  # Debian's own, which the suite looks for beside regress.so.
LEAST = 190  # tests of 217, so that a run that broke off does not count
PATIENCE_OF_A_RUN = 600  # seconds; on an idle machine it takes about 40

# What pg_regress sets for a server of its own, and for the rest the server's defaults: plans,
# notices and statistics depend on them.
OPTIONS = """
max_prepared_transactions = 2
shared_buffers = 128MB
wal_level = replica
max_wal_senders = 10
log_connections = off
log_disconnections = off
"""
# The suite reconnects as roles that it has made, without a password.
HBA = """
local     all  postgres                     trust
hostssl   all  suite          127.0.0.0/8   scram-sha-256
hostssl   all  all            127.0.0.0/8   trust
"""

pytestmark = pytest.mark.skipif(not SUITE.exists(),
                                reason="run tests/e2e/postgres_suite/install: it is not there")


class Run:
    """One run of the whole suite against this port, on an empty server of its own."""

    def __init__(self, server, port: int):
        shutil.copytree(SUITE, server.directory / "suite")
        for module in MODULES:
            shutil.copy(DEBIAN / "lib" / f"{module}.so", server.directory / "suite")
        results = server.directory / "results"
        results.mkdir()
        shutil.chown(results, *([server.directory.owner()] * 2))
        done = subprocess.run(
            [RUNNER, f"--bindir={DEBIAN / 'bin'}", "--inputdir=../suite", "--outputdir=.",
             "--dlpath=../suite", "--schedule=../suite/parallel_schedule",
             "--max-concurrent-tests=20", "--encoding=UTF8"],
            cwd=results, capture_output=True, text=True, errors="replace",
            timeout=PATIENCE_OF_A_RUN, stdin=subprocess.DEVNULL, **as_server(),
            env=environment(PGHOST="localhost", PGHOSTADDR="127.0.0.1", PGPORT=str(port),
                            PGUSER="suite", PGPASSWORD="secret", PGCHANNELBINDING="require",
                            PGSSLMODE="verify-full",
                            PGSSLROOTCERT=str(server.directory / "ca.crt")))
        self.text = done.stdout + done.stderr
        found = re.findall(r"^(?:test|    ) +(\w\S*) +\.\.\. (ok|FAILED|failed)", done.stdout, re.M)
        self.outcomes = dict(found)
        self.failed = {name for name, outcome in found if outcome != "ok"}
        self.diffs = _by_test(results / "regression.diffs")


def _by_test(file: Path) -> dict[str, str]:
    """The differences to the expected answers, by the test's name."""
    if not file.exists():
        return {}
    parts = re.split(r"(?m)^diff -U3 .*/(\w+)\.out$", file.read_text(errors="replace"))
    # The first two lines of each are the names of the files, with their times.
    return {name: text.split("\n", 3)[3] for name, text in zip(parts[1::2], parts[2::2])}


@pytest.fixture
def new_server(new_postgres, pki):
    def start():
        server = new_postgres(hba=HBA, options=OPTIONS).start()
        server.account("suite", more="SUPERUSER")
        server.write("ca.crt", pki.servers.pem)
        return server
    return start


def test_the_same_tests_pass_as_directly(open_door, new_server, tmp_path):
    server = new_server()
    verifiers = tmp_path / "verifiers.txt"
    verifiers.touch(mode=0o600)
    verifiers.write_text(f'"suite" "{server.verifier("suite")}"\n')
    gateway = open_door(server, backend_settings={"auth-file": verifiers, "health-interval": 3600})
    gateway.wait_for_log("backend is up")
    through = Run(server, gateway.port)
    assert len(gateway.sessions()) > LEAST, "the tests did go through the door"
    assert len(through.outcomes) > LEAST, through.text
    if through.failed:
        other = new_server()
        direct = Run(other, other.port)
        assert through.failed == direct.failed, through.text
        assert through.diffs == direct.diffs
    assert len(through.failed) < len(through.outcomes) // 10, through.text
