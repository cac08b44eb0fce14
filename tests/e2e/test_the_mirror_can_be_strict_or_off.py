"""mirror = "strict": exactly the client's version and cipher, or no session.
mirror = "off": the back leg's TLS follows ssl-mode alone, and the door itself enforces accounts."""

import ssl

import pytest
from support import wire
from support.clients import TLS_1_2, ssl_status


@pytest.fixture
def narrow(new_mariadb):
    """A database that takes one TLS 1.2 suite only."""
    server = new_mariadb(options="tls-version=TLSv1.2\nssl-cipher=ECDHE-RSA-AES128-GCM-SHA256")
    server.start()
    server.account("app")
    return server


def test_strict_offers_only_what_the_database_can_do(open_door, narrow, pki):
    gateway = open_door(narrow, backend_settings={"mirror": "strict"})
    # The front follows what the first health check has seen.
    gateway.wait_for_log("configuration reloaded")
    with wire.connect(gateway.port, "app", tls=pki.context()) as client:
        assert client.sock.cipher()[:2] == ("ECDHE-RSA-AES128-GCM-SHA256", "TLSv1.2")
        assert ssl_status(client) == {"Ssl_version": "TLSv1.2",
                                      "Ssl_cipher": "ECDHE-RSA-AES128-GCM-SHA256"}


def test_strict_refuses_what_the_database_cannot_do(open_door, narrow, pki):
    gateway = open_door(narrow, backend_settings={"mirror": "strict"})
    gateway.wait_for_log("configuration reloaded")
    other = pki.context(version=TLS_1_2, ciphers="ECDHE-RSA-AES256-GCM-SHA384")
    with pytest.raises((ssl.SSLError, wire.ServerError, wire.Closed)):
        wire.connect(gateway.port, "app", tls=other)
    assert gateway.wait_for_session()["reason"] in ("tls_no_agreement", "tls_not_mirrored")


def test_prefer_takes_another_where_both_cannot(open_door, narrow, pki):
    gateway = open_door(narrow)
    gateway.wait_for_log("backend is up")
    other = pki.context(version=TLS_1_2, ciphers="ECDHE-RSA-AES256-GCM-SHA384")
    with wire.connect(gateway.port, "app", tls=other) as client:
        assert ssl_status(client) == {"Ssl_version": "TLSv1.2",
                                      "Ssl_cipher": "ECDHE-RSA-AES128-GCM-SHA256"}
        # The login that counted was the second one, on another connection: a KILL must know it.
        with pytest.raises(wire.ServerError) as killed:
            client.query(f"KILL QUERY {client.greeting.connection_id}")
        assert killed.value.code == 1317, "our own query was interrupted, by our own id"


def test_off_makes_a_plain_client_a_tls_session(open_door, mariadb):
    gateway = open_door(mariadb, tls={"require-secure-transport": False},
                        backend_settings={"mirror": "off"})
    with wire.connect(gateway.port, "app") as client:
        assert ssl_status(client)["Ssl_version"] != ""


def test_off_shows_no_client_certificate_to_the_database(open_door, mariadb, pki):
    mariadb.account("holder", require="X509")
    gateway = open_door(mariadb, backend_settings={"mirror": "off"})
    with pytest.raises(wire.ServerError) as refused:
        wire.connect(gateway.port, "holder", tls=pki.context(pki.files.alice))
    assert refused.value.code == 1045


@pytest.mark.parametrize("require, plain, anonymous, alice", [
    ("NONE", True, True, True),
    ("SSL", False, True, True),
    ("X509", False, False, True),
    ("SUBJECT '/O=Sallyport tests/CN=alice'", False, False, True),
    ("SUBJECT '/O=Sallyport tests/CN=bob'", False, False, False),
    ("ISSUER '/O=Sallyport tests/CN=Clients CA'", False, False, True),
    ("ISSUER '/O=Sallyport tests/CN=Staff CA'", False, False, False),
    ("CIPHER 'TLS_AES_256_GCM_SHA384'", False, True, True),
    ("CIPHER 'TLS_AES_128_GCM_SHA256'", False, False, False),
    ("SUBJECT '/O=Sallyport tests/CN=alice' AND ISSUER '/O=Sallyport tests/CN=Clients CA'"
     " AND CIPHER 'TLS_AES_256_GCM_SHA384'", False, False, True),
])
def test_off_enforces_account_rules_at_the_door(open_door, mariadb, pki, require, plain, anonymous,
                                                alice):
    gateway = open_door(mariadb, tls={"require-secure-transport": False},
                        backend_settings={"mirror": "off"},
                        account=[{"user": "app", "backend": "database", "require": require}])
    cases = {None: plain, pki.context(): anonymous, pki.context(pki.files.alice): alice}
    for context, accepted in cases.items():
        client, answer = wire.attempt(gateway.port, "app", tls=context)
        with client:
            if accepted:
                assert answer[0] == 0
                continue
            assert wire.ServerError.read(answer) == wire.ServerError(
                1045, "28000", "Access denied for user 'app'@'127.0.0.1' (using password: YES)")
    refused = [plain, anonymous, alice].count(False)
    if refused:
        record = gateway.wait_for_session(count=refused, reason="account_refused")
        assert record["user"] == "app" and record["stage"] in ("login", "route")
