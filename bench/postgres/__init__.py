"""The PostgreSQL contest: pgbench's point selects, its logins, and what our own client does."""

import ssl
from functools import partial

import certificates
import plan
from bars import Bar
from children import BenchError
from contest import Contest, Size
from field_load import point_selects_at
from load_client import Client
from peers import CIPHER, TLS_VERSION, Direct, Floor, HAProxy, Setting
from plan import CPU_PER_QUERY
from postgres.client import Session
from postgres.database import DATABASE, STATEMENTS, TRUSTED, PostgreSQL
from postgres.load import PointSelects, ScramConnects
from postgres.peers import PgBouncer, Stunnel
from sallyport import MirroringSallyport, Sallyport
from scenario import rate_of

PEERS = (Direct, HAProxy, PgBouncer, Stunnel, Floor, Sallyport, MirroringSallyport)
# PostgreSQL gives out no tickets, so nobody resumes with it, nor through HAProxy.
RESUMING = frozenset({"stunnel", "floor", "sallyport"})
TIMED = frozenset({"direct", "haproxy", "pgbouncer", "floor", "sallyport"})

_BACK_LEG = "SELECT version, cipher FROM pg_stat_ssl WHERE pid = pg_backend_pid()"


def contest(setting: Setting, size: Size) -> Contest:
    database = PostgreSQL(setting)
    context = ssl.create_default_context(cafile=str(setting.keys / certificates.CA))
    open_session = partial(Session, user=TRUSTED, database=DATABASE, context=context)
    client = Client(setting, DATABASE, TRUSTED, STATEMENTS, size.warm_up, size.seconds)
    return Contest(
        database=database,
        peers=[peer(setting, database) for peer in PEERS],
        scenarios=plan.scenarios(
            size, client, RESUMING, TIMED,
            points=[PointSelects(number, size.seconds, setting.keys)
                    for number in size.connections],
            more_connects=(ScramConnects(size.seconds, setting.keys),)),
        bars=[*_bars(), *plan.bars(size)],
        references=("haproxy", "pgbouncer", "floor"),
        prepare=database.fill,
        prove=partial(_prove, open_session))


def _bars() -> list[Bar]:
    found = []
    for number in (16, 64):
        point = point_selects_at(number)
        found += [Bar(point, CPU_PER_QUERY, 0.8, "pgbouncer"),
                  Bar(point, CPU_PER_QUERY, 0.4, "stunnel"),
                  # It has one thread: how far behind it is depends on how many we have.
                  Bar(point, rate_of("query"), 3, "pgbouncer", at_least=True, cores=4)]
    return found


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
