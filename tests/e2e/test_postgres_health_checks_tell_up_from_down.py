"""Health checks of PostgreSQL backends: a database that answers a login, whatever it says, is up;
one that says that it cannot serve now, or that answers no sense, is down. They disturb no log."""

import re
import signal
from concurrent.futures import ThreadPoolExecutor

import pytest
from support import pgwire
from support.pgbackend import accept_login, read_opening, serve_queries
from support.pgwire import ServerError
from support.ports import wait_until

OFTEN = {"health-interval": 0.2}


def log_in(gateway, pki) -> pgwire.Client:
    return pgwire.connect(gateway.port, "app", tls=pki.context(), binding="disable")


def one_query(gateway, pki) -> list[tuple]:
    with log_in(gateway, pki) as client:
        return client.query("SELECT 1")


def refused_by(gateway, pki) -> ServerError:
    with pytest.raises(ServerError) as refused:
        log_in(gateway, pki)
    return refused.value


def address_of(server) -> str:
    return f"{server.host}:{server.port}"


@pytest.mark.parametrize("code, text", [
    ("57P03", "the database system is starting up"),
    ("57P03", "the database system is not accepting connections"),
    ("57P02", "terminating connection because of crash of another server process"),
    ("57P01", "terminating connection due to administrator command")])
def test_a_database_that_cannot_serve_now_is_down(open_door, scripted_postgres, pg15, pki, code,
                                                  text):
    """Sessions go to the next address; where there is none, they are told what the database
    says."""
    ready = []

    def script(wire, backend):
        read_opening(wire, backend)
        if not ready:
            wire.raw(ServerError("FATAL", code, text).write())
            return
        accept_login(wire)
        serve_queries(wire)

    backend = scripted_postgres(script)
    addresses = [address_of(backend), address_of(pg15)]
    gateway = open_door(addresses, listener={"protocol": "postgres"}, backend_settings=OFTEN)
    assert text in gateway.wait_for_log("backend is down", address=addresses[0])["reason"]
    gateway.wait_for_log("backend is up", address=addresses[1])
    assert one_query(gateway, pki) == [("1",)]
    alone = open_door(backend, backend_settings=OFTEN)
    alone.wait_for_log("backend is down")
    assert refused_by(alone, pki) == ServerError("FATAL", code, text)
    ready.append(True)
    gateway.wait_for_log("backend is up", address=addresses[0])
    assert one_query(gateway, pki) == [("scripted",)]


def test_a_standby_that_takes_no_connections_is_down_until_it_is_promoted(open_door, new_postgres):
    server = new_postgres(options="wal_level = replica\nhot_standby = off")
    server.write("data/standby.signal", "")
    said = "not accepting connections"
    log = server.directory / "server.log"
    with ThreadPoolExecutor() as pool:
        started = pool.submit(server.start)  # Which waits until it is let in.
        wait_until(lambda: log.exists() and said in server.log(), "the standby's start")
        gateway = open_door(server, backend_settings=OFTEN)
        assert said in gateway.wait_for_log("backend is down")["reason"]
        server.write("data/promote", "")
        server.process.send_signal(signal.SIGUSR1)
        gateway.wait_for_log("backend is up")
        started.result()


@pytest.mark.parametrize("code, text", [
    ("53300", "sorry, too many clients already"), ("28000", "no pg_hba.conf entry for host"),
    ("28P01", "password authentication failed"), ("3D000", 'database "postgres" does not exist')])
def test_a_database_that_refuses_the_health_check_is_up(open_door, scripted_postgres, pki, code,
                                                        text):
    def script(wire, backend):
        if read_opening(wire, backend).user == "sallyport":
            wire.raw(ServerError("FATAL", code, text).write())
            return
        accept_login(wire)
        serve_queries(wire)

    gateway = open_door(scripted_postgres(script))
    gateway.wait_for_log("backend is up")
    assert one_query(gateway, pki) == [("scripted",)]


def nonsense(wire, backend):
    read_opening(wire, backend)
    wire.raw(b"HTTP/1.1 400 Bad Request\r\n\r\n")


def silence(wire, backend):
    read_opening(wire, backend)
    wire.read_to_end()


@pytest.mark.parametrize("script", [nonsense, silence])
def test_what_is_no_answer_of_a_databases_is_down(open_door, scripted_postgres, script):
    gateway = open_door(scripted_postgres(script), limits={"dial-timeout": 1})
    assert gateway.wait_for_log("backend is down")["reason"].startswith("login: ")


# In each the health check's account ends up differently; None is no account at all.
CHECKED = {
    "asked for a password": ("scram-sha-256", None),
    "asked for an md5 password": ("md5", "NULL"),
    "let in": ("trust", "NULL"),
}


@pytest.mark.parametrize("how", CHECKED)
def test_health_checks_leave_no_noise(open_door, new_postgres, how):
    """In the database's log: only what log_connections writes of every connection."""
    method, password = CHECKED[how]
    server = new_postgres(hba=f"local all postgres trust\nhost all all 127.0.0.0/8 {method}\n")
    server.start()
    if password:
        server.sql(f"CREATE ROLE sallyport LOGIN PASSWORD {password}")
    before = len(server.log())
    open_door(server, backend_settings=OFTEN)
    # The last of them is under way, and does not count: the door's end may cut it short.
    checks = server.wait_for_log(r"(?s)(connection received: host=127.*?){4}", before)
    lines = [line.split("LOG:  ")[-1] for line in checks[0].splitlines()]
    usual = r"connection (received|authorized|authenticated)|disconnection: session time"
    assert [line for line in lines if not re.match(usual, line)] == []


def test_the_health_checks_account_may_have_another_name(open_door, scripted_postgres):
    def script(wire, backend):
        read_opening(wire, backend)
        accept_login(wire)

    backend = scripted_postgres(script)
    gateway = open_door(backend, backend_settings={"health-user": "monitor"})
    gateway.wait_for_log("backend is up")
    assert {opening.user for opening in backend.openings} == {"monitor"}
