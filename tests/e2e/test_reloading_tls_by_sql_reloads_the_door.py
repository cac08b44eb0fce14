"""FLUSH SSL and ALTER INSTANCE RELOAD TLS reload the door's certificates, too, once the database
has said OK to them: its own privilege check decides who may."""

import pytest
from support import wire


@pytest.fixture
def gateway(open_door, mariadb):
    door = open_door(mariadb)
    door.wait_for_log("backend is up")
    return door


def test_of_a_privileged_user(gateway, mariadb, pki):
    mariadb.account("keeper")
    mariadb.sql("GRANT RELOAD ON *.* TO keeper")
    with wire.connect(gateway.port, "keeper", tls=pki.context()) as client:
        assert client.query("FLUSH SSL") == []
        gateway.wait_for_log("configuration reloaded")
        client.query("flush  ssl;")
        gateway.wait_for_log("configuration reloaded", count=2)
        assert client.query("SELECT 1") == [("1",)]


def test_of_a_user_without_the_privilege(gateway, mariadb, pki):
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        with pytest.raises(wire.ServerError) as refused:
            client.query("FLUSH SSL")
        assert refused.value.code == 1227
        client.quit()
    gateway.wait_for_session(user="app")
    assert not gateway.events("configuration reloaded")


def test_in_mysqls_words(open_door, scripted, pki):
    """MariaDB 10.11 does not know ALTER INSTANCE; MySQL does, and a scripted one says OK."""
    from support.backend import greet_and_read_login, serve_commands

    def script(peer, backend) -> None:
        greet_and_read_login(peer, backend)
        peer.send(wire.OK_PACKET)
        serve_commands(peer)

    gateway = open_door(scripted(script))
    with wire.connect(gateway.port, "root", tls=pki.context()) as client:
        assert client.query("ALTER INSTANCE RELOAD TLS") == []
        gateway.wait_for_log("configuration reloaded")


def test_a_broken_certificate_does_not_harm_and_the_database_still_answers(
        open_door, mariadb, pki, tmp_path):
    certificate, key = pki.front.write(tmp_path, "own")
    gateway = open_door(mariadb, tls={"ssl-cert": str(certificate), "ssl-key": str(key)})
    mariadb.account("keeper")
    mariadb.sql("GRANT RELOAD ON *.* TO keeper")
    with wire.connect(gateway.port, "keeper", tls=pki.context()) as client:
        certificate.write_text("not a certificate")
        assert client.query("FLUSH SSL") == []
        gateway.wait_for_log("reload failed, the old configuration stays")
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        assert client.query("SELECT 1") == [("1",)]
