"""A refused login gets the very error packet that a direct connection gets, byte for byte."""

import pytest
from support import wire


@pytest.fixture(scope="module")
def accounts(mariadb):
    mariadb.account("app")
    mariadb.account("empty", "IDENTIFIED BY ''")
    mariadb.account("locked", "IDENTIFIED BY 'secret'")
    mariadb.sql("ALTER USER locked ACCOUNT LOCK")
    mariadb.account("elsewhere")
    mariadb.sql("RENAME USER elsewhere TO elsewhere@'192.0.2.1'")
    yield
    mariadb.sql("DROP USER elsewhere@'192.0.2.1', locked, empty")


CASES = {
    "wrong password": ("app", "wrong", {}),
    "no password where one is needed": ("app", "", {}),
    "a password where none is needed": ("empty", "secret", {}),
    "unknown user": ("nobody-of-this-name", "secret", {}),
    "unknown user without a password": ("nobody-of-this-name", "", {}),
    "user without a name": ("", "secret", {}),
    "user from another host": ("elsewhere", "secret", {}),
    "locked account": ("locked", "secret", {}),
    "unknown database": ("app", "secret", {"database": "no_such_database"}),
    "database without rights": ("app", "secret", {"database": "mysql"}),
}


def final_packet(port, context, user, password, options) -> bytes:
    """The packet that ends the login."""
    client, answer = wire.attempt(port, user, password, tls=context, **options)
    with client:
        return answer


@pytest.mark.parametrize("case", CASES)
def test_the_error_is_equal(door, mariadb, pki, accounts, case):
    user, password, options = CASES[case]
    through = final_packet(door.port, pki.context(), user, password, options)
    direct = final_packet(mariadb.port, pki.context(), user, password, options)
    assert direct[0] == 0xFF
    assert through == direct


def test_the_log_tells_who_was_refused_and_by_whom(door, pki):
    final_packet(door.port, pki.context(), "app-refused", "wrong", {})
    record = door.wait_for_session(user="app-refused")
    assert (record["leg"], record["stage"], record["reason"]) == ("back", "auth", "backend_refused")
    assert "1045" in record["detail"]


def test_too_many_connections_of_the_databases_own(open_door, new_mariadb, pki):
    server = new_mariadb(options="max-connections=10\nextra-max-connections=10").start()
    server.account("app")
    gateway = open_door(server, backend_settings={"health-interval": 3600})
    gateway.wait_for_log("backend is up")
    held, direct = [], None
    try:
        while not direct:
            try:
                held.append(wire.connect(server.port, "app", tls=pki.context()))
            except wire.ServerError as refused:
                direct = refused
        with pytest.raises(wire.ServerError) as through:
            wire.connect(gateway.port, "app", tls=pki.context())
        assert (direct.code, direct.message) == (1040, "Too many connections")
        # At a connect the database has not seen capabilities and sends no SQLSTATE; we have.
        assert (through.value.code, through.value.message) == (direct.code, direct.message)
    finally:
        for client in held:
            client.close()
