"""A PostgreSQL client that logs in over verified TLS, and asks how both legs are encrypted.

Protocol: postgresql.org, Frontend/Backend Protocol, "Message Flow" and "Message Formats". The
account is trusted, so there is nothing to answer.
"""

import socket
import ssl
import struct

SSL_REQUEST = struct.pack(">II", 8, 80877103)
PROTOCOL_3_0 = 3 << 16
QUERY, ERROR, DATA_ROW, READY = b"Q", b"E", b"D", b"Z"


class Session:
    """One logged-in connection through `port`; raises ConnectionError where that is refused."""

    def __init__(self, port: int, user: str, database: str, context: ssl.SSLContext):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.sendall(SSL_REQUEST)
        if self._read(1) != b"S":
            raise ConnectionError("no TLS there")
        self._socket = context.wrap_socket(self._socket, server_hostname="localhost")
        words = b"\0".join(word.encode() for word in ("user", user, "database", database)) + b"\0\0"
        self._socket.sendall(struct.pack(">II", 8 + len(words), PROTOCOL_3_0) + words)
        self._rows()

    @property
    def encryption(self) -> tuple[str, str]:
        """Version and cipher of the leg that this client sees."""
        return self._socket.version(), self._socket.cipher()[0]

    def query(self, sql: str) -> list[list[str]]:
        text = sql.encode() + b"\0"
        self._socket.sendall(QUERY + struct.pack(">I", 4 + len(text)) + text)
        return self._rows()

    def close(self) -> None:
        self._socket.close()

    def _rows(self) -> list[list[str]]:
        """Everything up to ReadyForQuery."""
        rows = []
        while True:
            kind, size = struct.unpack(">cI", self._read(5))
            payload = self._read(size - 4)
            if kind == ERROR:
                raise ConnectionError(f"refused: {payload.decode(errors='replace')}")
            if kind == DATA_ROW:
                rows.append(_columns(payload))
            if kind == READY:
                return rows

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                raise ConnectionError("the connection was closed")
            data += more
        return data


def _columns(row: bytes) -> list[str]:
    """DataRow: a count, then for each column its length and its text; none of ours is NULL."""
    columns, position = [], 2
    for _ in range(int.from_bytes(row[:2], "big")):
        end = position + 4 + int.from_bytes(row[position:position + 4], "big")
        columns.append(row[position + 4:end].decode())
        position = end
    return columns
