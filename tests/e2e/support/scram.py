"""SCRAM-SHA-256, with and without -PLUS, in both roles (RFC 5802, RFC 5929, RFC 7677), apart from
any library that the gateway uses. Passwords are ASCII here, so there is no SASLprep.
"""

import base64
import hashlib
import hmac
import os
from dataclasses import dataclass

from cryptography import x509

SCRAM, PLUS = "SCRAM-SHA-256", "SCRAM-SHA-256-PLUS"
BINDING = "tls-server-end-point"


def _mac(key: bytes, text: bytes | str) -> bytes:
    return hmac.digest(key, text.encode() if isinstance(text, str) else text, "sha256")


def _xor(a: bytes, b: bytes) -> bytes:
    return bytes(x ^ y for x, y in zip(a, b))


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def fields(text: str) -> dict[str, str]:
    """The attributes of a message by their letter."""
    return {part[0]: part[2:] for part in text.split(",") if part[1:2] == "="}


def end_point(certificate_der: bytes) -> bytes:
    """RFC 5929: the certificate's digest, by its signature's hash unless that is MD5 or SHA-1."""
    name = x509.load_der_x509_certificate(certificate_der).signature_hash_algorithm.name
    return hashlib.new("sha256" if name in ("md5", "sha1") else name, certificate_der).digest()


@dataclass
class Verifier:
    """What a server keeps in place of a password."""

    salt: bytes
    iterations: int
    stored_key: bytes
    server_key: bytes

    @classmethod
    def of(cls, password: str, salt: bytes = b"0123456789abcdef",
           iterations: int = 4096) -> "Verifier":
        salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, iterations)
        client_key = _mac(salted, "Client Key")
        stored_key = hashlib.sha256(client_key).digest()
        return cls(salt, iterations, stored_key, _mac(salted, "Server Key"))

    def __str__(self) -> str:
        """As pg_authid.rolpassword has it."""
        return (f"{SCRAM}${self.iterations}:{_base64(self.salt)}"
                f"${_base64(self.stored_key)}:{_base64(self.server_key)}")


class ScramClient:
    """`end_point` binds, and says so; None with `header` "n,," or "y,," does not."""

    def __init__(self, password: str, end_point: bytes | None = None, header: str = "n,,"):
        self.password = password
        self.end_point = end_point or b""
        self.header = f"p={BINDING},," if end_point else header
        self.nonce = _base64(os.urandom(18))
        self.server_signature = b""

    @property
    def mechanism(self) -> str:
        return PLUS if self.end_point else SCRAM

    def first(self) -> str:
        return f"{self.header}n=,r={self.nonce}"

    def final(self, server_first: str) -> str:
        told = fields(server_first)
        assert told["r"].startswith(self.nonce) and told["r"] != self.nonce, server_first
        salted = hashlib.pbkdf2_hmac("sha256", self.password.encode(), base64.b64decode(told["s"]),
                                     int(told["i"]))
        client_key = _mac(salted, "Client Key")
        without_proof = f"c={_base64(self.header.encode() + self.end_point)},r={told['r']}"
        authenticated = f"n=,r={self.nonce},{server_first},{without_proof}"
        self.server_signature = _mac(_mac(salted, "Server Key"), authenticated)
        proof = _xor(client_key, _mac(hashlib.sha256(client_key).digest(), authenticated))
        return f"{without_proof},p={_base64(proof)}"

    def check(self, server_final: str) -> None:
        """Fails where the server does not know the verifier."""
        assert fields(server_final).get("v") == _base64(self.server_signature), server_final


class ScramServer:
    """`end_point` is what a client that binds must be bound to."""

    def __init__(self, verifier: Verifier, end_point: bytes | None = None):
        self.verifier = verifier
        self.end_point = end_point or b""
        self.client_first = self.server_first = ""

    def first(self, client_first: str) -> str:
        self.client_first = client_first
        self.server_first = (f"r={fields(client_first)['r']}{_base64(os.urandom(18))},"
                             f"s={_base64(self.verifier.salt)},i={self.verifier.iterations}")
        return self.server_first

    def final(self, client_final: str) -> str | None:
        """The server-final-message; None where the proof or the binding is wrong."""
        without_proof, _, proof = client_final.rpartition(",p=")
        flag, authzid, bare = self.client_first.split(",", 2)
        bound = self.end_point if flag.startswith("p=") else b""
        if fields(without_proof)["c"] != _base64(f"{flag},{authzid},".encode() + bound):
            return None
        authenticated = f"{bare},{self.server_first},{without_proof}"
        client_key = _xor(base64.b64decode(proof), _mac(self.verifier.stored_key, authenticated))
        if hashlib.sha256(client_key).digest() != self.verifier.stored_key:
            return None
        return "v=" + _base64(_mac(self.verifier.server_key, authenticated))
