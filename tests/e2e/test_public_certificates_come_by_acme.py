"""[acme] gets a public certificate and renews it, while clients connect; what goes wrong there never
harms what is served."""

import os
import socket
import ssl
import stat
import subprocess
import threading
from types import SimpleNamespace

import pytest
from support import gateway as gateways
from support.acme import DOMAIN, Pebble, served
from support.gateway import Gateway
from support.ports import free_port, wait_until

pytestmark = pytest.mark.once

NOWHERE = SimpleNamespace(host="127.0.0.1", port=1, protocol="postgres")


@pytest.fixture
def new_pebble(tmp_path):
    made = []

    def make(**how) -> Pebble:
        made.append(Pebble(tmp_path / f"pebble-{len(made)}", **how).start())
        return made[-1]

    yield make
    for each in made:
        each.stop()
        print(f"--- pebble\n{each.log()}")


@pytest.fixture
def open_gateway(tmp_path):
    """A door without ssl-cert and with this [acme]; no database is needed to see its certificate."""
    made = []

    def make(acme: dict, **how) -> Gateway:
        settings = gateways.door(NOWHERE, acme=acme, **how)
        made.append(Gateway(tmp_path / f"door-{len(made)}", settings).start())
        return made[-1]

    yield make
    for each in made:
        print(f"--- gateway\n{each.log()}")
        each.stop()


@pytest.fixture
def fake_lego(tmp_path, monkeypatch):
    """Puts a shell script in lego's place."""
    def put(script: str) -> None:
        folder = tmp_path / "fake"
        folder.mkdir(exist_ok=True)
        (folder / "lego").write_text("#!/bin/sh\n" + script)
        (folder / "lego").chmod(0o755)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    return put


@pytest.fixture
def held_lego(fake_lego, tmp_path):
    """The real lego, which waits until this is called."""
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    fake_lego(f'read line < {gate}\nexec /usr/bin/lego "$@"\n')
    return lambda: gate.write_text("go\n")


def auto_tls_ca(gateway):
    return gateway.data / "auto-tls" / "ca.crt"


def acme_files(gateway):
    return list((gateway.data / "acme").rglob("*"))


def children_of(gateway) -> list[str]:
    found = subprocess.run(["pgrep", "-P", str(gateway.process.pid)], capture_output=True, text=True)
    return found.stdout.split()


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_a_certificate_is_issued(new_pebble, open_gateway, challenge):
    pebble = new_pebble()
    gateway = open_gateway(pebble.settings(challenge=challenge,
                                           domains=[DOMAIN, "alt.sallyport.test"]))
    gateway.wait_for_log("ACME certificate obtained")
    names = wait_until(lambda: try_served(gateway, pebble), "the new certificate")["subjectAltName"]
    assert names == (("DNS", DOMAIN), ("DNS", "alt.sallyport.test"))
    assert gateway.events("ACME certificate", state="missing")
    fresh = gateway.wait_for_log("ACME certificate", state="fresh")
    assert fresh["not_after"] > fresh["next_attempt"] > fresh["time"]
    # What lego says is there, line by line, without its own clock.
    assert [record for record in gateway.events("lego") if record["line"].startswith("[INFO] ")
            and record["line"].endswith("Server responded with a certificate.")]
    assert gateway.events("asking for an ACME certificate")[0]["challenge"] == challenge
    for path in acme_files(gateway):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600), path
    assert not [path for path in acme_files(gateway) if path.name == "work"]


def try_served(gateway, pebble):
    """Before the first certificate is there, auto-tls's does not verify; and one that is past its
    end does not either."""
    try:
        return served(gateway.port, pebble.root)
    except ssl.SSLError:
        return None


def test_auto_tls_serves_until_it_is_there(new_pebble, open_gateway, held_lego):
    pebble = new_pebble()
    gateway = open_gateway(pebble.settings())
    gateway.wait_for_log("asking for an ACME certificate")
    served(gateway.port, auto_tls_ca(gateway), name="localhost")
    held_lego()
    wait_until(lambda: try_served(gateway, pebble), "the new certificate")
    # A restart serves it at once and asks nobody.
    serial = served(gateway.port, pebble.root)["serialNumber"]
    gateway.stop()
    gateway.start()
    assert served(gateway.port, pebble.root)["serialNumber"] == serial
    gateway.wait_for_log("ACME certificate", state="fresh")
    assert not gateway.events("asking for an ACME certificate")


def test_renewal_while_clients_connect(new_pebble, open_gateway):
    # lego looks at a challenge that is not validated at once five seconds later: a third of the
    # life must be well above that.
    pebble = new_pebble(validity=30)
    gateway = open_gateway(pebble.settings())
    wait_until(lambda: try_served(gateway, pebble), "the first certificate")
    seen, failures, is_over = set(), [], threading.Event()

    def connect() -> None:
        while not is_over.is_set():
            try:
                seen.add(served(gateway.port, pebble.root)["serialNumber"])
            except Exception as failure:
                failures.append(failure)

    clients = [threading.Thread(target=connect) for _ in range(2)]
    for client in clients:
        client.start()
    try:
        wait_until(lambda: len(seen) >= 2 or failures, "a renewed certificate", patience=60)
    finally:
        is_over.set()
        for client in clients:
            client.join()
    assert not failures
    assert gateway.events("ACME certificate", state="due")
    assert len(gateway.events("ACME certificate obtained")) >= 2
    # A renewal that works alarms nobody.
    serials = {f"{int(serial, 16):X}" for serial in seen}
    assert not [record for record in gateway.events("certificate nears its end", role="node")
                if f"{int(record['serial'], 16):X}" in serials]
    # The account is kept: one registration for all attempts.
    said = [line["line"] for line in gateway.events("lego")]
    assert len([line for line in said if "Registering account" in line]) == 1


def test_a_failed_renewal_harms_nothing(new_pebble, open_gateway):
    """The CA is gone when the renewal is due; when it is back, the renewal is made up for."""
    pebble = new_pebble(validity=24)
    gateway = open_gateway(pebble.settings())
    first = wait_until(lambda: try_served(gateway, pebble), "the first certificate")
    pebble.stop()
    failed = gateway.wait_for_log("ACME attempt failed", count=2, patience=60)
    assert failed["failures"] == 2
    assert "connection refused" in failed["reason"]
    gateway.wait_for_log("certificate nears its end", role="node", patience=60)
    assert pebble.directory_url in failed["hint"]
    assert served(gateway.port, pebble.root)["serialNumber"] == first["serialNumber"]
    # With a new root, and without a memory of our account: we make another.
    pebble.start()
    gateway.wait_for_log("ACME certificate obtained", count=2)
    wait_until(lambda: try_served(gateway, pebble), "the renewed certificate")


def test_a_wrong_ca_file(new_pebble, open_gateway, pki):
    pebble = new_pebble()
    gateway = open_gateway(pebble.settings(**{"ca-file": str(pki.ca)}))
    failed = gateway.wait_for_log("ACME attempt failed")
    assert "x509: certificate signed by unknown authority" in failed["reason"]
    assert "ca-file must hold the root" in failed["hint"]
    served(gateway.port, auto_tls_ca(gateway), name="localhost")
    # Repaired: what was given up is not waited out.
    gateway.write_config(acme=pebble.settings())
    gateway.wait_for_log("ACME certificate obtained")
    wait_until(lambda: try_served(gateway, pebble), "the new certificate")


@pytest.mark.parametrize("challenge", ["http-01", "tls-alpn-01"])
def test_a_refused_challenge(new_pebble, open_gateway, challenge):
    """The CA looks where nobody answers."""
    pebble = new_pebble()
    gateway = open_gateway(pebble.settings(challenge=challenge, address=f"127.0.0.1:{free_port()}"))
    failed = gateway.wait_for_log("ACME attempt failed")
    assert "urn:ietf:params:acme:error" in failed["reason"]
    assert f"port {80 if challenge == 'http-01' else 443} of each domain" in failed["hint"]
    assert (failed["state"], failed["failures"]) == ("missing", 1)
    assert failed["next_attempt"] >= failed["time"][:19]
    gateway.wait_for_log("ACME attempt failed", failures=2)
    served(gateway.port, auto_tls_ca(gateway), name="localhost")


def test_an_address_that_is_taken(new_pebble, open_gateway):
    pebble = new_pebble()
    with socket.create_server(("127.0.0.1", pebble.http_port)):
        gateway = open_gateway(pebble.settings())
        failed = gateway.wait_for_log("ACME attempt failed")
    assert "address already in use" in failed["reason"]
    assert f"another program has 127.0.0.1:{pebble.http_port}" in failed["hint"]


def test_a_child_that_hangs_is_killed(new_pebble, open_gateway, fake_lego):
    pebble = new_pebble()
    fake_lego('echo $$ >&2\nsleep 1000 &\nsleep 1000\n')
    gateway = open_gateway(pebble.settings(timeout=2, **{"retry-interval": 1000}))
    # Its number is what it says: it may be gone before a busy machine has looked for it.
    child = gateway.wait_for_log("lego")["line"]
    # The gateway serves while the child hangs.
    served(gateway.port, auto_tls_ca(gateway), name="localhost")
    failed = gateway.wait_for_log("ACME attempt failed")
    assert "did not end within 2000 ms" in failed["reason"]
    assert not os.path.exists(f"/proc/{child}") and not children_of(gateway)
    # `reload` is how a person says that something is repaired: the next attempt is now.
    assert gateway.reload().returncode == 0
    gateway.wait_for_log("asking for an ACME certificate", count=2)


def test_a_stop_takes_the_child_along(new_pebble, open_gateway, fake_lego, tmp_path):
    pebble = new_pebble()
    fake_lego(f'sleep 1000 &\necho $! > {tmp_path}/grandchild\nenv > {tmp_path}/env\n'
              f'ls /proc/self/fd > {tmp_path}/fds\numask > {tmp_path}/umask\n'
              f'echo ready >&2\nsleep 1000\n')
    gateway = open_gateway(pebble.settings())
    gateway.wait_for_log("lego", line="ready")
    pids = children_of(gateway) + [(tmp_path / "grandchild").read_text().strip()]
    gateway.stop()
    # Reparented, the grandchild may wait a moment for init to reap it.
    for pid in pids:
        wait_until(lambda: not is_alive(pid), f"the end of {pid}")
    # What it was given: a minimal environment, no descriptors but its own, private files.
    names = {line.split("=")[0] for line in (tmp_path / "env").read_text().splitlines()}
    # The first two are ours, the next lead the way to a CA, the last are the shell's own.
    assert names <= {"HOME", "LEGO_CA_CERTIFICATES", "SSL_CERT_FILE", "SSL_CERT_DIR", "HTTPS_PROXY",
                     "https_proxy", "HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy",
                     "PWD", "OLDPWD", "SHLVL", "_"}, names
    # ls has the directory itself open.
    assert (tmp_path / "fds").read_text().split() == ["0", "1", "2", "3"]
    assert (tmp_path / "umask").read_text().strip() == "0077"


def is_alive(pid: str) -> bool:
    try:
        return open(f"/proc/{pid}/stat").read().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_gateway_that_is_killed_takes_the_child_along(new_pebble, open_gateway, fake_lego):
    pebble = new_pebble()
    fake_lego("exec sleep 1000\n")
    gateway = open_gateway(pebble.settings())
    child = wait_until(lambda: children_of(gateway), "lego")[0]
    gateway.process.kill()
    gateway.process.wait()
    gateway.process = None
    wait_until(lambda: not is_alive(child), "the child's end")


@pytest.mark.parametrize("damage", ["", "half", "other-key"])
def test_what_lego_leaves_is_checked(new_pebble, open_gateway, fake_lego, damage, pki, tmp_path):
    """lego says that all is well and has left nothing, half a file, or a pair that does not match."""
    pebble = new_pebble()
    certificate, key = pki.servers.server(DOMAIN).write(tmp_path, "made")
    if damage == "half":
        certificate.write_text(certificate.read_text()[:300])
    elif damage == "other-key":
        key = pki.files.front[1]
    fake_lego("" if not damage else
              f"mkdir certificates\ncp {certificate} certificates/{DOMAIN}.crt\n"
              f"cp {key} certificates/{DOMAIN}.key\n")
    gateway = open_gateway(pebble.settings())
    failed = gateway.wait_for_log("ACME attempt failed")
    assert ("has left no certificate" if not damage else "cannot be served") in failed["reason"]
    served(gateway.port, auto_tls_ca(gateway), name="localhost")
    assert not [path for path in acme_files(gateway) if path.name == "server.pem"]


def test_a_certificate_that_was_not_taken_over_is_not_lost(new_pebble, open_gateway):
    """As after a kill -9 between the CA's answer and ours: the CA, which counts, is not asked."""
    pebble = new_pebble()
    gateway = open_gateway(pebble.settings())
    gateway.wait_for_log("ACME certificate obtained")
    gateway.stop()
    kept = next(path for path in acme_files(gateway) if path.name == "server.pem")
    key, mark, chain = kept.read_text().partition("-----BEGIN CERTIFICATE")
    kept.unlink()
    left = kept.parent / "work" / "certificates"
    left.mkdir(parents=True)
    (left / f"{DOMAIN}.key").write_text(key)
    (left / f"{DOMAIN}.crt").write_text(mark + chain)
    pebble.stop()
    gateway.start()
    gateway.wait_for_log("ACME certificate obtained")
    wait_until(lambda: try_served(gateway, pebble), "the certificate of before")
    assert not gateway.events("asking for an ACME certificate")


def test_a_damaged_file_is_replaced(new_pebble, open_gateway):
    """As after a disk fault: the gateway starts, serves auto-tls, and asks again."""
    pebble = new_pebble()
    gateway = open_gateway(pebble.settings())
    gateway.wait_for_log("ACME certificate obtained")
    gateway.stop()
    kept = next(path for path in acme_files(gateway) if path.name == "server.pem")
    kept.write_text(kept.read_text()[:700])
    gateway.start()
    assert gateway.events("ACME certificate cannot be served")
    wait_until(lambda: try_served(gateway, pebble), "the new certificate")


@pytest.mark.parametrize("damage", ["half", "removed"])
def test_a_file_that_is_lost_while_serving_is_asked_for_again(new_pebble, open_gateway, damage):
    """Nobody need restart the gateway, nor ask it to reload."""
    pebble = new_pebble()
    gateway = open_gateway(pebble.settings())
    first = wait_until(lambda: try_served(gateway, pebble), "the first certificate")
    # Once when it was obtained, and again when the watch has seen the file.
    gateway.wait_for_log("configuration reloaded", count=2)
    # Which is said in the middle of it. This one is over when it is answered, and so are those.
    assert gateway.reload().returncode == 0
    kept = next(path for path in acme_files(gateway) if path.name == "server.pem")
    if damage == "half":
        half = kept.with_name("half")
        half.write_text(kept.read_text()[:700])
        half.rename(kept)
    else:
        kept.unlink()
    gateway.wait_for_log("ACME certificate", count=2, state="missing")
    gateway.wait_for_log("ACME certificate obtained", count=2)
    wait_until(lambda: (try_served(gateway, pebble) or first)["serialNumber"] != first["serialNumber"],
               "the new certificate")
    assert len(gateway.events("ACME certificate cannot be served")) == (damage == "half")


def test_a_half_edited_configuration_does_not_keep_it_back(new_pebble, open_gateway, held_lego):
    """As with other renewals, what is obtained is served with the configuration in force."""
    pebble = new_pebble()
    gateway = open_gateway(pebble.settings())
    gateway.wait_for_log("asking for an ACME certificate")
    gateway.config.write_text(gateway.config.read_text() + "\n[limits\n")
    gateway.wait_for_log("reload failed, the old configuration stays")
    held_lego()
    gateway.wait_for_log("ACME certificate obtained")
    wait_until(lambda: try_served(gateway, pebble), "the new certificate")
    assert not gateway.events("ACME certificate is not served")


def test_its_state_is_a_metric(new_pebble, open_gateway):
    pebble = new_pebble()
    pebble.stop()
    port = free_port()
    gateway = open_gateway(pebble.settings(), console={"address": f"127.0.0.1:{port}"})

    def metric(series: str, **labels) -> int:
        # Whose certificate the console shows is not what is looked at.
        page = subprocess.run(["curl", "-sSk", f"https://127.0.0.1:{port}/metrics"], check=True,
                              capture_output=True, text=True, timeout=60).stdout
        file = next((gateway.data / "acme").iterdir()) / "server.pem"
        text = ",".join(f'{name}="{value}"' for name, value in {"file": file, **labels}.items())
        lines = dict(line.rsplit(" ", 1) for line in page.splitlines())
        return int(lines[f"sallyport_certificate_{series}{{{text}}}"])

    gateway.wait_for_log("ACME attempt failed")
    wait_until(lambda: metric("renewal_failures") > 0, "the failure as a metric")
    assert metric("renewal_state", state="overdue") == 1
    assert metric("renewals_total") == 0
    due = metric("renewal_due_timestamp_seconds")
    assert due > 0
    pebble.start()
    gateway.wait_for_log("ACME certificate obtained")
    wait_until(lambda: metric("renewal_state", state="fresh"), "the success as a metric")
    assert (metric("renewal_failures"), metric("renewals_total")) == (0, 1)
    assert metric("renewal_due_timestamp_seconds") > due


def test_lego_is_missing(open_gateway, tmp_path, monkeypatch):
    """Neither `serve` nor `check` goes on; both name the package."""
    monkeypatch.setenv("PATH", str(tmp_path))
    settings = gateways.door(NOWHERE, acme={
        "directory-url": "https://127.0.0.1:1/dir", "contact": "dba@sallyport.test",
        "domains": [DOMAIN]})
    config = tmp_path / "sallyport.toml"
    config.write_text(gateways.to_toml({"data-dir": str(tmp_path / "data"), **settings}))
    for command in ("serve", "check"):
        done = gateways.run(command, "-c", config)
        assert done.returncode == 1
        assert done.stderr.endswith("error: [acme] needs the ACME client lego, and there is none on "
                                    "the PATH\nhint: apt-get install lego\n"), done.stderr
