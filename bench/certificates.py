"""The certificates of a run, made with the `openssl` command.

The database and every peer that ends TLS show the very same server certificate, so that no peer has
cheaper cryptography than another. The client files carry the names that sysbench looks for in its
working directory.
"""

from pathlib import Path

from children import hand_over, run, service_user

CA, CLIENT_CAS, SERVER = "cacert.pem", "client-cas.pem", "server.pem"
CLIENT, CLIENT_KEY, SERVER_KEY = "client-cert.pem", "client-key.pem", "server-key.pem"

# The name in the client's certificate, and the account that it opens.
CERTIFIED = "bench_certified"
ISSUER = "Sallyport bench CA"

_NEW_EC_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
# Of the server; all others are of the first kind.
NEW_KEYS = {"ecdsa": _NEW_EC_KEY, "rsa": ["-newkey", "rsa:2048", "-nodes"]}
_DAYS = ["-days", "2"]


def make(folder: Path, server_key: str = "ecdsa") -> None:
    folder.mkdir(parents=True)
    run(["openssl", "req", "-x509", *_NEW_EC_KEY, *_DAYS, "-subj", f"/CN={ISSUER}",
         "-keyout", "ca-key.pem", "-out", CA], folder)
    _issue(folder, "localhost", SERVER, SERVER_KEY,
           "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n",
           NEW_KEYS[server_key])
    # PostgreSQL and PgBouncer insist on a key of their own; root reads it all the same.
    hand_over(folder / SERVER_KEY, service_user())
    _issue(folder, CERTIFIED, CLIENT, CLIENT_KEY, "extendedKeyUsage=clientAuth\n")
    trust_clients_of(folder, (folder / CA).read_text())


def trust_clients_of(folder: Path, authorities: str) -> None:
    """Adds certificates to those that the database verifies clients by."""
    with (folder / CLIENT_CAS).open("a") as bundle:
        bundle.write(authorities)


def _issue(folder: Path, name: str, certificate: str, key: str, extensions: str,
           new_key: list[str] = _NEW_EC_KEY) -> None:
    # A mirror CA has the name of the CA that it mirrors: only the key's id tells them apart.
    (folder / "extensions").write_text("authorityKeyIdentifier=keyid\n" + extensions)
    run(["openssl", "req", *new_key, "-subj", f"/CN={name}", "-keyout", key, "-out", "request"],
        folder)
    run(["openssl", "x509", "-req", "-in", "request", "-CA", CA, "-CAkey", "ca-key.pem",
         "-CAcreateserial", *_DAYS, "-extfile", "extensions", "-out", certificate], folder)
