"""The MySQL contest: a MariaDB, sysbench's point selects, and what our own client does."""

import ssl
from functools import partial

import certificates
import plan
from children import BenchError
from contest import Contest, Size
from mysql.client import Session
from mysql.database import SCHEMA, STATEMENTS, USER, MariaDB
from mysql.load import PointSelects, prepare
from load_client import Client
from peers import CIPHER, TLS_VERSION, Direct, Floor, HAProxy, Setting
from sallyport import MirroringSallyport, Sallyport

PEERS = (Direct, HAProxy, Floor, Sallyport, MirroringSallyport)
RESUMING = frozenset({"direct", "haproxy", "floor", "sallyport"})
TIMED = frozenset({"direct", "haproxy", "floor", "sallyport"})


def contest(setting: Setting, size: Size) -> Contest:
    database = MariaDB(setting)
    context = ssl.create_default_context(cafile=str(setting.keys / certificates.CA))
    open_session = partial(Session, user=USER, context=context)
    client = Client(setting, SCHEMA, USER, STATEMENTS, size.warm_up, size.seconds)
    return Contest(
        database=database,
        peers=[peer(setting, database) for peer in PEERS],
        scenarios=plan.scenarios(
            size, client, RESUMING, TIMED,
            points=[PointSelects(number, size.seconds, setting.keys)
                    for number in size.connections]),
        bars=plan.bars(size),
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
