"""Backends: over TCP and Unix sockets, checked as ssl-mode says, several addresses in order, with
the client's address in a PROXY protocol header where the database takes it."""

import pytest
from support import wire
from support.clients import ssl_status
from support.ports import free_port

NO_BACKEND = 1105


def one_query(gateway, context, user="app", **how) -> list[tuple]:
    with wire.connect(gateway.port, user, tls=context, **how) as client:
        return client.query("SELECT 1")


def refused_by(gateway, context) -> wire.ServerError:
    with pytest.raises(wire.ServerError) as refused:
        wire.connect(gateway.port, "app", tls=context)
    return refused.value


@pytest.mark.parametrize("mode, more", [
    ("REQUIRED", {}),
    ("PREFERRED", {}),
    ("VERIFY_CA", {"ssl-ca": "ours"}),
    ("VERIFY_IDENTITY", {"ssl-ca": "ours"}),
    ("VERIFY_IDENTITY", {"ssl-ca": "ours", "ssl-server-name": "database.sallyport.test"}),
    ("VERIFY_CA", {"ssl-ca": "ours", "ssl-server-name": "not.the.name"}),
])
def test_ssl_modes_that_accept_the_database(open_door, mariadb, pki, mode, more):
    gateway = open_door(mariadb, backend_settings={"ssl-mode": mode, **trusting(pki, more)})
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        assert ssl_status(client)["Ssl_version"] == client.sock.version()


@pytest.mark.parametrize("mode, more", [
    ("VERIFY_CA", {"ssl-ca": "a stranger's"}),
    ("VERIFY_IDENTITY", {"ssl-ca": "a stranger's"}),
    ("VERIFY_CA", {}),  # The system's roots.
    ("VERIFY_IDENTITY", {"ssl-ca": "ours", "ssl-server-name": "not.the.name"}),
])
@pytest.mark.parametrize("greeting", ["own", "backend"])
def test_ssl_modes_that_refuse_the_database(open_door, mariadb, pki, mode, more, greeting):
    """No session, no login sent, an error in the client's protocol, and the log knows why."""
    gateway = open_door(mariadb, listener={"greeting": greeting},
                        backend_settings={"ssl-mode": mode, **trusting(pki, more)})
    assert refused_by(gateway, pki.context()).code == NO_BACKEND
    record = gateway.wait_for_session()
    assert record["leg"] == "back"
    assert record["reason"] in ("certificate_untrusted", "backend_down", "backend_unknown")


def trusting(pki, settings: dict) -> dict:
    files = {"ours": pki.ca, "a stranger's": pki.put("stranger.crt", pki.stranger.pem)}
    return {key: str(files.get(value, value)) for key, value in settings.items()}


def test_ssl_mode_disabled_makes_the_back_leg_plain(open_door, mariadb, pki):
    """Allowed only because the operator wrote it; the database then sees a plain client."""
    gateway = open_door(mariadb, backend_settings={"ssl-mode": "DISABLED"})
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        assert ssl_status(client) == {"Ssl_version": "", "Ssl_cipher": ""}


@pytest.mark.parametrize("mode, accepted", [
    ("DISABLED", True), ("PREFERRED", True), ("REQUIRED", False), ("VERIFY_IDENTITY", False)])
def test_a_database_without_tls(open_door, new_mariadb, pki, mode, accepted):
    server = new_mariadb(options="skip-ssl").start()
    server.account("app")
    gateway = open_door(server, backend_settings={"ssl-mode": mode})
    if accepted:
        assert one_query(gateway, pki.context()) == [("1",)]
    else:
        assert refused_by(gateway, pki.context()).code == NO_BACKEND
        assert gateway.wait_for_session()["reason"] in ("tls_unsupported", "backend_unknown",
                                                        "backend_down")


def test_a_unix_socket(open_door, mariadb, pki):
    mariadb.sql("CREATE OR REPLACE USER app@localhost IDENTIFIED BY 'secret'")
    try:
        gateway = open_door([f"unix:{mariadb.socket}"])
        gateway.wait_for_log("backend is up")
        with wire.connect(gateway.port, "app", tls=pki.context()) as client:
            assert client.query("SELECT CURRENT_USER()") == [("app@localhost",)]
            assert ssl_status(client)["Ssl_version"] == client.sock.version()
            client.quit()
        assert gateway.wait_for_session(user="app")["backend_address"] == f"unix:{mariadb.socket}"
    finally:
        mariadb.sql("DROP USER app@localhost")


def test_a_listener_on_a_unix_socket(open_door, mariadb, tmp_path):
    import socket
    path = tmp_path / "door.sock"
    gateway = open_door(mariadb, start=False)
    gateway.settings["listener"][0]["address"] = f"unix:{path}"
    gateway.write_config()
    gateway.start()
    with socket.socket(socket.AF_UNIX) as plug:
        plug.connect(str(path))
        assert "MariaDB" in wire.Greeting.read(wire.Wire(plug).receive()).version
    gateway.stop()
    assert not path.exists()


def test_the_first_address_that_answers_is_used(open_door, mariadb, pki):
    down = f"127.0.0.1:{free_port()}"
    up = f"{mariadb.host}:{mariadb.port}"
    gateway = open_door([down, up])
    gateway.wait_for_log("backend is down", address=down)
    record = gateway.wait_for_log("backend is up", address=up)
    assert "MariaDB" in record["version"]
    assert one_query(gateway, pki.context()) == [("1",)]
    assert gateway.wait_for_session(user="app")["backend_address"] == up


def test_a_database_that_died_is_replaced_by_the_next(open_door, new_mariadb, mariadb, pki):
    first = new_mariadb().start()
    first.account("app")
    addresses = [f"{server.host}:{server.port}" for server in (first, mariadb)]
    gateway = open_door(addresses)
    for address in addresses:
        gateway.wait_for_log("backend is up", address=address)
    for expected, then in zip(addresses, (first.kill, lambda: None)):
        assert one_query(gateway, pki.context()) == [("1",)]
        assert gateway.wait_for_session(user="app", backend_address=expected)
        then()
    gateway.wait_for_log("backend is down", address=addresses[0])


def test_a_database_that_comes_back_is_used_again(open_door, new_mariadb, pki):
    server = new_mariadb().start()
    server.account("app")
    gateway = open_door(server, backend_settings={"health-interval": 0.2})
    gateway.wait_for_log("backend is up")
    server.stop()
    gateway.wait_for_log("backend is down")
    assert refused_by(gateway, pki.context()).code == NO_BACKEND
    server.start()
    gateway.wait_for_log("backend is up", count=2)
    assert one_query(gateway, pki.context()) == [("1",)]


@pytest.mark.parametrize("source", ["127.0.0.2", "127.0.0.3"])
@pytest.mark.parametrize("greeting", ["own", "backend"])
def test_the_proxy_header_carries_the_clients_address(open_door, mariadb, pki, source, greeting):
    mariadb.sql("SET GLOBAL proxy_protocol_networks = '127.0.0.1'",
                f"CREATE OR REPLACE USER near@'{source}' IDENTIFIED BY 'secret'")
    try:
        gateway = open_door(mariadb, listener={"greeting": greeting},
                            backend_settings={"proxy-protocol": True})
        gateway.wait_for_log("backend is up")
        with wire.connect(gateway.port, "near", tls=pki.context(), source=source) as client:
            assert client.query("SELECT USER(), CURRENT_USER()") == [
                (f"near@{source}", f"near@{source}")]
        other = {"127.0.0.2": "127.0.0.3", "127.0.0.3": "127.0.0.2"}[source]
        with pytest.raises(wire.ServerError) as refused:
            wire.connect(gateway.port, "near", tls=pki.context(), source=other)
        assert refused.value.message.startswith(f"Access denied for user 'near'@'{other}'")
    finally:
        mariadb.sql("SET GLOBAL proxy_protocol_networks = ''", f"DROP USER near@'{source}'")


def test_without_it_the_address_is_the_doors(door, mariadb, pki):
    with wire.connect(door.port, "app", tls=pki.context(), source="127.0.0.2") as client:
        assert client.query("SELECT USER()") == [("app@127.0.0.1",)]
