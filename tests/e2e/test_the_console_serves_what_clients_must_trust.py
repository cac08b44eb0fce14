"""Bundles, revocation lists and metrics are served over HTTPS alone, with the gateway's own
certificate, which a reload swaps while the listening socket stays."""

import calendar
import json
import socket
import ssl
import subprocess
from types import SimpleNamespace

import pytest
from support import wire
from support.ports import free_port, wait_until


def curl(*arguments) -> subprocess.CompletedProcess:
    return subprocess.run(["curl", "-sS", "--max-time", "20", *map(str, arguments)],
                          capture_output=True, timeout=60)


def fetch(url: str, ca, *arguments) -> SimpleNamespace:
    """What curl, trusting `ca` alone, is answered: status, headers in lower case, body."""
    done = curl("--cacert", ca, "-D", "-", *arguments, url)
    assert done.returncode == 0, done.stderr
    head, _, body = done.stdout.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    return SimpleNamespace(status=int(first.split()[1]), headers=headers, body=body)


def s_client(port: int, *arguments) -> subprocess.CompletedProcess:
    return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{port}", *map(str, arguments)],
                          input="", capture_output=True, text=True, timeout=60)


@pytest.fixture
def trust(tmp_path, pki):
    directory = tmp_path / "trust"
    directory.mkdir()
    (directory / "global-bundle.pem").write_text(pki.servers.pem + pki.clients.pem)
    (directory / "ca-client.crl").write_text(pki.clients.crl(pki.alice))
    made = subprocess.run(["openssl", "crl2pkcs7", "-nocrl", "-certfile", pki.ca, "-outform", "DER",
                           "-out", directory / "global-bundle.p7b"], capture_output=True)
    assert made.returncode == 0, made.stderr
    (directory / "node.key").write_text(pki.front.key_pem)
    (directory / "both.pem").write_text(pki.servers.pem + pki.front.key_pem)
    (directory / "out.pem").symlink_to(pki.ca)
    return directory


@pytest.fixture
def gateway(open_door, mariadb, pki, trust, tmp_path):
    """A door with a console, and a certificate of its own in server.crt and server.key."""
    certificate, key = pki.front.write(tmp_path, "server")
    port = free_port()
    door = open_door(mariadb, tls={"ssl-cert": str(certificate), "ssl-key": str(key)},
                     console={"address": f"127.0.0.1:{port}", "trust-dir": str(trust)})
    door.wait_for_log("console is ready")
    door.console, door.url = port, f"https://127.0.0.1:{port}"
    return door


def test_bundles_and_revocation_lists(gateway, pki, trust, tmp_path):
    bundle = fetch(f"{gateway.url}/trust/global-bundle.pem", pki.ca)
    assert bundle.status == 200 and bundle.headers["content-type"] == "application/x-pem-file"
    assert bundle.body == (trust / "global-bundle.pem").read_bytes()
    p7b = fetch(f"{gateway.url}/trust/global-bundle.p7b", pki.ca)
    assert p7b.headers["content-type"] == "application/x-pkcs7-certificates"
    assert p7b.body == (trust / "global-bundle.p7b").read_bytes()
    crl = fetch(f"{gateway.url}/trust/ca-client.crl", pki.ca)
    assert crl.headers["content-type"] == "application/pkix-crl"
    (tmp_path / "fetched.crl").write_bytes(crl.body)
    shown = subprocess.run(["openssl", "crl", "-inform", "DER", "-in", tmp_path / "fetched.crl", "-noout",
                            "-text"], capture_output=True, text=True)
    assert f"{pki.alice.serial:X}" in shown.stdout, shown.stderr
    mirror = fetch(f"{gateway.url}/trust/mirror-ca.pem", pki.ca)
    assert b"BEGIN CERTIFICATE" in mirror.body and b"PRIVATE" not in mirror.body


def test_an_index_for_people_and_for_programs(gateway, pki):
    listed = json.loads(fetch(f"{gateway.url}/trust/", pki.ca, "-H", "Accept: application/json").body)
    assert [file["name"] for file in listed["files"]] == [
        "ca-client.crl", "global-bundle.p7b", "global-bundle.pem", "mirror-ca.pem"]
    page = fetch(f"{gateway.url}/trust/", pki.ca, "-H", "Accept: text/html")
    assert page.headers["content-type"].startswith("text/html")
    assert b'href="/trust/global-bundle.pem"' in page.body
    assert fetch(f"{gateway.url}/", pki.ca).headers["location"] == "/trust/"


@pytest.mark.parametrize("path", [
    "node.key", "both.pem", "out.pem", "../server.key", "..%2fserver.crt", "%2e%2e/server.crt",
    "/etc/ssl/certs/ca-certificates.crt", "%00", "global-bundle.pem%00", "missing.pem"])
def test_nothing_else_leaves_the_directory(gateway, pki, path):
    answer = fetch(f"{gateway.url}/trust/{path}", pki.ca, "--path-as-is")
    assert answer.status in (400, 404) and b"BEGIN" not in answer.body


def test_what_a_client_has_is_not_sent_again(gateway, pki):
    url = f"{gateway.url}/trust/global-bundle.pem"
    first = fetch(url, pki.ca)
    again = fetch(url, pki.ca, "-H", f"If-None-Match: {first.headers['etag']}")
    assert again.status == 304 and again.body == b""
    again = fetch(url, pki.ca, "-H", f"If-Modified-Since: {first.headers['last-modified']}")
    assert again.status == 304 and again.body == b""
    head = fetch(url, pki.ca, "-I")
    assert head.status == 200 and head.headers["content-length"] == str(len(first.body))


def test_tls_1_2_and_1_3_and_nothing_older(gateway, pki):
    old = s_client(gateway.console, "-tls1_1", "-cipher", "DEFAULT@SECLEVEL=0")
    assert old.returncode != 0 and "alert protocol version" in old.stderr
    for version in ("-tls1_2", "-tls1_3"):
        done = s_client(gateway.console, version, "-CAfile", pki.ca, "-verify_return_error")
        assert done.returncode == 0, done.stderr
        assert "Verify return code: 0 (ok)" in done.stdout
    weak = s_client(gateway.console, "-tls1_2", "-cipher", "AES128-SHA:ECDHE-ECDSA-AES128-SHA")
    assert weak.returncode != 0


def test_plain_http_is_told_so(gateway, pki):
    done = curl("-D", "-", f"http://127.0.0.1:{gateway.console}/trust/global-bundle.pem")
    assert done.stdout.startswith(b"HTTP/1.1 400 ") and b"HTTPS only" in done.stdout
    assert b"CERTIFICATE" not in done.stdout


def test_other_methods_and_bodies_are_refused(gateway, pki):
    for method in ("POST", "PUT", "DELETE", "OPTIONS"):
        assert fetch(f"{gateway.url}/trust/", pki.ca, "-X", method).status == 405
    assert fetch(f"{gateway.url}/trust/", pki.ca, "-d", "x=1").status in (405, 413)
    long = fetch(f"{gateway.url}/trust/", pki.ca, "-H", "X-Long: " + "x" * 7000)
    assert long.status == 200
    assert curl("--cacert", pki.ca, f"{gateway.url}/{'x' * 40_000}").stdout.count(b"BEGIN") == 0
    assert fetch(f"{gateway.url}/healthz", pki.ca).body == b"ok\n"


def test_garbage_and_silence_hold_nobody_up(gateway, pki):
    held = [socket.create_connection(("127.0.0.1", gateway.console)) for _ in range(5)]
    for number, each in enumerate(held):
        if number:
            each.sendall(b"\x16\x03\x01" + bytes(number * 3))
    assert fetch(f"{gateway.url}/healthz", pki.ca).status == 200
    held += [socket.create_connection(("127.0.0.1", gateway.console)) for _ in range(100)]
    for each in held:
        each.close()
    wait_until(lambda: curl("--cacert", pki.ca, f"{gateway.url}/healthz").stdout == b"ok\n", "the console")
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        assert client.query("SELECT 1") == [("1",)]


def https(gateway, pki) -> ssl.SSLSocket:
    plain = socket.create_connection(("127.0.0.1", gateway.console), timeout=30)
    return ssl.create_default_context(cafile=str(pki.ca)).wrap_socket(plain, server_hostname="localhost")


def is_open(sock) -> bool:
    """Whether the gateway has not closed this connection, from which nothing is left to read."""
    sock.setblocking(False)
    try:
        return sock.recv(4096) != b""
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False


def test_who_has_not_said_hello_takes_no_place(gateway, pki):
    held = [socket.create_connection(("127.0.0.1", gateway.console)) for _ in range(80)]
    for each in held[:20]:
        each.sendall(b"\x16\x03\x01")
    assert fetch(f"{gateway.url}/healthz", pki.ca).status == 200
    # Nobody had to be waited for.
    assert all(map(is_open, held))
    # More than may wait: the oldest give way.
    held += [socket.create_connection(("127.0.0.1", gateway.console)) for _ in range(200)]
    assert fetch(f"{gateway.url}/healthz", pki.ca).status == 200
    assert not any(map(is_open, held[:24])) and is_open(held[-1])
    for each in held:
        each.close()


def test_a_hello_may_come_in_pieces(gateway, pki):
    context = ssl.create_default_context(cafile=str(pki.ca))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context.wrap_bio(incoming, outgoing, server_hostname="localhost")
    with pytest.raises(ssl.SSLWantReadError):
        client.do_handshake()
    hello = outgoing.read()
    with socket.create_connection(("127.0.0.1", gateway.console), timeout=30) as sock:
        for piece in (hello[:1], hello[1:4], hello[4:-1]):
            sock.sendall(piece)
            assert fetch(f"{gateway.url}/healthz", pki.ca).status == 200
        sock.sendall(hello[-1:])
        assert sock.recv(1) == b"\x16"


def test_an_idle_connection_yields_to_who_waits(gateway, pki):
    held = [https(gateway, pki) for _ in range(8)]
    for each in held:
        each.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = b""
        while not answer.endswith(b"\r\n\r\nok\n"):
            more = each.recv(4096)
            assert more, answer
            answer += more
    assert fetch(f"{gateway.url}/healthz", pki.ca).status == 200
    # One made room; the others were not waited for.
    assert any(map(is_open, held))
    for each in held:
        each.close()


def test_a_connection_can_carry_several_requests(gateway, pki):
    done = curl("--cacert", pki.ca, "-w", "%{num_connects} ", f"{gateway.url}/healthz",
                f"{gateway.url}/healthz", f"{gateway.url}/healthz")
    assert done.stdout == b"ok\n1 ok\n0 ok\n0 "


@pytest.mark.parametrize("opening", [b"GET /health\0z HTTP/1.1\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"])
def test_what_follows_a_request_that_is_not_understood_is_not_read(gateway, pki, opening):
    with https(gateway, pki) as sock:
        sock.sendall(opening + b"Host: x\r\n\r\n" + b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n" * 2)
        answer = b""
        while more := sock.recv(4096):
            answer += more
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1 ") == 1, answer
    assert b"\r\nConnection: close\r\n" in answer


def test_a_reload_swaps_the_certificate_and_keeps_the_socket(gateway, pki, tmp_path):
    context = ssl.create_default_context(cafile=str(pki.ca))

    def served(sock) -> int:
        return int(sock.getpeercert()["serialNumber"], 16)

    def connect():
        plain = socket.create_connection(("127.0.0.1", gateway.console))
        return context.wrap_socket(plain, server_hostname="localhost")

    with connect() as held:
        assert served(held) == pki.front.serial
        # Accepted before, shown after: not one connection is refused on the way.
        waiting = socket.create_connection(("127.0.0.1", gateway.console))
        new = pki.servers.server("localhost", "127.0.0.1")
        new.write(tmp_path, "server")
        gateway.wait_for_log("configuration reloaded")
        with connect() as fresh:
            assert served(fresh) == new.serial
        held.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert held.recv(4096).startswith(b"HTTP/1.1 200")
        with context.wrap_socket(waiting, server_hostname="localhost") as late:
            assert served(late)
    assert len(gateway.events("console is ready")) == 1


def test_the_console_moves_and_ends_with_the_configuration(gateway, pki, trust):
    port = free_port()
    gateway.write_config(console={"address": f"127.0.0.1:{port}", "trust-dir": str(trust)})
    gateway.wait_for_log("console is ready", count=2)
    assert fetch(f"https://127.0.0.1:{port}/healthz", pki.ca).status == 200
    assert curl("--cacert", pki.ca, f"{gateway.url}/healthz").returncode == 7
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        gateway.write_config(console={"address": f"127.0.0.1:{taken.getsockname()[1]}"})
        record = gateway.wait_for_log("reload failed, the old configuration stays")
        assert "cannot listen" in record["reason"]
    assert fetch(f"https://127.0.0.1:{port}/healthz", pki.ca).status == 200
    del gateway.settings["console"]
    gateway.write_config()
    gateway.wait_for_log("configuration reloaded", count=2)
    assert curl("--cacert", pki.ca, f"https://127.0.0.1:{port}/healthz").returncode == 7


def test_console_and_door_swap_addresses_in_one_reload(gateway, pki, trust):
    door, console = gateway.port, gateway.console
    gateway.wait_for_log("backend is up")

    def swap(kept=(door, console), **changes):
        """One reload, while which nobody is turned away from these ports."""
        count = len(gateway.events("configuration reloaded")) + 1
        gateway.write_config(**changes)
        while len(gateway.events("configuration reloaded")) < count:
            assert not gateway.events("reload failed, the old configuration stays"), gateway.log()
            for port in kept:
                socket.create_connection(("127.0.0.1", port), timeout=30).close()

    def settings(door_at: int, console_at: int) -> dict:
        listener = {**gateway.settings["listener"][0], "address": f"127.0.0.1:{door_at}"}
        return {"listener": [listener],
                "console": {"address": f"127.0.0.1:{console_at}", "trust-dir": str(trust)}}

    def check(door_at: int, console_at: int | None):
        if console_at:
            assert fetch(f"https://127.0.0.1:{console_at}/healthz", pki.ca).status == 200
        with wire.connect(door_at, "app", tls=pki.context()) as client:
            assert client.query("SELECT 1") == [("1",)]

    with wire.connect(door, "app", tls=pki.context()) as held:
        swap(**settings(console, door))
        check(console, door)
        swap(**settings(door, console))
        check(door, console)
        # The console ends, and the door takes its place.
        old = gateway.settings.pop("console")
        swap([console], listener=settings(console, door)["listener"])
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", door)).close()
        check(console, None)
        assert held.query("SELECT 2") == [("2",)]

    # Nothing is handed over where something else is wrong.
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        third = {**gateway.settings["listener"][0], "name": "third",
                 "address": f"127.0.0.1:{taken.getsockname()[1]}"}
        gateway.write_config(listener=[settings(door, console)["listener"][0], third], console=old)
        gateway.wait_for_log("reload failed, the old configuration stays")
    check(console, None)


def test_doors_swap_addresses_in_one_reload(gateway, pki):
    first, second = gateway.port, free_port()
    one = gateway.settings["listener"][0]
    two = {**one, "name": "second", "address": f"127.0.0.1:{second}"}
    gateway.write_config(listener=[one, two])
    gateway.wait_for_log("configuration reloaded")
    gateway.write_config(listener=[{**one, "address": two["address"]}, {**two, "address": one["address"]}])
    gateway.wait_for_log("configuration reloaded", count=2)
    for port, name in ((first, "second"), (second, one["name"])):
        with wire.connect(port, "app", tls=pki.context()) as client:
            assert client.query("SELECT 1") == [("1",)]
        gateway.wait_for_session(listener=name)


def test_an_address_beside_one_of_our_own_says_what_to_do(gateway, pki):
    listener = {**gateway.settings["listener"][0], "address": f"0.0.0.0:{gateway.port}"}
    port = gateway.port
    gateway.write_config(listener=[listener])
    record = gateway.wait_for_log("reload failed, the old configuration stays")
    assert record["hint"].startswith(f"sallyport itself listens on 127.0.0.1:{port}: move to another port")
    with wire.connect(port, "app", tls=pki.context()) as client:
        assert client.query("SELECT 1") == [("1",)]


def test_auto_tls_publishes_its_ca(open_door, mariadb):
    port = free_port()
    gateway = open_door(mariadb, tls={"ssl-cert": None, "ssl-key": None},
                        console={"address": f"127.0.0.1:{port}"})
    own = gateway.data / "auto-tls" / "ca.crt"
    fetched = fetch(f"https://localhost:{port}/trust/ca.crt", own)
    assert fetched.body == own.read_bytes()
    assert fetched.headers["content-type"] == "application/x-x509-ca-cert"


def test_metrics_tell_of_sessions_and_certificates(gateway, pki):
    def metrics() -> dict:
        page = fetch(f"{gateway.url}/metrics", pki.ca)
        assert page.headers["content-type"].startswith("text/plain; version=0.0.4")
        lines = [line for line in page.body.decode().splitlines() if not line.startswith("#")]
        return {line.rpartition(" ")[0]: int(line.rpartition(" ")[2]) for line in lines}

    gateway.wait_for_log("backend is up")
    with wire.connect(gateway.port, "app", tls=pki.context(pki.files.alice)) as client:
        client.query("SELECT 1")
        now = metrics()
        assert now["sallyport_sessions"] == 1
    gateway.wait_for_session()
    now = metrics()
    ended = [value for name, value in now.items() if name.startswith("sallyport_sessions_ended_total{")]
    assert now["sallyport_sessions"] == 0 and ended == [1]

    def life(kind: str, role: str, serial: int) -> int:
        found = [value for name, value in now.items()
                 if name.startswith(f"security_certificate_{kind}_{role}{{")
                 and f'serial="{serial:X}"' in name.replace('serial="0', 'serial="')]
        assert len(found) == 1, (role, serial, now)
        return found[0]

    for role, certificate in (("node", pki.front.certificate), ("client", pki.alice.certificate),
                              ("backend", pki.database.certificate),
                              ("client_ca", pki.clients.certificate)):
        end = calendar.timegm(certificate.not_valid_after.timetuple())
        assert life("expiration", role, certificate.serial_number) == end
        assert 0 < life("ttl", role, certificate.serial_number) < 4000 * 86400
    assert any(name.startswith("security_certificate_expiration_mirror_ca{") for name in now)
