"""A plain client is plain to the database, too: its own rules on encryption decide.

Never does a plain client become a TLS session behind the door (invariant 2).
"""

import pytest
from support import wire
from support.clients import connect, query, ssl_status

REFUSED = 1045  # MariaDB 10.11 says this for REQUIRE SSL and for its require_secure_transport


@pytest.fixture(scope="module")
def plain_door(open_shared_door, mariadb):
    gateway = open_shared_door(mariadb, tls={"require-secure-transport": False},
                               backend_settings={"ssl-mode": "PREFERRED"})
    gateway.wait_for_log("backend is up")
    return gateway


def test_a_plain_client_has_a_plain_session(plain_door, mariadb):
    with connect(plain_door.port, "app", tls=None) as connection:
        assert ssl_status(connection) == {"Ssl_version": "", "Ssl_cipher": ""}
        assert query(connection, "SELECT 1") == [(1,)]


def test_a_tls_client_at_the_same_door_has_tls(plain_door, pki):
    with wire.connect(plain_door.port, "app", tls=pki.context()) as client:
        cipher, version, _ = client.sock.cipher()
        assert ssl_status(client) == {"Ssl_version": version, "Ssl_cipher": cipher}


def refusal(port: int, user: str) -> bytes:
    client, answer = wire.attempt(port, user)
    client.close()
    return answer


@pytest.mark.parametrize("require", ["SSL", "X509", "CIPHER 'TLS_AES_256_GCM_SHA384'"])
def test_require_clauses_refuse_it_as_they_do_directly(plain_door, mariadb, require):
    mariadb.account("secured", require=require)
    assert wire.ServerError.read(refusal(mariadb.port, "secured")).code == REFUSED
    assert refusal(plain_door.port, "secured") == refusal(mariadb.port, "secured")


def test_the_databases_require_secure_transport_refuses_it(open_door, new_mariadb, mirror):
    server = new_mariadb(options="require-secure-transport=ON").start()
    server.account("app")
    gateway = open_door(server, tls={"require-secure-transport": False},
                        backend_settings={"ssl-mode": "PREFERRED"})
    gateway.wait_for_log("backend is up")
    assert wire.ServerError.read(refusal(server.port, "app")).code == REFUSED
    assert refusal(gateway.port, "app") == refusal(server.port, "app")


def test_the_log_says_that_it_was_plain(plain_door, mariadb):
    mariadb.account("plain-app")
    with wire.connect(plain_door.port, "plain-app") as client:
        client.quit()
    record = plain_door.wait_for_session(user="plain-app")
    assert (record["tls_version"], record["tls_cipher"]) == ("", "")


def test_a_wrong_password_gets_the_same_error_over_plain_legs(plain_door, mariadb):
    def answer(port: int) -> bytes:
        client, final = wire.attempt(port, "app", "wrong")
        with client:
            return final
    assert answer(plain_door.port) == answer(mariadb.port)
