"""What the tests of CancelRequest share: a server, a door, and queries that wait until they are let
go or cancelled."""

import pytest

from . import pgwire
from .ports import wait_until

CANCELLED = "57014"
LOCK = 4711
WAIT = f"SELECT 'went on' FROM pg_advisory_xact_lock_shared({LOCK})"
WENT_ON = [("went on",)]

# How a CancelRequest is brought.
WAYS = {"plain": {}, "in tls": {"tls": True}, "in direct tls": {"tls": True, "direct": True}}


class Barrier:
    """A lock of the database: queries wait for it until it is given back or they are cancelled."""

    def __init__(self, server):
        self.server = server
        self.holder = pgwire.connect(server.port, "app", tls=None)
        self.holder.query(f"SELECT pg_advisory_lock({LOCK})")

    def await_waiting(self, condition: str) -> None:
        sql = f"SELECT 1 FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND {condition}"
        wait_until(lambda: self.holder.query(sql), "a query's start")

    def stop(self, client: pgwire.Client) -> None:
        """Makes this client wait."""
        client.begin(WAIT)
        self.await_waiting(f"pid = {client.process}")

    def release(self) -> None:
        self.holder.query(f"SELECT pg_advisory_unlock({LOCK})")


@pytest.fixture(scope="module", params=[15, 18])
def server(request, shared_postgres):
    return shared_postgres(request.param)


@pytest.fixture
def barrier(server):
    made = Barrier(server)
    yield made
    made.holder.close()


@pytest.fixture(scope="module")
def door(open_shared_door, server):
    gateway = open_shared_door(server)
    gateway.wait_for_log("backend is up")
    return gateway


@pytest.fixture
def log_in(pki):
    """Logs in `app`: log_in(gateway, plain=False, protocol=…)."""
    clients = []

    def make(gateway, plain: bool = False, **how) -> pgwire.Client:
        tls = None if plain else pki.context(pki.files.alice)
        clients.append(pgwire.connect(gateway.port, "app", tls=tls, binding="disable", **how))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


def assert_cancelled(client: pgwire.Client) -> None:
    """And alive."""
    with pytest.raises(pgwire.ServerError) as fault:
        client.result()
    assert fault.value.code == CANCELLED
    assert client.query("SELECT pg_backend_pid()") == [(str(client.process),)]


def assert_goes_on(client: pgwire.Client, barrier: Barrier) -> None:
    """As though nothing had happened."""
    barrier.release()
    assert client.result() == WENT_ON


def cancel(gateway, process: int, secret: bytes, **how) -> dict:
    """Sends a CancelRequest, awaits what comes of it, and returns what the log has on it."""
    before = len(gateway.sessions(reason="cancel_request"))
    assert pgwire.cancel(gateway.port, process, secret, **how) == b""
    return gateway.wait_for_session(count=before + 1, reason="cancel_request")
