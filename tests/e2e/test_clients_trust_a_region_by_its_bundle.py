"""A server below a region's intermediate sends it along: clients with the root, or with a bundle,
verify. Those that are given the intermediate alone verify where their library can."""

import http.server
import ssl
import subprocess
import threading
from types import SimpleNamespace

import pytest
from support.clients import connect, mariadb, query
from support.gateway import run
from support.psql import psql, verified

REGION = "eu-west-1"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """A root, a region below it, a node of that region, and a partition beside them."""
    directory = tmp_path_factory.mktemp("house")
    certs, out = directory / "certs", directory / "trust"

    def cert(*words):
        done = run("cert", *words, "--certs-dir", certs)
        assert done.returncode == 0, done.stderr

    key = ("--ca-key", directory / "ca.key")
    cert("create-ca", *key)
    cert("create-intermediate", REGION, *key)
    # The root's key is locked away: the region's own is enough.
    (directory / "ca.key").rename(directory / "safe.key")
    cert("create-node", "localhost", "127.0.0.1", "--region", REGION, *key)
    cert("create-ca", "--partition", "gov", "--ca-key", directory / "gov.key")
    cert("bundle", "--out", out)
    return SimpleNamespace(
        node=(certs / "node.crt", certs / "node.key"), root=certs / "ca.crt",
        intermediate=certs / "regions" / f"ca-{REGION}.crt", region=out / f"{REGION}-bundle.pem",
        everything=out / "global-bundle.pem", partition=out / "gov" / "global-bundle.pem",
        tls={"ssl-cert": certs / "node.crt", "ssl-key": certs / "node.key"})


@pytest.fixture
def mysql_door(house, open_door, mariadb):
    door = open_door(mariadb, tls=house.tls)
    door.wait_for_log("backend is up")
    return door


@pytest.fixture
def postgres_door(house, open_door, pg15, tmp_path):
    file = tmp_path / "verifiers.txt"
    file.touch(mode=0o600)
    file.write_text(f'"app" "{pg15.verifier("app")}"\n')
    door = open_door(pg15, tls=house.tls, backend_settings={"auth-file": file})
    door.wait_for_log("backend is up")
    return door


@pytest.fixture
def https(house):
    """A web server with the node's files: for clients that speak nothing else."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), http.server.SimpleHTTPRequestHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*house.node)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def s_client(door, starttls: str, *options) -> bool:
    done = subprocess.run(
        ["openssl", "s_client", "-connect", f"127.0.0.1:{door.port}", "-starttls", starttls,
         "-verify_return_error", "-verify_hostname", "localhost", *map(str, options)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60)
    return done.returncode == 0 and "Verify return code: 0 (ok)" in done.stdout


@pytest.mark.parametrize("protocol", ["mysql", "postgres"])
def test_openssl(house, protocol, request):
    door = request.getfixturevalue(f"{protocol}_door")
    for trusted in (house.root, house.region, house.everything):
        assert s_client(door, protocol, "-CAfile", trusted), trusted
    assert not s_client(door, protocol, "-CAfile", house.partition)
    assert not s_client(door, protocol, "-CAfile", house.intermediate)
    assert s_client(door, protocol, "-CAfile", house.intermediate, "-partial_chain")


def test_psql_wants_the_bundle(house, postgres_door):
    def attempt(ca):
        return psql("SELECT 1", port=postgres_door.port, user="app", password="secret",
                    dbname="postgres", **verified(ca))

    for trusted in (house.root, house.region, house.everything):
        assert attempt(trusted).stdout == "1\n"
    for other in (house.intermediate, house.partition):
        assert "certificate verify failed" in attempt(other).stderr


def test_mariadbs_client_wants_the_bundle(house, mysql_door):
    def attempt(ca):
        return mariadb(mysql_door.port, "app", "SELECT 1", ca=ca)

    for trusted in (house.root, house.region, house.everything):
        assert attempt(trusted).stdout == "1\n"
    for other in (house.intermediate, house.partition):
        assert attempt(other).returncode == 1


def test_pymysql_takes_the_intermediate_when_told_so(house, mysql_door):
    def context(ca, partial: bool):
        made = ssl.create_default_context(cafile=str(ca))
        if partial:
            made.verify_flags |= 0x80000  # X509_V_FLAG_PARTIAL_CHAIN; Python 3.10 named it.
        return made

    for trusted, partial in ((house.region, False), (house.intermediate, True)):
        with connect(mysql_door.port, "app", tls=context(trusted, partial)) as client:
            assert query(client, "SELECT 1") == [(1,)]
    for other, partial in ((house.partition, True), (house.intermediate, False)):
        with pytest.raises(Exception, match="CERTIFICATE_VERIFY_FAILED"):
            connect(mysql_door.port, "app", tls=context(other, partial))


def test_curl_takes_the_intermediate(house, https):
    def fetch(ca) -> int:
        return subprocess.run(["curl", "--silent", "--output", "/dev/null", "--cacert", str(ca),
                               "--resolve", f"localhost:{https}:127.0.0.1",
                               f"https://localhost:{https}/"], timeout=60).returncode

    for trusted in (house.root, house.region, house.everything, house.intermediate):
        assert fetch(trusted) == 0
    cannot_verify = 60
    assert fetch(house.partition) == cannot_verify


def test_the_partition_and_the_rest_share_nothing(house):
    def subjects(bundle) -> set:
        done = subprocess.run(["openssl", "crl2pkcs7", "-nocrl", "-certfile", bundle],
                              capture_output=True, check=True, timeout=60)
        shown = subprocess.run(["openssl", "pkcs7", "-print_certs", "-noout"], input=done.stdout,
                               capture_output=True, check=True, timeout=60)
        return {line for line in shown.stdout.decode().splitlines() if line.startswith("subject")}

    assert subjects(house.everything) and subjects(house.partition)
    assert not subjects(house.everything) & subjects(house.partition)
