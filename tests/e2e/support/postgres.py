"""A private PostgreSQL server: own cluster, own socket and port, TLS from files of the test's.

PostgreSQL refuses to run as root: where the tests are root, the server is Debian's user `postgres`,
and its files lie in a folder of its own, because pytest's are closed to others.
"""

import os
import pwd
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from .pki import Credential
from .ports import free_port, wait_until
from .psql import HOMES, psql, query

OPTIONS = """
port = {port}
listen_addresses = '{host}'
unix_socket_directories = '{directory}'
logging_collector = off
log_connections = on
log_disconnections = on
log_line_prefix = '[%p] %u@%d '
max_connections = 200
shared_buffers = 16MB
fsync = off
full_page_writes = off
max_wal_senders = 0
wal_level = minimal
ssl = on
ssl_cert_file = '{directory}/server.crt'
ssl_key_file = '{directory}/server.key'
ssl_ca_file = '{directory}/client-cas.crt'
{more}
"""

# The first line that fits decides. Each account is named for how it is let in; see add_accounts().
HBA = """
local     all  postgres                     trust
host      all  trusty         127.0.0.0/8   trust
host      all  cleartext      127.0.0.0/8   password
host      all  md5er          127.0.0.0/8   md5
hostssl   all  alice          127.0.0.0/8   cert
hostssl   all  cn-mapped      127.0.0.0/8   cert map=names
hostssl   all  dn-mapped      127.0.0.0/8   cert clientname=DN map=subjects
hostssl   all  sealed         127.0.0.0/8   scram-sha-256 clientcert=verify-full
hostssl   all  badged         127.0.0.0/8   scram-sha-256 clientcert=verify-ca
hostssl   all  encrypted      127.0.0.0/8   scram-sha-256
hostnossl all  plain          127.0.0.0/8   scram-sha-256
host      all  encrypted,plain,alice,sealed,badged,cn-mapped,dn-mapped all reject
host      all  all            127.0.0.0/8   scram-sha-256
local     all  all                          scram-sha-256
"""

IDENT = r"""
names     reader                                   cn-mapped
names     /^(.*)@example\.org$                     cn-mapped
subjects  "CN=alice,O=Sallyport tests"             dn-mapped
subjects  "/^CN=.*,OU=Till,O=Sallyport tests$"     dn-mapped
"""

PASSWORD = "secret"


def as_server() -> dict:
    """For subprocess: who the server is."""
    if os.getuid() != 0:
        return {}
    entry = pwd.getpwnam("postgres")
    return {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}


def _give(path: Path) -> None:
    """Makes a file or a whole folder the server's own."""
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", "postgres:", str(path)], check=True)


def new_folder() -> Path:
    """An empty one of the server's. Who makes it removes it."""
    folder = Path(tempfile.mkdtemp(prefix="sallyport-pg-"))
    _give(folder)
    return folder


def make_template(folder: Path, version: int) -> Path:
    """An empty cluster, to be copied: making one takes longer than starting a server."""
    initdb = HOMES[version] / "bin" / "initdb"
    assert initdb.exists(), (
        f"{initdb} is missing: run scripts/install-deps test and tests/e2e/clients/install")
    made = subprocess.run(
        [initdb, "--pgdata", folder / "data", "--username=postgres", "--encoding=UTF8",
         "--locale=C", "--auth=trust", "--no-sync"],
        capture_output=True, text=True, cwd=folder, **as_server())
    assert made.returncode == 0, made.stdout + made.stderr
    return folder / "data"


class Postgres:
    """`options` are further lines of postgresql.conf; `hba` and `ident` whole files."""

    host = "127.0.0.1"
    protocol = "postgres"

    def __init__(self, template: Path, credential: Credential, client_cas: str = "", *,
                 version: int = 15, hba: str = HBA, ident: str = IDENT, options: str = ""):
        self.version = version
        self.directory = new_folder()
        self.data = self.directory / "data"
        self.port = free_port(self.host)
        self.socket = self.directory / f".s.PGSQL.{self.port}"
        self.process: subprocess.Popen | None = None
        subprocess.run(["cp", "-a", str(template), str(self.data)], check=True)
        credential.write(self.directory, "server")
        self.write("client-cas.crt", client_cas or credential.certificate_pem)
        self.write("data/pg_hba.conf", hba)
        self.write("data/pg_ident.conf", ident)
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write(OPTIONS.format(port=self.port, host=self.host, directory=self.directory,
                                      more=options))
        _give(self.directory)

    # Its life.

    def start(self) -> "Postgres":
        with (self.directory / "server.log").open("ab") as log:
            self.process = subprocess.Popen(
                [HOMES[self.version] / "bin" / "postgres", "-D", self.data], cwd=self.directory,
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, **as_server())
        wait_until(self._answers, "PostgreSQL's start")
        return self

    def stop(self) -> None:
        """A fast shutdown: sessions are ended."""
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(60)
        self.process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.directory)

    def reload(self) -> None:
        """Reads the configuration, the rules and the certificates again; waits until it has."""
        before = self.log().count("SIGHUP")
        self.process.send_signal(signal.SIGHUP)
        wait_until(lambda: self.log().count("SIGHUP") > before, "PostgreSQL's reload")

    # Its files.

    def write(self, name: str, text: str) -> Path:
        """Writes one of its files, as its own."""
        path = self.directory / name
        path.write_text(text)
        _give(path)
        return path

    def configure(self, *, hba: str | None = None, ident: str | None = None) -> None:
        """Other rules from now on."""
        if hba is not None:
            self.write("data/pg_hba.conf", hba)
        if ident is not None:
            self.write("data/pg_ident.conf", ident)
        self.reload()

    def trust(self, *authorities: str) -> None:
        """From now on client certificates are verified against these (PEM)."""
        self.write("client-cas.crt", "".join(authorities))
        self.reload()

    def serve(self, credential: Credential) -> None:
        """From now on new connections are shown this certificate."""
        for path in credential.write(self.directory, "server"):
            _give(path)
        self.reload()

    def log(self) -> str:
        return (self.directory / "server.log").read_text(errors="replace")

    def wait_for_log(self, pattern: str, since: int = 0) -> re.Match:
        """Waits for a match in the log behind position `since` (a length of the log of before)."""
        return wait_until(lambda: re.search(pattern, self.log()[since:]), f"in the log: {pattern}")

    # Its contents.

    def sql(self, *statements: str, database: str = "postgres") -> list[tuple]:
        """Runs statements as the superuser, over the socket; returns the rows of the last one."""
        rows = []
        for statement in statements:
            rows = query(statement, host=self.directory, port=self.port, user="postgres",
                         dbname=database)
        return rows

    def account(self, user: str, password: str = PASSWORD, encryption: str = "scram-sha-256",
                more: str = "") -> str:
        """Makes a role that may log in, or gives it this password; returns its name."""
        name, secret = user.replace('"', '""'), password.replace("'", "''")
        known = self.sql("SELECT 1 FROM pg_roles WHERE rolname = '" + user.replace("'", "''") + "'")
        verb = "ALTER" if known else "CREATE"
        self.sql(f"SET password_encryption = '{encryption}'; "
                 f"{verb} ROLE \"{name}\" LOGIN PASSWORD '{secret}' {more}")
        return user

    def add_accounts(self) -> None:
        """The accounts that HBA speaks of, all with one password; `app` is the ordinary one."""
        for user in ("app", "trusty", "cleartext", "alice", "cn-mapped", "dn-mapped", "sealed",
                     "badged", "encrypted", "plain"):
            self.account(user)
        self.account("md5er", encryption="md5")

    def verifier(self, user: str) -> str:
        """What the database stores in place of the password."""
        return self.sql(f"SELECT rolpassword FROM pg_authid WHERE rolname = '{user}'")[0][0]

    def _answers(self) -> bool:
        assert self.process.poll() is None, "PostgreSQL ended while it started:\n" + self.log()
        return psql("SELECT 1", host=self.directory, port=self.port, user="postgres",
                    dbname="postgres").returncode == 0
