"""What the client must not decide is the door's: TLS only, versions, ciphers, how many, how long."""

import ssl
import time

import pytest
from support import wire
from support.clients import TLS_1_2, TLS_1_3, connect, query, ssl_status, tls_context

PROHIBITED = wire.ServerError(
    3159, "HY000",
    "Connections using insecure transport are prohibited while --require_secure_transport=ON.")


def test_plain_clients_are_refused_in_the_databases_words(door):
    with pytest.raises(wire.ServerError) as refused:
        wire.connect(door.port, "app")
    assert refused.value == PROHIBITED
    record = door.wait_for_session(reason="tls_required")
    assert (record["level"], record["leg"], record["stage"]) == ("warn", "front", "login")


def test_pymysql_shows_the_refusal(door):
    import pymysql
    with pytest.raises(pymysql.OperationalError) as refused:
        connect(door.port, "app", tls=None)
    assert refused.value.args[0] == 3159


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("minimum, offered, accepted", [
    ("TLSv1.2", ssl.TLSVersion.TLSv1_1, False), ("TLSv1.2", TLS_1_2, True),
    ("TLSv1.3", TLS_1_2, False), ("TLSv1.3", TLS_1_3, True)])
def test_the_minimum_version(open_door, mariadb, pki, minimum, offered, accepted):
    gateway = open_door(mariadb, tls={"tls-version": minimum})
    context = pki.context(version=offered, ciphers="ALL:@SECLEVEL=0")
    if accepted:
        with wire.connect(gateway.port, "app", tls=context) as client:
            assert client.sock.version() == ssl_status(client)["Ssl_version"]
    else:
        with pytest.raises(ssl.SSLError, match="(?i)protocol version"):
            wire.connect(gateway.port, "app", tls=context)
        record = gateway.wait_for_session(stage="handshake")
        assert record["reason"] == "tls_no_agreement"


def test_the_cipher_list_of_tls_1_2(open_door, mariadb, pki):
    gateway = open_door(mariadb, tls={"ssl-cipher": "ECDHE-RSA-AES128-GCM-SHA256"})
    wanted = pki.context(version=TLS_1_2)
    with wire.connect(gateway.port, "app", tls=wanted) as client:
        assert client.sock.cipher()[0] == "ECDHE-RSA-AES128-GCM-SHA256"
    other = pki.context(version=TLS_1_2, ciphers="ECDHE-RSA-AES256-GCM-SHA384")
    with pytest.raises(ssl.SSLError, match="(?i)handshake failure"):
        wire.connect(gateway.port, "app", tls=other)


def test_the_suites_of_tls_1_3(open_door, mariadb, pki):
    gateway = open_door(mariadb, tls={"tls-ciphersuites": "TLS_AES_128_GCM_SHA256"})
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        assert client.sock.cipher()[0] == "TLS_AES_128_GCM_SHA256"
        assert ssl_status(client)["Ssl_cipher"] == "TLS_AES_128_GCM_SHA256"


def test_the_clients_preference_is_honoured(door, pki):
    for order in ("ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384",
                  "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES128-GCM-SHA256"):
        context = pki.context(version=TLS_1_2, ciphers=order)
        with wire.connect(door.port, "app", tls=context) as client:
            assert client.sock.cipher()[0] == order.split(":")[0]


def test_key_exchange_groups(open_door, mariadb, pki):
    import subprocess
    gateway = open_door(mariadb, tls={"groups": "P-384"})

    def handshake(group: str) -> str:
        return subprocess.run(
            ["openssl", "s_client", "-starttls", "mysql", "-connect", f"127.0.0.1:{gateway.port}",
             "-groups", group, "-brief"], input="", capture_output=True, text=True, timeout=30).stderr
    assert "CONNECTION ESTABLISHED" in handshake("P-384")
    assert "CONNECTION ESTABLISHED" not in handshake("X25519")


def test_one_session_too_many(open_door, mariadb, pki):
    gateway = open_door(mariadb, limits={"max-connections": 2})
    context = pki.context()
    with wire.connect(gateway.port, "app", tls=context), \
            wire.connect(gateway.port, "app", tls=context):
        with pytest.raises(wire.ServerError) as refused:
            wire.Client(gateway.port)
        assert (refused.value.code, refused.value.message) == (1040, "Too many connections")
        gateway.wait_for_session(reason="too_many_sessions")
    gateway.wait_for_session(count=3)
    with wire.connect(gateway.port, "app", tls=context) as client:
        assert client.query("SELECT 1") == [("1",)], "there is room again"


def test_auto_tls_makes_a_certificate_that_clients_verify(open_door, mariadb):
    gateway = open_door(mariadb, tls={"ssl-cert": None, "ssl-key": None, "ssl-ca": None})
    ready = gateway.wait_for_log("secure connection is enabled")
    assert "localhost" in ready["names"]
    authority = gateway.data / "auto-tls" / "ca.crt"
    for version in (TLS_1_2, TLS_1_3):
        with connect(gateway.port, "app", tls=tls_context(authority, version=version)) as connection:
            assert query(connection, "SELECT 1") == [(1,)]
    keys = list((gateway.data / "auto-tls").glob("*.key"))
    assert len(keys) == 3 and {key.stat().st_mode & 0o777 for key in keys} == {0o600}


def test_auto_tls_survives_a_restart(open_door, mariadb):
    gateway = open_door(mariadb, tls={"ssl-cert": None, "ssl-key": None, "ssl-ca": None})
    before = (gateway.data / "auto-tls" / "server.crt").read_bytes()
    context = tls_context(gateway.data / "auto-tls" / "ca.crt")
    gateway.stop()
    gateway.start()
    assert (gateway.data / "auto-tls" / "server.crt").read_bytes() == before
    with connect(gateway.port, "app", tls=context) as connection:
        assert query(connection, "SELECT 1") == [(1,)]


def test_a_listener_may_differ_from_the_common_policy(open_door, mariadb, pki):
    gateway = open_door(mariadb, tls={"require-secure-transport": True},
                        listener={"require-secure-transport": False})
    with wire.connect(gateway.port, "app") as client:
        assert ssl_status(client)["Ssl_cipher"] == ""


def test_start_up_tells_what_is_served(open_door, mariadb, pki):
    gateway = open_door(mariadb)
    record = gateway.wait_for_log("secure connection is enabled")
    assert record["listener"] == "front" and record["address"].endswith(str(gateway.port))
    assert "front.sallyport.test" in record["names"] and "CN=localhost" in record["subject"]
    assert record["not_after"] > time.strftime("%Y-%m-%d")
