"""A second certificate chain is shown to a share of the handshakes; clients that refuse it send
the share back to nothing, and nobody is left outside."""

import ssl

import pymysql
import pytest
from support import pgwire, wire
from support.clients import TLS_1_2, TLS_1_3, connect, mariadb, tls_context
from support.psql import psql, query, verified

FALLEN = "the canary has fallen back"


@pytest.fixture(scope="module")
def canary(pki):
    """A certificate of another CA, and the CA's file."""
    credential = pki.stranger.server("localhost", "127.0.0.1")
    certificate, key = credential.write(pki.directory, "canary")
    return {"tls": {"canary-cert": certificate, "canary-key": key, "canary-share": 1},
            "serial": credential.serial, "ca": pki.put("canary-ca.crt", pki.stranger.pem)}


@pytest.fixture
def mysql_door(open_door, mariadb, canary):
    def start(**terms):
        gateway = open_door(mariadb, tls={**canary["tls"], **terms})
        gateway.wait_for_log("backend is up")
        return gateway
    return start


@pytest.fixture
def pg_door(open_door, pg15, canary, tmp_path):
    """Of a database whose verifiers are known: clients bind their logins to what they are shown."""
    verifiers = tmp_path / "verifiers.txt"
    verifiers.touch(mode=0o600)
    verifiers.write_text(f'"app" "{pg15.verifier("app")}"\n')

    def start(backend_settings=None, **terms):
        settings = {"auth-file": verifiers} if backend_settings is None else backend_settings
        gateway = open_door(pg15, tls={**canary["tls"], **terms}, backend_settings=settings)
        gateway.wait_for_log("backend is up")
        return gateway
    return start


def shown(gateway, context, session=None):
    """(serial of the certificate, the TLS session, was it resumed) of a MySQL client that logs in."""
    with wire.connect(gateway.port, "app", tls=context, session=session) as client:
        client.query("SELECT 1")  # By now a ticket of TLS 1.3 has been read.
        serial = int(client.sock.getpeercert()["serialNumber"], 16)
        state = client.sock.session, client.sock.session_reused
        client.quit()
        return serial, *state


def refuse(gateway, context, count: int, opened=wire.Client.open_tls, client=wire.Client) -> None:
    for _ in range(count):
        with client(gateway.port) as plug, pytest.raises(ssl.SSLCertVerificationError):
            opened(plug, context)


def counters(gateway) -> dict:
    gateway.stop()
    return gateway.events("stopped")[0]


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_the_share_falls_back_at_the_limit(mysql_door, pki, canary, version):
    gateway = mysql_door()
    new, old = tls_context(canary["ca"], version=version), pki.context(version=version)
    assert shown(gateway, new)[0] == canary["serial"]
    assert gateway.wait_for_session(user="app")["chain"] == "canary"

    refuse(gateway, old, 2)
    gateway.wait_for_log("session ended", count=3)
    assert not gateway.events(FALLEN)
    refuse(gateway, old, 1)
    fallen = gateway.wait_for_log(FALLEN)
    assert (fallen["listener"], fallen["refusals"]) == ("front", 3)
    assert "unknown ca" in fallen["last"]
    refused = gateway.wait_for_session(count=3, chain="canary", stage="handshake")
    assert "unknown ca" in refused["detail"]

    for _ in range(5):
        assert shown(gateway, old)[0] == pki.front.serial
    assert gateway.wait_for_session(count=2, user="app")["chain"] == "main"
    refuse(gateway, new, 1)
    assert len(gateway.events(FALLEN)) == 1
    counted = counters(gateway)
    assert counted["canary_handshakes"] == 1 and counted["canary_refusals"] == 3
    assert counted["main_refusals"] == 1 and counted["canary_fallbacks"] == 1


def test_the_fall_outlives_a_reload_until_the_terms_or_the_files_change(mysql_door, pki, canary):
    gateway = mysql_door(**{"canary-limit": 1})
    old = pki.context()
    refuse(gateway, old, 1)
    gateway.wait_for_log(FALLEN)
    assert gateway.reload().returncode == 0
    assert shown(gateway, old)[0] == pki.front.serial

    gateway.settings["tls"]["canary-limit"] = 2
    gateway.write_config()
    assert gateway.reload().returncode == 0
    refuse(gateway, old, 2)
    gateway.wait_for_log(FALLEN, count=2)

    other = pki.stranger.server("localhost", "127.0.0.1")
    certificate, key = other.write(gateway.directory, "canary")
    gateway.settings["tls"].update({"canary-cert": certificate, "canary-key": key})
    gateway.write_config()
    assert gateway.reload().returncode == 0
    assert shown(gateway, tls_context(canary["ca"]))[0] == other.serial


def test_a_share_is_a_share(mysql_door, pki, canary):
    gateway = mysql_door(**{"canary-share": 0.5})
    both = tls_context(pki.put("both.crt", pki.servers.pem + pki.stranger.pem))
    # Of 40, one side stays empty once in 2^39 runs.
    assert {shown(gateway, both)[0] for _ in range(40)} == {pki.front.serial, canary["serial"]}


def test_a_share_of_nothing_shows_nobody(mysql_door, pki):
    gateway = mysql_door(**{"canary-share": 0})
    assert {shown(gateway, pki.context())[0] for _ in range(10)} == {pki.front.serial}


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_a_ticket_is_good_for_the_chain_that_it_began_with(mysql_door, pki, canary, version):
    gateway = mysql_door(**{"canary-limit": 1})
    both = tls_context(pki.put("both.crt", pki.servers.pem + pki.stranger.pem), version=version)
    serial, ticket, _ = shown(gateway, both)
    assert serial == canary["serial"]
    _, ticket, resumed = shown(gateway, both, ticket)
    assert resumed
    assert gateway.wait_for_session(count=2, user="app")["chain"] == "canary"
    refuse(gateway, pki.context(), 1)
    gateway.wait_for_log(FALLEN)
    serial, ticket, resumed = shown(gateway, both, ticket)
    assert (serial, resumed) == (pki.front.serial, False)

    gateway.settings["tls"]["canary-limit"] = 2
    gateway.write_config()
    assert gateway.reload().returncode == 0
    serial, _, resumed = shown(gateway, both, ticket)
    assert (serial, resumed) == (canary["serial"], False)


def test_a_key_type_that_the_canary_lacks_is_the_main_chains(mysql_door, pki):
    gateway = mysql_door()
    context = pki.context(version=TLS_1_2, ciphers="ECDHE-RSA-AES128-GCM-SHA256")
    assert shown(gateway, context)[0] == pki.front_rsa.serial
    assert gateway.wait_for_session(user="app")["chain"] == "main"


def test_logins_are_bound_to_the_chain_that_was_shown(pg_door, pki, canary):
    gateway = pg_door(**{"canary-limit": 1})

    def asks(ca):
        return {"port": gateway.port, "user": "app", "password": "secret", "dbname": "postgres",
                "channel_binding": "require", **verified(ca)}
    assert query("SELECT 1", **asks(canary["ca"])) == [("1",)]
    assert gateway.wait_for_session(user="app")["chain"] == "canary"
    assert psql("SELECT 1", **asks(pki.ca)).returncode == 2
    gateway.wait_for_log(FALLEN)
    assert query("SELECT 1", **asks(pki.ca)) == [("1",)]
    assert gateway.wait_for_session(count=2, user="app")["chain"] == "main"


def test_direct_tls_is_served_and_counted_too(pg_door, pki, canary):
    gateway = pg_door(**{"canary-limit": 2})
    with pgwire.Client(gateway.port) as client:
        client.open_direct_tls(tls_context(canary["ca"]))
        assert int(client.sock.getpeercert()["serialNumber"], 16) == canary["serial"]
    refuse(gateway, pki.context(), 2, pgwire.Client.open_direct_tls, pgwire.Client)
    gateway.wait_for_log(FALLEN)
    with pgwire.Client(gateway.port) as client:
        client.open_direct_tls(pki.context())


@pytest.mark.parametrize("scram", ["relay", "auto"])
def test_where_scram_is_relayed_there_is_no_canary(pg_door, pki, scram):
    """The client's login would be bound to a certificate that the database does not have."""
    gateway = pg_door({"scram": scram})
    assert "relayed" in gateway.wait_for_log("no canary is served", listener="front")["reason"]
    with pgwire.Client(gateway.port) as client:
        client.open_tls(pki.context())
    assert "canary" not in str(gateway.events("a canary is served"))


@pytest.mark.parametrize("program", ["mariadb", "pymysql"])
def test_real_clients_are_back_at_their_next_try(mysql_door, pki, program):
    """They trust the old CA alone, and no cross certificate leads there."""
    gateway = mysql_door(**{"canary-limit": 2})

    def is_let_in() -> bool:
        if program == "mariadb":
            return mariadb(gateway.port, "app", "SELECT 1", ca=pki.ca).returncode == 0
        try:
            connect(gateway.port, "app", tls=pki.context()).close()
            return True
        except pymysql.OperationalError:
            return False
    tries = [is_let_in()]
    gateway.wait_for_session()
    tries.append(is_let_in())
    gateway.wait_for_log(FALLEN)
    assert [*tries, is_let_in()] == [False, False, True]
