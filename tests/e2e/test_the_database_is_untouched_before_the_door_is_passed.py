"""Nothing reaches the database before a client has passed the door (invariant 1).

The database counts every connection, and every one that ended before a login: neither count moves
while clients scan, stall, send rubbish, or are refused by policy.
"""

import socket
import ssl

import pytest
from support import wire


@pytest.fixture
def untouched(open_door, mariadb):
    """An open door whose health check is over; the database's counts must not move."""
    # A check that is refused would count as well, some time after its answer.
    mariadb.account("quiet", "IDENTIFIED VIA mysql_native_password USING ''")
    gateway = open_door(mariadb, limits={"connect-timeout": 1},
                        backend_settings={"health-interval": 3600, "health-user": "quiet"})
    gateway.wait_for_log("backend is up")

    def counts() -> tuple[int, int]:
        # Asking is a connection as well: the second number is free of it.
        return mariadb.status("Connections"), mariadb.status("Aborted_connects")

    before = counts()
    yield gateway
    after = counts()
    # Two questions before and two after: two connections lie between the two readings.
    assert (after[0] - before[0], after[1] - before[1]) == (2, 0), mariadb.log()[-2000:]


def test_by_a_port_scan(untouched):
    for _ in range(30):
        socket.create_connection(("127.0.0.1", untouched.port)).close()
    untouched.wait_for_session(30)


def test_by_clients_that_only_read_the_greeting(untouched):
    for _ in range(30):
        wire.Client(untouched.port).close()
    untouched.wait_for_session(30)


def test_by_a_client_that_says_nothing_until_its_time_is_up(untouched):
    with wire.Client(untouched.port) as client:
        client.read_to_end()
    assert untouched.wait_for_session()["reason"] == "timed_out"


def test_by_a_tls_handshake_that_fails(untouched, pki):
    with wire.Client(untouched.port) as client, pytest.raises(ssl.SSLCertVerificationError):
        context = ssl.create_default_context()  # Trusts no CA of these tests.
        client.open_tls(context)
    assert untouched.wait_for_session()["stage"] == "handshake"


def test_by_a_tls_handshake_without_a_login(untouched, pki):
    with wire.Client(untouched.port) as client:
        client.open_tls(pki.context())
    assert untouched.wait_for_session()["stage"] == "login"


def test_by_a_plain_login_where_tls_is_required(untouched):
    with pytest.raises(wire.ServerError) as refused:
        wire.connect(untouched.port, "app", "secret")
    assert refused.value.code == 3159
    untouched.wait_for_session()


def test_by_rubbish(untouched):
    with wire.Client(untouched.port) as client:
        client.raw(bytes(range(256)) * 4)
        client.read_to_end()
    untouched.wait_for_session()


def test_by_a_malformed_login_inside_tls(untouched, pki):
    with wire.Client(untouched.port) as client:
        client.open_tls(pki.context())
        client.send(b"\x01\x02\x03")
        client.read_to_end()
    assert untouched.wait_for_session()["stage"] == "login"


def test_by_an_untrusted_client_certificate(untouched, pki):
    impostor = pki.stranger.client("app").write(pki.directory, "impostor")
    with wire.Client(untouched.port) as client, pytest.raises((ssl.SSLError, wire.Closed)):
        client.open_tls(pki.context(impostor))
        client.log_in("app", "secret")
    assert untouched.wait_for_session()["reason"] == "certificate_untrusted"
