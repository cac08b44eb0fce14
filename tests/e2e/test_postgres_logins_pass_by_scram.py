"""SCRAM logins, in each of the four ways of `scram =`, with every channel binding a client may ask
for, over every kind of back leg: they succeed, or are refused with a HINT that says what to set.

A relayed login cannot bind where the two legs show different certificates; see DESIGN section 5.
"""

import re
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives import hashes
from support import pgwire
from support.pgbackend import accept_login, judge_scram, read_opening, serve_queries
from support.pki import Authority
from support.ports import free_port
from support.psql import psql, query, refusal, verified
from support.scram import PLUS, Verifier, end_point

BINDINGS = ("disable", "prefer", "require")
KEEPER = "verifier-keeper"  # The service account that may read verifiers.
MODES = {  # The value of `scram`; the rest of the name says where verifiers come from.
    "relay": "relay",
    "auto": "auto",
    "password": "password",
    "verifier, asked for": "verifier",
    "verifier, from a file": "verifier",
    "auto, with verifiers asked for": "auto",
    "auto, with verifiers from a file": "auto",
}
LEGS = ("different certificates", "same certificate", "plain backend", "unix socket")

# What comes of a login: it is let in, refused by us with a HINT, or given up by the client, which
# misses what it requires.
IN, HINT, GIVEN_UP = "let in", "refused with a hint", "given up by the client"
RELAYED = {
    "different certificates": (IN, HINT, HINT),
    "same certificate": (IN, IN, IN),
    "plain backend": (IN, IN, GIVEN_UP),
    "unix socket": (IN, IN, GIVEN_UP),
}
ALL_IN = dict.fromkeys(LEGS, (IN, IN, IN))
OUTCOMES = {
    "relay": RELAYED,
    "auto": RELAYED,
    # There is nothing to bind in a password that is sent as it is.
    "password": dict.fromkeys(LEGS, (IN, IN, GIVEN_UP)),
    **dict.fromkeys((mode for mode in MODES if "verifier" in mode), ALL_IN),
}


@pytest.fixture(scope="module", params=[15, 18])
def server(request, shared_postgres):
    made = shared_postgres(request.param)
    made.account(KEEPER, "keeper's secret")
    made.sql(f'GRANT SELECT (rolname, rolpassword) ON pg_authid TO "{KEEPER}"')
    return made


def backend_table(server, operator, mode: str, legs: str = LEGS[0],
                  name: str = "database") -> dict:
    address = f"{server.host}:{server.port}"
    if legs == "unix socket":
        address = f"unix:{server.socket}"
    table = {"name": name, "addresses": [address], "scram": MODES[mode],
             "ssl-mode": "DISABLED" if legs == "plain backend" else "REQUIRED"}
    if "asked for" in mode:
        table |= {"auth-user": KEEPER, "auth-password-file": operator.password_file}
    if "from a file" in mode:
        table |= {"auth-file": operator.verifiers}
    return table


@pytest.fixture(scope="module")
def operator(server, tmp_path_factory):
    """What the operator wrote down: the keeper's password, and verifiers."""
    folder = tmp_path_factory.mktemp("operator")
    made = SimpleNamespace(password_file=folder / "keeper", verifiers=folder / "verifiers.txt")
    write_secret(made.password_file, "keeper's secret\n")
    write_secret(made.verifiers, f'"app" "{server.verifier("app")}"\n')
    return made


def write_secret(path, text: str):
    path.write_text(text)
    path.chmod(0o600)
    return path


@pytest.fixture(scope="module")
def ports(open_shared_door, server, operator, pki):
    """One gateway with a listener and a backend for every mode and kind of leg: their ports."""
    certificate, key = pki.files.database
    listeners, backends, by_name = [], [], {}
    for mode in MODES:
        for legs in LEGS:
            name = f"{mode}, {legs}"
            own = {"ssl-cert": certificate, "ssl-key": key} if legs == "same certificate" else {}
            by_name[mode, legs] = free_port()
            listeners.append({"name": name, "protocol": "postgres", "backend": name,
                              "address": f"127.0.0.1:{by_name[mode, legs]}", **own})
            backends.append(backend_table(server, operator, mode, legs, name))
    gateway = open_shared_door(server, start=False)
    gateway.write_config(listener=listeners, backend=backends)
    gateway.start()
    gateway.wait_for_log("backend is up", count=len(backends))
    return SimpleNamespace(gateway=gateway, at=by_name)


def client(pki, port: int, user: str = "app", password: str = "secret", **more) -> dict:
    return {"port": port, "user": user, "password": password, "dbname": "postgres",
            **verified(pki.ca), **more}


def assert_hint(text: str) -> None:
    """The FATAL that we refuse with, and every way out that its HINT names."""
    assert text.startswith("FATAL:  "), text
    assert "channel binding" in text
    hint = text.split("HINT:  ", 1)[1]
    for way in ('scram = "verifier"', 'scram = "password"', "same certificate",
                "channel_binding=disable"):
        assert way in hint, hint


@pytest.mark.parametrize("binding", BINDINGS)
@pytest.mark.parametrize("legs", LEGS)
@pytest.mark.parametrize("mode", MODES)
def test_every_combination(ports, server, pki, mode, legs, binding):
    how = client(pki, ports.at[mode, legs], channel_binding=binding, libpq=server.version)
    outcome = OUTCOMES[mode][legs][BINDINGS.index(binding)]
    if outcome == IN:
        is_encrypted = "t" if "certificate" in legs else "f"
        assert query("SELECT current_user, ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
                     **how) == [("app", is_encrypted)]
        return
    text = refusal(**how)
    if outcome == HINT:
        assert_hint(text)
    else:
        assert "channel binding" in text and "FATAL" not in text


def test_the_default_client_is_let_in_by_auto_with_verifiers(ports, pki):
    """Nothing but sslmode and sslrootcert is set."""
    port = ports.at["auto, with verifiers asked for", "different certificates"]
    assert query("SELECT 1", **client(pki, port)) == [("1",)]


@pytest.mark.parametrize("mode", ["relay", "auto"])
def test_the_refusal_has_its_code_and_is_logged(ports, pki, mode):
    with pytest.raises(pgwire.ServerError) as refused:
        pgwire.connect(ports.at[mode, "different certificates"], "app", tls=pki.context(),
                       binding="require")
    assert (refused.value.severity, refused.value.code) == ("FATAL", "28000")
    record = ports.gateway.wait_for_session(listener=f"{mode}, different certificates",
                                            reason="binding_not_relayed")
    assert (record["leg"], record["level"], record["user"]) == ("front", "warn", "app")


# Wrong passwords and unknown users.


@pytest.mark.parametrize("user, password", [
    ("app", "wrong"), ("app", "Secret"), ("nobody", "secret"), ("o'brien \"x\"", "x"),
    ("encrypted", "wrong")])
@pytest.mark.parametrize("mode, legs, binding", [
    ("relay", "same certificate", "require"), ("auto", "different certificates", "disable"),
    ("password", "different certificates", "prefer"), ("password", "unix socket", "prefer"),
    ("verifier, asked for", "different certificates", "require"),
    ("verifier, asked for", "unix socket", "prefer"),
    ("verifier, from a file", "different certificates", "prefer"),
    ("auto, with verifiers asked for", "different certificates", "prefer"),
    ("auto, with verifiers from a file", "same certificate", "require")])
def test_a_failed_login_is_told_in_the_databases_words(ports, server, pki, mode, legs, binding,
                                                       user, password):
    """And stands in its log, as a direct one's does."""
    told = []
    for port in (server.port, ports.at[mode, legs]):
        before = len(server.log())
        told.append(refusal(**client(pki, port, user, password, channel_binding=binding)))
        assert server.wait_for_log(re.escape(told[-1]), before)
    assert told[0] == f'FATAL:  password authentication failed for user "{user}"\n'
    assert told[1] == told[0]


@pytest.mark.parametrize("mode", MODES)
def test_a_failed_login_has_the_databases_code(ports, pki, mode):
    with pytest.raises(pgwire.ServerError) as refused:
        pgwire.connect(ports.at[mode, "same certificate"], "app", "wrong", tls=pki.context())
    assert (refused.value.severity, refused.value.code) == ("FATAL", "28P01")
    name = f"{mode}, same certificate"
    assert ports.gateway.wait_for_session(listener=name, reason="backend_refused")["user"] == "app"


# Other methods are relayed as they are, whatever `scram` says.


@pytest.mark.parametrize("user", ["trusty", "md5er", "cleartext"])
@pytest.mark.parametrize("mode", MODES)
def test_other_methods_pass(ports, pki, mode, user):
    how = client(pki, ports.at[mode, "different certificates"], user)
    assert query("SELECT current_user", **how) == [(user,)]
    if user != "trusty":
        assert refusal(**{**how, "password": "wrong"}) == (
            f'FATAL:  password authentication failed for user "{user}"\n')


@pytest.mark.parametrize("mode", MODES)
def test_certificate_accounts_pass(ports, pki, mode):
    how = {**client(pki, ports.at[mode, "different certificates"], "alice", ""),
           **verified(pki.ca, pki.files.alice)}
    assert query("SELECT current_user", **how) == [("alice",)]


# Passwords that change.


@pytest.mark.parametrize("mode", ["verifier, asked for", "auto, with verifiers asked for"])
def test_a_changed_password_works_at_once(ports, server, pki, mode):
    """Though the verifier of before is remembered; and the old one does not work any more."""
    how = client(pki, ports.at[mode, "different certificates"], "fickle", channel_binding="require")
    for new in ("one", "two", "three"):  # No failure in between: that would make it forget.
        server.account("fickle", new)
        for _ in range(2):
            assert query("SELECT 1", **{**how, "password": new}) == [("1",)]
    for old in ("one", "two"):
        assert refusal(**{**how, "password": old}) == (
            'FATAL:  password authentication failed for user "fickle"\n')
    assert query("SELECT 1", **{**how, "password": "three"}) == [("1",)]


def test_a_changed_password_under_the_old_salt_works_after_one_failure(ports, server, pki):
    """The database's salt cannot tell then that the remembered verifier is old; a failure does."""
    how = client(pki, ports.at["verifier, asked for", "different certificates"], "salted",
                 channel_binding="require")
    server.account("salted", str(Verifier.of("one")))
    assert query("SELECT 1", **{**how, "password": "one"}) == [("1",)]
    server.account("salted", str(Verifier.of("two")))
    psql("SELECT 1", **{**how, "password": "two"})
    assert query("SELECT 1", **{**how, "password": "two"}) == [("1",)]
    assert "password authentication failed" in refusal(**{**how, "password": "one"})


@pytest.mark.parametrize("mode", ["verifier, asked for", "password", "relay"])
def test_a_user_that_is_dropped_and_made_again(ports, server, pki, mode):
    legs = "same certificate" if mode == "relay" else "different certificates"
    how = client(pki, ports.at[mode, legs], "phoenix")
    for _ in range(2):
        server.account("phoenix")
        assert query("SELECT 1", **how) == [("1",)]
        server.sql("DROP ROLE phoenix")
        assert refusal(**how) == 'FATAL:  password authentication failed for user "phoenix"\n'


# Passwords and verifiers of unusual form.


@pytest.mark.parametrize("stored, typed", [
    ("pässwörd €", "pässwörd €"),
    ("IX", "\u2168"), ("fi ne", "\ufb01\u00a0ne"), ("soft", "so\u00adft"),  # What SASLprep equates.
    ("\u0627\u0031", "\u0627\u0031"),  # What it forbids: compared as bytes.
    ("x" * 900, "x" * 900), ("a 'quoted\\\" one", "a 'quoted\\\" one")])
@pytest.mark.parametrize("mode", ["password", "verifier, asked for"])
def test_passwords_are_prepared_as_postgres_does(ports, server, pki, mode, stored, typed):
    server.account("worldly", stored)
    for port in (server.port, ports.at[mode, "different certificates"]):
        assert query("SELECT 1", **client(pki, port, "worldly", typed)) == [("1",)]


@pytest.mark.parametrize("salt, iterations", [
    (b"s", 4096), (b"0123456789" * 9, 4096), (b"0123456789abcdef", 1),
    (b"0123456789abcdef", 50_000)])
@pytest.mark.parametrize("mode", ["password", "verifier, asked for"])
def test_verifiers_of_another_make(ports, server, pki, mode, salt, iterations):
    server.account("exotic", str(Verifier.of("secret", salt, iterations)))
    port = ports.at[mode, "different certificates"]
    assert query("SELECT 1", **client(pki, port, "exotic")) == [("1",)]
    assert "password authentication failed" in refusal(**client(pki, port, "exotic", "wrong"))


def test_a_user_without_a_password_is_refused_as_directly(ports, server, pki):
    server.sql("DROP ROLE IF EXISTS bare", "CREATE ROLE bare LOGIN")
    for mode in MODES:
        text = refusal(**client(pki, ports.at[mode, "same certificate"], "bare"))
        assert text == refusal(**client(pki, server.port, "bare"))


# Channel binding, looked at closely.


FRONTS = {
    "rsa": ("rsa", hashes.SHA256()), "ecdsa": ("ecdsa", hashes.SHA256()),
    "signed with sha384": ("ecdsa", hashes.SHA384()),
    "signed with sha512": ("rsa", hashes.SHA512()),
}


@pytest.mark.parametrize("front", FRONTS)
def test_binding_follows_the_front_certificates_signature(open_door, server, operator, pki, front):
    kind, digest = FRONTS[front]
    authority = Authority("Signing CA", digest=digest)
    made = authority.server("localhost", kind=kind)
    certificate, key = made.write(pki.directory, f"signed-{front}")
    ca = pki.put("signing-ca.crt", authority.pem)
    gateway = open_door(server, tls={"ssl-cert": certificate, "ssl-key": key},
                        backend_settings=backend_table(server, operator, "verifier, from a file"))
    gateway.wait_for_log("backend is up")
    for libpq in (15, 18):
        how = client(pki, gateway.port, channel_binding="require", libpq=libpq, sslrootcert=ca)
        assert query("SELECT 1", **how) == [("1",)]


@pytest.mark.parametrize("mode", ["verifier, from a file", "password"])
def test_the_back_leg_is_bound_to_the_databases_certificate(open_door, scripted_postgres, tmp_path,
                                                            pki, mode):
    chosen = []

    def script(wire, backend):
        opening = read_opening(wire, backend)
        if opening.user == "app":
            chosen.append(judge_scram(wire, "app", "secret", end_point(pki.database.der)))
            accept_login(wire)
            serve_queries(wire)
    own = SimpleNamespace(verifiers=write_secret(tmp_path / "own.txt",
                                                 f'"app" "{Verifier.of("secret")}"\n'))
    backend = scripted_postgres(script)
    gateway = open_door(backend, backend_settings=backend_table(backend, own, mode))
    assert query("SELECT 1", **client(pki, gateway.port)) == [("scripted",)]
    assert chosen == [PLUS]


# Where verifiers come from.


def test_verifiers_from_a_function_of_the_databases(open_door, server, operator, pki):
    """So that the service account may read nothing else: as PgBouncer's users set it up."""
    server.account("looker", "keeper's secret")
    server.sql("DROP DATABASE IF EXISTS lookups", "CREATE DATABASE lookups")
    server.sql("CREATE FUNCTION look_up(name text) RETURNS TABLE (n name, p text) SECURITY DEFINER"
               " LANGUAGE sql AS 'SELECT rolname, rolpassword FROM pg_authid WHERE rolname = $1'",
               database="lookups")
    settings = backend_table(server, operator, "verifier, asked for")
    gateway = open_door(server, backend_settings={
        **settings, "auth-user": "looker", "auth-database": "lookups",
        "auth-query": "SELECT n, p FROM look_up($1)"})
    assert query("SELECT 1", **client(pki, gateway.port, channel_binding="require")) == [("1",)]
    server.account("o'brien \"x\"")
    assert query("SELECT 1", **client(pki, gateway.port, "o'brien \"x\"")) == [("1",)]


@pytest.mark.parametrize("broken", [
    {"auth-user": "nobody"}, {"auth-query": "SELECT $1 FROM nowhere"}, {"auth-database": "nowhere"},
    {"auth-query": "SELECT rolname, rolpassword FROM pg_authid WHERE $1 <> ''"}], ids=str)
def test_verifiers_that_cannot_be_asked_for(open_door, server, operator, pki, broken):
    """The client is refused, is not told why, and the log says what is wrong."""
    gateway = open_door(server, backend_settings={
        **backend_table(server, operator, "verifier, asked for"), **broken})
    assert refusal(**client(pki, gateway.port)).startswith("FATAL:  ")
    assert gateway.wait_for_session(reason="verifier_unavailable")["detail"]


@pytest.mark.parametrize("mode", ["password", "verifier, from a file"])
def test_a_plain_client(open_door, server, operator, pki, mode):
    """Its password never travels in the clear; SCRAM without binding is as good as directly."""
    gateway = open_door(server, tls={"require-secure-transport": False},
                        backend_settings=backend_table(server, operator, mode))
    how = {"port": gateway.port, "user": "app", "password": "secret", "dbname": "postgres",
           "host": "127.0.0.1", "sslmode": "disable"}
    if mode == "password":
        assert "TLS" in refusal(**how) or "encrypt" in refusal(**how)
    else:
        assert query("SELECT 1", **how) == [("1",)]


def test_no_secret_is_logged(ports, server, operator, pki):
    how = client(pki, ports.at["verifier, asked for", "different certificates"])
    query("SELECT 1", **how)
    log = ports.gateway.log()
    keys = server.verifier("app").split("$")[2].split(":")
    for secret in ("keeper's secret", "SCRAM-SHA-256$", *keys):
        assert secret not in log
