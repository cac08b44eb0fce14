"""Files are watched: a valid change serves new connections and leaves live ones alone; an invalid
one changes nothing and says why."""

import signal
import ssl

import pytest
from support import wire
from support.ports import wait_until


@pytest.fixture
def gateway(open_door, mariadb, pki, tmp_path):
    """A door whose files are its own: server.crt, server.key, client-cas.crt, client.crl."""
    mariadb.account("holder", require="X509")
    certificate, key = pki.front.write(tmp_path, "server")
    (tmp_path / "client-cas.crt").write_text(pki.clients.pem)
    (tmp_path / "client.crl").write_text(pki.clients.crl())
    door = open_door(mariadb, tls={
        "ssl-cert": str(certificate), "ssl-key": str(key),
        "ssl-ca": str(tmp_path / "client-cas.crt"), "ssl-crl": str(tmp_path / "client.crl")})
    door.wait_for_log("backend is up")
    return door


def served(gateway, context) -> int:
    """The serial number of the certificate that new connections are shown."""
    with wire.Client(gateway.port) as client:
        client.open_tls(context)
        return int(client.sock.getpeercert()["serialNumber"], 16)


def renewed(pki):
    return pki.servers.server("localhost", "127.0.0.1")


def replace(path, text: str) -> None:
    fresh = path.with_suffix(".fresh")
    fresh.write_text(text)
    fresh.rename(path)


def test_a_new_certificate_and_key(gateway, pki, tmp_path):
    context = pki.context()
    assert served(gateway, context) == pki.front.serial
    new = renewed(pki)
    new.write(tmp_path, "server")
    wait_until(lambda: served(gateway, context) == new.serial, "the new certificate", patience=10)
    assert gateway.events("configuration reloaded")


def test_files_replaced_by_renaming(gateway, pki, tmp_path):
    context, new = pki.context(), renewed(pki)
    replace(tmp_path / "server.key", new.key_pem)
    replace(tmp_path / "server.crt", new.certificate_pem)
    wait_until(lambda: served(gateway, context) == new.serial, "the new certificate", patience=10)


def test_files_behind_a_symbolic_link_that_moves(open_door, mariadb, pki, tmp_path):
    """As Kubernetes mounts secrets: a directory link is swapped; the files' names never change."""
    new = renewed(pki)
    pki.front.write(tmp_path / "old", "tls")
    new.write(tmp_path / "new", "tls")
    (tmp_path / "current").symlink_to("old")
    gateway = open_door(mariadb, tls={"ssl-cert": str(tmp_path / "current" / "tls.crt"),
                                      "ssl-key": str(tmp_path / "current" / "tls.key")})
    gateway.wait_for_log("backend is up")
    context = pki.context()
    assert served(gateway, context) == pki.front.serial
    (tmp_path / "fresh").symlink_to("new")
    (tmp_path / "fresh").rename(tmp_path / "current")
    wait_until(lambda: served(gateway, context) == new.serial, "the new certificate", patience=10)


def test_a_new_client_ca(gateway, pki, tmp_path):
    with pytest.raises((ssl.SSLError, wire.Closed)):
        wire.connect(gateway.port, "holder", tls=pki.context(pki.files.reader))
    replace(tmp_path / "client-cas.crt", pki.clients.pem + pki.staff.pem)
    replace(tmp_path / "client.crl", pki.clients.crl() + pki.staff.crl() + pki.desk.crl())

    def accepted() -> bool:
        try:
            wire.connect(gateway.port, "holder", tls=pki.context(pki.files.reader)).quit()
            return True
        except (ssl.SSLError, wire.Closed):
            return False
    wait_until(accepted, "the new client CA", patience=10)


def test_a_new_crl(gateway, pki, tmp_path):
    wire.connect(gateway.port, "holder", tls=pki.context(pki.files.alice)).quit()
    replace(tmp_path / "client.crl", pki.clients.crl(pki.alice))

    def refused() -> bool:
        try:
            wire.connect(gateway.port, "holder", tls=pki.context(pki.files.alice)).quit()
            return False
        except (ssl.SSLError, wire.Closed):
            return True
    wait_until(refused, "the new revocation list", patience=10)


def test_a_new_configuration(gateway, pki):
    gateway.settings["tls"]["tls-version"] = "TLSv1.3"
    gateway.write_config()
    gateway.wait_for_log("configuration reloaded")
    from support.clients import TLS_1_2
    with pytest.raises(ssl.SSLError):
        wire.connect(gateway.port, "app", tls=pki.context(version=TLS_1_2))


def test_a_new_backend_address(gateway, new_mariadb, pki):
    other = new_mariadb().start()
    other.account("app", "IDENTIFIED BY 'another'")
    gateway.settings["backend"][0]["addresses"] = [f"{other.host}:{other.port}"]
    gateway.write_config()
    gateway.wait_for_log("configuration reloaded")
    with wire.connect(gateway.port, "app", "another", tls=pki.context()) as client:
        assert client.query("SELECT @@port") == [(str(other.port),)]


def test_live_sessions_are_not_touched(gateway, pki, tmp_path):
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        client.begin(wire.COM_QUERY, "SELECT SLEEP(1), @@port")
        for count in (1, 2):
            renewed(pki).write(tmp_path, "server")
            gateway.wait_for_log("configuration reloaded", count=count)
        assert client.result(client.receive())[0][0] == "0"
        assert client.query("SELECT 1") == [("1",)]


def test_sighup_reloads(gateway):
    gateway.process.send_signal(signal.SIGHUP)
    gateway.wait_for_log("configuration reloaded")


def test_the_reload_command(gateway, pki, tmp_path):
    done = gateway.reload()
    assert done.returncode == 0, done.stderr
    (tmp_path / "server.crt").write_text("garbage")
    done = gateway.reload()
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and "server.crt" in done.stderr


def test_the_reload_command_without_a_gateway(open_door, mariadb):
    gateway = open_door(mariadb, start=False)
    done = gateway.reload()
    assert done.returncode == 1 and done.stderr.startswith("error: ")


def garbage(pki, path):
    (path / "server.crt").write_text("-----BEGIN CERTIFICATE-----\nnonsense\n")
    return "server.crt"


def mismatched_key(pki, path):
    replace(path / "server.key", renewed(pki).key_pem)
    return "server.key"


def missing_intermediate(pki, path):
    """The file has the leaf and the upper of two intermediates; the link between is missing."""
    authority = type(pki.servers)
    upper = authority("Upper CA", parent=authority("Regional root"))
    leaf = authority("Lower CA", parent=upper).server("localhost", "127.0.0.1")
    del leaf.chain[0]
    replace(path / "server.key", leaf.key_pem)
    replace(path / "server.crt", leaf.certificate_pem)
    return "server"


def expired(pki, path):
    leaf = pki.servers.server("localhost", "127.0.0.1", days=-1, age=30)
    replace(path / "server.key", leaf.key_pem)
    replace(path / "server.crt", leaf.certificate_pem)
    return "server"


def unreadable(pki, path):
    (path / "server.crt").unlink()
    (path / "server.crt").mkdir()
    return "server.crt"


def missing(pki, path):
    (path / "server.key").unlink()
    return "server.key"


def half_written(pki, path):
    text = (path / "server.crt").read_text()
    (path / "server.crt").write_text(text[:len(text) // 2])
    return "server.crt"


def half_a_chain(pki, path):
    """The leaf is whole, the certificate after it is cut."""
    text = (path / "server.crt").read_text()
    (path / "server.crt").write_text(text + text[:len(text) // 2])
    return "server.crt"


def empty(pki, path):
    (path / "server.crt").write_text("")
    return "server.crt"


def bad_client_ca(pki, path):
    (path / "client-cas.crt").write_text("nothing")
    return "client-cas.crt"


def bad_crl(pki, path):
    (path / "client.crl").write_text("nothing")
    return "client.crl"


def bad_configuration(pki, path):
    file = next(path.glob("door-*/sallyport.toml"))
    replace(file, file.read_text() + "\n[limits]\nmax-conections = 5\n")
    return "sallyport.toml"


@pytest.mark.parametrize("fault", [
    garbage, mismatched_key, missing_intermediate, expired, unreadable, missing, half_written, half_a_chain,
    empty, bad_client_ca, bad_crl, bad_configuration])
def test_an_invalid_change_keeps_the_old(gateway, pki, tmp_path, fault):
    name = fault(pki, tmp_path)
    record = gateway.wait_for_log("reload failed, the old configuration stays")
    assert name in record.get("file", "") + record["reason"]
    assert gateway.reload().returncode == 1
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        assert int(client.sock.getpeercert()["serialNumber"], 16) == pki.front.serial
        assert client.query("SELECT 1") == [("1",)]


def test_mending_the_fault_is_a_change_like_any_other(gateway, pki, tmp_path):
    garbage(pki, tmp_path)
    gateway.wait_for_log("reload failed, the old configuration stays")
    new = renewed(pki)
    new.write(tmp_path, "server")
    context = pki.context()
    wait_until(lambda: served(gateway, context) == new.serial, "the new certificate", patience=10)


def test_a_server_with_invalid_files_does_not_start(open_door, mariadb, pki, tmp_path):
    certificate, _ = pki.front.write(tmp_path, "server")
    gateway = open_door(mariadb, start=False, tls={
        "ssl-cert": str(certificate), "ssl-key": str(pki.files.front_rsa[1])})
    from support.gateway import run
    for command in ("serve", "check"):
        done = run(command, "-c", gateway.config)
        assert done.returncode == 1 and "error: " in done.stderr, done.stderr
