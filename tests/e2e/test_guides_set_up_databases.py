"""`sallyport cert guide` is followed to the letter: what its blocks say is done to a database, and
then clients get in through the gateway with the certificates of the directory."""

import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

import pymysql
import pytest
from support import gateway as gateways
from support.gateway import BINARY, Gateway
from support.pki import cockroach_layout
from support.clients import tls_context
from support.ports import free_port
from support.psql import psql, query, verified

pytestmark = pytest.mark.once

USERS = ("alice", "bob.the-second")


@pytest.fixture
def certs(tmp_path):
    """A certificates directory; its name needs quotes in a shell."""
    folder = tmp_path / "the certs"
    folder.mkdir()
    return cockroach_layout(folder, *USERS)


class Guide:
    """The guide's output, and what is to be replaced in it: each pair is (what it says, what it is
    here), because /etc and the service's user are not the test's."""

    def __init__(self, database: str, certs: Path, config: Path, *changes):
        shown = gateways.run("cert", "guide", database, "--certs-dir", certs, "-c", config)
        assert (shown.returncode, shown.stderr) == (0, "")
        text = shown.stdout
        for said, here in changes:
            assert said in text, f"the guide no longer says {said}"
            text = text.replace(said, str(here))
        self.blocks = re.findall(r"^```(.+)\n((?:.*\n)*?)```$", text, re.M)

    def all(self, kind: str) -> str:
        return "".join(content for title, content in self.blocks if title == kind)

    def run(self, kind: str, where: Path) -> None:
        path = f"{where / 'bin'}:{os.environ['PATH']}"
        done = subprocess.run(["sh", "-e", "-c", self.all(kind)], cwd=where, capture_output=True,
                              text=True, env={**os.environ, "PATH": path})
        assert done.returncode == 0, done.stderr


@pytest.fixture
def here(tmp_path):
    """A directory to work in, with `sallyport` as a command."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sallyport").symlink_to(BINARY)
    return tmp_path


def open_gateway(guide: Guide, config: Path, here: Path) -> Gateway:
    """The gateway with the guide's own settings, as they are."""
    door = Gateway(here, {"listener": [{"address": "none:0"}]})
    config.write_text(f'data-dir = "{here}/data"\nworkers = 2\n'
                      f'io-method = "{gateways.IO_METHOD}"\n' + guide.all(str(config)))
    return door


def me() -> str:
    return pwd.getpwuid(os.getuid()).pw_name


def owner(wanted: str) -> str:
    return wanted if os.getuid() == 0 else me()


def test_mariadb(certs, here, new_mariadb):
    server = new_mariadb().start()
    config, target, port = here / "sallyport.toml", here / "etc", free_port()
    guide = Guide("mariadb", certs, config,
                  ("/etc/mysql/mariadb.conf.d/99-sallyport.cnf", "settings"),
                  ("/etc/mysql/sallyport", target), ("-o mysql -g mysql", f"-o {me()}"),
                  ("chown mysql:mysql", f"chown {me()}"),
                  ("0.0.0.0:3306", f"127.0.0.1:{port}"),
                  ("db1.internal:3306", f"127.0.0.1:{server.port}"))
    door = open_gateway(guide, config, here)
    guide.run("sh gateway", here)
    guide.run("sh", here)
    with (server.directory / "server.cnf").open("a") as settings:
        settings.write(guide.all("settings"))
    server.stop()
    server.start()

    def follow_sql() -> None:
        done = subprocess.run(["mariadb", "--no-defaults", f"--socket={server.socket}", "-uroot"],
                              input=guide.all("sql"), capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    follow_sql()
    follow_sql()  # A guide may be followed again.

    def whoami(user: str, shown: str, to: int) -> tuple:
        context = tls_context(certs / "ca.crt",
                              (certs / f"client.{shown}.crt", certs / f"client.{shown}.key"))
        with pymysql.connect(host="localhost", port=to, user=user, ssl=context) as session:
            with session.cursor() as cursor:
                cursor.execute("SELECT CURRENT_USER()")
                return cursor.fetchone()

    with door.start():
        for user in USERS:
            assert whoami(user, user, port) == (f"{user}@%",)
            assert whoami(user, user, server.port) == (f"{user}@%",)
        with pytest.raises(pymysql.err.OperationalError, match="1045"):
            whoami("alice", USERS[1], port)


def test_postgres(certs, here, new_postgres):
    server = new_postgres()
    server.start()
    config, target, port = here / "sallyport.toml", server.directory / "guide", free_port()
    guide = Guide("postgres", certs, config, ("/etc/postgresql/sallyport", target),
                  ("-o postgres -g postgres", f"-o {owner('postgres')}"),
                  ("chown postgres:postgres", f"chown {owner('postgres')}"),
                  ("0.0.0.0:5432", f"127.0.0.1:{port}"),
                  ("db1.internal:5432", f"127.0.0.1:{server.port}"))
    door = open_gateway(guide, config, here)
    guide.run("sh gateway", here)
    guide.run("sh", here)
    for name in ("pg_hba.conf", "pg_ident.conf"):
        before = (server.data / name).read_text()
        server.write(f"data/{name}", guide.all(name) + before)

    def follow_sql() -> list[str]:
        done = psql(guide.all("sql"), host=server.directory, port=server.port, user="postgres",
                    dbname="postgres")
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    # What it prints last are the faults in pg_hba.conf: none.
    before = len(server.log())
    assert follow_sql() == ["t"]
    server.wait_for_log("reloading configuration files", before)
    assert follow_sql() == ["t"]
    assert "SSL configuration was not reloaded" not in server.log()

    def login(user: str, shown: str, to: int) -> dict:
        key = here / f"{shown}.key"  # libpq, too, wants it closed to others
        shutil.copy(certs / f"client.{shown}.key", key)
        key.chmod(0o600)
        return dict(host="localhost", hostaddr="127.0.0.1", port=to, user=user, dbname="postgres",
                    sslmode="verify-full", sslrootcert=certs / "ca.crt",
                    sslcert=certs / f"client.{shown}.crt", sslkey=key)

    ask = "SELECT current_user, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    with door.start():
        for user in USERS:
            for to in (port, server.port):
                (name, subject), = query(ask, **login(user, user, to))
                assert name == user and f"/CN={user}" in subject
        # A login by SCRAM, bound to the certificate that both sides serve.
        server.account("app", "secret")
        by_password = {**verified(certs / "ca.crt"), "host": "localhost", "hostaddr": "127.0.0.1"}
        assert query("SELECT current_user", port=port, user="app", password="secret",
                     dbname="postgres", channel_binding="require", **by_password) == [("app",)]
        refused = psql(ask, **login("alice", USERS[1], port))
        assert refused.returncode == 2
        assert 'certificate authentication failed for user "alice"' in refused.stderr
