"""Any ACME client that replaces ssl-cert and ssl-key is picked up by the watch."""

import os
import subprocess
from types import SimpleNamespace

import pytest
from support import gateway as gateways
from support.acme import DOMAIN, Pebble, served
from support.gateway import Gateway
from support.ports import wait_until

pytestmark = pytest.mark.once

NOWHERE = SimpleNamespace(host="127.0.0.1", port=1, protocol="postgres")


@pytest.fixture
def pebble(tmp_path):
    made = Pebble(tmp_path / "pebble").start()
    yield made
    made.stop()


def serial_by(gateway, pebble) -> str:
    return served(gateway.port, pebble.root)["serialNumber"]


def test_certbot(pebble, tmp_path):
    """Its live/ directory holds links into archive/, which it turns one after the other."""
    def certbot(*arguments) -> None:
        done = subprocess.run(
            ["certbot", *arguments, "--server", pebble.directory_url, "--config-dir",
             tmp_path / "etc", "--work-dir", tmp_path / "work", "--logs-dir", tmp_path / "logs",
             "--non-interactive", "--no-random-sleep-on-renew"],
            capture_output=True, text=True, timeout=120,
            env={**os.environ, "REQUESTS_CA_BUNDLE": str(pebble.ca_file)})
        assert done.returncode == 0, done.stdout + done.stderr

    certbot("certonly", "--standalone", "--http-01-port", str(pebble.http_port),
            "--http-01-address", "127.0.0.1", "--agree-tos", "-m", "dba@sallyport.test",
            "-d", DOMAIN)
    live = tmp_path / "etc" / "live" / DOMAIN
    assert (live / "fullchain.pem").is_symlink()
    with Gateway(tmp_path / "door", gateways.door(NOWHERE, tls={
            "ssl-cert": str(live / "fullchain.pem"), "ssl-key": str(live / "privkey.pem")})) as door:
        door.wait_for_log("sallyport is ready")
        first = serial_by(door, pebble)
        certbot("renew", "--force-renewal")
        wait_until(lambda: serial_by(door, pebble) != first, "the renewed certificate")


def test_lego_by_hand(pebble, tmp_path):
    """And any other that renames a new key and a new certificate into place."""
    live = tmp_path / "live"
    live.mkdir()

    def issue() -> None:
        subprocess.run(
            ["lego", "--accept-tos", "--server", pebble.directory_url, "--email",
             "dba@sallyport.test", "--path", tmp_path / "lego", "--domains", DOMAIN, "--http",
             "--http.port", f"127.0.0.1:{pebble.http_port}", "run"],
            check=True, capture_output=True, timeout=120,
            env={**os.environ, "LEGO_CA_CERTIFICATES": str(pebble.ca_file)})
        for ending in ("key", "crt"):
            (tmp_path / "lego" / "certificates" / f"{DOMAIN}.{ending}").rename(
                live / f"server.{ending}")

    issue()
    with Gateway(tmp_path / "door", gateways.door(NOWHERE, tls={
            "ssl-cert": str(live / "server.crt"), "ssl-key": str(live / "server.key")})) as door:
        door.wait_for_log("sallyport is ready")
        first = serial_by(door, pebble)
        issue()
        wait_until(lambda: serial_by(door, pebble) != first, "the renewed certificate")
