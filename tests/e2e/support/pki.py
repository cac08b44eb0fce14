"""Certificates for the tests: authorities, chains, server and client leaves, revocation lists.

Every certificate has a subject key identifier and every issued one an authority key identifier, as
real ones do and as the mirror needs (two CAs of one name are told apart by them).
"""

import datetime
import ipaddress
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_NAMES = {
    "C": NameOID.COUNTRY_NAME,
    "ST": NameOID.STATE_OR_PROVINCE_NAME,
    "L": NameOID.LOCALITY_NAME,
    "O": NameOID.ORGANIZATION_NAME,
    "OU": NameOID.ORGANIZATIONAL_UNIT_NAME,
    "CN": NameOID.COMMON_NAME,
    "emailAddress": NameOID.EMAIL_ADDRESS,
}


def _name(parts: dict) -> x509.Name:
    return x509.Name([x509.NameAttribute(_NAMES[key], value) for key, value in parts.items()])


def one_line(parts: dict) -> str:
    """The form that REQUIRE SUBJECT and REQUIRE ISSUER compare (X509_NAME_oneline)."""
    def shown(byte: int) -> str:
        if byte in b"/+":
            return "\\" + chr(byte)
        return chr(byte) if 32 <= byte < 127 else f"\\x{byte:02X}"

    def escaped(text: str) -> str:
        return "".join(map(shown, text.encode()))
    return "".join(f"/{key}={escaped(value)}" for key, value in parts.items())


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(serialization.Encoding.PEM).decode()


@dataclass
class Credential:
    """A leaf, its key, and the intermediates that are sent with it."""

    certificate: x509.Certificate
    key: object
    subject: dict
    issuer: dict
    chain: list = field(default_factory=list)

    @property
    def certificate_pem(self) -> str:
        return _pem(self.certificate) + "".join(_pem(link) for link in self.chain)

    @property
    def key_pem(self) -> str:
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        ).decode()

    @property
    def der(self) -> bytes:
        """The leaf alone."""
        return self.certificate.public_bytes(serialization.Encoding.DER)

    @property
    def serial(self) -> int:
        return self.certificate.serial_number

    def write(self, directory: Path, name: str) -> tuple[Path, Path]:
        """Writes NAME.crt and NAME.key, and returns their paths."""
        directory.mkdir(parents=True, exist_ok=True)
        certificate, key = directory / f"{name}.crt", directory / f"{name}.key"
        certificate.write_text(self.certificate_pem)
        key.write_text(self.key_pem)
        key.chmod(0o600)
        return certificate, key


def new_key(kind: str):
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1())


class Authority:
    """A root, or an intermediate under `parent`. `digest` is that of its signatures."""

    def __init__(self, subject: dict | str, parent: "Authority | None" = None, days: float = 3650,
                 digest: hashes.HashAlgorithm = hashes.SHA256()):
        self.subject = {"O": "Sallyport tests", "CN": subject} if isinstance(subject, str) else subject
        self.parent = parent
        self.digest = digest
        self.key = new_key("ecdsa")
        signer = parent or self
        builder = self._builder(_name(self.subject), self.key.public_key(), signer, days, 1)
        builder = builder.add_extension(x509.BasicConstraints(True, None), critical=True)
        builder = builder.add_extension(_usage(key_cert_sign=True, crl_sign=True), critical=True)
        self.certificate = builder.sign(signer.key, signer.digest)

    @property
    def pem(self) -> str:
        return _pem(self.certificate)

    def server(self, *names: str, kind: str = "ecdsa", days: float = 90, age: float = 1) -> Credential:
        """A server certificate for these host names and addresses."""
        alternatives = _hosts(names)
        subject = {"O": "Sallyport tests", "CN": names[0]}
        return self._leaf(subject, [ExtendedKeyUsageOID.SERVER_AUTH], alternatives, kind, days, age)

    def client(self, user: str | dict, *, uris=(), kind: str = "ecdsa", days: float = 90,
               age: float = 1) -> Credential:
        """A client certificate: `user` is the CN, or the whole subject."""
        subject = {"O": "Sallyport tests", "CN": user} if isinstance(user, str) else user
        alternatives = [x509.UniformResourceIdentifier(uri) for uri in uris]
        return self._leaf(subject, [ExtendedKeyUsageOID.CLIENT_AUTH], alternatives, kind, days, age)

    def node(self, *names: str) -> Credential:
        """A CockroachDB node's: server towards clients, client towards other nodes (create-node)."""
        purposes = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
        subject = {"O": "Cockroach", "CN": "node"}
        return self._leaf(subject, purposes, _hosts(names), "rsa", 90, 1)

    def crl(self, *revoked: Credential) -> str:
        """A revocation list, in PEM."""
        now = datetime.datetime.utcnow()
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(_name(self.subject))
            .last_update(now - datetime.timedelta(hours=1))
            .next_update(now + datetime.timedelta(days=30))
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key()),
                           critical=False)
            .add_extension(x509.CRLNumber(1), critical=False)
        )
        for credential in revoked:
            entry = x509.RevokedCertificateBuilder().serial_number(credential.serial)
            builder = builder.add_revoked_certificate(
                entry.revocation_date(now - datetime.timedelta(minutes=30)).build())
        signed = builder.sign(self.key, hashes.SHA256())
        return signed.public_bytes(serialization.Encoding.PEM).decode()

    def _leaf(self, subject, purposes, alternatives, kind, days, age) -> Credential:
        key = new_key(kind)
        builder = self._builder(_name(subject), key.public_key(), self, days, age)
        builder = builder.add_extension(x509.BasicConstraints(False, None), critical=True)
        builder = builder.add_extension(
            _usage(digital_signature=True, key_encipherment=kind == "rsa"), critical=True)
        builder = builder.add_extension(x509.ExtendedKeyUsage(purposes), critical=False)
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        chain, link = [], self
        while link.parent:
            chain.append(link.certificate)
            link = link.parent
        return Credential(builder.sign(self.key, self.digest), key, subject, self.subject, chain)

    @staticmethod
    def _builder(subject, public_key, signer, days, age) -> x509.CertificateBuilder:
        """`days` and `age` (of notAfter from now, of notBefore back from now) are in days."""
        now = datetime.datetime.utcnow()
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(_name(signer.subject))
            .public_key(public_key)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=age))
            .not_valid_after(now + datetime.timedelta(days=days))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.key.public_key()),
                critical=False)
        )


def _hosts(names) -> list:
    alternatives = []
    for name in names:
        try:
            alternatives.append(x509.IPAddress(ipaddress.ip_address(name)))
        except ValueError:
            alternatives.append(x509.DNSName(name))
    return alternatives


def cockroach_layout(folder: Path, *users: str, hosts=("localhost", "127.0.0.1")) -> Path:
    """The files of `cockroach cert create-ca, create-client-ca, create-node, create-client`, with
    its subjects, in the "split CA" form: clients have a CA of their own."""
    nodes = Authority({"O": "Cockroach", "CN": "Cockroach CA"})
    clients = Authority({"O": "Cockroach", "CN": "Cockroach Client CA"})
    nodes.node(*hosts).write(folder, "node")
    for user in users:
        credential = clients.client({"O": "Cockroach", "CN": user}, kind="rsa",
                                    uris=(f"crdb://tenant/1/user/{user}",))
        credential.write(folder, f"client.{user}")
    (folder / "ca.crt").write_text(nodes.pem)
    (folder / "ca-client.crt").write_text(clients.pem)
    return folder


def _usage(**wanted) -> x509.KeyUsage:
    usages = ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
              "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only")
    return x509.KeyUsage(**{usage: wanted.get(usage, False) for usage in usages})
