"""Databases that are not one: each connection is answered by a script of the test's."""

import socket
import ssl
import threading
from contextlib import suppress

from .wire import DEFAULT, SSL, CONNECT_ATTRS, CONNECT_WITH_DB, DEPRECATE_EOF, SESSION_TRACK
from .wire import OK_PACKET, Closed, Greeting, Wire

SCRAMBLE = b"abcdefghijklmnopqrst"
CAPABILITIES = DEFAULT | SSL | CONNECT_ATTRS | CONNECT_WITH_DB | SESSION_TRACK | DEPRECATE_EOF


def greeting(**changes) -> Greeting:
    return Greeting(**{
        "version": "5.5.5-10.11.6-MariaDB-scripted", "connection_id": 4711, "scramble": SCRAMBLE,
        "capabilities": CAPABILITIES, "extended": 0x1D, "charset": 45, "status": 2,
        "plugin": "mysql_native_password", **changes})


class ScriptedBackend:
    """Listens on `port` until `stop`; `script(wire, backend)` runs once for every connection.

    A script that raises fails the test, except for Closed: the gateway may leave when it likes.
    """

    host = "127.0.0.1"
    wire_type = Wire

    def __init__(self, script, context: ssl.SSLContext | None = None):
        self.script = script
        self.context = context
        self.failures: list[BaseException] = []
        self.connections = 0
        self._listener = socket.create_server((self.host, 0))
        self.port = self._listener.getsockname()[1]
        self._wires: list[Wire] = []
        self._threads = [threading.Thread(target=self._accept, daemon=True)]
        self._threads[0].start()

    def stop(self) -> None:
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for wire in self._wires:
            with suppress(OSError):
                wire.sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        if self.failures:
            raise self.failures[0]

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            wire = self.wire_type(connection)
            self._wires.append(wire)
            thread = threading.Thread(target=self._run, args=(wire,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _run(self, wire: Wire) -> None:
        try:
            self.script(wire, self)
        except (Closed, ConnectionError, ssl.SSLError):
            pass
        except BaseException as fault:
            self.failures.append(fault)
        finally:
            wire.close()


def greet_and_read_login(wire: Wire, backend: ScriptedBackend, hello: Greeting | None = None) -> bytes:
    """The opening as a database does it, TLS included; returns the login's payload."""
    hello = hello or greeting()
    if not backend.context:
        hello.capabilities &= ~SSL
    wire.send(hello.write())
    payload = wire.receive()
    if len(payload) == 32:
        accept_tls(wire, backend.context)
        payload = wire.receive()
    return payload


def accept_tls(wire: Wire, context: ssl.SSLContext) -> None:
    wire.sock = context.wrap_socket(wire.sock, server_side=True)


def user_of(login: bytes) -> str:
    return login[32:].split(b"\0", 1)[0].decode()


def serve_commands(wire: Wire) -> None:
    """OK to everything, until COM_QUIT."""
    while True:
        wire.sequence = 0
        if wire.receive()[:1] == b"\x01":
            return
        wire.send(OK_PACKET)


def server_context(credential, version=None) -> ssl.SSLContext:
    """A TLS server's context; `credential` is (certificate file, key file)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*map(str, credential))
    if version:
        context.minimum_version = context.maximum_version = version
    return context
