"""Endings: the gateway drains and exits 0; goodbyes are passed on; a client that vanished does not
look to the database like one that said goodbye, so that the database stops its work."""

import signal
import socket
import struct

import pytest
from support import wire
from support.ports import wait_until


def sleeping(mariadb, user: str) -> bool:
    return any("SLEEP" in (info or "") for *_, info in mariadb.sessions(user))


def refuses(port: int) -> bool:
    try:
        wire.Client(port).close()
        return False
    except (OSError, wire.Closed):
        return True


@pytest.fixture(params=["own", "backend"])
def gateway(open_door, mariadb, request):
    door = open_door(mariadb, listener={"greeting": request.param})
    door.wait_for_log("backend is up")
    return door


def test_a_stop_lets_a_query_finish_and_exits_with_0(gateway, mariadb, pki):
    mariadb.account("drained")
    with wire.connect(gateway.port, "drained", tls=pki.context()) as client:
        client.begin(wire.COM_QUERY, "SELECT SLEEP(1), 'done'")
        wait_until(lambda: sleeping(mariadb, "drained"), "the query's start")
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_for_log("stopping")
        wait_until(lambda: refuses(gateway.port), "the listener's end")
        assert client.result(client.receive()) == [("0", "done")]
        client.quit()
    gateway.wait_for_exit()
    assert gateway.events("stopped")
    wait_until(lambda: not mariadb.sessions("drained"), "the session's end in the database")


def test_a_session_that_does_not_end_is_ended_at_the_limit(open_door, mariadb, pki):
    gateway = open_door(mariadb, limits={"drain-timeout": 0.5})
    mariadb.account("drained")
    with wire.connect(gateway.port, "drained", tls=pki.context()) as client:
        client.begin(wire.COM_QUERY, "SELECT SLEEP(120)")
        wait_until(lambda: sleeping(mariadb, "drained"), "the query's start")
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_for_exit()
        assert gateway.wait_for_session(user="drained")["reason"] == "draining"
    wait_until(lambda: not mariadb.sessions("drained"), "the session's end in the database")


def test_control_c_is_a_graceful_stop_too(gateway):
    gateway.process.send_signal(signal.SIGINT)
    gateway.wait_for_exit()
    assert gateway.events("stopping") and gateway.events("stopped")


def test_a_client_that_vanishes_in_a_query_is_noticed_by_the_database(gateway, mariadb, pki):
    """A bare FIN behind the door, as in front of it: a close_notify would hide the loss."""
    user = mariadb.account("vanishing")
    client = wire.connect(gateway.port, user, tls=pki.context())
    client.begin(wire.COM_QUERY, "SELECT SLEEP(120)")
    wait_until(lambda: sleeping(mariadb, user), "the query's start")
    client.close()  # Python sends no close_notify: a bare FIN.
    wait_until(lambda: not mariadb.sessions(user), "the query's end in the database")
    assert gateway.wait_for_session(user=user)["reason"] == "peer_vanished"


def test_a_client_that_is_reset_in_a_query_is_noticed_by_the_database(gateway, mariadb, pki):
    user = mariadb.account("resetting")
    client = wire.connect(gateway.port, user, tls=pki.context())
    client.begin(wire.COM_QUERY, "SELECT SLEEP(120)")
    wait_until(lambda: sleeping(mariadb, user), "the query's start")
    client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()
    wait_until(lambda: not mariadb.sessions(user), "the query's end in the database")
    assert gateway.wait_for_session(user=user)["leg"] == "front"


def test_a_goodbye_is_passed_on(gateway, mariadb, pki):
    """The database does not count it as an aborted client."""
    before = mariadb.status("Aborted_clients")
    user = mariadb.account("polite")
    wire.connect(gateway.port, user, tls=pki.context()).quit()
    record = gateway.wait_for_session(user=user)
    assert (record["reason"], record["level"]) == ("client_quit", "info")
    wait_until(lambda: not mariadb.sessions(user), "the session's end in the database")
    assert mariadb.status("Aborted_clients") == before


def test_a_loss_is_counted_by_the_database(gateway, mariadb, pki):
    before = mariadb.status("Aborted_clients")
    user = mariadb.account("impolite")
    wire.connect(gateway.port, user, tls=pki.context()).close()
    wait_until(lambda: mariadb.status("Aborted_clients") == before + 1, "the count")


def test_the_databases_goodbye_is_passed_on(gateway, mariadb, pki):
    """It kills an idle session: the client sees the end, as directly."""
    user = mariadb.account("idle")
    with wire.connect(gateway.port, user, tls=pki.context()) as client:
        mariadb.sql(f"KILL {mariadb.sessions(user)[0][0]}")
        with pytest.raises((wire.Closed, wire.ServerError)):
            client.receive()
    assert gateway.wait_for_session(user=user)["leg"] == "back"


def test_a_database_that_dies_ends_the_session(open_door, new_mariadb, pki):
    server = new_mariadb().start()
    server.account("app")
    gateway = open_door(server)
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        client.begin(wire.COM_QUERY, "SELECT SLEEP(120)")
        server.kill()
        with pytest.raises(wire.Closed):
            client.receive()
    record = gateway.wait_for_session(user="app")
    assert (record["leg"], record["reason"]) == ("back", "peer_vanished")


def test_an_answer_that_is_on_its_way_is_delivered_before_the_end(gateway, mariadb, pki):
    """The client has said goodbye before it read everything; the rest still comes."""
    size = 8 * 1024 * 1024
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        client.begin(wire.COM_QUERY, f"SELECT REPEAT('x', {size})")
        client.begin(wire.COM_QUIT)
        client.sequence = 1
        assert len(client.result(client.receive())[0][0]) == size
