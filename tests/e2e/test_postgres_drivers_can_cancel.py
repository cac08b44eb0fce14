"""Real PostgreSQL drivers stop a running query through the door, each by its own means, by running
out of time, and with pg_cancel_backend and the process id that it knows; the session goes on.

Most send a CancelRequest in plain text whatever their session uses, some send it over TLS. The door
shows the database's own certificate, so that every driver can log in without a service account.
"""

import subprocess

import pytest
from clients.drivers import HERE
from clients.postgres_drivers import DRIVERS, MODES, run, told
from support.ports import wait_until

SESSIONS = [pytest.param(driver, mode, id=f"{driver.name}-{mode}")
            for driver in DRIVERS for mode, possible in MODES.items()
            if possible(driver) and mode != "required channel binding"]
SLEEPERS = "SELECT pid FROM pg_stat_activity WHERE wait_event = 'PgSleep'"


@pytest.fixture(scope="module", autouse=True)
def clients():
    made = subprocess.run([HERE / "install", "--check"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr


@pytest.fixture(scope="module")
def door_to(open_shared_door, pki):
    """Opens a door to a server, one for all tests. It leaves plain text to the database."""
    certificate, key = map(str, pki.files.database)
    doors = {}

    def door(server):
        if server not in doors:
            doors[server] = open_shared_door(server, tls={
                "ssl-cert": certificate, "ssl-key": key, "require-secure-transport": False})
            doors[server].wait_for_log("backend is up")
        return doors[server]
    return door


@pytest.mark.parametrize("driver, mode", SESSIONS)
def test_a_query_is_stopped_and_the_session_goes_on(driver, mode, door_to, shared_postgres, pki):
    # Only PostgreSQL 18 can be asked for TLS at once.
    server = shared_postgres(18 if mode == "direct TLS" else 15)
    door = door_to(server)
    before, others = len(door.sessions(reason="cancel_request")), server.sql(SLEEPERS)
    direct = run(driver, server.port, driver.stops, **told(mode, pki))
    through = run(driver, door.port, driver.stops, **told(mode, pki))
    assert "error" not in through, through
    assert through["steps"] == direct["steps"]
    assert through["steps"].keys() == driver.stops
    for means, ended in through["steps"].items():
        # Some say no more than that they have cancelled, some give up the connection with it.
        assert ended.get("sqlstate") in ("57014", None), means
        assert ended.get("after") == (None if ended.get("closed") else [["still here"]]), means
    wait_until(lambda: set(server.sql(SLEEPERS)) <= set(others), "the end of the queries")
    requests = len(driver.stops - {"cancel_backend"})
    door.wait_for_session(before + requests, reason="cancel_request")
    in_tls = driver.cancels_in_tls and mode != "plain text"
    for request in door.sessions(reason="cancel_request")[before:]:
        assert bool(request["tls_version"]) == in_tls
