"""Through the mirror PostgreSQL sees the client's own TLS and certificate: pg_stat_ssl, sslinfo and
the rules of pg_hba.conf and pg_ident.conf say the same as on a direct connection, yes or no."""

import re

import pytest
from support.psql import query, refusal, verified

STAT_SSL = ("SELECT ssl, version, cipher, bits, client_dn, client_serial, issuer_dn"
            " FROM pg_stat_ssl WHERE pid = pg_backend_pid()")
SSLINFO = ("SELECT ssl_is_used(), ssl_version(), ssl_cipher(), ssl_client_cert_present(),"
           " ssl_client_serial(), ssl_client_dn(), ssl_issuer_dn(), ssl_client_dn_field('CN'),"
           " ssl_client_dn_field('O'), ssl_client_dn_field('emailAddress'), ssl_issuer_field('CN'),"
           " (SELECT array_agg(value ORDER BY value) FROM ssl_extension_info()"
           "  WHERE name = 'subjectAltName')")
RICH = {"C": "DE", "ST": "Sachsen", "L": "Görlitz", "O": "Bäcker, Müller & \"Söhne\"",
        "OU": "Kasse/1", "CN": "Zoë", "emailAddress": "zoe@example.org"}


@pytest.fixture(scope="module", params=[15, 18])
def server(request, shared_postgres):
    made = shared_postgres(request.param)
    made.sql("CREATE EXTENSION IF NOT EXISTS sslinfo")
    return made


@pytest.fixture(scope="module")
def gateway(open_shared_door, server, tmp_path_factory):
    """Binding is another file's subject; so that it need not be turned off here, this door has
    the verifiers. Plain clients are let in, to be judged by the database."""
    verifiers = tmp_path_factory.mktemp("operator") / "verifiers.txt"
    verifiers.touch(mode=0o600)
    verifiers.write_text("".join(f'"{user}" "{server.verifier(user)}"\n'
                                 for user in ("app", "sealed", "badged", "encrypted", "plain")))
    door = open_shared_door(server, tls={"require-secure-transport": False},
                            backend_settings={"auth-file": verifiers})
    door.wait_for_log("backend is up")
    return door


@pytest.fixture(scope="module")
def holders(pki):
    """Client certificates by name: (certificate, key) files."""
    clerk = {"O": "Sallyport tests", "OU": "Till", "CN": "clerk 7"}
    credentials = {
        "alice": pki.alice,
        "bob": pki.clients.client("bob"),
        "sealed": pki.clients.client("sealed", kind="rsa"),
        "reader": pki.reader,  # Under an intermediate.
        "mapped": pki.clients.client("someone@example.org"),
        "clerk": pki.clients.client(clerk),
        "no clerk": pki.clients.client({**clerk, "OU": "Tills"}),
        "rich": pki.clients.client(RICH),
        "service": pki.clients.client("service", uris=("spiffe://example.org/till",)),
    }
    return {name: credential.write(pki.directory, f"pg-{name}")
            for name, credential in credentials.items()}


def login(pki, holders, user: str, holder: str | None, **more) -> dict:
    return {"user": user, "password": "secret", "dbname": "postgres",
            **verified(pki.ca, holders[holder] if holder else None), **more}


# What the database tells.


@pytest.mark.parametrize("libpq", [15, 18])
@pytest.mark.parametrize("holder", [None, "alice", "sealed", "reader", "rich", "service"])
def test_pg_stat_ssl_and_sslinfo_tell_the_same(gateway, server, pki, holders, holder, libpq):
    how = login(pki, holders, "app", holder, libpq=libpq)
    for sql in (STAT_SSL, SSLINFO):
        directly = query(sql, port=server.port, **how)
        assert query(sql, port=gateway.port, **how) == directly
        assert ("CN=" in str(directly)) == (holder is not None), "the client's certificate is told"


def test_tls_1_2_is_mirrored_as_tls_1_2(open_door, server, pki, holders):
    """A suite of TLS 1.2 names the key's type: the same one serves both legs."""
    certificate, key = pki.files.front_rsa
    gateway = open_door(server, tls={"ssl-cert": certificate, "ssl-key": key})
    how = login(pki, holders, "app", "alice", ssl_max_protocol_version="TLSv1.2",
                channel_binding="disable")
    directly = query(STAT_SSL, port=server.port, **how)
    assert directly[0][1] == "TLSv1.2"
    assert query(STAT_SSL, port=gateway.port, **how) == directly


def test_a_plain_client_is_plain(gateway, pki):
    plain = {"host": "127.0.0.1", "user": "app", "password": "secret", "dbname": "postgres"}
    told = query(STAT_SSL, port=gateway.port, sslmode="disable", **plain)
    assert told == [("f", "", "", "", "", "", "")]


# Who is let in.


LET_IN = [
    ("alice", "alice"),         # cert: CN = user
    ("cn-mapped", "reader"),    # cert map=: the CN by its name
    ("cn-mapped", "mapped"),    # … by a regular expression
    ("dn-mapped", "alice"),     # clientname=DN: the whole subject
    ("dn-mapped", "clerk"),     # … by a regular expression
    ("sealed", "sealed"),       # SCRAM and clientcert=verify-full
    ("badged", "bob"),          # SCRAM and clientcert=verify-ca: anybody's certificate
    ("badged", "reader"),
    ("encrypted", None),
    ("trusty", "bob"),
]
LEFT_OUT = [
    ("alice", "bob"), ("alice", None), ("alice", "rich"), ("cn-mapped", "alice"),
    ("cn-mapped", None), ("dn-mapped", "bob"), ("dn-mapped", "no clerk"), ("dn-mapped", None),
    ("sealed", "bob"), ("sealed", None), ("badged", None), ("plain", "alice"), ("plain", None)]


@pytest.mark.parametrize("user, holder", LET_IN)
def test_who_is_let_in(gateway, server, pki, holders, user, holder):
    how = login(pki, holders, user, holder)
    for port in (server.port, gateway.port):
        assert query("SELECT current_user", port=port, **how) == [(user,)]


@pytest.mark.parametrize("user, holder", LEFT_OUT)
def test_who_is_left_out(gateway, server, pki, holders, user, holder):
    """In the same words, for the client and in the database's own log."""
    told, logged = [], []
    for port in (server.port, gateway.port):
        before = len(server.log())
        told.append(refusal(port=port, **login(pki, holders, user, holder)))
        server.wait_for_log(re.escape(told[-1]), before)
        logged.append(re.findall("(?:FATAL|DETAIL|LOG): .*(?:cert|match|rejects).*",
                                 server.log()[before:]))
    assert told[1] == told[0]
    assert logged[1] == logged[0]


@pytest.mark.parametrize("user", ["alice", "sealed", "badged", "encrypted", "cn-mapped",
                                  "dn-mapped"])
def test_plain_clients_are_left_out_by_the_databases_rules(gateway, server, user):
    def answer(port: int) -> str:
        return refusal(host="127.0.0.1", port=port, user=user, password="secret", dbname="postgres",
                       sslmode="disable")
    assert answer(gateway.port) == answer(server.port)
    assert "no encryption" in answer(gateway.port)


def test_a_plain_account_is_let_in_plain(gateway):
    assert query("SELECT current_user", host="127.0.0.1", port=gateway.port, user="plain",
                 password="secret", dbname="postgres", sslmode="disable") == [("plain",)]


def test_a_password_is_needed_where_a_certificate_alone_does_not_do(gateway, pki, holders):
    how = login(pki, holders, "sealed", "sealed", port=gateway.port)
    assert refusal(**{**how, "password": "wrong"}) == (
        'FATAL:  password authentication failed for user "sealed"\n')


@pytest.mark.parametrize("binding", ["disable", "prefer", "require"])
def test_a_certificate_and_a_bound_password_go_together(gateway, pki, holders, binding):
    how = login(pki, holders, "sealed", "sealed", port=gateway.port, channel_binding=binding)
    assert query("SELECT current_user", **how) == [("sealed",)]


def test_certificates_of_strangers_are_refused_at_the_door(gateway, server, pki):
    stranger = pki.stranger.client("alice").write(pki.directory, "pg-stranger")
    before = len(server.log())
    text = refusal(port=gateway.port, user="alice", dbname="postgres", **verified(pki.ca, stranger))
    assert "unknown ca" in text
    assert gateway.wait_for_session(reason="certificate_untrusted")["stage"] == "handshake"
    assert "Strangers CA" not in server.log()[before:], "the database never sees it"


def test_rules_that_change_count_at_once(open_door, new_postgres, pki, holders):
    rules = "local all postgres trust\nhostssl all all 127.0.0.1/32 cert"
    server = new_postgres(hba=f"{rules}\n").start()
    server.account("bob")
    gateway = open_door(server)
    how = login(pki, holders, "bob", "bob", port=gateway.port)
    assert query("SELECT 1", **how) == [("1",)]
    server.configure(hba=f"{rules} map=none\n")
    assert refusal(**how) == 'FATAL:  certificate authentication failed for user "bob"\n'
