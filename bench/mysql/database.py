"""The MariaDB behind all peers."""

from certificates import CERTIFIED, ISSUER
from children import BenchError, own_name, run, wait_until
from load_client import Statements
from peers import CIPHER, Peer, Setting

USER, SCHEMA = "bench", "bench"
TABLE_ROWS = 100_000
# sysbench's table; its rows are 190 bytes.
STATEMENTS = Statements(
    point="SELECT c FROM sbtest1 WHERE id = {}",
    span="SELECT c FROM sbtest1 WHERE id BETWEEN {} AND {} + 99",
    rows=TABLE_ROWS,
    bulk="SELECT REPEAT('x', 100000) FROM sbtest1 LIMIT 1000")

_CONFIG = """[mariadbd]
datadir={folder}/data
socket={folder}/server.sock
pid-file={folder}/server.pid
bind-address={host}
port={port}
ssl-cert={keys}/{server}
ssl-key={keys}/{server_key}
ssl-ca={keys}/{client_cas}
tls-version={tls_version}
skip-name-resolve
skip-log-bin
max-connections={sessions}
thread-cache-size=256
innodb-buffer-pool-size=128M
innodb-flush-log-at-trx-commit=0
innodb-flush-method=nosync
"""


class MariaDB(Peer):
    """Started once; its accounts let nobody in without the cipher that all legs shall have, and one
    of them nobody without the certificate of the bench's client."""

    name = "mariadb"

    def __init__(self, setting: Setting):
        super().__init__(setting)
        self._config = self._write_config(_CONFIG)

    def start(self) -> None:
        run(["mariadb-install-db", "--no-defaults", f"--datadir={self.folder}/data",
             "--skip-test-db", "--auth-root-authentication-method=normal",
             f"--user={own_name()}"], self.folder)
        super().start()
        wait_until(self._answers, "MariaDB's answer")
        self._sql(f"CREATE DATABASE {SCHEMA}", f"CREATE USER {USER} REQUIRE CIPHER '{CIPHER}'",
                  f"CREATE USER {CERTIFIED} REQUIRE SUBJECT '/CN={CERTIFIED}'"
                  f" AND ISSUER '/CN={ISSUER}' AND CIPHER '{CIPHER}'",
                  f"GRANT ALL ON {SCHEMA}.* TO {USER}, {CERTIFIED}")

    def _command(self) -> list[str]:
        return ["mariadbd", f"--defaults-file={self._config}", f"--user={own_name()}"]

    def _answers(self) -> bool:
        try:
            self._sql("SELECT 1")
            return True
        except BenchError:
            return False

    def _sql(self, *statements: str) -> str:
        return run(["mariadb", "--no-defaults", f"--socket={self.folder}/server.sock",
                    "--user=root", "--execute", "; ".join(statements)], self.folder)
