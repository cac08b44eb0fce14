"""The MySQL protocol by hand: for what no driver would send, and for seeing every byte of an answer.

Source: dev.mysql.com, Client/Server Protocol, "Connection Phase" and "Command Phase".
"""

import hashlib
import socket
import ssl
import struct
from dataclasses import dataclass

CONNECT_WITH_DB = 1 << 3
COMPRESS = 1 << 5
LOCAL_FILES = 1 << 7
PROTOCOL_41 = 1 << 9
SSL = 1 << 11
TRANSACTIONS = 1 << 13
SECURE_CONNECTION = 1 << 15
MULTI_STATEMENTS = 1 << 16
MULTI_RESULTS = 1 << 17
PLUGIN_AUTH = 1 << 19
CONNECT_ATTRS = 1 << 20
PLUGIN_AUTH_LENENC = 1 << 21
SESSION_TRACK = 1 << 23
DEPRECATE_EOF = 1 << 24
# Bit 0 (CLIENT_MYSQL, once LONG_PASSWORD) is not set: so a client says that it reads MariaDB's
# extended capabilities.
DEFAULT = (PROTOCOL_41 | TRANSACTIONS | SECURE_CONNECTION | MULTI_STATEMENTS | MULTI_RESULTS
           | PLUGIN_AUTH | PLUGIN_AUTH_LENENC)

COM_QUIT, COM_INIT_DB, COM_QUERY, COM_PROCESS_KILL, COM_PING = 1, 2, 3, 12, 14
COM_CHANGE_USER, COM_STMT_PREPARE, COM_STMT_EXECUTE, COM_STMT_SEND_LONG_DATA = 17, 22, 23, 24

MAX_PAYLOAD = 0xFFFFFF
UTF8 = 45  # utf8mb4_general_ci


class Closed(Exception):
    """The peer ended the connection where a packet was awaited."""


@dataclass
class Greeting:
    version: str
    connection_id: int
    scramble: bytes
    capabilities: int
    extended: int
    charset: int
    status: int
    plugin: str

    @classmethod
    def read(cls, payload: bytes) -> "Greeting":
        assert payload[0] == 10, payload
        version, rest = payload[1:].split(b"\0", 1)
        connection_id, first = struct.unpack("<I8s", rest[:12])
        low, charset, status, high, length = struct.unpack("<HBHHB", rest[13:21])
        extended = struct.unpack("<I", rest[27:31])[0]
        second_end = 31 + max(13, length - 8)
        plugin = rest[second_end:].split(b"\0")[0].decode()
        return cls(version.decode(), connection_id, first + rest[31:second_end - 1],
                   low | high << 16, extended, charset, status, plugin)

    def write(self) -> bytes:
        return (b"\x0a" + self.version.encode() + b"\0"
                + struct.pack("<I8sxHBHHB6xI", self.connection_id, self.scramble[:8],
                              self.capabilities & 0xFFFF, self.charset, self.status,
                              self.capabilities >> 16, len(self.scramble) + 1, self.extended)
                + self.scramble[8:] + b"\0" + self.plugin.encode() + b"\0")


@dataclass
class ServerError(Exception):
    code: int
    state: str
    message: str

    @classmethod
    def read(cls, payload: bytes) -> "ServerError":
        assert payload[0] == 0xFF, payload
        code, text = struct.unpack("<H", payload[1:3])[0], payload[3:].decode("utf-8", "replace")
        return cls(code, text[1:6], text[6:]) if text.startswith("#") else cls(code, "", text)


def error_packet(code: int, state: str, message: str) -> bytes:
    mark = f"#{state}" if state else ""
    return b"\xff" + struct.pack("<H", code) + (mark + message).encode()


OK_PACKET = b"\0\0\0\x02\0\0\0"


def lenenc(data: bytes) -> bytes:
    """A length-encoded string, of any size the tests need."""
    if len(data) < 251:
        return bytes([len(data)]) + data
    if len(data) < 1 << 16:
        return b"\xfc" + struct.pack("<H", len(data)) + data
    if len(data) < 1 << 24:
        return b"\xfd" + struct.pack("<I", len(data))[:3] + data
    return b"\xfe" + struct.pack("<Q", len(data)) + data


def read_lenenc(payload: bytes, at: int) -> tuple[int | None, int]:
    """(number, position after it); None is NULL."""
    first = payload[at]
    if first < 0xFB:
        return first, at + 1
    if first == 0xFB:
        return None, at + 1
    width = {0xFC: 2, 0xFD: 3, 0xFE: 8}[first]
    return int.from_bytes(payload[at + 1:at + 1 + width], "little"), at + 1 + width


def packet(sequence: int, payload: bytes) -> bytes:
    """As it travels: cut at 2^24-1 bytes, with a shorter (perhaps empty) one at the end."""
    out = []
    while True:
        piece, payload = payload[:MAX_PAYLOAD], payload[MAX_PAYLOAD:]
        out.append(struct.pack("<I", len(piece))[:3] + bytes([sequence & 0xFF]) + piece)
        sequence += 1
        if len(piece) < MAX_PAYLOAD:
            return b"".join(out)


class Wire:
    """Packets over a socket. `sequence` is the number of the next packet either side sends."""

    def __init__(self, sock: socket.socket):
        self.sock = sock
        self.sequence = 0
        self.sock.settimeout(30)

    def receive_exactly(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            try:
                piece = self.sock.recv(min(count - len(parts), 1 << 20))
            except (ConnectionError, ssl.SSLError) as fault:
                if isinstance(fault, TimeoutError):
                    raise
                raise Closed(str(fault)) from fault
            if not piece:
                raise Closed(f"after {len(parts)} of {count} bytes")
            parts += piece
        return bytes(parts)

    def receive(self) -> bytes:
        """One payload, joined together when it was cut."""
        payload = b""
        while True:
            header = self.receive_exactly(4)
            length = int.from_bytes(header[:3], "little")
            assert header[3] == self.sequence & 0xFF, \
                f"sequence number {header[3]} where {self.sequence & 0xFF} is due"
            self.sequence += 1
            payload += self.receive_exactly(length)
            if length < MAX_PAYLOAD:
                return payload

    def send(self, payload: bytes) -> None:
        data = packet(self.sequence, payload)
        self.sequence += len(payload) // MAX_PAYLOAD + 1
        self.sock.sendall(data)

    def raw(self, data: bytes) -> None:
        self.sock.sendall(data)

    def start_tls(self, context: ssl.SSLContext, **options) -> None:
        self.sock = context.wrap_socket(self.sock, **options)

    def close(self) -> None:
        self.sock.close()

    def read_to_end(self) -> bytes:
        """Whatever comes until the peer closes; a reset is an end, too."""
        everything = bytearray()
        while True:
            try:
                piece = self.sock.recv(1 << 16)
            except (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError):
                piece = b""
            if not piece:
                return bytes(everything)
            everything += piece

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def native_scramble(password: str, scramble: bytes) -> bytes:
    """mysql_native_password's answer."""
    if not password:
        return b""
    once = hashlib.sha1(password.encode()).digest()
    twice = hashlib.sha1(once).digest()
    mask = hashlib.sha1(scramble[:20] + twice).digest()
    return bytes(a ^ b for a, b in zip(once, mask))


def ssl_request(capabilities: int = DEFAULT | SSL, extended: int = 0) -> bytes:
    return struct.pack("<IIB19xI", capabilities, 1 << 30, UTF8, extended)


def login(user: str, auth: bytes = b"", *, capabilities: int = DEFAULT, extended: int = 0,
          database: str = "", plugin: str = "mysql_native_password",
          attributes: dict | None = None) -> bytes:
    """HandshakeResponse41."""
    out = ssl_request(capabilities, extended) + user.encode() + b"\0" + lenenc(auth)
    if database:
        out += database.encode() + b"\0"
    if capabilities & PLUGIN_AUTH:
        out += plugin.encode() + b"\0"
    if attributes is not None:
        block = b"".join(lenenc(k.encode()) + lenenc(v.encode()) for k, v in attributes.items())
        out += lenenc(block)
    return out


class Client(Wire):
    """A client that stands after the greeting. `tls` is a context, or None for plain text."""

    def __init__(self, port: int, host: str = "127.0.0.1", source: str | None = None):
        address = (source, 0) if source else None
        super().__init__(socket.create_connection((host, port), timeout=30, source_address=address))
        first = self.receive()
        if first[0] == 0xFF:
            self.close()
            raise ServerError.read(first)
        self.greeting_payload = first
        self.greeting = Greeting.read(first)
        self.scramble = self.greeting.scramble

    def open_tls(self, context: ssl.SSLContext, capabilities: int = DEFAULT, extended: int = 0,
                 **options) -> "Client":
        self.send(ssl_request(capabilities | SSL, extended))
        self.start_tls(context, server_hostname="localhost", **options)
        return self

    def log_in(self, user: str, password: str = "", *, capabilities: int = DEFAULT,
               answers=None, **options) -> bytes:
        """Sends the login and goes through the authentication; returns the final packet.

        `answers` (plugin, data) -> bytes answers what mysql_native_password does not.
        """
        if isinstance(self.sock, ssl.SSLSocket):
            capabilities |= SSL
        auth = native_scramble(password, self.scramble)
        self.send(login(user, auth, capabilities=capabilities, **options))
        return self.authenticate(password, answers)

    def authenticate(self, password: str, answers=None) -> bytes:
        plugin = "mysql_native_password"
        while True:
            payload = self.receive()
            if not payload:
                raise Closed("gave up: an empty packet in the authentication")
            if payload[0] in (0x00, 0xFF):
                return payload
            if payload[0] == 0xFE:
                plugin, data = payload[1:].split(b"\0", 1)
                plugin = plugin.decode()
            else:
                data = payload[1:] if payload[0] == 0x01 else payload
            if plugin == "mysql_native_password":
                self.scramble = data[:20]
                self.send(native_scramble(password, data))
            elif answers:
                self.send(answers(plugin, data))
            else:
                # A server may ask for any plugin in the name of an account that does not exist.
                self.send(b"")

    def command(self, code: int, data: bytes | str = b"") -> bytes:
        """Sends a command; returns the first packet of its answer."""
        self.begin(code, data)
        return self.receive()

    def begin(self, code: int, data: bytes | str = b"") -> None:
        """Sends a command and does not wait."""
        self.sequence = 0
        self.send(bytes([code]) + (data.encode() if isinstance(data, str) else data))

    def query(self, sql: str | bytes) -> list[tuple]:
        """The rows, as text; an empty list after OK. Raises ServerError."""
        return self.result(self.command(COM_QUERY, sql))

    def result(self, first: bytes) -> list[tuple]:
        """The rest of a text result set whose first packet is given."""
        if first[0] == 0xFF:
            raise ServerError.read(first)
        if first[0] == 0x00:
            return []
        columns, _ = read_lenenc(first, 0)
        for _ in range(columns):
            self.receive()
        assert self.receive()[0] == 0xFE
        rows = []
        while not ((payload := self.receive())[0] == 0xFE and len(payload) < 9):
            if payload[0] == 0xFF:
                raise ServerError.read(payload)
            rows.append(self._row(payload, columns))
        return rows

    @staticmethod
    def _row(payload: bytes, columns: int) -> tuple:
        at, row = 0, []
        for _ in range(columns):
            length, at = read_lenenc(payload, at)
            if length is None:
                row.append(None)
                continue
            row.append(payload[at:at + length].decode("utf-8", "replace"))
            at += length
        return tuple(row)

    def change_user(self, user: str, password: str, database: str = "") -> bytes:
        """COM_CHANGE_USER; returns the final packet."""
        auth = native_scramble(password, self.scramble)
        self.begin(COM_CHANGE_USER, user.encode() + b"\0" + bytes([len(auth)]) + auth
                   + database.encode() + b"\0" + struct.pack("<H", UTF8)
                   + b"mysql_native_password\0")
        return self.authenticate(password)

    def quit(self) -> None:
        self.begin(COM_QUIT)
        self.close()


def connect(port: int, user: str, password: str = "secret", **how) -> Client:
    """A client that has logged in. Raises ServerError when it is refused."""
    client, answer = attempt(port, user, password, **how)
    if answer[0] == 0xFF:
        client.close()
        raise ServerError.read(answer)
    return client


def attempt(port: int, user: str, password: str = "secret", *, tls: ssl.SSLContext | None = None,
            session: ssl.SSLSession | None = None, source: str | None = None, extended: int = 0,
            capabilities: int = DEFAULT, **options) -> tuple[Client, bytes]:
    """A client that has tried to log in, and the packet that ended the login."""
    # SSLRequest and login must announce the same capabilities.
    capabilities |= CONNECT_WITH_DB if options.get("database") else 0
    capabilities |= CONNECT_ATTRS if options.get("attributes") is not None else 0
    client = Client(port, source=source)
    try:
        if tls:
            client.open_tls(tls, capabilities, extended, session=session)
        return client, client.log_in(user, password, capabilities=capabilities, extended=extended,
                                     **options)
    except BaseException:
        client.close()
        raise
