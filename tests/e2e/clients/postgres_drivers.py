"""PostgreSQL's drivers: how each is run, what it can do, what it says of a false server."""

from dataclasses import dataclass, field

from support.postgres import PASSWORD
from support.psql import EIGHTEEN

from .drivers import BUILT, HERE, NODE, PYTHON, java, report_of

STEPS = frozenset({"account", "status", "prepared", "megabyte", "failing", "rollback", "copy",
                   "notify"})
# The ways to stop a query.
STOPS = frozenset({"cancel", "cancel_backend"})


@dataclass(frozen=True)
class Driver:
    """`mistrust` is found in the error where the server's certificate is not believed: (unknown CA,
    wrong name). `stops` are the ways it has to stop a query. `tells_sqlstate` whether it has the
    one of a refused login (libpq gives only words), `shows` whether it can tell of its own TLS
    session, `binds` whether it can be told to require channel binding, `direct` whether it can
    begin with TLS at once, `cancels_in_tls` whether it cancels over TLS where its session has TLS.
    """

    name: str
    command: tuple[str, ...]
    mistrust: tuple[str, str]
    stops: frozenset[str] = STOPS
    tells_sqlstate: bool = False
    shows: bool = False
    binds: bool = False
    direct: bool = False
    cancels_in_tls: bool = False
    environment: dict[str, str] = field(default_factory=dict)


_LIBPQ = ("certificate verify failed", "does not match host name")
_LIBPQ_18 = {"LD_LIBRARY_PATH": str(EIGHTEEN / "lib")}
_NODE_TLS = ("unable to verify the first certificate", "is not in the cert's list")
_GO_TLS = ("signed by unknown authority", "doesn't contain any IP SANs|certificate is valid for")

DRIVERS = (
    Driver("psql", (PYTHON, f"{HERE}/cli/psql.py"), _LIBPQ, shows=True, binds=True),
    Driver("psql with libpq 18", (PYTHON, f"{HERE}/cli/psql.py"), _LIBPQ, shows=True, binds=True,
           direct=True, environment=_LIBPQ_18),
    Driver("psycopg2", (PYTHON, f"{HERE}/python/psycopg2_client.py"), _LIBPQ, shows=True,
           binds=True),
    Driver("psycopg 3", (PYTHON, f"{HERE}/python/psycopg_client.py"), _LIBPQ, binds=True),
    # As soon as it may it speaks protocol 3.2, with cancel keys of 32 bytes.
    Driver("psycopg 3 with libpq 18", (PYTHON, f"{HERE}/python/psycopg_client.py"), _LIBPQ,
           binds=True, direct=True, cancels_in_tls=True,
           environment={**_LIBPQ_18, "PYTHONPATH": str(BUILT / "python"),
                        "PGMAXPROTOCOLVERSION": "latest"}),
    Driver("asyncpg", (PYTHON, f"{HERE}/python/asyncpg_client.py"),
           ("unable to get local issuer certificate", "IP address mismatch"),
           STOPS | {"timeout"}, shows=True, cancels_in_tls=True, tells_sqlstate=True),
    Driver("pg for Node", ("node", f"{HERE}/node/pg.js"), _NODE_TLS, shows=True, binds=True,
           direct=True, environment=NODE, tells_sqlstate=True),
    Driver("postgres for Node", ("node", f"{HERE}/node/postgres.js"), _NODE_TLS, shows=True,
           direct=True, cancels_in_tls=True, environment=NODE, tells_sqlstate=True),
    Driver("pgjdbc", java("PostgresClient", f"{BUILT}/java/lib/*"),
           ("unable to find valid certification path", "could not be verified"),
           STOPS | {"timeout"}, binds=True, direct=True, tells_sqlstate=True),
    Driver("Go pgx", (f"{BUILT}/go/pgx",), _GO_TLS, STOPS | {"timeout"}, shows=True,
           tells_sqlstate=True),
    Driver("Go lib/pq", (f"{BUILT}/go/pq",), _GO_TLS, cancels_in_tls=True, tells_sqlstate=True),
    Driver("PHP pdo_pgsql", ("php", f"{HERE}/php/pdo_pgsql.php"), _LIBPQ, binds=True),
    Driver("Perl DBD::Pg", ("perl", f"{HERE}/perl/dbd_pg.pl"), _LIBPQ, binds=True),
)

# What each way to connect asks of a driver.
MODES = {
    "plain text": lambda driver: True,
    "verified TLS": lambda driver: True,
    "client certificate": lambda driver: True,
    "required channel binding": lambda driver: driver.binds,
    "direct TLS": lambda driver: driver.direct,
}


def told(mode: str, pki) -> dict:
    """What a client is told in this mode; the accounts are those of support/postgres.py."""
    certificate, key = pki.files.alice
    plain = {"user": "app", "password": PASSWORD}
    verified = {**plain, "ca": pki.ca}
    return {
        "plain text": plain,
        "verified TLS": verified,
        "client certificate": {"user": "alice", "ca": pki.ca, "cert": certificate, "key": key},
        "required channel binding": {**verified, "binding": "require"},
        "direct TLS": {**verified, "negotiation": "direct"},
    }[mode]


def run(driver: Driver, port: int, steps=STEPS, **settings) -> dict:
    """One run of the driver's client against 127.0.0.1:`port`: its report (see README.md)."""
    return report_of(driver, port,
                     {"database": "postgres", "steps": ",".join(sorted(steps)), **settings})
