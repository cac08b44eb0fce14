"""The door's greeting says what the database's says, except for what must be the door's.

Clients decide by version string and capabilities how to behave, so these are the database's; the
connection id and the scramble are the door's own, and CLIENT_SSL follows the door's policy.
"""

import pytest
from support import wire

OWN_ID = 1 << 30


def greeting(port: int) -> wire.Greeting:
    with wire.Client(port) as client:
        return client.greeting


def test_version_charset_status_and_plugin_are_the_databases(door, mariadb):
    ours, theirs = greeting(door.port), greeting(mariadb.port)
    assert (ours.version, ours.charset, ours.status, ours.plugin) == (
        theirs.version, theirs.charset, theirs.status, theirs.plugin)


def test_capabilities_are_the_databases(door, mariadb):
    ours, theirs = greeting(door.port), greeting(mariadb.port)
    assert hex(ours.capabilities) == hex(theirs.capabilities)
    assert hex(ours.extended) == hex(theirs.extended)


def test_tls_is_offered_even_if_the_database_has_none(open_door, scripted):
    from support.backend import CAPABILITIES, greet_and_read_login, user_of

    def script(peer, backend):
        assert user_of(greet_and_read_login(peer, backend)) == "sallyport", "health checks only"
        peer.send(wire.error_packet(1045, "28000", "Access denied"))

    gateway = open_door(scripted(script, tls=False), backend_settings={"ssl-mode": "DISABLED"})
    gateway.wait_for_log("backend is up")
    assert greeting(gateway.port).capabilities == CAPABILITIES | wire.SSL


def test_every_greeting_has_a_scramble_and_an_id_of_its_own(door):
    greetings = [greeting(door.port) for _ in range(20)]
    assert len({one.scramble for one in greetings}) == 20
    assert len({one.connection_id for one in greetings}) == 20
    for one in greetings:
        assert len(one.scramble) == 20
        assert not set(one.scramble) & {0, ord("$")}, "bytes that clients end or split strings at"
        assert one.connection_id & OWN_ID, "ids of ours must never be an id of the database"


def test_a_database_that_was_never_reached_is_reported_to_the_client(open_door):
    from support.ports import free_port
    gateway = open_door([f"127.0.0.1:{free_port()}"])
    gateway.wait_for_log("backend is down")
    with pytest.raises(wire.ServerError) as refused:
        wire.Client(gateway.port)
    assert refused.value.code == 1105
