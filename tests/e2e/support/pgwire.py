"""PostgreSQL's protocol by hand: for what no driver would send, and for seeing every byte of an
answer. Source: PostgreSQL documentation, chapter 55, "Frontend/Backend Protocol".
"""

import socket
import ssl
import struct
from dataclasses import dataclass

from .scram import PLUS, ScramClient, end_point
from .wire import Closed, Wire



ALPN = "postgresql"
AUTH_OK, AUTH_CLEARTEXT, AUTH_MD5 = 0, 3, 5
AUTH_SASL, AUTH_SASL_CONTINUE, AUTH_SASL_FINAL = 10, 11, 12


def opening(code: int, body: bytes = b"") -> bytes:
    """A packet without a type: whatever opens a connection."""
    return struct.pack("!II", len(body) + 8, code) + body


CANCEL, SSL, GSS = 80877102, 80877103, 80877104
SSL_REQUEST, GSS_REQUEST = opening(SSL), opening(GSS)


def version(major: int, minor: int) -> int:
    return major << 16 | minor


def startup(user: str, database: str = "postgres", *, protocol: int = version(3, 0),
            **parameters: str) -> bytes:
    everything = {"user": user, "database": database, **parameters}
    texts = b"".join(text.encode() + b"\0" for pair in everything.items() for text in pair)
    return opening(protocol, texts + b"\0")


def cancel_request(process: int, secret: bytes) -> bytes:
    return opening(CANCEL, struct.pack("!I", process) + secret)


def message(kind: str, body: bytes = b"") -> bytes:
    return kind.encode() + struct.pack("!I", len(body) + 4) + body


def authentication(kind: int, data: bytes = b"") -> bytes:
    return message("R", struct.pack("!I", kind) + data)


def sasl_initial(mechanism: str, data: str) -> bytes:
    return message("p", mechanism.encode() + b"\0" + struct.pack("!I", len(data)) + data.encode())


@dataclass
class ServerError(Exception):
    """ErrorResponse."""

    severity: str
    code: str
    message: str
    detail: str = ""
    hint: str = ""

    @classmethod
    def read(cls, body: bytes) -> "ServerError":
        assert body.endswith(b"\0\0"), body
        texts = {part[:1]: part[1:].decode() for part in body[:-2].split(b"\0")}
        return cls(texts[b"S"], texts[b"C"], texts[b"M"], texts.get(b"D", ""), texts.get(b"H", ""))

    def write(self) -> bytes:
        texts = {"S": self.severity, "V": self.severity, "C": self.code, "M": self.message,
                 "D": self.detail, "H": self.hint}
        return message("E", b"".join((letter + text).encode() + b"\0"
                                     for letter, text in texts.items() if text) + b"\0")


class Messages(Wire):
    """PostgreSQL's messages over a socket; what Wire knows of MySQL's packets is not used."""

    def receive(self) -> tuple[str, bytes]:
        kind, length = struct.unpack("!cI", self.receive_exactly(5))
        return kind.decode("latin-1"), self.receive_exactly(length - 4)

    def send(self, kind: str, body: bytes = b"") -> None:
        self.raw(message(kind, body))

    def expect(self, kind: str) -> bytes:
        """The next message's body. Raises ServerError for an error that was not awaited."""
        got, body = self.receive()
        if got == "E" and kind != "E":
            raise ServerError.read(body)
        assert got == kind, f"{got} {body!r} where {kind} is due"
        return body


class Client(Messages):
    """A client that has connected and said nothing yet."""

    def __init__(self, port: int, host: str = "127.0.0.1", source: str | None = None):
        address = (source, 0) if source else None
        super().__init__(socket.create_connection((host, port), timeout=30, source_address=address))
        self.parameters: dict[str, str] = {}
        self.mechanisms: list[str] = []  # As AuthenticationSASL offered them.
        self.negotiated: bytes | None = None  # NegotiateProtocolVersion's body.
        self.process, self.secret = 0, b""
        self.status = ""  # As the last ReadyForQuery had it.

    # Opening.

    def ask(self, request: bytes = SSL_REQUEST) -> bytes:
        """The one byte that answers SSLRequest or GSSENCRequest."""
        self.raw(request)
        return self.receive_exactly(1)

    def open_tls(self, context: ssl.SSLContext, **options) -> "Client":
        assert self.ask() == b"S"
        self.start_tls(context, server_hostname="localhost", **options)
        return self

    def open_direct_tls(self, context: ssl.SSLContext, alpn: str | None = ALPN,
                        **options) -> "Client":
        """`context` is the caller's own: its ALPN protocols are set here."""
        if alpn:
            context.set_alpn_protocols([alpn])
        self.start_tls(context, server_hostname="localhost", **options)
        return self

    def log_in(self, user: str, password: str = "secret", *, binding: str = "prefer",
               **how) -> "Client":
        """Until ReadyForQuery. Raises ServerError. `binding` is libpq's channel_binding; `how` is
        startup()'s."""
        self.raw(startup(user, **how))
        self.authenticate(password, binding)
        return self

    def authenticate(self, password: str, binding: str = "prefer") -> None:
        scram = None
        while True:
            kind, body = self.receive()
            if kind == "R":
                request = struct.unpack("!I", body[:4])[0]
                scram = self._answer(request, body[4:], password, binding, scram)
            elif kind == "E":
                raise ServerError.read(body)
            elif kind == "S":
                name, value = body[:-1].decode().split("\0")
                self.parameters[name] = value
            elif kind == "K":
                self.process, self.secret = struct.unpack("!I", body[:4])[0], body[4:]
            elif kind == "v":
                self.negotiated = body
            elif kind == "Z":
                self.status = body.decode()
                return
            else:
                assert kind == "N", f"{kind} {body!r} while logging in"

    def _answer(self, request: int, data: bytes, password: str, binding: str,
                scram: ScramClient | None) -> ScramClient | None:
        if request == AUTH_CLEARTEXT:
            self.send("p", password.encode() + b"\0")
        elif request == AUTH_SASL:
            self.mechanisms = data[:-2].decode().split("\0")
            scram = self.make_scram(password, binding)
            self.raw(sasl_initial(scram.mechanism, scram.first()))
        elif request == AUTH_SASL_CONTINUE:
            self.send("p", scram.final(data.decode()).encode())
        elif request == AUTH_SASL_FINAL:
            scram.check(data.decode())
        else:
            assert request == AUTH_OK, f"authentication request {request}"
        return scram

    def make_scram(self, password: str, binding: str = "prefer") -> ScramClient:
        """As libpq chooses by what was offered."""
        if not isinstance(self.sock, ssl.SSLSocket) or binding == "disable":
            return ScramClient(password)
        if PLUS in self.mechanisms:
            return ScramClient(password, end_point(self.sock.getpeercert(binary_form=True)))
        assert binding != "require", f"only {self.mechanisms} were offered"
        return ScramClient(password, header="y,,")

    # Work.

    def query(self, sql: str) -> list[tuple]:
        """The rows, as text. Raises ServerError, after which the session is ready again."""
        self.begin(sql)
        return self.result()

    def begin(self, sql: str) -> None:
        """Sends a query and does not wait."""
        self.send("Q", sql.encode() + b"\0")

    def result(self) -> list[tuple]:
        rows, fault = [], None
        while True:
            kind, body = self.receive()
            if kind == "D":
                rows.append(_row(body))
            elif kind == "E":
                fault = ServerError.read(body)
                if fault.severity == "FATAL":
                    raise fault
            elif kind == "Z":
                self.status = body.decode()
                if fault:
                    raise fault
                return rows

    def terminate(self) -> None:
        self.send("X")
        self.close()


def _row(body: bytes) -> tuple:
    at, row = 2, []
    for _ in range(struct.unpack("!H", body[:2])[0]):
        length = struct.unpack("!i", body[at:at + 4])[0]
        at += 4
        row.append(None if length < 0 else body[at:at + length].decode())
        at += max(length, 0)
    return tuple(row)


def connect(port: int, user: str, password: str = "secret", *, tls: ssl.SSLContext | None,
            direct: bool = False, source: str | None = None, **how) -> Client:
    """A client that has logged in; `tls` of None is plain text. Raises ServerError."""
    client = Client(port, source=source)
    try:
        if tls:
            client.open_direct_tls(tls) if direct else client.open_tls(tls)
        return client.log_in(user, password, **how)
    except BaseException:
        client.close()
        raise


def cancel(port: int, process: int, secret: bytes, *, tls: ssl.SSLContext | None = None,
           direct: bool = False, source: str | None = None) -> bytes:
    """Sends a CancelRequest on a connection of its own; what comes back until it is closed."""
    with Client(port, source=source) as client:
        if tls:
            client.open_direct_tls(tls) if direct else client.open_tls(tls)
        client.raw(cancel_request(process, secret))
        return client.read_to_end()
