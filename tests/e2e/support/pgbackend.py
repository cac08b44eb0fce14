"""PostgreSQL servers that are not one: each connection is answered by a script of the test's."""

import ssl
import struct
from dataclasses import dataclass, field

from . import pgwire
from .backend import ScriptedBackend, accept_tls
from .pgwire import Messages, ServerError, authentication, message
from .scram import PLUS, SCRAM, ScramServer, Verifier

PROCESS, SECRET = 4711, b"\x01\x02\x03\x04"
PARAMETERS = {"server_version": "15.0 (scripted)", "client_encoding": "UTF8"}


@dataclass
class Opening:
    """What a client said before its login."""

    code: int  # The protocol's version, or that of CancelRequest.
    packet: bytes
    requests: list[int] = field(default_factory=list)  # SSLRequest, GSSENCRequest.

    @property
    def parameters(self) -> dict[str, str]:
        texts = self.packet[8:].decode().split("\0")
        return dict(zip(texts[0:-2:2], texts[1:-2:2]))

    @property
    def user(self) -> str:
        return self.parameters.get("user", "")

    @property
    def is_cancel(self) -> bool:
        return self.code == pgwire.CANCEL


class ScriptedPostgres(ScriptedBackend):
    """`script(wire, backend)` runs for every connection, CancelRequests and health checks included.

    `openings` is what all clients said.
    """

    protocol = "postgres"
    wire_type = Messages

    def __init__(self, script, context: ssl.SSLContext | None = None):
        self.openings: list[Opening] = []
        super().__init__(script, context)


def read_opening(wire: Messages, backend: ScriptedPostgres) -> Opening:
    """Up to and with the StartupMessage or CancelRequest, as a database does it."""
    requests = []
    while True:
        head = wire.receive_exactly(8)
        length, code = struct.unpack("!II", head)
        if code not in (pgwire.SSL, pgwire.GSS):
            rest = wire.receive_exactly(length - 8)
            backend.openings.append(Opening(code, head + rest, requests))
            return backend.openings[-1]
        requests.append(code)
        if code == pgwire.SSL and backend.context:
            wire.raw(b"S")
            accept_tls(wire, backend.context)
        else:
            wire.raw(b"N")


def accept_login(wire: Messages, process: int = PROCESS, secret: bytes = SECRET) -> None:
    """From AuthenticationOk to ReadyForQuery."""
    settings = b"".join(message("S", f"{name}\0{value}\0".encode())
                        for name, value in PARAMETERS.items())
    key = message("K", struct.pack("!I", process) + secret)
    wire.raw(authentication(pgwire.AUTH_OK) + settings + key + message("Z", b"I"))


def offer_scram(wire: Messages, *mechanisms: str) -> tuple[str, str]:
    """AuthenticationSASL; returns the mechanism that was chosen, and the client-first-message."""
    offered = b"".join(name.encode() + b"\0" for name in mechanisms or (SCRAM,))
    wire.raw(authentication(pgwire.AUTH_SASL, offered + b"\0"))
    chosen, rest = wire.expect("p").split(b"\0", 1)
    return chosen.decode(), rest[4:].decode()


def judge_scram(wire: Messages, user: str, password: str, end_point: bytes | None = None) -> str:
    """SCRAM for real; returns the mechanism that the client proved itself with, or "".

    Without `end_point` as CockroachDB does it: no -PLUS though there is TLS, and a client that
    thinks it could have bound ("y") is let in. With it, -PLUS is offered, and the binding must be
    to that.
    """
    server = ScramServer(Verifier.of(password), end_point)
    chosen, client_first = offer_scram(wire, *([PLUS, SCRAM] if end_point else [SCRAM]))
    wire.raw(authentication(pgwire.AUTH_SASL_CONTINUE, server.first(client_first).encode()))
    verdict = server.final(wire.expect("p").decode())
    if verdict is None:
        text = f"password authentication failed for user {user}"
        wire.raw(ServerError("FATAL", "28P01", text).write())
        return ""
    wire.raw(authentication(pgwire.AUTH_SASL_FINAL, verdict.encode()))
    return chosen


def serve_queries(wire: Messages, answer: str = "scripted") -> None:
    """One row with this text to every simple query, until the client leaves."""
    column = b"text\0" + struct.pack("!IHIhih", 0, 0, 25, -1, -1, 0)
    text = answer.encode()
    while wire.receive()[0] == "Q":
        wire.raw(message("T", struct.pack("!H", 1) + column)
                 + message("D", struct.pack("!HI", 1, len(text)) + text)
                 + message("C", b"SELECT 1\0") + message("Z", b"I"))


def like_cockroach(accounts: dict[str, str]):
    """A script: these users' passwords by SCRAM without -PLUS, then answers to queries."""
    def script(wire: Messages, backend: ScriptedPostgres) -> None:
        opening = read_opening(wire, backend)
        if opening.is_cancel:
            return
        if judge_scram(wire, opening.user, accounts.get(opening.user, "nobody's password")):
            accept_login(wire)
            serve_queries(wire)
    return script
