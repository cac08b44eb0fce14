"""The directory that `sallyport cert` fills is taken as it is: by Sallyport, by MariaDB, by PostgreSQL
with its own check of keys, and by the rules that CockroachDB loads such a directory with."""

import os
import re
import shutil
import stat
import subprocess

import pymysql
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509.oid import ExtendedKeyUsageOID, ExtensionOID, NameOID
from support import gateway as gateways
from support.pki import Credential
from support.ports import wait_until
from support.postgres import new_folder
from support.psql import query, refusal, verified

HBA = """
local    all  postgres               trust
hostssl  all  maxroach 127.0.0.0/8   cert
"""


def cert(certs, command, *words, ca_key="ca.key"):
    keys = [] if command == "list" else ["--ca-key", certs.parent / ca_key]
    done = gateways.run("cert", command, *words, "--certs-dir", certs, *keys)
    assert done.returncode == 0, done.stderr
    return done.stdout


def give_to_server(folder):
    if os.getuid() == 0:
        subprocess.run(["chown", "-R", "postgres:", str(folder)], check=True)


@pytest.fixture(scope="module", params=["one CA", "split CAs"])
def certs(request):
    """A directory in which PostgreSQL's user may read. Split: ca-client.crt, client.node.crt."""
    folder = new_folder()
    directory = folder / "certs"
    cert(directory, "create-ca")
    cert(directory, "create-node", "localhost", "127.0.0.1")
    ca_key = "ca.key"
    if request.param == "split CAs":
        ca_key = "ca-client.key"
        cert(directory, "create-client-ca", ca_key=ca_key)
        cert(directory, "create-client", "node", ca_key=ca_key)
    cert(directory, "create-client", "maxroach", ca_key=ca_key)
    give_to_server(folder)
    yield directory
    shutil.rmtree(folder)


def client_ca(certs):
    split = certs / "ca-client.crt"
    return split if split.exists() else certs / "ca.crt"


class Files:
    """A pair of that directory, as support/ takes a credential."""

    def __init__(self, certs):
        self.certificate_pem = (certs / "node.crt").read_text()
        self.key_pem = (certs / "node.key").read_text()

    write = Credential.write


def pair(certs):
    return certs / "client.maxroach.crt", certs / "client.maxroach.key"


def test_postgres_takes_it(certs, new_postgres):
    lines = (f"ssl_cert_file = '{certs}/node.crt'\nssl_key_file = '{certs}/node.key'\n"
             f"ssl_ca_file = '{client_ca(certs)}'\n")
    server = new_postgres(hba=HBA, credential=Files(certs), options=lines).start()
    server.sql("CREATE ROLE maxroach LOGIN")
    how = {"port": server.port, "user": "maxroach", "dbname": "postgres"}
    shown = query("SELECT current_user, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
                  **how, **verified(certs / "ca.crt", pair(certs)))
    assert shown == [("maxroach", "/CN=maxroach")]
    assert refusal(**how, **verified(certs / "ca.crt"))
    # Its own check is the one that our modes pass: the same key, open to others, is refused.
    (certs / "node.key").chmod(0o644)
    try:
        server.reload()
        server.wait_for_log("private key file .*node.key.* has group or world access")
    finally:
        (certs / "node.key").chmod(0o600)


def mysql(port, certs, **how):
    return pymysql.connect(host="127.0.0.1", port=port, user="maxroach", password="secret",
                           ssl_ca=str(certs / "ca.crt"), ssl_verify_cert=True,
                           ssl_verify_identity=True, ssl_cert=str(pair(certs)[0]),
                           ssl_key=str(pair(certs)[1]), **how)


def subject(connection):
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_user()")
        return cursor.fetchone()[0]


def test_mariadb_and_sallyport_take_it(certs, new_mariadb, open_door):
    lines = (f"ssl-cert={certs}/node.crt\nssl-key={certs}/node.key\n")
    server = new_mariadb(credential=Files(certs), options=lines)
    tls = {"ssl-cert": str(certs / "node.crt"), "ssl-key": str(certs / "node.key"),
           "ssl-ca": str(client_ca(certs))}
    gateway = open_door(server, tls=tls, start=False,
                        backend_settings={"ssl-mode": "VERIFY_IDENTITY",
                                          "ssl-ca": str(certs / "ca.crt")})
    shown = gateways.run("mirror-ca", "-c", gateway.config)
    assert shown.returncode == 0, shown.stderr
    # What the database trusts for clients is the CA of the directory, and the door's mirror of it.
    (server.directory / "client-cas.crt").write_text(client_ca(certs).read_text() + shown.stdout)
    server.start()
    try:
        server.sql("CREATE DATABASE shop")
        server.account("maxroach", require="SUBJECT '/CN=maxroach'")
        gateway.start()
        gateway.wait_for_log("backend is up")
        for port in (server.port, gateway.port):
            assert subject(mysql(port, certs)) == "maxroach@%"
    finally:
        server.stop()


# CockroachDB's loader (seen in its certificate loader), written down once more.

PREFIXES = {"ca", "ca-client", "ca-ui", "ca-client-tenant", "node", "ui", "client", "client-tenant"}


def load_as_cockroach(certs):
    """{file name: its first certificate}, or an assertion with the rule that does not hold."""
    loaded = {}
    for path in certs.iterdir():
        if path.is_dir() or path.suffix != ".crt":
            continue
        parts = path.name.split(".")
        assert parts[0] in PREFIXES, f"unknown prefix {parts[0]}"
        user = ".".join(parts[1:-1])
        assert bool(user) == parts[0].startswith("client"), path.name
        blocks = re.findall(r"-----BEGIN (.*?)-----", path.read_text())
        assert blocks and set(blocks) == {"CERTIFICATE"}
        loaded[path.name] = x509.load_pem_x509_certificate(path.read_bytes())
        if parts[0].startswith("ca"):
            continue
        status = path.with_suffix(".key").stat()
        assert stat.S_ISREG(status.st_mode) and status.st_mode & 0o777 & ~0o700 == 0
        key = serialization.load_pem_private_key(path.with_suffix(".key").read_bytes(), None)
        assert key.public_key().public_numbers() == (
            loaded[path.name].public_key().public_numbers())
        if parts[0] == "client":
            assert user in principals(loaded[path.name])
    return loaded


def principals(certificate):
    return [name.value for name in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)]


def usages(certificate):
    return set(certificate.extensions.get_extension_for_oid(ExtensionOID.EXTENDED_KEY_USAGE).value)


def test_cockroachdbs_rules_hold(certs):
    loaded = load_as_cockroach(certs)
    node = loaded["node.crt"]
    dual = loaded.get("client.node.crt", node)
    assert ExtendedKeyUsageOID.SERVER_AUTH in usages(node)
    assert principals(dual) == ["node"] and ExtendedKeyUsageOID.CLIENT_AUTH in usages(dual)
    for name in loaded:
        ca = client_ca(certs) if name.startswith("client") else certs / "ca.crt"
        if not name.startswith("ca"):
            subprocess.run(["openssl", "verify", "-x509_strict", "-CAfile", ca, certs / name],
                           check=True, capture_output=True)
    assert f"({len(loaded)} rows)" in cert(certs, "list")


def test_a_changed_pair_is_served_without_a_restart(certs, open_door, mariadb):
    tls = {"ssl-cert": str(certs / "node.crt"), "ssl-key": str(certs / "node.key"), "ssl-ca": None}
    gateway = open_door(mariadb, tls=tls)
    before = (certs / "node.crt").read_text()
    cert(certs, "create-node", "localhost", "127.0.0.1", "--overwrite")
    give_to_server(certs)

    def served():
        context = subprocess.run(
            ["openssl", "s_client", "-starttls", "mysql", "-connect", f"127.0.0.1:{gateway.port}"],
            input="", capture_output=True, text=True).stdout
        found = re.search(r"-----BEGIN.*?END CERTIFICATE-----\n", context, re.S)
        return found and found[0]

    assert before != (certs / "node.crt").read_text()
    wait_until(lambda: served() == (certs / "node.crt").read_text(), "the new certificate")
