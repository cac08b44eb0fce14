"""COM_CHANGE_USER is a login on a live connection: the database authenticates anew."""

import pytest
from support import wire


@pytest.fixture
def session(door, mariadb, pki):
    mariadb.account("app")
    mariadb.account("second", "IDENTIFIED BY 'other'")
    with wire.connect(door.port, "app", tls=pki.context()) as client:
        yield client


def user(client) -> str:
    return client.query("SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1)")[0][0]


def test_to_another_account(session):
    assert user(session) == "app"
    assert session.change_user("second", "other", "shop")[0] == 0
    assert user(session) == "second"
    assert session.query("SELECT DATABASE()") == [("shop",)]


def test_many_times(session):
    for _ in range(5):
        assert session.change_user("second", "other")[0] == 0
        assert session.change_user("app", "secret")[0] == 0
    assert user(session) == "app"


def test_kill_is_still_translated_afterwards(session, door, mariadb, pki):
    """The exchange in the middle of a session does not throw off what follows the commands."""
    assert session.change_user("second", "other")[0] == 0
    with wire.connect(door.port, "second", "other", tls=pki.context()) as victim:
        assert session.query(f"KILL CONNECTION {victim.greeting.connection_id}") == []
        with pytest.raises((wire.Closed, wire.ServerError)):
            victim.query("SELECT 1")


def test_a_wrong_password_gets_the_databases_error(session, mariadb, pki):
    with wire.connect(mariadb.port, "app", tls=pki.context()) as direct:
        expected = direct.change_user("second", "wrong")
    assert expected[0] == 0xFF
    assert session.change_user("second", "wrong") == expected


def test_the_log_names_the_latest_user(session, door):
    session.change_user("second", "other")
    session.quit()
    door.wait_for_session(user="second", reason="client_quit")


def test_mysqlclients_change_user(door, mariadb, pki):
    import MySQLdb
    mariadb.account("app")
    mariadb.account("second", "IDENTIFIED BY 'other'")
    connection = MySQLdb.connect(host="127.0.0.1", port=door.port, user="app", password="secret",
                                 ssl={"ca": str(pki.ca)})
    connection.change_user("second", "other", "shop")
    with connection.cursor() as cursor:
        cursor.execute("SELECT SUBSTRING_INDEX(CURRENT_USER(), '@', 1), DATABASE()")
        assert cursor.fetchall() == (("second", "shop"),)
    connection.close()
