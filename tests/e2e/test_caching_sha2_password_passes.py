"""caching_sha2_password (MySQL 8's default) is relayed whole: the fast path, the full path inside
TLS, and the full path in plain text with the server's RSA key.

No such server is at hand in Debian, so a scripted one speaks the plugin's packets.
Source: dev.mysql.com, "Caching SHA-2 Pluggable Authentication", and the protocol's page on it.
"""

import hashlib

import pytest
from support import wire
from support.backend import (greet_and_read_login, greeting, serve_commands, user_of)
from support.clients import mariadb

FAST_OK, FULL_NEEDED = b"\x01\x03", b"\x01\x04"
REQUEST_KEY = b"\x02"
SCRAMBLE = b"ABCDEFGHIJKLMNOPQRST"
PASSWORD = "secret"


def scrambled(password: str, scramble: bytes) -> bytes:
    once = hashlib.sha256(password.encode()).digest()
    twice = hashlib.sha256(once).digest()
    mask = hashlib.sha256(twice + scramble).digest()
    return bytes(a ^ b for a, b in zip(once, mask))


def begin(peer, backend) -> bytes | None:
    """Greets and switches to caching_sha2_password; the client's scrambled answer."""
    login = greet_and_read_login(peer, backend, greeting(plugin="caching_sha2_password"))
    if user_of(login) == "sallyport":
        peer.send(wire.error_packet(1045, "28000", "Access denied"))
        return None
    peer.send(b"\xfecaching_sha2_password\0" + SCRAMBLE + b"\0")
    return peer.receive()


def finish(peer, right: bool) -> None:
    if right:
        peer.send(wire.OK_PACKET)
        serve_commands(peer)
    else:
        peer.send(wire.error_packet(1045, "28000", "Access denied for user 'sha'@'h'"))


def fast(peer, backend) -> None:
    if (answer := begin(peer, backend)) is None:
        return
    right = answer == scrambled(PASSWORD, SCRAMBLE)
    if right:
        peer.send(FAST_OK)
    finish(peer, right)


def full(peer, backend) -> None:
    if begin(peer, backend) is None:
        return
    peer.send(FULL_NEEDED)
    finish(peer, peer.receive() == PASSWORD.encode() + b"\0")


def with_key(pem: bytes, decrypt):
    def script(peer, backend) -> None:
        if begin(peer, backend) is None:
            return
        peer.send(FULL_NEEDED)
        assert peer.receive() == REQUEST_KEY
        peer.send(b"\x01" + pem)
        finish(peer, decrypt(peer.receive()) == PASSWORD.encode() + b"\0")
    return script


def answers(password: str):
    def answer(plugin: str, data: bytes) -> bytes:
        assert plugin == "caching_sha2_password"
        if data == FULL_NEEDED[1:]:
            return password.encode() + b"\0"
        return scrambled(password, data[:20])
    return answer


class PatientClient(wire.Client):
    """Expects, as drivers do, that `01 03` is followed by OK without an answer of its own."""

    def authenticate(self, password, answers=None):
        while True:
            payload = self.receive()
            if payload == FAST_OK:
                continue
            if payload[0] in (0x00, 0xFF):
                return payload
            data = payload[1:].split(b"\0", 1)[1] if payload[0] == 0xFE else payload[1:]
            self.send(answers("caching_sha2_password", data))


def log_in(port: int, context, password: str) -> tuple[bytes, PatientClient]:
    client = PatientClient(port)
    if context:
        client.open_tls(context)
    return client.log_in("sha", password, plugin="caching_sha2_password",
                         answers=answers(password)), client


@pytest.mark.parametrize("script", [fast, full])
def test_the_right_password_is_accepted(open_door, scripted, pki, script):
    gateway = open_door(scripted(script))
    answer, client = log_in(gateway.port, pki.context(), PASSWORD)
    with client:
        assert answer == wire.OK_PACKET
        assert client.command(wire.COM_PING) == wire.OK_PACKET, "commands follow"


@pytest.mark.parametrize("script", [fast, full])
def test_a_wrong_password_is_refused(open_door, scripted, pki, script):
    gateway = open_door(scripted(script))
    answer, client = log_in(gateway.port, pki.context(), "wrong")
    with client:
        assert wire.ServerError.read(answer) == wire.ServerError(
            1045, "28000", "Access denied for user 'sha'@'h'")


@pytest.mark.parametrize("script", [fast, full])
def test_mariadbs_client_library_logs_in(open_door, scripted, pki, script):
    gateway = open_door(scripted(script))
    done = mariadb(gateway.port, "sha", "", "--skip-reconnect", "--execute=DO 1", password=PASSWORD,
                   ca=pki.ca)
    assert done.returncode == 0, done.stderr


def test_a_plain_client_gets_the_servers_rsa_key(open_door, scripted):
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding, rsa
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    oaep = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
    pem = key.public_key().public_bytes(serialization.Encoding.PEM,
                                        serialization.PublicFormat.SubjectPublicKeyInfo)

    def masked(text: bytes) -> bytes:
        return bytes(b ^ SCRAMBLE[i % len(SCRAMBLE)] for i, b in enumerate(text))

    def answer(plugin: str, data: bytes) -> bytes:
        if data == FULL_NEEDED[1:]:
            return REQUEST_KEY
        if data.startswith(b"-----BEGIN"):
            public = serialization.load_pem_public_key(data)
            return public.encrypt(masked(PASSWORD.encode() + b"\0"), oaep)
        return scrambled(PASSWORD, data[:20])

    backend = scripted(with_key(pem, lambda text: masked(key.decrypt(text, oaep))), tls=False)
    gateway = open_door(backend, tls={"require-secure-transport": False},
                        backend_settings={"ssl-mode": "PREFERRED"})
    with PatientClient(gateway.port) as client:
        assert client.log_in("sha", PASSWORD, answers=answer)[0] == 0
        assert client.command(wire.COM_PING) == wire.OK_PACKET
