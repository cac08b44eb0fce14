"""One JSON line for each ended PostgreSQL session, with everything an operator asks for and nothing
secret."""

import base64

import pytest
from support import pgwire
from support.pki import one_line
from support.psql import psql, query, verified
from test_the_log_tells_of_every_session_and_no_secret import FIELDS

WORD = "correct-horse-battery"
STATEMENT = "sally_secret_column"
KEEPERS_WORD = "staple-of-the-keeper"


def test_every_field_of_an_ordinary_session(postgres_door, pg15, pki):
    user = pg15.account("complete")
    with pgwire.connect(postgres_door.port, user, tls=pki.context(pki.files.alice),
                        binding="disable") as client:
        client.query(f"SELECT '{'x' * 5000}'")
        port = client.sock.getsockname()[1]
        cipher, version, _ = client.sock.cipher()
        client.terminate()
    record = postgres_door.wait_for_session(user=user)
    for field, kind in FIELDS.items():
        assert isinstance(record[field], kind), field
    expected = {
        "level": "info", "listener": "front", "client": f"127.0.0.1:{port}", "backend": "database",
        "backend_address": f"{pg15.host}:{pg15.port}", "sni": "localhost", "tls_version": version,
        "tls_cipher": cipher, "resumed": False, "backend_resumed": False,
        "connection_id": client.process, "backend_connection_id": client.process, "client_subject": one_line(pki.alice.subject),
        "database": "postgres", "stage": "relay", "leg": "front", "reason": "client_quit",
        "detail": "",
    }
    assert {field: record[field] for field in expected} == expected
    assert record["client_serial"] and record["client_fingerprint"]
    assert record["bytes_in"] > 5000 and record["bytes_out"] > 5000
    assert 0 < record["handshake_ms"] <= record["session_ms"]
    assert 0 < record["login_ms"] <= record["session_ms"]


def test_a_plain_session(open_door, pg15):
    gateway = open_door(pg15, tls={"require-secure-transport": False})
    pgwire.connect(gateway.port, "app", tls=None).terminate()
    record = gateway.wait_for_session(user="app")
    assert (record["tls_version"], record["tls_cipher"], record["sni"]) == ("", "", "")
    assert record["handshake_ms"] == -1 and record["login_ms"] > 0


def test_the_database_is_named_for_the_user_where_the_client_names_none(postgres_door, pki):
    with pgwire.Client(postgres_door.port) as client:
        client.open_tls(pki.context())
        client.raw(pgwire.opening(pgwire.version(3, 0), b"user\0nameless\0\0"))
        with pytest.raises(pgwire.ServerError):
            client.authenticate("secret", "disable")
    assert postgres_door.wait_for_session(user="nameless")["database"] == "nameless"


def test_sessions_that_come_to_nothing_are_told_of_too(open_door, pg15, pki):
    gateway = open_door(pg15)
    pgwire.Client(gateway.port).close()
    record = gateway.wait_for_session()
    assert (record["leg"], record["stage"], record["user"]) == ("front", "opening", "")
    assert set(FIELDS) <= set(record)
    with pgwire.Client(gateway.port) as client:
        client.open_tls(pki.context())
    record = gateway.wait_for_session(count=2)
    assert (record["stage"], record["user"], record["tls_version"]) == ("login", "", "TLSv1.3")
    with pgwire.Client(gateway.port) as client:
        client.open_tls(pki.context())
        client.raw(pgwire.startup("app"))
        client.expect("R")
    record = gateway.wait_for_session(count=3)
    assert (record["leg"], record["stage"], record["user"]) == ("front", "auth", "app")


@pytest.mark.parametrize("user, password, database, code", [
    ("app", "wrong", "postgres", "28P01"), ("nobody", "x", "postgres", "28P01"),
    ("app", "secret", "nowhere", "3D000"), ("plain", "secret", "postgres", "28000")])
def test_a_refused_login_is_told_of_in_the_databases_words(open_door, pg15, pki, user, password,
                                                           database, code):
    gateway = open_door(pg15)
    with pytest.raises(pgwire.ServerError) as fault:
        pgwire.connect(gateway.port, user, password, tls=pki.context(), binding="disable",
                       database=database)
    assert fault.value.code == code
    record = gateway.wait_for_session(user=user)
    told = {key: record[key] for key in ("level", "leg", "stage", "reason", "detail", "database")}
    assert told == {"level": "warn", "leg": "back", "stage": "auth", "reason": "backend_refused",
                    "detail": f"{code} {fault.value.message}", "database": database}


def test_one_line_for_each_session(open_door, pg15, pki):
    gateway, context = open_door(pg15), pki.context()
    for _ in range(20):
        pgwire.connect(gateway.port, "app", tls=context, binding="disable").terminate()
    gateway.wait_for_session(count=20, user="app")
    gateway.stop()
    assert len(gateway.sessions()) == 20


def test_names_that_would_break_the_log(postgres_door, pki):
    """Names are bytes from strangers: quotes, controls, and what is not UTF-8."""
    for name in ('quo"te\\', "new\nline", "tab\t\x01", "ünïcode"):
        with pytest.raises(pgwire.ServerError):
            pgwire.connect(postgres_door.port, name, "x", tls=pki.context(), binding="disable",
                           database=name + "s")
        record = postgres_door.wait_for_session(user=name, reason="backend_refused")
        assert record["database"] == name + "s"
    with pgwire.Client(postgres_door.port) as client:
        client.open_tls(pki.context())
        before = len(postgres_door.sessions())
        client.raw(pgwire.opening(pgwire.version(3, 0), b"user\0\xff\xfe\xc3\0\0"))
        client.expect("R")
    assert postgres_door.wait_for_session(count=before + 1)["user"]


# Secrets.


@pytest.fixture
def operator(tmp_path, pg15):
    """What the operator wrote down: the keeper's password, and a verifier."""
    pg15.account("log-keeper", KEEPERS_WORD)
    pg15.sql('GRANT SELECT (rolname, rolpassword) ON pg_authid TO "log-keeper"')
    pg15.account("careful", WORD)
    files = {"auth-password-file": KEEPERS_WORD + "\n",
             "auth-file": f'"careful" "{pg15.verifier("careful")}"\n'}
    for name, text in files.items():
        (tmp_path / name).touch(mode=0o600)
        (tmp_path / name).write_text(text)
    return {"auth-user": "log-keeper", **{name: tmp_path / name for name in files}}


@pytest.fixture
def accounts(pg15, operator):
    """Those with a password of their own, which are put back in order."""
    others = {"cleartext": "scram-sha-256", "md5er": "md5"}
    for user, encryption in others.items():
        pg15.account(user, WORD, encryption)
    yield ["careful", *others]
    for user, encryption in others.items():
        pg15.account(user, encryption=encryption)


@pytest.mark.parametrize("mode", ["relay", "password", "verifier", "auto"])
def test_no_secret_is_in_the_log(open_door, pg15, pki, operator, accounts, mode):
    """At the most talkative level, through every way a secret can come in."""
    gateway = open_door(pg15, log={"level": "debug"}, backend_settings={
        "scram": mode, **(operator if mode in ("verifier", "auto") else {})})
    for user in accounts:
        how = {"port": gateway.port, "user": user, "dbname": "postgres",
               "channel_binding": "disable", **verified(pki.ca)}
        assert query(f"SELECT '{STATEMENT}'", password=WORD, **how) == [(STATEMENT,)]
        assert psql(f"SELECT {STATEMENT}", password=WORD, **how).returncode != 0
        assert psql("SELECT 1", password=WORD + "-wrong", **how).returncode == 2
    with pgwire.connect(gateway.port, "careful", WORD, tls=pki.context(),
                        binding="disable") as client:
        pgwire.cancel(gateway.port, client.process, client.secret)
        client.terminate()
    gateway.wait_for_session(count=3 * len(accounts) + 2)
    gateway.stop()
    stored = pg15.verifier("careful").replace("$", ":").split(":")[2:]
    for secret in (WORD, KEEPERS_WORD, STATEMENT, "SCRAM-SHA-256$", *stored, client.secret.hex(),
                   base64.b64encode(client.secret).decode()):
        assert secret not in gateway.log()
