"""CockroachDB's clients and its certificate files work through the door: CN = user, clients under a
CA of their own, ca-client.crt with the mirror CA beside it, and SCRAM without channel binding.

The database is PostgreSQL with the rules that CockroachDB has by default, and a scripted one that
logs in as CockroachDB does where PostgreSQL differs: no -PLUS though there is TLS.
"""

from types import SimpleNamespace

import pytest
from support import gateway as gateways
from support.pgbackend import like_cockroach
from support.pki import Credential, cockroach_layout
from support.ports import wait_until
from support.psql import query, refusal, verified
from support.scram import Verifier

# "host all root all cert-password; host all all all cert-password": whoever shows a certificate is
# judged by it, and by a password otherwise. PostgreSQL has no such either-or: accounts stand in.
HBA = """
local    all  postgres               trust
hostssl  all  maxroach 127.0.0.0/8   scram-sha-256
hostssl  all  root     127.0.0.0/8   cert
hostssl  all  roach    127.0.0.0/8   scram-sha-256 clientcert=verify-full
"""
USERS = ("root", "maxroach", "roach")


@pytest.fixture(scope="module")
def certs(tmp_path_factory):
    """The directory that `--certs-dir` names."""
    return cockroach_layout(tmp_path_factory.mktemp("cockroach") / "certs", *USERS)


@pytest.fixture(scope="module")
def tls(certs):
    """The [tls] table over that directory."""
    return {"ssl-cert": certs / "node.crt", "ssl-key": certs / "node.key",
            "ssl-ca": certs / "ca-client.crt"}


CHECKED = {"ssl-mode": "VERIFY_IDENTITY"}


@pytest.fixture(scope="module")
def node(certs, new_shared_postgres, open_shared_door, tls):
    """A database with node.crt, behind a door with the same; its ca-client.crt holds the clients'
    CA and what `mirror-ca` printed."""
    server = new_shared_postgres(hba=HBA, credential=Files(certs, "node"))
    gateway = open_shared_door(server, tls=tls, start=False,
                               backend_settings={**CHECKED, "ssl-ca": certs / "ca.crt"})
    shown = gateways.run("mirror-ca", "-c", gateway.config)
    assert shown.returncode == 0, shown.stderr
    server.start()
    server.trust((certs / "ca-client.crt").read_text(), shown.stdout)
    for user in USERS:
        server.account(user)
    gateway.start()
    gateway.wait_for_log("backend is up")
    return SimpleNamespace(server=server, gateway=gateway)


class Files:
    """A pair of that directory, as support/postgres.py takes a credential."""

    def __init__(self, certs, name: str):
        self.certificate_pem = (certs / f"{name}.crt").read_text()
        self.key_pem = (certs / f"{name}.key").read_text()

    write = Credential.write


def client(certs, port: int, user: str, *, shows: str | None = None, **more) -> dict:
    """As CockroachDB's documentation has the connection string."""
    pair = (certs / f"client.{shows}.crt", certs / f"client.{shows}.key") if shows else None
    return {"port": port, "user": user, "password": "secret", "dbname": "postgres",
            **verified(certs / "ca.crt", pair), **more}


@pytest.mark.parametrize("libpq", [15, 18])
@pytest.mark.parametrize("user, shows", [("root", "root"), ("maxroach", None),
                                         ("maxroach", "maxroach"), ("roach", "roach")])
def test_accounts_are_let_in(node, certs, user, shows, libpq):
    sql = ("SELECT current_user, client_dn, issuer_dn, client_serial FROM pg_stat_ssl"
           " WHERE pid = pg_backend_pid()")
    directly, through = (query(sql, **client(certs, port, user, shows=shows, libpq=libpq))
                         for port in (node.server.port, node.gateway.port))
    assert through == directly
    expected = (f"/O=Cockroach/CN={shows}", "/O=Cockroach/CN=Cockroach Client CA")
    assert through[0][:3] == (user, *(expected if shows else ("", "")))


@pytest.mark.parametrize("user, shows", [("root", "maxroach"), ("root", None), ("roach", "root"),
                                         ("roach", None)])
def test_accounts_are_left_out(node, certs, user, shows):
    directly, through = (refusal(**client(certs, port, user, shows=shows))
                         for port in (node.server.port, node.gateway.port))
    assert through == directly


@pytest.mark.parametrize("binding", ["disable", "prefer", "require"])
def test_one_certificate_for_both_legs_binds(node, certs, binding):
    """The same directory serves both, so a relayed SCRAM login can bind."""
    how = client(certs, node.gateway.port, "maxroach", channel_binding=binding)
    assert query("SELECT 1", **how) == [("1",)]


def test_a_certificate_of_the_nodes_own_ca_is_not_a_clients(node, certs):
    """node.crt may be a client too, but of the other CA: between nodes, not here."""
    pair = certs / "node.crt", certs / "node.key"
    how = {**client(certs, node.gateway.port, "node"), **verified(certs / "ca.crt", pair)}
    assert "unknown ca" in refusal(**how)


def test_the_mirror_ca_is_needed_in_ca_client_crt(node, certs):
    """Without it the database does not believe us, and the log says what to do."""
    real = (certs / "ca-client.crt").read_text()
    whole = (node.server.directory / "client-cas.crt").read_text()
    node.server.trust(real)
    try:
        assert refusal(**client(certs, node.gateway.port, "root", shows="root"))
        wait_until(lambda: any("sallyport mirror-ca" in record["detail"]
                               for record in node.gateway.sessions(user="root", leg="back")),
                   "the log's hint about the mirror CA")
    finally:
        node.server.trust(whole)
    how = client(certs, node.gateway.port, "root", shows="root")
    assert query("SELECT current_user", **how) == [("root",)]


# A backend that does SCRAM and has no -PLUS.


@pytest.fixture
def roach(scripted_postgres, open_door, pki):
    """Its certificate is another than the door's."""
    def opened(**settings):
        backend = scripted_postgres(like_cockroach({"maxroach": "secret"}))
        return open_door(backend, backend_settings=settings)
    return opened


def from_anywhere(pki, port: int, **more) -> dict:
    return {"port": port, "user": "maxroach", "password": "secret", "dbname": "defaultdb",
            **verified(pki.ca), **more}


@pytest.mark.parametrize("libpq", [15, 18])
@pytest.mark.parametrize("scram", ["auto", "relay", "password"])
def test_a_default_client_logs_in_without_binding(roach, pki, scram, libpq):
    gateway = roach(scram=scram)
    how = from_anywhere(pki, gateway.port, libpq=libpq)
    assert query("SELECT 1", **how) == [("scripted",)]
    assert refusal(**{**how, "password": "wrong"}) == (
        "FATAL:  password authentication failed for user maxroach\n")


def test_a_client_that_requires_binding_gives_up_as_it_does_directly(roach, pki):
    gateway = roach()
    text = refusal(**from_anywhere(pki, gateway.port, channel_binding="require"))
    assert text.startswith("channel binding is required, but server did not offer")


@pytest.mark.parametrize("scram", ["auto", "verifier"])
@pytest.mark.parametrize("binding", ["disable", "prefer", "require"])
def test_with_verifiers_binding_is_offered_all_the_same(roach, pki, tmp_path, scram, binding):
    """The client is bound to the door; what lies behind it is the operator's to secure."""
    verifiers = tmp_path / "verifiers.txt"
    verifiers.touch(mode=0o600)
    verifiers.write_text(f'"maxroach" "{Verifier.of("secret")}"\n')
    gateway = roach(scram=scram, **{"auth-file": verifiers})
    how = from_anywhere(pki, gateway.port, channel_binding=binding)
    assert query("SELECT 1", **how) == [("scripted",)]
    assert refusal(**{**how, "password": "wrong"}) == (
        "FATAL:  password authentication failed for user maxroach\n")
