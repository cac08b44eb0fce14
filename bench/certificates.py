"""The certificates of a run, made with the `openssl` command.

The database and every peer that ends TLS show the very same server certificate, so that no peer has
cheaper cryptography than another. The client files carry the names that sysbench looks for in its
working directory.
"""

from pathlib import Path

from children import hand_over, run, service_user

CA, SERVER = "cacert.pem", "server.pem"
CLIENT, CLIENT_KEY, SERVER_KEY = "client-cert.pem", "client-key.pem", "server-key.pem"

_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
_DAYS = ["-days", "2"]


def make(folder: Path) -> None:
    folder.mkdir(parents=True)
    run(["openssl", "req", "-x509", *_NEW_KEY, *_DAYS, "-subj", "/CN=Sallyport bench CA",
         "-keyout", "ca-key.pem", "-out", CA], folder)
    _issue(folder, "localhost", SERVER, SERVER_KEY,
           "subjectAltName=DNS:localhost,IP:127.0.0.1\nextendedKeyUsage=serverAuth\n")
    # PostgreSQL and PgBouncer insist on a key of their own; root reads it all the same.
    hand_over(folder / SERVER_KEY, service_user())
    _issue(folder, "bench", CLIENT, CLIENT_KEY, "extendedKeyUsage=clientAuth\n")


def _issue(folder: Path, name: str, certificate: str, key: str, extensions: str) -> None:
    (folder / "extensions").write_text(extensions)
    run(["openssl", "req", *_NEW_KEY, "-subj", f"/CN={name}", "-keyout", key, "-out", "request"],
        folder)
    run(["openssl", "x509", "-req", "-in", "request", "-CA", CA, "-CAkey", "ca-key.pem",
         "-CAcreateserial", *_DAYS, "-extfile", "extensions", "-out", certificate], folder)
