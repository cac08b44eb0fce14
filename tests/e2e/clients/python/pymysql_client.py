"""PyMySQL: Python all the way, Python's own ssl module. Kills with COM_PROCESS_KILL."""

import ssl

import pymysql
from contract import Settings, cancel, cursor_steps, run
from pymysql.constants import CLIENT


def open_connection():
    settings = Settings()
    tls = {"ca": settings.ca, "check_hostname": True} if settings.ca else None
    if settings.cert:
        tls.update(cert=settings.cert, key=settings.key)
    return pymysql.connect(
        host=settings.host, port=settings.port, user=settings.user, password=settings.password,
        database=settings.database, ssl=tls, ssl_disabled=not tls, local_infile=True,
        client_flag=CLIENT.MULTI_STATEMENTS)


def own_tls(connection):
    # PyMySQL shows its TLS session nowhere else.
    socket = connection._sock
    if not isinstance(socket, ssl.SSLSocket):
        return None
    return {"version": socket.version(), "cipher": socket.cipher()[0]}


def kill(killer, sleeper):
    killer.kill(sleeper.thread_id())


STEPS, ROWS = cursor_steps()
STEPS["cancel"] = cancel(open_connection, ROWS, kill, pymysql.Error)
run(f"PyMySQL {pymysql.__version__}", open_connection, STEPS, own_tls, pymysql.Error)
