"""Whatever a client answers when it is asked to prove itself, but for a good answer, ends its own
session with the right error and one log line. What the door judges itself never reaches the
database; what is relayed, the database judges."""

import random
import socket
import ssl
import struct
from contextlib import suppress

import pytest
from support import pgwire
from support.backend import server_context
from support.pgbackend import ScriptedPostgres, accept_login, read_opening, serve_queries
from support.pgwire import AUTH_SASL, AUTH_SASL_CONTINUE, AUTH_SASL_FINAL
from support.pgwire import ServerError, authentication, message, sasl_initial, startup
from support.scram import PLUS, SCRAM, ScramServer, Verifier, end_point, fields

MODES = ("relay", "verifier", "password")
SCRAM_MODES = MODES[:2]
VERIFIER = Verifier.of("secret")
NOT_UNDERSTOOD = ServerError("FATAL", "08P01", "the database did not understand")
WRONG = ServerError("FATAL", "28P01", 'password authentication failed for user "app"')
GONE = ("peer_closed", "peer_vanished", "network")

# What the client is told, and by whom.
OURS, BINDING, DATABASE, FAILED = "08P01", "28000", NOT_UNDERSTOOD, WRONG


class Database:
    """Lets everybody in but `app`, of whom it wants SCRAM; keeps what it is told."""

    def __init__(self, own_end_point: bytes):
        self.end_point = own_end_point
        self.answers: list[bytes] = []  # All that came behind a StartupMessage of app's.

    def __call__(self, peer, backend) -> None:
        if read_opening(peer, backend).user == "app":
            scram = ScramServer(VERIFIER, self.end_point)
            peer.raw(authentication(AUTH_SASL, f"{PLUS}\0{SCRAM}\0\0".encode()))
            try:
                challenge = scram.first(self._initial(peer))
                peer.raw(authentication(AUTH_SASL_CONTINUE, challenge.encode()))
                verdict = scram.final(self._answer(peer).decode())
            except (ValueError, KeyError, UnicodeError, struct.error):
                return peer.raw(NOT_UNDERSTOOD.write())
            if verdict is None:
                return peer.raw(WRONG.write())
            peer.raw(authentication(AUTH_SASL_FINAL, verdict.encode()))
        accept_login(peer)
        serve_queries(peer)

    def _answer(self, peer) -> bytes:
        kind, body = peer.receive()
        self.answers.append(body)
        assert kind == "p", "only answers may come through"
        return body

    def _initial(self, peer) -> str:
        name, rest = self._answer(peer).split(b"\0", 1)
        first = rest[4:].decode()
        if name.decode() != (PLUS if first.startswith("p=") else SCRAM):
            raise ValueError(name)
        return first


class Asked(pgwire.Client):
    """A client that was just asked to prove itself."""

    def __init__(self, gateway, context):
        super().__init__(gateway.port)
        self.gateway, self.before = gateway, len(gateway.sessions())
        self.open_tls(context)
        self.raw(startup("app"))
        request = self.expect("R")
        self.mechanisms = request[4:].decode().split("\0")[:-2]
        self.scram = self.make_scram("secret", "disable")

    def take_challenge(self) -> "Asked":
        """A good first message; the challenge is there afterwards."""
        self.raw(sasl_initial(self.scram.mechanism, self.scram.first()))
        self.challenge = self.expect("R")[4:].decode()
        return self

    def leave(self, waits: bool) -> None:
        """By a bare FIN, whether it still reads or not."""
        if waits:
            socket.socket.shutdown(self.sock, socket.SHUT_WR)
            with suppress(ssl.SSLError):  # The alert that TLS has for a FIN in the middle.
                assert self.read_to_end() == b""
        self.close()

    def ending(self, stage: str = "auth") -> dict:
        record = self.gateway.wait_for_session(count=self.before + 1)
        assert (record["user"], record["stage"]) == ("app", stage), record
        return record


@pytest.fixture(scope="module")
def database(pki):
    return Database(end_point(pki.database.der))


@pytest.fixture(scope="module")
def open_mode(open_shared_door, database, pki, tmp_path_factory):
    """Opens a door in front of that database: open_mode(mode, **settings)."""
    file = tmp_path_factory.mktemp("operator") / "verifiers.txt"
    file.touch(mode=0o600)
    file.write_text(f'"app" "{VERIFIER}"\n')
    backend = ScriptedPostgres(database, server_context(pki.files.database))

    def make(mode: str, **more):
        own = {"scram": mode, **({"auth-file": file} if mode == "verifier" else {})}
        gateway = open_shared_door(backend, backend_settings=own, **more)
        gateway.wait_for_log("backend is up")
        return gateway

    yield make
    backend.stop()


@pytest.fixture(scope="module")
def doors(open_mode):
    return {mode: open_mode(mode) for mode in MODES}


@pytest.fixture(scope="module")
def hasty_doors(open_mode):
    return {mode: open_mode(mode, limits={"connect-timeout": 2}) for mode in MODES}


@pytest.fixture(scope="module")
def bystanders(doors, pki):
    """Sessions that began before all of this."""
    made = [pgwire.connect(doors[mode].port, "bystander", tls=pki.context()) for mode in MODES]
    yield made
    for client in made:
        client.close()


@pytest.fixture
def ask(doors, bystanders, database, pki):
    """ask(mode): somebody at this door. At the end the bystanders and a good login go on."""
    database.answers.clear()
    used = set()

    def make(mode: str) -> Asked:
        used.add(mode)
        return Asked(doors[mode], pki.context())

    yield make
    assert [client.query("SELECT 1") for client in bystanders] == [[("scripted",)]] * len(MODES)
    for mode in used:
        good = Asked(doors[mode], pki.context())
        if mode == "password":
            good.send("p", b"secret\0")
        else:
            good.take_challenge().send("p", good.scram.final(good.challenge).encode())
            good.scram.check(good.expect("R")[4:].decode())
        good.authenticate("")
        assert good.query("SELECT 1") == [("scripted",)]
        good.terminate()
        good.ending("relay")


def assert_refused(client: Asked, told) -> None:
    """`told` is a code of the door's, or an error of the database's."""
    with client:
        fault = ServerError.read(client.expect("E"))
        assert client.read_to_end() == b""
    record = client.ending()
    assert record["level"] == "warn"
    if isinstance(told, ServerError):
        assert fault == told
        assert (record["leg"], record["reason"]) == ("back", "backend_refused")
        assert told.message in record["detail"]
    else:
        assert (fault.severity, fault.code) == ("FATAL", told)
        assert record["leg"] == "front"
        assert record["reason"] in (("malformed", "too_large", "unexpected_packet")
                                    if told == OURS else ("binding_wrong", "binding_not_relayed"))


# In place of the first answer.


def initial(data: str | bytes, mechanism: str = SCRAM, length: int | None = None) -> bytes:
    raw = data.encode() if isinstance(data, str) else data
    size = len(raw) if length is None else length
    return message("p", mechanism.encode() + b"\0" + struct.pack("!i", size) + raw)


NO_ANSWERS = {
    "a query": message("Q", b"SELECT 1\0"), "a goodbye": message("X"), "a sync": message("S"),
    "the startup message again": startup("app"), "a length of 3": b"p" + struct.pack("!I", 3),
    "a length of 1 GiB": b"p" + struct.pack("!I", 1 << 30),
    "a length of 4 GiB": b"p\xff\xff\xff\xff",
    "one byte too many": b"p" + struct.pack("!I", 65_535 + 5) + bytes(65_536),
}
NO_INITIAL = {
    "nothing": message("p"), "no nul": message("p", SCRAM.encode()),
    "no length": message("p", SCRAM.encode() + b"\0"),
    "no data": initial("", length=-1), "more data than it says": initial("n,,n=,r=abc", length=5),
    "less data than it says": initial("n,,n=,r=abc", length=500),
    "a length of -2": initial("n,,n=,r=abc", length=-2),
    "no nonce": initial("n,,n="), "an empty nonce": initial("n,,n=,r="),
    "a nonce of 20 kB": initial("n,,n=,r=" + "x" * 20_000),
    "a nonce with a blank": initial("n,,n=,r=a b"), "no header": initial("n=,r=abcdef"),
    "an authorization identity": initial("n,a=postgres,n=,r=abcdef"),
    "an extension that must be known": initial("n,,m=x,n=,r=abcdef"),
    "an unknown flag": initial("z,,n=,r=abcdef"), "a nul": initial("n,,n=,r=abc\0def"),
    "bytes that are not utf-8": initial(b"n,,n=,r=\xff\xfe"),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("what", NO_ANSWERS)
def test_what_is_no_answer(ask, database, mode, what):
    client = ask(mode)
    client.raw(NO_ANSWERS[what])
    assert_refused(client, OURS)
    assert database.answers == []


@pytest.mark.parametrize("mode", SCRAM_MODES)
@pytest.mark.parametrize("what", NO_INITIAL)
def test_a_malformed_first_message(ask, database, mode, what):
    client = ask(mode)
    client.raw(NO_INITIAL[what])
    assert_refused(client, OURS)
    assert database.answers == []


FIRST_MESSAGES = {
    "another mechanism": (initial("x", "SCRAM-SHA-1"), DATABASE, DATABASE),
    "no mechanism": (initial("x", ""), DATABASE, DATABASE),
    "one in small letters": (initial("n,,n=,r=abcdef", SCRAM.lower()), DATABASE, DATABASE),
    "a binding that was not offered": (initial("y,,n=,r=abcdef"), BINDING, BINDING),
    "plus without a binding": (initial("n,,n=,r=abcdef", PLUS), DATABASE, OURS),
    "a binding without plus": (initial("p=tls-server-end-point,,n=,r=abcdef"), BINDING, OURS),
    "an unknown binding": (initial("p=tls-unique,,n=,r=abcdef", PLUS), BINDING, OURS),
}


@pytest.mark.parametrize("mode", SCRAM_MODES)
@pytest.mark.parametrize("what", FIRST_MESSAGES)
def test_a_first_message_that_chooses_wrongly(ask, database, mode, what):
    data, *told = FIRST_MESSAGES[what]
    client = ask(mode)
    client.raw(data)
    told = told[SCRAM_MODES.index(mode)]
    assert_refused(client, told)
    assert database.answers == ([data[5:]] if told == DATABASE else [])


# In place of the second answer.


def with_field(name: str, value: str):
    """The good final message, with another value in it."""
    def make(client: Asked) -> bytes:
        good = client.scram.final(client.challenge)
        bad = good.replace(f"{name}={fields(good)[name]}", f"{name}={value}")
        return message("p", bad.encode())
    return make


def answer(text: bytes):
    return lambda client: message("p", text)


SECOND_MESSAGES = {  # What is sent; what is told in relay and in verifier mode.
    **{what: (lambda client, data=data: data, OURS, OURS) for what, data in NO_ANSWERS.items()},
    "the first message again": (
        lambda client: sasl_initial(SCRAM, client.scram.first()), DATABASE, OURS),
    "nothing": (answer(b""), DATABASE, OURS),
    "not scram": (answer(b"let me in"), DATABASE, OURS),
    "another nonce": (with_field("r", "abcdef"), FAILED, OURS),
    "another binding": (with_field("c", "eSws"), FAILED, BINDING),
    "a wrong proof": (with_field("p", "A" * 43 + "="), FAILED, FAILED),
    "a short proof": (with_field("p", "AAAA"), FAILED, OURS),
    "an empty proof": (with_field("p", ""), FAILED, OURS),
    "a proof that is not base64": (with_field("p", "~~~~"), FAILED, OURS),
}


@pytest.mark.parametrize("mode", SCRAM_MODES)
@pytest.mark.parametrize("what", SECOND_MESSAGES)
def test_a_bad_second_message(ask, database, mode, what):
    make, *told = SECOND_MESSAGES[what]
    client = ask(mode).take_challenge()
    data = make(client)
    client.raw(data)
    told = told[SCRAM_MODES.index(mode)]
    assert_refused(client, told)
    came_through = data[5:] in database.answers[1:]
    assert came_through == (mode == "relay" and isinstance(told, ServerError))


@pytest.mark.parametrize("mode", SCRAM_MODES)
def test_a_login_that_is_replayed(ask, database, mode):
    """Word for word what a good one said."""
    first = ask(mode).take_challenge()
    proof = first.scram.final(first.challenge)
    first.send("p", proof.encode())
    first.scram.check(first.expect("R")[4:].decode())
    first.authenticate("")
    first.terminate()
    first.ending("relay")
    second = ask(mode)
    second.scram = first.scram
    second.take_challenge().send("p", proof.encode())
    assert_refused(second, FAILED if mode == "relay" else OURS)


@pytest.mark.parametrize("mode", SCRAM_MODES)
def test_answers_that_come_before_they_are_asked_for(ask, mode):
    """Three first messages at once. How far they come is the network's to say; in is nobody."""
    client = ask(mode)
    client.raw(3 * sasl_initial(SCRAM, client.scram.first()))
    told = client.read_to_end()
    assert b"08P01" in told and b"R\0\0\0\x08\0\0\0\0" not in told
    client.ending()


# In place of a password.


@pytest.mark.parametrize("what, data, told", [
    ("nothing", b"", OURS), ("no nul", b"secret", OURS), ("two texts", b"secret\0secret\0", OURS),
    ("a first message", initial("n,,n=,r=abcdef")[5:], OURS), ("no password", b"\0", FAILED),
    ("a wrong one", b"Secret\0", FAILED), ("a long one", b"x" * 1_000 + b"\0", FAILED),
    ("one that is nobody's", b"x" * 65_534 + b"\0", OURS),
    ("bytes that are not utf-8", b"\xff\xfe\0", FAILED)], ids=lambda value: str(value)[:20])
def test_a_bad_password(ask, database, what, data, told):
    """The database sees SCRAM at most, never the password."""
    client = ask("password")
    client.send("p", data)
    assert_refused(client, told)
    assert len(database.answers) == (0 if told == OURS else 2)
    assert data not in database.answers


# Noise, silence, absence.


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("step", ["first", "second", "password"])
def test_random_bytes(ask, step, seed):
    """As they are, and as answers."""
    for mode in ["password"] if step == "password" else SCRAM_MODES:
        dice = random.Random(f"{step} {seed}")
        client = ask(mode) if step != "second" else ask(mode).take_challenge()
        noise = dice.randbytes(dice.randrange(1, 300))
        client.raw(message("p", noise) if seed % 2 else noise.replace(b"p", b"q", 1) + bytes(5))
        with client:
            assert ServerError.read(client.expect("E")).code in ("08P01", "28P01")
        client.ending()


@pytest.mark.parametrize("step", ["first", "second", "password"])
def test_an_answer_cut_short(ask, step):
    """At every byte, closed and half-closed in turn. The client hears nothing: it has left."""
    for mode in ["password"] if step == "password" else SCRAM_MODES:
        cut, size = 0, 1
        while cut < size:
            client = ask(mode) if step != "second" else ask(mode).take_challenge()
            good = {"first": lambda: sasl_initial(SCRAM, client.scram.first()),
                    "second": lambda: message("p", client.scram.final(client.challenge).encode()),
                    "password": lambda: message("p", b"secret\0")}[step]()
            size = len(good)
            if cut:
                client.raw(good[:cut])
            client.leave(waits=cut % 2 == 0)
            record = client.ending()
            assert (record["leg"], record["reason"] in GONE) == ("front", True), (cut, record)
            cut += 1


@pytest.mark.parametrize("half", [False, True], ids=["silent", "in the middle"])
@pytest.mark.parametrize("mode, step", [("relay", 1), ("relay", 2), ("verifier", 1),
                                        ("verifier", 2), ("password", 1)])
def test_a_client_that_stalls_is_ended_by_the_clock(hasty_doors, database, pki, mode, step, half):
    client = Asked(hasty_doors[mode], pki.context())
    if step == 2:
        client.take_challenge()
    if half:
        client.raw(b"p\0\0\0\x30SCRAM")
    with client:
        assert ServerError.read(client.expect("E")).code == OURS
        assert client.read_to_end() == b""
    record = client.ending()
    assert (record["leg"], record["reason"]) == ("front", "timed_out")
