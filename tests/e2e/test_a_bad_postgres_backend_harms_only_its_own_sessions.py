"""A PostgreSQL server that stalls, lies or dies at any step of a login ends that session in the
client's own protocol, is logged with leg and stage, and harms nobody else. What it says in an
ErrorResponse reaches the client as it is."""

import socket
import struct
from types import SimpleNamespace

import pytest
from support import pgwire
from support.backend import server_context
from support.pgbackend import ScriptedPostgres, accept_login, read_opening, serve_queries
from support.pgwire import AUTH_CLEARTEXT, AUTH_OK, AUTH_SASL, AUTH_SASL_CONTINUE, AUTH_SASL_FINAL
from support.pgwire import ServerError, authentication, message
from support.scram import PLUS, SCRAM, ScramServer, Verifier, end_point

MODES = ("relay", "verifier", "password")
MEDIATED = MODES[1:]
VERIFIER = Verifier.of("secret")
OFFER = authentication(AUTH_SASL, f"{PLUS}\0{SCRAM}\0\0".encode())
KEY = message("K", struct.pack("!I", 4711) + b"four")
READY = message("Z", b"I")


class Login:
    """One login at the database's side, step by step."""

    def __init__(self, peer, backend, own_end_point: bytes):
        self.peer, self.backend = peer, backend
        self.scram = ScramServer(VERIFIER, own_end_point)

    def open(self) -> None:
        read_opening(self.peer, self.backend)

    def offer(self) -> None:
        self.peer.raw(OFFER)
        self.client_first = self.peer.expect("p").split(b"\0", 1)[1][4:].decode()

    def challenge(self) -> None:
        first = self.scram.first(self.client_first)
        self.peer.raw(authentication(AUTH_SASL_CONTINUE, first.encode()))
        self.client_final = self.peer.expect("p").decode()

    def prove(self) -> None:
        verdict = self.scram.final(self.client_final)
        assert verdict, "the door's logins are good"
        self.peer.raw(authentication(AUTH_SASL_FINAL, verdict.encode()))

    def accept(self) -> None:
        self.peer.raw(authentication(AUTH_OK))

    def settle(self) -> None:
        self.peer.raw(message("S", b"server_version\x0015.0\0") + KEY)


# The steps that go well before something does not.
STEPS = {
    "asked for tls": lambda login: login.peer.receive_exactly(8),
    "promising tls": lambda login: (login.peer.receive_exactly(8), login.peer.raw(b"S")),
    "opened": lambda login: login.open(),
    "offering scram": lambda login: (login.open(), login.offer()),
    "challenging": lambda login: (login.open(), login.offer(), login.challenge()),
    "proving itself": lambda login: (login.open(), login.offer(), login.challenge(),
                                     login.prove()),
    "accepting": lambda login: (login.open(), login.offer(), login.challenge(), login.prove(),
                                login.accept()),
    "settling": lambda login: (login.open(), login.offer(), login.challenge(), login.prove(),
                               login.accept(), login.settle()),
}
ACCEPTED = ("accepting", "settling")


def stall(peer) -> None:
    """Says nothing more until the door closes."""
    peer.read_to_end()


def reset(peer) -> None:
    peer.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def saying(data: bytes):
    return lambda peer: (peer.raw(data), stall(peer))


FAULTS = {
    "closes": lambda peer: None, "is reset": reset,
    "says garbage": saying(b"\x15garbage, not TLS and not PostgreSQL" * 20),
    "says http": saying(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 9),
    "says nothing but zeros": saying(bytes(500)),
    "cuts a message short": lambda peer: peer.raw(b"R\0\0"),
}


@pytest.fixture(scope="module")
def database(pki):
    """`fault` is what goes wrong with whoever comes from now on; None: nothing."""
    state = SimpleNamespace(fault=None)

    def script(peer, backend) -> None:
        if state.fault:
            state.fault(Login(peer, backend, end_point(pki.database.der)))
            return
        if not read_opening(peer, backend).is_cancel:
            accept_login(peer)
            serve_queries(peer)

    state.server = ScriptedPostgres(script, server_context(pki.files.database))
    yield state
    state.server.stop()


@pytest.fixture(scope="module")
def open_mode(open_shared_door, database, tmp_path_factory):
    file = tmp_path_factory.mktemp("operator") / "verifiers.txt"
    file.touch(mode=0o600)
    file.write_text(f'"app" "{VERIFIER}"\n')

    def make(mode: str, **limits):
        own = {"scram": mode, "health-interval": 3600,
               **({"auth-file": file} if mode == "verifier" else {})}
        gateway = open_shared_door(database.server, backend_settings=own, limits=limits)
        gateway.wait_for_log("backend is up")
        return gateway
    return make


@pytest.fixture(scope="module")
def doors(open_mode):
    return {mode: open_mode(mode) for mode in MODES}


@pytest.fixture(scope="module")
def hasty_doors(open_mode):
    return {mode: open_mode(mode, **{"connect-timeout": 2}) for mode in MODES}


@pytest.fixture(scope="module")
def bystander(doors, pki):
    with pgwire.connect(doors["relay"].port, "bystander", tls=pki.context()) as client:
        yield client


class Witness(pgwire.Client):
    """Keeps every message as it came."""

    def receive(self) -> tuple[str, bytes]:
        kind, body = super().receive()
        self.heard = [*getattr(self, "heard", []), message(kind, body)]
        return kind, body


@pytest.fixture
def meet(database, bystander, pki):
    """meet(gateway, fault): logs in while that goes wrong; what the client is told, or None, and
    the log line. At the end all is well again, and always was for the bystander."""
    met = []

    def log_in(gateway, fault) -> SimpleNamespace:
        database.fault = fault
        met.append(gateway)
        before, told = len(gateway.sessions()), None
        with Witness(gateway.port) as client:
            client.open_tls(pki.context())
            try:
                client.log_in("app", binding="disable")
                raise AssertionError("nobody is let in by such a database")
            except ServerError as fault_told:
                told = fault_told
                assert client.read_to_end() == b""
            except (pgwire.Closed, ConnectionError):
                pass
        record = gateway.wait_for_session(count=before + 1)
        assert (record["user"], record["leg"]) == ("app", "back"), record
        return SimpleNamespace(told=told, record=record, heard=client.heard)

    yield log_in
    database.fault = None
    assert bystander.query("SELECT 1") == [("scripted",)]
    for gateway in met:
        before = len(gateway.sessions())
        with pgwire.connect(gateway.port, "app", tls=pki.context()) as client:
            assert client.query("SELECT 1") == [("scripted",)]
            client.terminate()
        gateway.wait_for_session(count=before + 1)


def assert_unreachable(outcome: SimpleNamespace) -> None:
    assert outcome.told and (outcome.told.severity, outcome.told.code) == ("FATAL", "08006")
    assert outcome.record["reason"] not in ("client_quit", "timed_out")


def at(step: str, fault):
    return lambda login: (STEPS[step](login), fault(login.peer))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_database_that(doors, meet, fault, step, mode):
    outcome = meet(doors[mode], at(step, FAULTS[fault]))
    is_gone = fault in ("closes", "is reset", "cuts a message short")
    if step in ACCEPTED and is_gone:
        # A reset may overtake the yes.
        assert outcome.told is None or fault == "is reset", "an end is an end, as directly"
    else:
        assert_unreachable(outcome)
    if step == "promising tls":
        assert outcome.record["stage"] == "handshake"
    elif step not in ("asked for tls", *ACCEPTED):
        assert outcome.record["stage"] == "auth"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("step", [step for step in STEPS if step not in ACCEPTED])
def test_a_database_that_stalls(hasty_doors, meet, step, mode):
    outcome = meet(hasty_doors[mode], at(step, stall))
    assert (outcome.told.code, outcome.record["reason"]) == ("08006", "timed_out")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("step", ACCEPTED)
def test_a_database_that_stalls_behind_its_yes_is_waited_for(doors, database, bystander, pki, step,
                                                             mode):
    """As long as the client does: it is no stranger any more."""
    database.fault = at(step, stall)
    before = len(doors[mode].sessions())
    with pgwire.Client(doors[mode].port) as client:
        client.open_tls(pki.context())
        client.raw(pgwire.startup("app"))
        client.sock.settimeout(0.5)
        with pytest.raises(TimeoutError):
            client.authenticate("secret", "disable")
    database.fault = None
    record = doors[mode].wait_for_session(count=before + 1)
    assert (record["leg"], record["stage"], record["user"]) == ("front", "relay", "app")
    assert bystander.query("SELECT 1") == [("scripted",)]


# Well-formed at first sight.


ODD_WORDS = {
    ("opened", "a length of 3"): b"R\0\0\0\3", ("opened", "no kind"): message("R"),
    ("opened", "a request of 1 GiB"): b"R" + struct.pack("!I", 1 << 30),
    ("opened", "one byte too many"): message("R", bytes(32 * 1024 + 1)),
    ("opened", "a notice of 1 GiB"): b"N" + struct.pack("!I", 1 << 30),
    ("opened", "ready"): READY, ("opened", "a key"): KEY,
    ("opened", "rows"): message("T", b"\0\0"), ("opened", "a copy"): message("G", b"\0\0\0"),
    ("opened", "a type of its own"): message("~", b"~"),
    ("opened", "mechanisms without an end"): authentication(AUTH_SASL, SCRAM.encode()),
    ("opened", "mechanisms and more"): authentication(AUTH_SASL, SCRAM.encode() + b"\0\0more"),
    ("opened", "an error without an end"): message("E", b"SFATAL\0"),
    ("opened", "an error of 64 KiB"): message("E", b"M" + b"x" * 65_536 + b"\0\0"),
    ("offering scram", "ready"): READY, ("offering scram", "a key"): KEY,
    ("offering scram", "a length of 3"): b"R\0\0\0\3",
    ("offering scram", "one byte too many"): message("R", bytes(32 * 1024 + 1)),
    ("challenging", "ready"): READY, ("challenging", "a key"): KEY,
    ("challenging", "rows"): message("T", b"\0\0"),
    ("proving itself", "ready"): READY, ("proving itself", "a key"): KEY,
    ("proving itself", "an error without an end"): message("E", b"SFATAL\0"),
    ("accepting", "a second yes"): authentication(AUTH_OK),
    ("accepting", "another question"): authentication(AUTH_CLEARTEXT),
    ("accepting", "a key of 3 bytes"): message("K", bytes(4) + b"abc"),
    ("accepting", "a key of 257 bytes"): message("K", bytes(4 + 257)),
    ("accepting", "a key of 1 GiB"): b"K" + struct.pack("!I", 1 << 30),
    ("accepting", "rows"): message("T", b"\0\0"),
    ("accepting", "a status of 2 bytes"): message("Z", b"II"),
    ("settling", "a length of 0"): b"Z" + bytes(4),
    ("settling", "an error without an end"): message("E", b"SFATAL\0"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("step, what", ODD_WORDS)
def test_a_database_that_says(doors, meet, step, what, mode):
    outcome = meet(doors[mode], at(step, saying(ODD_WORDS[step, what])))
    assert_unreachable(outcome)
    assert outcome.record["reason"] in ("malformed", "too_large", "unexpected_packet")


@pytest.mark.parametrize("data", [
    b"S" + message("E", b"SFATAL\0C28000\0Mnot to be believed\0\0"), b"S" + authentication(AUTH_OK),
    message("E", b"SFATAL\0C28000\0Mnot to be believed\0\0"), b"X", b"\0"], ids=repr)
def test_what_comes_in_plain_text_is_not_believed(doors, meet, data):
    """Nobody knows who says it (CVE-2021-23222, CVE-2024-10977)."""
    outcome = meet(doors["relay"], at("asked for tls", saying(data)))
    assert_unreachable(outcome)
    assert "believed" not in str(outcome.heard)


# SCRAM, where the door is the client.


def challenge(text: str):
    """A server-first-message in which NONCE is the client's."""
    def fault(login: Login) -> None:
        nonce = login.client_first.rpartition("r=")[2]
        data = text.replace("NONCE", nonce).encode("latin-1")
        saying(authentication(AUTH_SASL_CONTINUE, data))(login.peer)
    return lambda login: (STEPS["offering scram"](login), fault(login))


SALT = "MDEyMzQ1Njc4OWFiY2RlZg=="
CHALLENGES = {
    "another nonce": f"r=abcdefgh,s={SALT},i=4096",
    "no nonce of its own": f"r=NONCE,s={SALT},i=4096",
    "a nonce too long": f"r=NONCE{'x' * 5000},s={SALT},i=4096",
    "no salt": "r=NONCEx,i=4096", "an empty salt": "r=NONCEx,s=,i=4096",
    "a salt that is not base64": "r=NONCEx,s=~~~~,i=4096",
    "no iterations": f"r=NONCEx,s={SALT},i=0", "fewer than none": f"r=NONCEx,s={SALT},i=-1",
    "2^31 iterations": f"r=NONCEx,s={SALT},i=2147483648",
    "2^31 - 1 iterations": f"r=NONCEx,s={SALT},i=2147483647",
    "2^64 iterations": f"r=NONCEx,s={SALT},i=18446744073709551616",
    "words for iterations": f"r=NONCEx,s={SALT},i=4096x",
    "an extension that must be known": f"m=x,r=NONCEx,s={SALT},i=4096",
    "an error": "e=other-error", "nothing": "",
    "bytes that are not utf-8": "r=NONCE\xff,s=\xfe,i=1",
}
ENDS = {
    "a wrong signature": authentication(AUTH_SASL_FINAL, b"v=" + b"A" * 43 + b"="),
    "a short signature": authentication(AUTH_SASL_FINAL, b"v=AAAA"),
    "no signature": authentication(AUTH_SASL_FINAL),
    "an error": authentication(AUTH_SASL_FINAL, b"e=no-way"),
    "not scram": authentication(AUTH_SASL_FINAL, b"welcome"), "a yes": authentication(AUTH_OK),
    "another challenge": authentication(AUTH_SASL_CONTINUE, f"r=x,s={SALT},i=1".encode()),
    "another question": authentication(AUTH_CLEARTEXT),
}


@pytest.mark.parametrize("mode", MEDIATED)
@pytest.mark.parametrize("what", CHALLENGES)
def test_a_challenge_with(doors, meet, what, mode):
    assert_unreachable(meet(doors[mode], challenge(CHALLENGES[what])))


@pytest.mark.parametrize("mode", MEDIATED)
@pytest.mark.parametrize("step", ["offering scram", "challenging"])
@pytest.mark.parametrize("what", ENDS)
def test_an_exchange_that_ends_with(doors, meet, what, step, mode):
    """The database must prove that it knows the verifier: it could be anybody."""
    let_in = authentication(AUTH_OK) + KEY + READY
    outcome = meet(doors[mode], at(step, saying(ENDS[what] + let_in)))
    assert_unreachable(outcome)
    assert authentication(AUTH_OK) not in outcome.heard


# Its own words.


WORDS = message("E", b"SFATALE\0VFATAL\0C57P03\0Mder Server f\xc3\xa4hrt hoch\0DDetail\0"
                     b"HHinweis\0P7\0Fpostmaster.c\0L2329\0RProcessStartupPacket\0sschema\0\0")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("step", list(STEPS)[2:])
def test_an_error_is_passed_on_word_for_word(doors, meet, step, mode):
    """Fields that nobody here knows included."""
    outcome = meet(doors[mode], at(step, lambda peer: peer.raw(WORDS)))
    assert outcome.heard[-1] == WORDS
    assert outcome.record["reason"] == "backend_refused"
    assert outcome.record["detail"] == "57P03 der Server fährt hoch"


@pytest.mark.parametrize("mode", MODES)
def test_notices_are_passed_on_and_end_nothing(doors, database, pki, mode):
    notice = message("N", b"SNOTICE\0VNOTICE\0C00000\0Mhello\0\0")

    def script(login: Login) -> None:
        for step in (login.open, login.offer, login.challenge, login.prove, login.accept,
                     login.settle):
            step()
            login.peer.raw(notice)
        login.peer.raw(READY)
        serve_queries(login.peer)

    database.fault = script
    with Witness(doors[mode].port) as client:
        client.open_tls(pki.context())
        client.log_in("app", binding="disable")
        assert client.query("SELECT 1") == [("scripted",)]
        assert client.heard.count(notice) == 6
    database.fault = None


@pytest.mark.parametrize("mode", MODES)
def test_messages_in_single_bytes_are_fine(doors, database, pki, mode):
    def script(login: Login) -> None:
        raw, login.peer.raw = login.peer.raw, lambda data: [raw(bytes([byte])) for byte in data]
        STEPS["settling"](login)
        login.peer.raw(READY)
        serve_queries(login.peer)

    database.fault = script
    with pgwire.Client(doors[mode].port) as client:
        client.open_tls(pki.context())
        client.log_in("app", binding="disable")
        assert client.query("SELECT 1") == [("scripted",)]
    database.fault = None
