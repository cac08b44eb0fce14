"""Endings of PostgreSQL sessions: the gateway drains and exits 0; goodbyes are passed on; a client
that vanished does not look to the database like one that said goodbye; a database that ends a
session says why to the client itself."""

import os
import signal
import socket
import struct

import pytest
from support import pgwire
from support.pgbackend import accept_login, read_opening
from support.ports import wait_until

# The database looks after its client while it works, not only when it next writes.
ATTENTIVE = "client_connection_check_interval = '100ms'"
NAP = "SELECT 'done' FROM pg_sleep(1)"
SLEEP = "SELECT 'done' FROM pg_sleep(120)"


@pytest.fixture(scope="module")
def database(new_shared_postgres):
    server = new_shared_postgres(options=ATTENTIVE).start()
    server.account("app")
    return server


@pytest.fixture
def gateway(open_door, database):
    door = open_door(database)
    door.wait_for_log("backend is up")
    return door


@pytest.fixture
def log_in(pki):
    clients = []

    def make(gateway, **how) -> pgwire.Client:
        clients.append(pgwire.connect(gateway.port, "app", tls=pki.context(), binding="disable",
                                      **how))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def is_known(database, client: pgwire.Client, state: str = "%") -> bool:
    """Whether the database has this client's session, in this state."""
    return bool(database.sql("SELECT 1 FROM pg_stat_activity"
                             f" WHERE pid = {client.process} AND state LIKE '{state}'"))


def begin(database, client: pgwire.Client, sql: str) -> None:
    """And waits until the database works on it."""
    client.begin(sql)
    wait_until(lambda: is_known(database, client, "active"), "the query's start")


def await_end(database, client: pgwire.Client) -> None:
    wait_until(lambda: not is_known(database, client), "the session's end in the database")


def refuses(port: int) -> bool:
    try:
        pgwire.Client(port).close()
        return False
    except OSError:
        return True


# The gateway's stop.


def test_a_stop_lets_a_query_finish_and_exits_with_0(gateway, database, log_in):
    client = log_in(gateway)
    begin(database, client, NAP)
    gateway.process.send_signal(signal.SIGTERM)
    gateway.wait_for_log("stopping")
    wait_until(lambda: refuses(gateway.port), "the listener's end")
    assert client.result() == [("done",)]
    client.terminate()
    gateway.wait_for_exit()
    assert gateway.events("stopped")
    assert gateway.sessions(user="app")[0]["reason"] == "client_quit"
    await_end(database, client)


def test_a_session_that_does_not_end_is_ended_at_the_limit(open_door, database, log_in):
    gateway = open_door(database, limits={"drain-timeout": 0.5})
    client = log_in(gateway)
    begin(database, client, SLEEP)
    gateway.process.send_signal(signal.SIGTERM)
    gateway.wait_for_exit()
    assert gateway.sessions(user="app")[0]["reason"] == "draining"
    assert client.read_to_end() == b""
    await_end(database, client)


def test_a_login_that_is_under_way_does_not_hold_up_a_stop(open_door, database, pki):
    gateway = open_door(database, limits={"drain-timeout": 0.5})
    with pgwire.Client(gateway.port) as client:
        client.open_tls(pki.context())
        client.raw(pgwire.startup("app"))
        client.expect("R")
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_for_exit()
    assert gateway.sessions(user="app")[0]["reason"] == "draining"


def test_control_c_is_a_graceful_stop_too(gateway):
    gateway.process.send_signal(signal.SIGINT)
    gateway.wait_for_exit()
    assert gateway.events("stopping") and gateway.events("stopped")


def test_a_cancel_still_works_while_the_gateway_stops(gateway, database, log_in):
    """On a connection that came in before."""
    client = log_in(gateway)
    begin(database, client, SLEEP)
    with pgwire.Client(gateway.port) as asking:
        asking.raw(pgwire.cancel_request(client.process, client.secret)[:8])
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_for_log("stopping")
        asking.raw(pgwire.cancel_request(client.process, client.secret)[8:])
        with pytest.raises(pgwire.ServerError) as fault:
            client.result()
    assert fault.value.code == "57014"
    client.terminate()
    gateway.wait_for_exit()


# The client's leaving.


LOST = "unexpected EOF on client connection with an open transaction"


def test_a_goodbye_is_passed_on(gateway, database, log_in):
    """To the database it is no loss, though a transaction is open."""
    client, before = log_in(gateway), len(database.log())
    client.query("BEGIN")
    client.terminate()
    record = gateway.wait_for_session(user="app")
    assert (record["reason"], record["level"], record["leg"]) == ("client_quit", "info", "front")
    database.wait_for_log(rf"\[{client.process}\].*disconnection", before)
    assert LOST not in database.log()[before:]


@pytest.mark.parametrize("how", ["vanishes", "is reset"])
def test_a_loss_is_seen_by_the_database(gateway, database, log_in, how):
    client, before = log_in(gateway), len(database.log())
    client.query("BEGIN")
    leave(client, how)
    assert gateway.wait_for_session(user="app")["leg"] == "front"
    database.wait_for_log(rf"\[{client.process}\].*{LOST}", before)


def leave(client: pgwire.Client, how: str) -> None:
    """Without a word of PostgreSQL's or of TLS's: Python's close sends a bare FIN."""
    if how == "is reset":
        client.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


@pytest.mark.parametrize("how", ["vanishes", "is reset"])
def test_a_client_that_leaves_in_a_query_ends_it(gateway, database, log_in, how):
    client = log_in(gateway)
    begin(database, client, SLEEP)
    leave(client, how)
    await_end(database, client)
    record = gateway.wait_for_session(user="app")
    assert (record["leg"], record["reason"] in ("peer_vanished", "network")) == ("front", True)


def test_tls_goodbyes_are_passed_on(open_door, scripted_postgres, log_in):
    """A client that ends its TLS without Terminate: so does its session on the other side."""
    ends = []

    def script(peer, backend) -> None:
        if read_opening(peer, backend).user != "app":
            return accept_login(peer)
        accept_login(peer)
        peer.sock.suppress_ragged_eofs = False  # A bare FIN is an error now.
        ends.append(peer.sock.recv(1))

    gateway = open_door(scripted_postgres(script))
    client = log_in(gateway)
    client.sock.unwrap()
    assert gateway.wait_for_session(user="app")["reason"] == "peer_closed"
    wait_until(lambda: ends, "the end at the database")
    assert ends == [b""]


def test_an_answer_that_is_on_its_way_is_delivered_before_the_end(gateway, log_in):
    """The client has said goodbye before it read everything; the rest still comes."""
    size = 8 * 1024 * 1024
    client = log_in(gateway)
    client.begin(f"SELECT repeat('x', {size})")
    client.send("X")
    assert len(client.result()[0][0]) == size
    assert client.read_to_end() == b""
    assert gateway.wait_for_session(user="app")["bytes_out"] > size


def test_a_copy_that_is_cut_off_is_not_taken_for_a_whole_one(gateway, database, log_in):
    """The client vanishes in the middle: nothing of it is kept."""
    database.sql("DROP TABLE IF EXISTS half", "CREATE TABLE half (line text)",
                 "GRANT ALL ON half TO app")
    client = log_in(gateway)
    client.begin("COPY half FROM STDIN")
    client.expect("G")
    client.send("d", b"one\n" * 1000)
    leave(client, "vanishes")
    await_end(database, client)
    assert database.sql("SELECT count(*) FROM half") == [("0",)]


# The database's leaving.


def test_the_databases_last_word_is_passed_on(gateway, database, log_in):
    client = log_in(gateway)
    database.sql(f"SELECT pg_terminate_backend({client.process})")
    with pytest.raises(pgwire.ServerError) as fault:
        client.result()
    assert (fault.value.severity, fault.value.code) == ("FATAL", "57P01")
    assert client.read_to_end() == b""
    assert gateway.wait_for_session(user="app")["leg"] == "back"


def test_a_database_that_shuts_down_says_so(open_door, new_postgres, log_in):
    server = new_postgres().start()
    server.account("app")
    gateway = open_door(server)
    client = log_in(gateway)
    server.stop()
    with pytest.raises(pgwire.ServerError) as fault:
        client.result()
    assert fault.value.code == "57P01"
    assert gateway.wait_for_session(user="app")["leg"] == "back"


def test_a_database_that_dies_ends_the_session(open_door, new_postgres, log_in):
    """A process that is killed has no last word; the others must leave as well, and have one."""
    server = new_postgres().start()
    server.account("app")
    gateway = open_door(server)
    killed, other = log_in(gateway), log_in(gateway)
    killed.begin(SLEEP)
    wait_until(lambda: is_known(server, killed, "active"), "the query's start")
    os.kill(killed.process, signal.SIGKILL)
    with pytest.raises(pgwire.Closed):
        killed.receive()
    assert pgwire.ServerError.read(other.expect("N")).code == "57P02"
    assert other.read_to_end() == b""
    record = gateway.wait_for_session(connection_id=killed.process)
    assert (record["leg"], record["reason"]) == ("back", "peer_vanished")


def test_an_idle_session_is_ended_by_the_databases_clock(gateway, log_in):
    client = log_in(gateway, options="-c idle_session_timeout=100")
    with pytest.raises(pgwire.ServerError) as fault:
        client.result()
    assert fault.value.code == "57P05"
    assert gateway.wait_for_session(user="app")["leg"] == "back"


def test_a_session_that_ends_leaves_others_alone(gateway, database, log_in):
    clients = [log_in(gateway) for _ in range(5)]
    leave(clients.pop(), "vanishes")
    leave(clients.pop(), "is reset")
    clients.pop().terminate()
    database.sql(f"SELECT pg_terminate_backend({clients.pop().process})")
    gateway.wait_for_session(count=4, user="app")
    assert clients[0].query("SELECT 1") == [("1",)]
