"""A MySQL client that does one thing: log in over verified TLS, and say how it is encrypted.

Protocol: dev.mysql.com, Client/Server Protocol, "Connection Phase". The account has no password, so
the answer to whatever the server wants to know is always the empty one.
"""

import socket
import ssl
import struct

PROTOCOL_41, SSL, SECURE_CONNECTION, PLUGIN_AUTH = 1 << 9, 1 << 11, 1 << 15, 1 << 19
CAPABILITIES = PROTOCOL_41 | SSL | SECURE_CONNECTION | PLUGIN_AUTH
MAX_PACKET = 1 << 24
UTF8MB4 = 45
OK, AUTH_SWITCH = 0x00, 0xFE


class Session:
    """One logged-in connection through `port`; raises ConnectionError where that is refused."""

    def __init__(self, port: int, user: str, context: ssl.SSLContext):
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._receive()
        head = struct.pack("<IIB23x", CAPABILITIES, MAX_PACKET, UTF8MB4)
        self._send(head, 1)
        self._socket = context.wrap_socket(self._socket, server_hostname="localhost")
        self._send(head + user.encode() + b"\0" + b"\0" + b"mysql_native_password\0", 2)
        sequence, answer = self._receive()
        if answer[0] == AUTH_SWITCH:
            self._send(b"", sequence + 1)
            sequence, answer = self._receive()
        self._expect_ok(answer)

    @property
    def encryption(self) -> tuple[str, str]:
        """Version and cipher of the leg that this client sees."""
        return self._socket.version(), self._socket.cipher()[0]

    def close(self) -> None:
        self._socket.close()

    def _send(self, payload: bytes, sequence: int) -> None:
        self._socket.sendall(len(payload).to_bytes(3, "little") + bytes([sequence]) + payload)

    def _receive(self) -> tuple[int, bytes]:
        header = self._read(4)
        return header[3], self._read(int.from_bytes(header[:3], "little"))

    def _read(self, size: int) -> bytes:
        data = b""
        while len(data) < size:
            more = self._socket.recv(size - len(data))
            if not more:
                raise ConnectionError("the connection was closed")
            data += more
        return data

    @staticmethod
    def _expect_ok(answer: bytes) -> None:
        if answer[0] != OK:
            raise ConnectionError(f"refused: {answer[3:].decode(errors='replace')}")
