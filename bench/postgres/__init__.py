"""The PostgreSQL contest: pgbench on lasting and on new connections, idle sessions."""

import ssl
from functools import partial

import certificates
from children import BenchError
from contest import Contest, Size
from peers import CIPHER, TLS_VERSION, Direct, Floor, HAProxy, Sallyport, Setting
from postgres.client import Session
from postgres.database import DATABASE, SCRAM, TRUSTED, PostgreSQL
from postgres.load import Connects, PointSelects
from postgres.peers import PgBouncer, Stunnel
from scenarios import IDLE, Aim, IdleSessions

AIMS = (Aim("CPU µs/query", 1.0, "haproxy"), Aim("CPU µs/query", 1.0, "pgbouncer"))
IDLE_AIMS = (Aim(IDLE, 32),)

_BACK_LEG = "SELECT version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


def contest(setting: Setting, size: Size) -> Contest:
    database = PostgreSQL(setting)
    context = ssl.create_default_context(cafile=str(setting.keys / certificates.CA))
    open_session = partial(Session, user=TRUSTED, database=DATABASE, context=context)
    return Contest(
        database=database,
        peers=[peer(setting, database)
               for peer in (Direct, HAProxy, PgBouncer, Stunnel, Floor, Sallyport)],
        scenarios=[*(PointSelects(number, size.seconds, setting.keys, AIMS)
                     for number in size.connections),
                   *(Connects(user, size.seconds, setting.keys)
                     for user in ([TRUSTED] if size.is_quick else [TRUSTED, SCRAM])),
                   IdleSessions(size.sessions, open_session, IDLE_AIMS)],
        references=("haproxy", "pgbouncer", "floor"),
        prepare=database.fill,
        prove=partial(_prove, open_session))


def _prove(open_session, port: int) -> None:
    """The front leg as the client sees it, and the back leg as the database sees it."""
    session = open_session(port)
    try:
        back = tuple(session.query(_BACK_LEG)[0])
        for leg, encryption in (("front", session.encryption), ("back", back)):
            if encryption != (TLS_VERSION, CIPHER):
                raise BenchError(f"the {leg} leg was encrypted with {encryption}")
    finally:
        session.close()
