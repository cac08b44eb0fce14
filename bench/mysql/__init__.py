"""The MySQL contest: a MariaDB, sysbench's point selects, idle sessions."""

import ssl
from functools import partial

import certificates
from children import BenchError
from contest import Contest, Size
from mysql.client import Session
from mysql.database import USER, MariaDB
from mysql.load import PointSelects, prepare
from peers import CIPHER, TLS_VERSION, Direct, Floor, HAProxy, Sallyport, Setting
from scenarios import IDLE, Aim, IdleSessions

AIMS = (Aim("CPU µs/query", 1.0, "haproxy"),)
IDLE_AIMS = (Aim(IDLE, 32),)


def contest(setting: Setting, size: Size) -> Contest:
    database = MariaDB(setting)
    context = ssl.create_default_context(cafile=str(setting.keys / certificates.CA))
    open_session = partial(Session, user=USER, context=context)
    return Contest(
        database=database,
        peers=[peer(setting, database) for peer in (Direct, HAProxy, Floor, Sallyport)],
        scenarios=[*(PointSelects(number, size.seconds, setting.keys, AIMS)
                     for number in size.connections),
                   IdleSessions(size.sessions, open_session, IDLE_AIMS)],
        references=("haproxy", "floor"),
        prepare=partial(prepare, database.port, setting.keys),
        prove=partial(_prove, open_session))


def _prove(open_session, port: int) -> None:
    """The front leg as the client sees it; the back leg's is proved by the account's REQUIRE."""
    session = open_session(port)
    try:
        if session.encryption != (TLS_VERSION, CIPHER):
            raise BenchError(f"a session was encrypted with {session.encryption}")
    finally:
        session.close()
