"""A private MariaDB server: own data directory, own socket and port, TLS from files of the test's."""

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pymysql

from .pki import Credential
from .ports import free_port, wait_until

# A starting server clears its tmpdir of temporary tables, other servers' too: each has its own.
OPTIONS = """[mariadbd]
datadir={directory}/data
tmpdir={directory}/tmp
socket={directory}/server.sock
pid-file={directory}/server.pid
log-error={directory}/server.log
bind-address={host}
port={port}
ssl-cert={directory}/server.crt
ssl-key={directory}/server.key
ssl-ca={directory}/client-cas.crt
skip-name-resolve
local-infile=1
max-allowed-packet=64M
max-connections=500
log-warnings=4
innodb-buffer-pool-size=16M
innodb-log-file-size=16M
innodb-flush-log-at-trx-commit=0
innodb-flush-method=nosync
plugin-maturity=unknown
plugin-load-add=auth_ed25519
{more}
"""


def make_template(directory: Path) -> Path:
    """An empty data directory, to be copied: making one takes longer than starting a server."""
    scratch = directory.with_name(directory.name + "-tmp")
    for each in (directory, scratch):
        each.mkdir(parents=True, exist_ok=True)
    made = subprocess.run(
        ["mariadb-install-db", "--no-defaults", f"--datadir={directory}", f"--tmpdir={scratch}",
         "--skip-test-db",
         "--auth-root-authentication-method=normal", "--innodb-log-file-size=16M",
         f"--user={_user()}"],
        capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return directory


def _user() -> str:
    import pwd
    return pwd.getpwuid(os.getuid()).pw_name


class MariaDB:
    """`options` are further lines of the server's option file."""

    host = "127.0.0.1"

    def __init__(self, directory: Path, template: Path, credential: Credential,
                 client_cas: str = "", options: str = ""):
        self.directory = directory
        self.socket = directory / "server.sock"
        self.port = free_port(self.host)
        self.process: subprocess.Popen | None = None
        (directory / "tmp").mkdir(parents=True, exist_ok=True)
        shutil.copytree(template, directory / "data")
        credential.write(directory, "server")
        (directory / "client-cas.crt").write_text(client_cas or credential.certificate_pem)
        (directory / "server.cnf").write_text(
            OPTIONS.format(directory=directory, port=self.port, host=self.host, more=options))

    def start(self) -> "MariaDB":
        self.process = subprocess.Popen(
            ["mariadbd", f"--defaults-file={self.directory}/server.cnf", f"--user={_user()}"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_until(self._answers, "MariaDB's start")
        return self

    def stop(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(60)
        self.process = None

    def kill(self) -> None:
        """As a crash does it."""
        self.process.kill()
        self.process.wait(60)
        self.process = None

    def log(self) -> str:
        return (self.directory / "server.log").read_text(errors="replace")

    def sql(self, *statements: str) -> list[tuple]:
        """Runs statements as root, over the socket; returns the rows of the last one."""
        connection = pymysql.connect(unix_socket=str(self.socket), user="root", autocommit=True,
                                     client_flag=pymysql.constants.CLIENT.MULTI_STATEMENTS)
        try:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)
                return list(cursor.fetchall())
        finally:
            connection.close()

    def status(self, name: str) -> int:
        return int(self.sql(f"SHOW GLOBAL STATUS LIKE '{name}'")[0][1])

    def account(self, user: str, how: str = "IDENTIFIED BY 'secret'", require: str = "NONE") -> str:
        """Makes (or makes anew) user@'%' with all rights on database `shop`; returns the name."""
        self.sql(f"CREATE OR REPLACE USER `{user}`@'%' {how} REQUIRE {require}",
                 f"GRANT ALL ON shop.* TO `{user}`@'%'")
        return user

    def trust(self, *authorities: str) -> None:
        """From now on client certificates are verified against these (PEM)."""
        (self.directory / "client-cas.crt").write_text("".join(authorities))
        self.sql("FLUSH SSL")

    def serve(self, credential: Credential) -> None:
        """From now on new connections are shown this certificate."""
        credential.write(self.directory, "server")
        self.sql("FLUSH SSL")

    def sessions(self, user: str) -> list[tuple]:
        """(id, command, time, state, info) of the user's sessions."""
        return self.sql("SELECT id, command, time, state, info FROM information_schema.processlist"
                        f" WHERE user = '{user}'")

    def _answers(self) -> bool:
        assert self.process.poll() is None, "MariaDB ended while it started:\n" + self.log()
        try:
            self.sql("SELECT 1")
            return True
        except pymysql.Error:
            return False
