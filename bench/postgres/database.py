"""The PostgreSQL behind all peers. It refuses to be root, and is then the user `postgres`."""

import signal
from pathlib import Path

from certificates import CERTIFIED
from children import BenchError, Child, hand_over, run, service_user
from load_client import Statements
from peers import Peer, Setting

# Where Debian keeps a server's programs: one folder per major version.
_VERSIONS = Path("/usr/lib/postgresql")

DATABASE = "bench"
# The same tables for all: one account is trusted, one proves its password, one (CERTIFIED) its
# certificate.
TRUSTED, SCRAM, PASSWORD = "bench", "bench_scram", "bench password"
# pgbench's table; its rows are 97 bytes and some.
STATEMENTS = Statements(
    point="SELECT abalance FROM pgbench_accounts WHERE aid = {}",
    span="SELECT aid, bid, abalance, filler FROM pgbench_accounts WHERE aid BETWEEN {} AND {} + 99",
    rows=100_000,
    bulk="SELECT repeat('x', 100000) FROM generate_series(1, 1000)")

_CONFIG = """listen_addresses = '{host}'
port = {port}
unix_socket_directories = '{folder}'
hba_file = '{folder}/hba'
max_connections = {sessions}
shared_buffers = 128MB
fsync = off
autovacuum = off
ssl = on
ssl_cert_file = '{keys}/{server}'
ssl_key_file = '{keys}/{server_key}'
ssl_ca_file = '{keys}/{client_cas}'
ssl_min_protocol_version = 'TLSv1.3'
"""
# Plain text is for us alone, over the socket in our own folder.
_HBA = f"""local all all trust
hostssl {DATABASE} {TRUSTED} 127.0.0.1/32 trust
hostssl {DATABASE} {SCRAM} 127.0.0.1/32 scram-sha-256
hostssl {DATABASE} {CERTIFIED} 127.0.0.1/32 cert
"""


class PostgreSQL(Peer):
    """Started once; `verifier` is what PgBouncer needs to judge the SCRAM account by itself."""

    name = "postgresql"

    def __init__(self, setting: Setting):
        super().__init__(setting)
        self._user = service_user()
        hand_over(self.folder, self._user)
        self._config = self._write_config(_CONFIG)
        (self.folder / "hba").write_text(_HBA)

    def start(self) -> None:
        self._run("initdb", f"--pgdata={self.folder}/data", "--auth=trust", "--no-sync",
                  "--username=postgres", "--encoding=UTF8", "--no-locale")
        super().start()
        self._sql("postgres", f"CREATE ROLE {TRUSTED} LOGIN",
                  f"CREATE ROLE {SCRAM} LOGIN IN ROLE {TRUSTED} PASSWORD '{PASSWORD}'",
                  f"CREATE ROLE {CERTIFIED} LOGIN IN ROLE {TRUSTED}",
                  f"CREATE DATABASE {DATABASE} OWNER {TRUSTED}")

    def fill(self) -> None:
        """pgbench's tables: 100,000 accounts."""
        self._run("pgbench", "--initialize", "--quiet", "--scale=1", f"--host={self.folder}",
                  f"--port={self.port}", f"--username={TRUSTED}", DATABASE)

    def verifier(self) -> str:
        return self._sql("postgres",
                         f"SELECT rolpassword FROM pg_authid WHERE rolname = '{SCRAM}'").strip()

    def _spawn(self) -> Child:
        # SIGINT is its fast way to stop: it does not wait for sessions to end.
        return Child([program("postgres"), "-D", f"{self.folder}/data",
                      f"--config-file={self._config}"],
                     self.folder / "log", self._user, stop_signal=signal.SIGINT)

    def _sql(self, database: str, *statements: str) -> str:
        commands = [f"--command={statement}" for statement in statements]
        return self._run("psql", "--no-psqlrc", "--tuples-only", "--no-align", "--quiet",
                         f"--host={self.folder}", f"--port={self.port}", "--username=postgres",
                         *commands, database)

    def _run(self, name: str, *words: str) -> str:
        return run([program(name), *words], self.folder, self._user)


def program(name: str) -> str:
    """One of the newest version that is installed."""
    found = sorted(_VERSIONS.glob(f"*/bin/{name}"), key=lambda path: int(path.parts[-3]))
    if not found:
        raise BenchError(f"no {name} in {_VERSIONS} (scripts/install-deps bench brings it)")
    return str(found[-1])
