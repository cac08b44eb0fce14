"""PostgreSQL behind the mirror: version and cipher as the client's, resumed sessions and plain ones
included; mirror = "strict": exactly those, or no session; mirror = "off": the back leg's TLS
follows ssl-mode alone, and the door itself enforces accounts."""

import ssl

import pytest
from support import pgwire
from support.clients import TLS_1_2, TLS_1_3
from support.gateway import run
from support.pgbackend import accept_login, read_opening, serve_queries
from support.pgwire import ServerError
from support.pki import one_line
from support.ports import free_port
from support.psql import query, refusal, verified

STAT_SSL = ("SELECT ssl, version, cipher, client_dn, client_serial, issuer_dn FROM pg_stat_ssl"
            " WHERE pid = pg_backend_pid()")
PLAIN = [("f", None, None, None, None, None)]
NARROW = "ECDHE-RSA-AES128-GCM-SHA256"
WIDE = "ECDHE-RSA-AES256-GCM-SHA384"
PLAIN_TOO = {"require-secure-transport": False}
VERSIONS = pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])


def log_in(port: int, tls=None, user: str = "app", session=None, binding: str = "disable",
           **how) -> pgwire.Client:
    """As pgwire.connect, with a TLS session to resume. A relayed login cannot bind where the
    certificates differ: that is another file's subject."""
    client = pgwire.Client(port)
    try:
        if tls:
            client.open_tls(tls, session=session)
        return client.log_in(user, binding=binding, **how)
    except BaseException:
        client.close()
        raise


def told(port: int, tls=None, **how) -> list[tuple]:
    with log_in(port, tls, **how) as client:
        return client.query(STAT_SSL)


def refused(port: int, tls=None, **how) -> ServerError:
    with pytest.raises(ServerError) as fault:
        log_in(port, tls, **how)
    return fault.value


# Version and cipher.


@pytest.mark.parametrize("kind", ["rsa", "ecdsa"])
@pytest.mark.parametrize("cipher", ["{}-AES128-GCM-SHA256", "{}-AES256-GCM-SHA384",
                                    "{}-CHACHA20-POLY1305"])
def test_suites_of_tls_1_2_are_mirrored(open_door, new_postgres, pki, kind, cipher):
    """They name the type of the certificate's key: where both legs have the same."""
    suite = cipher.format(f"ECDHE-{kind.upper()}")
    credential = pki.servers.server("localhost", "127.0.0.1", kind=kind)
    server = new_postgres(credential=credential).start()
    server.account("app")
    gateway = open_door(server)
    context = pki.context(pki.files.alice, version=TLS_1_2, ciphers=suite)
    directly = told(server.port, context)
    assert directly[0][:3] == ("t", "TLSv1.2", suite)
    assert told(gateway.port, context) == directly


@pytest.mark.parametrize("suite", ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                                   "TLS_CHACHA20_POLY1305_SHA256"])
@pytest.mark.parametrize("how", ["prefer", "strict"])
def test_suites_of_tls_1_3_are_mirrored(open_door, pg15, pki, how, suite):
    gateway = open_door(pg15, tls={"tls-ciphersuites": suite}, backend_settings={"mirror": how})
    gateway.wait_for_log("backend is up")
    assert told(gateway.port, pki.context()) == [("t", "TLSv1.3", suite, None, None, None)]


@pytest.fixture
def narrow(new_postgres):
    """A database that takes one TLS 1.2 suite only."""
    server = new_postgres(options=f"ssl_max_protocol_version = 'TLSv1.2'\nssl_ciphers = '{NARROW}'")
    server.start().account("app")
    return server


def test_strict_offers_only_what_the_database_can_do(open_door, narrow, pki):
    gateway = open_door(narrow, backend_settings={"mirror": "strict"})
    # The front follows what the first health check has seen.
    gateway.wait_for_log("configuration reloaded")
    with log_in(gateway.port, pki.context()) as client:
        assert client.sock.cipher()[:2] == (NARROW, "TLSv1.2")
        assert client.query(STAT_SSL)[0][:3] == ("t", "TLSv1.2", NARROW)


def test_strict_refuses_what_the_database_cannot_do(open_door, narrow, pki):
    gateway = open_door(narrow, backend_settings={"mirror": "strict"})
    gateway.wait_for_log("configuration reloaded")
    before = len(narrow.log())
    for context in (pki.context(version=TLS_1_2, ciphers=WIDE), pki.context(version=TLS_1_3)):
        with pytest.raises(ssl.SSLError):
            log_in(gateway.port, context)
    assert gateway.wait_for_session(count=2)["reason"] == "tls_no_agreement"
    assert "app@" not in narrow.log()[before:]


@pytest.fixture
def without_tls(new_postgres):
    server = new_postgres(options="ssl = off", hba="local all postgres trust\n"
                          "host all all 127.0.0.0/8 scram-sha-256\n").start()
    server.account("app")
    return server


@pytest.mark.parametrize("mode", ["PREFERRED", "REQUIRED"])
def test_strict_refuses_tls_clients_of_a_database_without_tls(open_door, without_tls, pki, mode):
    gateway = open_door(without_tls, tls=PLAIN_TOO,
                        backend_settings={"mirror": "strict", "ssl-mode": mode})
    fault = refused(gateway.port, pki.context())
    assert (fault.severity, fault.code) == ("FATAL", "08006")
    assert gateway.wait_for_session()["reason"] == "tls_not_mirrored"
    assert told(gateway.port) == PLAIN, "a plain client's mirror is plain text"


@pytest.mark.parametrize("address, mode", [
    ("unix:/run/postgresql/.s.PGSQL.5432", "REQUIRED"), ("127.0.0.1:5432", "DISABLED")])
def test_strict_is_not_for_backends_that_never_have_tls(open_door, address, mode):
    gateway = open_door([address], start=False, listener={"protocol": "postgres"},
                        backend_settings={"mirror": "strict", "ssl-mode": mode})
    checked = run("check", "-c", gateway.config)
    assert checked.returncode == 1 and "strict" in checked.stderr


def test_prefer_takes_another_where_both_cannot(open_door, narrow, pki):
    gateway = open_door(narrow)
    gateway.wait_for_log("backend is up")
    with log_in(gateway.port, pki.context(version=TLS_1_2, ciphers=WIDE)) as client:
        assert client.query(STAT_SSL)[0][:3] == ("t", "TLSv1.2", NARROW)
        # The login that counted was on a second connection: a cancel request must know it.
        client.begin("SELECT pg_sleep(600)")
        pgwire.cancel(gateway.port, client.process, client.secret)
        with pytest.raises(ServerError, match="57014"):
            client.result()


# Resumed sessions. They carry no certificate on the wire; the mirror still shows the client's.


@pytest.fixture(scope="module")
def binding_door(open_shared_door, pg15, tmp_path_factory):
    verifiers = tmp_path_factory.mktemp("operator") / "verifiers.txt"
    verifiers.touch(mode=0o600)
    verifiers.write_text(f'"sealed" "{pg15.verifier("sealed")}"\n')
    gateway = open_shared_door(pg15, backend_settings={"auth-file": verifiers})
    gateway.wait_for_log("backend is up")
    return gateway


def visit(gateway, context, session=None, **how):
    """Returns (the TLS session to resume, was this one resumed, what the database tells)."""
    with log_in(gateway.port, context, session=session, **how) as client:
        # TLS 1.3 tickets come after the handshake: a query has read them.
        result = client.query(STAT_SSL)
        visited = client.sock.session, client.sock.session_reused, result
        client.terminate()
        return visited


@VERSIONS
@pytest.mark.parametrize("user, holder", [("alice", "alice"), ("cn-mapped", "reader"),
                                          ("app", "alice"), ("app", None)])
def test_a_resumed_session_keeps_its_certificate(postgres_door, pki, version, user, holder):
    context = pki.context(getattr(pki.files, holder) if holder else None, version=version)
    before = len(postgres_door.sessions(user=user))
    ticket, reused, first = visit(postgres_door, context, user=user)
    assert not reused
    for _ in range(2):
        ticket, reused, again = visit(postgres_door, context, session=ticket, user=user)
        assert reused and again == first
    record = postgres_door.wait_for_session(count=before + 3, user=user)
    assert record["resumed"]
    assert record["client_subject"] == (one_line(getattr(pki, holder).subject) if holder else "")


@VERSIONS
def test_a_resumed_session_may_bind_its_login(binding_door, pki, version):
    sealed = pki.clients.client("sealed").write(pki.directory, f"sealed-{version.value}")
    context = pki.context(sealed, version=version)
    how = {"user": "sealed", "binding": "require"}
    ticket, _, first = visit(binding_door, context, **how)
    _, reused, second = visit(binding_door, context, session=ticket, **how)
    assert reused and second == first


@VERSIONS
def test_nobody_can_borrow_anothers_session(postgres_door, pki, version):
    """A client without a certificate that resumes its own session still has none."""
    anonymous = pki.context(version=version)
    ticket, _, _ = visit(postgres_door, anonymous)
    fault = refused(postgres_door.port, anonymous, session=ticket, user="alice")
    assert fault.code == "28000" and "valid client certificate" in fault.message


# Plain clients.


@pytest.fixture(scope="module")
def plain_door(open_shared_door, pg15):
    gateway = open_shared_door(pg15, tls=PLAIN_TOO)
    gateway.wait_for_log("backend is up")
    return gateway


def test_plain_stays_plain(plain_door, pki):
    ended = len(plain_door.sessions())
    with log_in(plain_door.port) as client:
        assert client.query(STAT_SSL) == PLAIN
        client.terminate()
    record = plain_door.wait_for_session(count=ended + 1)
    assert (record["tls_version"], record["tls_cipher"]) == ("", "")
    with log_in(plain_door.port, pki.context()) as client:
        cipher, version, _ = client.sock.cipher()
        assert client.query(STAT_SSL)[0][:3] == ("t", version, cipher)


@pytest.mark.parametrize("how, mode", [
    ("prefer", "DISABLED"), ("prefer", "PREFERRED"), ("prefer", "REQUIRED"),
    ("prefer", "VERIFY_IDENTITY"), ("strict", "PREFERRED"), ("strict", "VERIFY_IDENTITY")])
def test_tls_is_not_even_asked_for_a_plain_client(open_door, scripted_postgres, pki, how, mode):
    """Whatever ssl-mode says: a plain client's words are not to look better than they came."""
    def script(wire, backend):
        opening = read_opening(wire, backend)
        accept_login(wire)
        if opening.user == "app":
            serve_queries(wire)

    backend = scripted_postgres(script)
    gateway = open_door([f"localhost:{backend.port}"], tls=PLAIN_TOO,
                        listener={"protocol": "postgres"},
                        backend_settings={"ssl-mode": mode, "mirror": how, "ssl-ca": pki.ca})
    with log_in(gateway.port) as client:
        assert client.query("SELECT 1") == [("scripted",)]
    asked = [opening.requests for opening in backend.openings if opening.user == "app"]
    assert asked == [[]]


@pytest.mark.parametrize("user", ["encrypted", "sealed", "badged", "alice", "cn-mapped"])
def test_accounts_of_hostssl_rules_refuse_plain_clients_as_directly(plain_door, pg15, user):
    fault = refused(plain_door.port, user=user)
    assert fault == refused(pg15.port, user=user)
    assert fault.code == "28000" and "no encryption" in fault.message
    assert plain_door.wait_for_session(user=user)["reason"] == "backend_refused"


def test_an_account_of_a_hostnossl_rule_refuses_tls_clients_as_directly(plain_door, pg15, pki):
    assert told(plain_door.port, user="plain") == PLAIN
    fault = refused(plain_door.port, pki.context(), user="plain")
    assert fault == refused(pg15.port, pki.context(), user="plain")
    assert "SSL encryption" in fault.message


# mirror = "off".


def test_off_makes_a_plain_client_a_tls_session(open_door, pg15):
    gateway = open_door(pg15, tls=PLAIN_TOO, backend_settings={"mirror": "off"})
    assert told(gateway.port, user="encrypted")[0][0] == "t"


@VERSIONS
def test_off_leaves_the_version_to_the_database(open_door, narrow, pki, version):
    gateway = open_door(narrow, backend_settings={"mirror": "off"})
    assert told(gateway.port, pki.context(version=version))[0][:3] == ("t", "TLSv1.2", NARROW)


def test_off_with_ssl_mode_disabled_is_plain(open_door, pg15, pki):
    gateway = open_door(pg15, backend_settings={"mirror": "off", "ssl-mode": "DISABLED"})
    assert told(gateway.port, pki.context()) == PLAIN


def test_off_shows_no_client_certificate_to_the_database(open_door, pg15, pki):
    gateway = open_door(pg15, backend_settings={"mirror": "off"})
    context = pki.context(pki.files.alice)
    assert told(gateway.port, context)[0][3:] == (None, None, None)
    assert refused(gateway.port, context, user="alice") == (
        refused(pg15.port, pki.context(), user="alice"))


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
def test_off_enforces_account_rules_at_the_door(open_door, pg15, pki, require, plain, anonymous,
                                                alice):
    """The database hears nothing of whom they refuse, and the client is not told why."""
    gateway = open_door(pg15, tls=PLAIN_TOO,
                        backend_settings={"mirror": "off", "health-interval": 3600},
                        account=[{"user": "app", "backend": "database", "require": require}])
    gateway.wait_for_log("backend is up")
    cases = {None: plain, pki.context(): anonymous, pki.context(pki.files.alice): alice}
    for context, accepted in cases.items():
        before = len(pg15.log())
        if accepted:
            assert told(gateway.port, context)[0][0] == "t"
            continue
        encryption = "SSL encryption" if context else "no encryption"
        assert refused(gateway.port, context) == ServerError(
            "FATAL", "28000", 'no pg_hba.conf entry for host "127.0.0.1", user "app", database'
            f' "postgres", {encryption}')
        assert "connection received" not in pg15.log()[before:]
    told_off = [plain, anonymous, alice].count(False)
    if told_off:
        record = gateway.wait_for_session(count=told_off, reason="account_refused")
        assert (record["user"], record["level"]) == ("app", "warn")


def test_off_knows_an_account_by_the_name_that_the_database_makes_of_it(open_door, pg15, pki):
    """PostgreSQL cuts names at 63 bytes: a longer one is the same account."""
    user = pg15.account("n" * 63)
    gateway = open_door(pg15, backend_settings={"mirror": "off"},
                        account=[{"user": user, "require": "X509"}])
    longer = user + "more"
    assert told(pg15.port, pki.context(), user=longer)[0][0] == "t", "PostgreSQL takes it for that"
    for name in (user, longer):
        assert refused(gateway.port, pki.context(), user=name).code == "28000"
        assert told(gateway.port, pki.context(pki.files.alice), user=name)[0][0] == "t"


def test_off_rules_are_for_their_own_account_and_backend(open_door, pg15, pki):
    """And for this mirror: with another the database's own rules say who needs what."""
    rules = [{"user": "app", "require": "X509"},
             {"user": "trusty", "backend": "elsewhere", "require": "X509"}]
    gateway = open_door(pg15, start=False, backend_settings={"mirror": "off"}, account=rules)
    elsewhere = dict(gateway.settings["backend"][0], name="elsewhere", mirror="prefer")
    port = free_port()
    gateway.write_config(
        backend=[*gateway.settings["backend"], elsewhere],
        listener=[*gateway.settings["listener"],
                  dict(gateway.settings["listener"][0], name="elsewhere", backend="elsewhere",
                       address=f"127.0.0.1:{port}")])
    gateway.start()
    assert refused(gateway.port, pki.context()).code == "28000"
    assert told(gateway.port, pki.context(), user="trusty")[0][0] == "t"
    for user in ("app", "trusty"):
        assert told(port, pki.context(), user=user)[0][0] == "t"


def test_psql_shows_a_rules_refusal(open_door, pg15, pki):
    gateway = open_door(pg15, backend_settings={"mirror": "off"},
                        account=[{"user": "app", "require": "X509"}])
    how = {"port": gateway.port, "user": "app", "password": "secret", "dbname": "postgres",
           "channel_binding": "disable"}
    assert refusal(**how, **verified(pki.ca)) == (
        'FATAL:  no pg_hba.conf entry for host "127.0.0.1", user "app", database "postgres",'
        ' SSL encryption\n')
    assert query("SELECT 1", **how, **verified(pki.ca, pki.files.alice)) == [("1",)]
