"""PostgreSQL doors whose files change: a valid change serves new connections and leaves live ones
alone (their queries, their logins, their cancel keys); an invalid one changes nothing and says
why."""

import re
import signal
import subprocess

import pytest
from support import pgwire
from support.clients import TLS_1_2, TLS_1_3
from support.ports import wait_until
from support.psql import SEPARATOR, environment, psql_command, query, refusal, verified

KEEPER = "reload-keeper"  # The service account that may read verifiers.
FAILED = "reload failed, the old configuration stays"
BACKEND = "SELECT inet_server_port()"


def replace(path, text: str) -> None:
    """As careful tools do. Secrets may not be for others to read."""
    fresh = path.with_suffix(".fresh")
    fresh.touch(mode=0o600)
    fresh.write_text(text)
    fresh.rename(path)


def line(server, user: str) -> str:
    """What auth-file says of a user."""
    return f'"{user}" "{server.verifier(user)}"\n'


@pytest.fixture
def files(pki, pg15, tmp_path):
    """The door's own: server.crt, server.key, client-cas.crt, verifiers.txt."""
    pki.front.write(tmp_path, "server")
    (tmp_path / "client-cas.crt").write_text(pki.clients.pem)
    replace(tmp_path / "verifiers.txt", line(pg15, "app"))
    return tmp_path


@pytest.fixture
def gateway(open_door, pg15, files):
    door = open_door(pg15, backend_settings={"auth-file": files / "verifiers.txt"}, tls={
        "ssl-cert": files / "server.crt", "ssl-key": files / "server.key",
        "ssl-ca": files / "client-cas.crt"})
    door.wait_for_log("backend is up")
    return door


def client(gateway, pki, user: str = "app", password: str = "secret", **more) -> dict:
    """psql's parameters; libpq may bind to the certificate, so it does."""
    return {"port": gateway.port, "user": user, "password": password, "dbname": "postgres",
            **verified(pki.ca), **more}


def renewed(pki):
    return pki.servers.server("localhost", "127.0.0.1")


def served(gateway, context) -> int:
    """The serial number of the certificate that new connections are shown."""
    with pgwire.Client(gateway.port) as plug:
        plug.open_tls(context)
        return int(plug.sock.getpeercert()["serialNumber"], 16)


def reloaded(gateway) -> None:
    """Reloads, and waits until that is done."""
    done = gateway.reload()
    assert done.returncode == 0, done.stderr


class Psql:
    """A psql that stays."""

    def __init__(self, start, **how):
        self.process = start(psql_command(**how), stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, encoding="utf-8", env=environment())
        assert self.ask("SELECT 1") == ("1",)

    def ask(self, sql: str) -> tuple:
        """One row."""
        self.begin(sql)
        return self.row()

    def begin(self, sql: str) -> None:
        self.process.stdin.write(f"{sql};\n")
        self.process.stdin.flush()

    def row(self) -> tuple:
        return tuple(self.process.stdout.readline().rstrip("\n").split(SEPARATOR))

    def leave(self) -> None:
        rest, _ = self.process.communicate("", timeout=60)
        assert (self.process.returncode, rest) == (0, "")


# The door's certificate.


def test_a_new_certificate_while_psql_works(gateway, pki, files, child_processes):
    """Live sessions go on; new ones bind their passwords to the new certificate."""
    how = client(gateway, pki, channel_binding="require")
    sessions = [Psql(child_processes, **how) for _ in range(3)]
    pids = [session.ask("SELECT pg_backend_pid()") for session in sessions]
    context = pki.context()
    for _ in range(2):
        sessions[0].begin("SELECT pg_sleep(1)")
        new = renewed(pki)
        new.write(files, "server")
        wait_until(lambda: served(gateway, context) == new.serial, "the new certificate")
        assert sessions[0].row() == ("",)
        assert query("SELECT 1", **how) == [("1",)]
    assert [session.ask("SELECT pg_backend_pid()") for session in sessions] == pids
    for session in sessions:
        session.leave()
    assert gateway.events("configuration reloaded")


def test_a_login_binds_to_the_certificate_that_it_was_shown(gateway, pki, files):
    """Though the door has another one by the time of its proof."""
    with pgwire.Client(gateway.port) as slow:
        slow.open_tls(pki.context())
        renewed(pki).write(files, "server")
        reloaded(gateway)
        assert slow.log_in("app", binding="require").query("SELECT 1") == [("1",)]


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_a_ticket_of_before_brings_no_login_bound_to_another_certificate(gateway, pki, files,
                                                                         version):
    """A resumed session has its first one's certificate, which is no longer ours to prove with."""
    context = pki.context(version=version)
    ticket = None
    for _ in range(2):
        with pgwire.Client(gateway.port) as session:
            session.open_tls(context, session=ticket)
            assert session.log_in("app", binding="require").query("SELECT 1") == [("1",)]
            ticket = session.sock.session
        new = renewed(pki)
        new.write(files, "server")
        wait_until(lambda: served(gateway, pki.context()) == new.serial, "the new certificate")


def test_cancel_keys_outlive_a_reload(gateway, pki):
    with pgwire.connect(gateway.port, "app", tls=pki.context()) as session:
        session.begin("SELECT pg_sleep(600)")
        reloaded(gateway)
        pgwire.cancel(gateway.port, session.process, session.secret)
        with pytest.raises(pgwire.ServerError) as cancelled:
            session.result()
        assert cancelled.value.code == "57014"
        assert session.query("SELECT 1") == [("1",)]


# Who is let in.


def test_a_new_client_ca(gateway, pki, files):
    how = client(gateway, pki, "cn-mapped", **{"sslcert": pki.files.reader[0],
                                               "sslkey": pki.files.reader[1]})
    assert "unknown ca" in refusal(**how)
    replace(files / "client-cas.crt", pki.clients.pem + pki.staff.pem)
    gateway.wait_for_log("configuration reloaded")
    assert query("SELECT current_user", **how) == [("cn-mapped",)]


def test_a_client_ca_that_is_taken_away(gateway, pki, files, child_processes):
    """Who is in, stays in."""
    how = client(gateway, pki, "alice", sslcert=pki.files.alice[0], sslkey=pki.files.alice[1])
    session = Psql(child_processes, **how)
    replace(files / "client-cas.crt", pki.staff.pem)
    gateway.wait_for_log("configuration reloaded")
    assert "unknown ca" in refusal(**how)
    assert session.ask("SELECT current_user") == ("alice",)
    session.leave()


def test_a_new_auth_file(gateway, pg15, pki, files):
    user = pg15.account("latecomer")
    how = client(gateway, pki, user, channel_binding="require")
    failed = f'FATAL:  password authentication failed for user "{user}"\n'
    assert refusal(**how) == failed
    replace(files / "verifiers.txt", line(pg15, "app") + line(pg15, user))
    gateway.wait_for_log("configuration reloaded")
    assert query("SELECT 1", **how) == [("1",)]
    pg15.account(user, "another")
    assert refusal(**{**how, "password": "another"}) == failed, "the file's verifier is an old one"
    replace(files / "verifiers.txt", line(pg15, user))
    gateway.wait_for_log("configuration reloaded", count=2)
    assert query("SELECT 1", **{**how, "password": "another"}) == [("1",)]
    assert refusal(**how) == failed


@pytest.fixture
def asking(open_door, pg15, files):
    """A door that asks for verifiers; the keeper's password is in the file "keeper"."""
    pg15.account(KEEPER, "first")
    pg15.sql(f'GRANT SELECT (rolname, rolpassword) ON pg_authid TO "{KEEPER}"')
    replace(files / "keeper", "first\n")
    door = open_door(pg15, backend_settings={"auth-user": KEEPER,
                                             "auth-password-file": files / "keeper"})
    door.wait_for_log("backend is up")
    return door


def test_a_new_auth_password_file(asking, pg15, pki, files):
    users = [pg15.account(f"fresh-{number}") for number in range(3)]  # Nobody's verifier is known.
    hows = [client(asking, pki, user, channel_binding="require") for user in users]
    assert query("SELECT 1", **hows[0]) == [("1",)]
    pg15.account(KEEPER, "second")
    assert refusal(**hows[1]).startswith("FATAL:  ")
    assert "auth-user" in asking.wait_for_session(reason="verifier_unavailable")["detail"]
    replace(files / "keeper", "second\n")
    asking.wait_for_log("configuration reloaded")
    assert query("SELECT 1", **hows[1]) == [("1",)]
    replace(files / "keeper", "\n")
    assert "keeper" in asking.wait_for_log(FAILED)["file"]
    assert query("SELECT 1", **hows[2]) == [("1",)], "the password of before is still the one"


# Invalid changes.


def bad_verifier(path):
    replace(path / "verifiers.txt", '"app" "secret"\n')
    return "verifiers.txt"


def md5_hash(path):
    replace(path / "verifiers.txt", '"app" "md5aa2fbc6f3e1b2bd1a4f2f0a4a7a9bb6d"\n')
    return "verifiers.txt"


def unquoted(path):
    replace(path / "verifiers.txt", "app secret\n")
    return "verifiers.txt"


def twice(path):
    replace(path / "verifiers.txt", (path / "verifiers.txt").read_text() * 2)
    return "verifiers.txt"


def half_a_verifier(path):
    text = (path / "verifiers.txt").read_text()
    (path / "verifiers.txt").write_text(text[:len(text) // 2])
    return "verifiers.txt"


def missing(path):
    (path / "verifiers.txt").unlink()
    return "verifiers.txt"


def a_folder(path):
    (path / "verifiers.txt").unlink()
    (path / "verifiers.txt").mkdir()
    return "verifiers.txt"


def bad_certificate(path):
    replace(path / "server.crt", "-----BEGIN CERTIFICATE-----\nnonsense\n")
    return "server.crt"


def bad_client_ca(path):
    replace(path / "client-cas.crt", "nothing")
    return "client-cas.crt"


def unknown_way(path):
    return change_config(path, 'auth-file', 'scram = "guess"\nauth-file')


def greeting(path):
    return change_config(path, 'protocol = "postgres"', 'protocol = "postgres"\ngreeting = "own"')


def change_config(path, old: str, new: str) -> str:
    file = next(path.glob("door-*/sallyport.toml"))
    replace(file, file.read_text().replace(old, new, 1))
    return "sallyport.toml"


@pytest.mark.parametrize("fault", [
    bad_verifier, md5_hash, unquoted, twice, half_a_verifier, missing, a_folder, bad_certificate,
    bad_client_ca, unknown_way, greeting])
def test_an_invalid_change_keeps_the_old(gateway, pki, files, child_processes, fault):
    how = client(gateway, pki, channel_binding="require")
    session = Psql(child_processes, **how)
    name = fault(files)
    record = gateway.wait_for_log(FAILED)
    assert name in record.get("file", "") + record["reason"]
    done = gateway.reload()
    assert done.returncode == 1 and done.stderr.startswith("error: ")
    assert query("SELECT 1", **how) == [("1",)]
    assert session.ask("SELECT 1") == ("1",)
    session.leave()
    assert served(gateway, pki.context()) == pki.front.serial


def test_no_secret_is_told_of_a_bad_auth_file(gateway, pg15, files):
    stored = pg15.verifier("app").split("$")[2]
    replace(files / "verifiers.txt", f'"app" "SCRAM-SHA-1$4096:{stored}"\n"app" "hunter2"\n')
    gateway.wait_for_log(FAILED)
    done = gateway.reload()
    for secret in (*re.split("[:$]", stored), "hunter2"):
        assert secret not in gateway.log() + done.stderr


def test_mending_the_fault_is_a_change_like_any_other(gateway, pg15, pki, files):
    bad_verifier(files)
    gateway.wait_for_log(FAILED)
    user = pg15.account("mender")
    replace(files / "verifiers.txt", line(pg15, user))
    gateway.wait_for_log("configuration reloaded")
    assert query("SELECT 1", **client(gateway, pki, user)) == [("1",)]


@pytest.mark.parametrize("fault", [bad_verifier, missing])
def test_a_server_with_invalid_files_does_not_start(gateway, files, fault):
    from support.gateway import run
    gateway.stop()
    name = fault(files)
    for command in ("serve", "check"):
        done = run(command, "-c", gateway.config)
        assert done.returncode == 1 and "error: " in done.stderr and name in done.stderr


# Who asks for it, and other settings.


def test_sighup_reloads(gateway, pg15, pki, files):
    """At once, with everything that stands in the files by then."""
    new = renewed(pki)
    new.write(files, "server")
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for_log("configuration reloaded")
    assert served(gateway, pki.context()) == new.serial


def test_another_way_of_scram(gateway, pki):
    how = client(gateway, pki, channel_binding="require")
    assert query("SELECT 1", **how) == [("1",)]
    table = dict(gateway.settings["backend"][0], scram="relay")
    del table["auth-file"]
    gateway.write_config(backend=[table])
    gateway.wait_for_log("configuration reloaded")
    assert "HINT:" in refusal(**how)


def test_a_new_backend_address(gateway, pg15, new_postgres, pki, child_processes):
    """Live sessions stay with the database that they have."""
    other = new_postgres().start()
    other.account("app", "another")
    session = Psql(child_processes, **client(gateway, pki))
    table = dict(gateway.settings["backend"][0], addresses=[f"{other.host}:{other.port}"],
                 scram="password")
    del table["auth-file"]
    gateway.write_config(backend=[table])
    gateway.wait_for_log("configuration reloaded")
    assert query(BACKEND, **client(gateway, pki, password="another")) == [(str(other.port),)]
    assert session.ask(BACKEND) == (str(pg15.port),)
    session.leave()
