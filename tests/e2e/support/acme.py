"""A private ACME server (pebble, with its own DNS), and what a client of the door sees."""

import contextlib
import json
import os
import socket
import ssl
import subprocess
import urllib.request
from pathlib import Path

from .pki import Authority
from .ports import free_port, wait_until

DOMAIN = "db.sallyport.test"  # every name is 127.0.0.1 to pebble
SSL_REQUEST = (8).to_bytes(4, "big") + (80877103).to_bytes(4, "big")


class Pebble:
    """`validity` is the life of its certificates in seconds. It looks for challenges of both kinds
    on ports of its own, which take the place of 80 and 443."""

    def __init__(self, directory: Path, validity: int = 90 * 86400):
        directory.mkdir(parents=True)
        self.directory = directory
        authority = Authority("ACME server's own CA")
        self.ca_file = directory / "ca.pem"
        self.ca_file.write_text(authority.pem)
        certificate, key = authority.server("127.0.0.1").write(directory, "api")
        self.http_port, self.tls_port = free_port(), free_port()
        self._api, self._management, self._dns = free_port(), free_port(), free_port()
        self.directory_url = f"https://127.0.0.1:{self._api}/dir"
        (directory / "pebble.json").write_text(json.dumps({"pebble": {
            "listenAddress": f"127.0.0.1:{self._api}",
            "managementListenAddress": f"127.0.0.1:{self._management}",
            "certificate": str(certificate), "privateKey": str(key),
            "httpPort": self.http_port, "tlsPort": self.tls_port, "ocspResponderURL": "",
            "externalAccountBindingRequired": False, "certificateValidityPeriod": validity}}))
        self._children: list[subprocess.Popen] = []

    def start(self) -> "Pebble":
        with (self.directory / "log").open("ab") as log:
            self._children = [
                subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL,
                                 env={**os.environ, "PEBBLE_VA_NOSLEEP": "1",
                                      "PEBBLE_WFE_NONCEREJECT": "0", "PEBBLE_AUTHZREUSE": "0"})
                for command in (
                    ["pebble-challtestsrv", "-dns01", f"127.0.0.1:{self._dns}", "-http01", "",
                     "-https01", "", "-tlsalpn01", "", "-management", f"127.0.0.1:{free_port()}",
                     "-defaultIPv6", "", "-defaultIPv4", "127.0.0.1"],
                    ["pebble", "-config", str(self.directory / "pebble.json"),
                     "-dnsserver", f"127.0.0.1:{self._dns}", "-strict=false"])]
        self.root = self.directory / "root.pem"
        self.root.write_text(wait_until(self._fetch_root, "pebble's start"))
        return self

    def stop(self) -> None:
        for child in self._children:
            child.kill()
            child.wait()
        self._children = []

    def settings(self, **changes) -> dict:
        """The [acme] table for it."""
        challenge = changes.get("challenge", "http-01")
        port = self.http_port if challenge == "http-01" else self.tls_port
        return {"directory-url": self.directory_url, "contact": "dba@sallyport.test",
                "domains": [DOMAIN], "challenge": challenge, "address": f"127.0.0.1:{port}",
                "ca-file": str(self.ca_file), "retry-interval": 0.5, **changes}

    def log(self) -> str:
        return (self.directory / "log").read_text(errors="replace")

    def _fetch_root(self) -> str | None:
        assert all(child.poll() is None for child in self._children), self.log()
        context = ssl.create_default_context(cafile=str(self.ca_file))
        with contextlib.suppress(OSError):
            url = f"https://127.0.0.1:{self._management}/roots/0"
            with urllib.request.urlopen(url, context=context, timeout=5) as answer:
                return answer.read().decode()
        return None


def served(port: int, *cas: Path, name: str = DOMAIN) -> dict:
    """The certificate that a PostgreSQL client is shown, once it has verified it for `name`."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for ca in cas:
        context.load_verify_locations(str(ca))
    with socket.create_connection(("127.0.0.1", port), 30) as plain:
        plain.sendall(SSL_REQUEST)
        assert plain.recv(1) == b"S"
        with context.wrap_socket(plain, server_hostname=name) as tls:
            return tls.getpeercert()
