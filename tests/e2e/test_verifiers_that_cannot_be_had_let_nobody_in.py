"""scram = "verifier" with a database that does not answer auth-query as it should: the client is
refused without a word about why, the log says why, and nobody gets in who should not."""

import struct
from types import SimpleNamespace

import pytest
from support import pgwire
from support.backend import server_context
from support.pgbackend import ScriptedPostgres, accept_login, judge_scram, read_opening
from support.pgbackend import serve_queries
from support.pgwire import ServerError, authentication, message
from support.ports import wait_until
from support.scram import Verifier, end_point

KEEPER, KEEPERS_PASSWORD = "keeper", "keeper's secret"
VERIFIER = str(Verifier.of("secret"))
QUERY = ("P", "B", "E", "S")
READY = message("Z", b"I")
DONE = message("C", b"SELECT 1\0") + READY


def row(*values: str | None) -> bytes:
    cut = b"".join(struct.pack("!i", -1) if value is None
                   else struct.pack("!i", len(value)) + value.encode() for value in values)
    return message("D", struct.pack("!H", len(values)) + cut)


def error(code: str, text: str, severity: str = "ERROR") -> bytes:
    return ServerError(severity, code, text).write()


BEGUN = message("1") + message("2")


@pytest.fixture(scope="module")
def database(pki):
    """Asks everybody for SCRAM. `keeper` takes over where the keeper's password would be
    asked for, `answer` where its question would be answered."""
    state = SimpleNamespace(keeper=None, answer=None, questions=[])

    def serve_keeper(peer) -> None:
        if not judge_scram(peer, KEEPER, KEEPERS_PASSWORD, end_point(pki.database.der)):
            return
        accept_login(peer)
        question = [peer.receive() for _ in QUERY]
        assert tuple(kind for kind, _ in question) == QUERY
        state.questions.append(question)
        if callable(state.answer):
            return state.answer(peer)
        peer.raw(BEGUN + state.answer)
        peer.read_to_end()

    def script(peer, backend) -> None:
        user = read_opening(peer, backend).user
        if user == KEEPER:
            return (state.keeper or serve_keeper)(peer)
        is_asked = user != "sallyport"  # The health check's.
        if is_asked and not judge_scram(peer, user, "secret", end_point(pki.database.der)):
            return
        accept_login(peer)
        serve_queries(peer)

    state.server = ScriptedPostgres(script, server_context(pki.files.database))
    yield state
    state.server.stop()


@pytest.fixture
def gateway(open_door, database, tmp_path):
    """A new one for each test: it knows no verifier yet."""
    file = tmp_path / "keeper"
    file.touch(mode=0o600)
    file.write_text(KEEPERS_PASSWORD + "\n")
    door = open_door(database.server, limits={"dial-timeout": 2}, backend_settings={
        "scram": "verifier", "auth-user": KEEPER, "auth-password-file": file,
        "health-interval": 3600})
    door.wait_for_log("backend is up")
    database.keeper, database.answer = None, row("app", VERIFIER) + DONE
    database.questions.clear()
    return door


def log_in(gateway, pki, password: str = "secret") -> pgwire.Client:
    return pgwire.connect(gateway.port, "app", password, tls=pki.context(), binding="require")


def assert_good(gateway, pki) -> None:
    with log_in(gateway, pki) as client:
        assert client.query("SELECT 1") == [("scripted",)]
        client.terminate()


def test_a_good_answer_is_asked_for_once(gateway, database, pki):
    for _ in range(3):
        assert_good(gateway, pki)
    assert len(database.questions) == 1


def stall(peer) -> None:
    peer.read_to_end()


def saying(data: bytes):
    return lambda peer: (peer.raw(data), peer.read_to_end())


# In place of a login of the keeper's; in place of an answer to its question: what the log says.
NO_LOGIN = {
    "closes": (lambda peer: None, ""), "stalls": (stall, "no answer in time"),
    "refuses it": (lambda peer: peer.raw(error("28P01", "password authentication failed for keeper",
                                               "FATAL")), "password authentication failed"),
    "knows no such database": (lambda peer: peer.raw(
        authentication(0) + error("3D000", "no such database", "FATAL")), "no such database"),
    "wants md5": (saying(authentication(5, b"salt")), "md5"),
    "wants gss": (saying(authentication(7)), "not spoken"),
    "wants its password in clear": (saying(authentication(3)), "VERIFY_CA"),
    "says garbage": (saying(b"\x15garbage" * 20), ""),
    "says rows": (saying(message("T", b"\0\0")), ""),
    "asks and lets in without a proof": (
        lambda peer: (peer.raw(authentication(10, b"SCRAM-SHA-256\0\0")), peer.receive(),
                      accept_login(peer), stall(peer)), ""),
    "does not know its password": (
        lambda peer: judge_scram(peer, KEEPER, "another", None), "password authentication failed"),
}
NO_ANSWER = {
    "closes": (lambda peer: None, ""), "stalls": (stall, "no answer in time"),
    "has no permission": (error("42501", "permission denied for table pg_authid") + READY,
                          "permission denied for table pg_authid"),
    "two rows": (row("app", VERIFIER) * 2 + DONE, "more than one row"),
    "a row that is too short": (message("D", b"\0\5") + DONE, ""),
    "a row of 1 GiB": (b"D" + struct.pack("!I", 1 << 30), ""),
    "garbage": (b"\x15garbage" * 20, ""),
    "an error behind the row": (row("app", VERIFIER) + error("57014", "too slow") + READY,
                                "too slow"),
}


def assert_refused(gateway, pki, why: str) -> None:
    """Whatever the password is; the next one, with the database well again, is let in."""
    with pytest.raises(ServerError) as fault:
        log_in(gateway, pki)
    assert (fault.value.severity, fault.value.code) == ("FATAL", "08006")
    assert "keeper" not in str(fault.value) and (not why or why not in str(fault.value))
    record = gateway.wait_for_session(user="app")
    assert (record["reason"], record["level"]) == ("verifier_unavailable", "warn")
    assert record["detail"].startswith("auth-user: ") and why in record["detail"]
    assert KEEPERS_PASSWORD not in gateway.log()


@pytest.mark.parametrize("what", NO_LOGIN)
def test_the_service_account_cannot_log_in_where_the_database(gateway, database, pki, what):
    database.keeper, why = NO_LOGIN[what]
    assert_refused(gateway, pki, why)
    assert database.questions == []
    database.keeper = None
    assert_good(gateway, pki)


@pytest.mark.parametrize("what", NO_ANSWER)
def test_the_question_is_not_answered_where_the_database_says(gateway, database, pki, what):
    good, (database.answer, why) = database.answer, NO_ANSWER[what]
    assert_refused(gateway, pki, why)
    database.answer = good
    assert_good(gateway, pki)


@pytest.mark.parametrize("what, values", [
    ("no row", None), ("null", ("app", None)), ("an empty text", ("app", "")),
    ("an md5 hash", ("app", "md5" + "0" * 32)), ("a password", ("app", "secret")),
    ("half a verifier", ("app", VERIFIER[:60])),
    ("one of too many iterations", ("app", VERIFIER.replace("$4096:", "$99999999:"))),
    ("one of another salt", ("app", str(Verifier.of("secret", b"another salt 16b")))),
    ("one of another password", ("app", str(Verifier.of("Secret"))))])
def test_what_is_no_verifier_lets_nobody_in(gateway, database, pki, what, values):
    """The database itself says so, as of a wrong password. It is asked anew before long."""
    good = database.answer
    database.answer = (row(*values) if values else b"") + DONE
    for password in ("secret", "", "Secret"):
        with pytest.raises(ServerError) as fault:
            log_in(gateway, pki, password)
        assert fault.value.code == "28P01"
    database.answer = good
    wait_until(lambda: is_let_in(gateway, pki), "a login with the right verifier")


def is_let_in(gateway, pki) -> bool:
    try:
        assert_good(gateway, pki)
    except ServerError:
        return False
    return True


def test_the_name_is_a_value_and_never_part_of_the_question(gateway, database, pki):
    name = "x'; DROP TABLE users --"
    with pgwire.connect(gateway.port, name, tls=pki.context()) as client:
        assert client.query("SELECT 1") == [("scripted",)]
    (_, parse), (_, bind), *_ = database.questions[0]
    assert b"$1" in parse and b"DROP" not in parse
    assert name.encode() in bind
