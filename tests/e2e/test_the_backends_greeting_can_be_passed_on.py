"""greeting = "backend": the database greets, and the opening is byte-transparent but for TLS."""

from dataclasses import replace

import pytest
from support import wire
from support.clients import ssl_status


@pytest.fixture(scope="module")
def transparent(open_shared_door, mariadb):
    return open_shared_door(mariadb, listener={"greeting": "backend"})


def test_the_greeting_is_the_databases_to_the_byte(transparent, mariadb):
    with wire.Client(transparent.port) as through, wire.Client(mariadb.port) as direct:
        ours, theirs = through.greeting, direct.greeting
    assert ours.connection_id < theirs.connection_id, "the database's own counter"
    assert ours.scramble != theirs.scramble
    expected = replace(theirs, connection_id=ours.connection_id, scramble=ours.scramble)
    assert through.greeting_payload == expected.write()


def test_connection_ids_are_the_databases(transparent, pki):
    with wire.connect(transparent.port, "app", tls=pki.context()) as client:
        assert client.query("SELECT CONNECTION_ID()") == [(str(client.greeting.connection_id),)]


def test_the_login_is_sent_on_as_it_is(open_door, scripted, pki):
    from support.backend import greet_and_read_login, serve_commands, user_of
    logins = {}

    def script(peer, backend) -> None:
        login = greet_and_read_login(peer, backend)
        logins[user_of(login)] = login
        peer.send(wire.OK_PACKET)
        serve_commands(peer)

    gateway = open_door(scripted(script), listener={"greeting": "backend"})
    with wire.connect(gateway.port, "verbatim", "secret", tls=pki.context(), extended=0x1D,
                      database="shop", attributes={"k": "v"}) as client:
        sent = wire.login("verbatim", wire.native_scramble("secret", client.scramble),
                          capabilities=wire.DEFAULT | wire.SSL | wire.CONNECT_WITH_DB
                          | wire.CONNECT_ATTRS,
                          extended=0x1D, database="shop", attributes={"k": "v"})
    assert logins["verbatim"] == sent


def test_the_right_password_without_an_auth_switch(transparent, mariadb, pki):
    """One round trip less: the client answered the database's own scramble."""
    for port in (transparent.port, mariadb.port):
        with wire.Client(port) as client:
            client.open_tls(pki.context())
            auth = wire.native_scramble("secret", client.scramble)
            client.send(wire.login("app", auth, capabilities=wire.DEFAULT | wire.SSL))
            assert client.receive()[0] == 0


def test_version_and_cipher_are_mirrored(transparent, pki):
    with wire.connect(transparent.port, "app", tls=pki.context()) as client:
        cipher, version, _ = client.sock.cipher()
        assert ssl_status(client) == {"Ssl_version": version, "Ssl_cipher": cipher}


def test_client_certificates_are_mirrored(transparent, mariadb, pki):
    mariadb.account("holder", require="X509")
    with wire.connect(transparent.port, "holder", tls=pki.context(pki.files.alice)) as client:
        assert client.query("SELECT 1") == [("1",)]
    with pytest.raises(wire.ServerError) as refused:
        wire.connect(transparent.port, "holder", tls=pki.context())
    assert refused.value.code == 1045


def test_plain_clients_are_refused_by_policy(transparent):
    with pytest.raises(wire.ServerError) as refused:
        wire.connect(transparent.port, "app")
    assert refused.value.code == 3159


def test_whether_tls_is_offered_is_the_doors_policy(open_door, scripted):
    from support.backend import greet_and_read_login
    gateway = open_door(scripted(lambda peer, backend: greet_and_read_login(peer, backend), tls=False),
                        listener={"greeting": "backend"},
                        backend_settings={"ssl-mode": "DISABLED"})
    with wire.Client(gateway.port) as client:
        assert client.greeting.capabilities & wire.SSL


def test_an_error_instead_of_a_greeting_reaches_the_client(open_door, scripted):
    def script(peer, backend) -> None:
        peer.send(wire.error_packet(1130, "", "Host '192.0.2.1' is not allowed to connect"))

    gateway = open_door(scripted(script), listener={"greeting": "backend"})
    with pytest.raises(wire.ServerError) as refused:
        wire.Client(gateway.port)
    assert (refused.value.code, refused.value.message) == (
        1130, "Host '192.0.2.1' is not allowed to connect")
