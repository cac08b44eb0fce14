"""mysql-connector-python, Oracle's own: all Python, or (CLIENT_VARIANT=c) around libmysqlclient."""

import os

import mysql.connector
from contract import Settings, cancel, cursor_steps, run

PURE = os.environ.get("CLIENT_VARIANT") != "c"


def open_connection():
    settings = Settings()
    options = {"ssl_disabled": True}
    if settings.ca:
        options = {"ssl_ca": settings.ca, "ssl_verify_cert": True, "ssl_verify_identity": True}
        if settings.cert:
            options.update(ssl_cert=settings.cert, ssl_key=settings.key)
    # Its default collation is one of MySQL 8 that MariaDB does not know.
    return mysql.connector.connect(
        host=settings.host, port=settings.port, user=settings.user, password=settings.password,
        database=settings.database, compress=settings.compress, allow_local_infile=True,
        charset="utf8mb4", collation="utf8mb4_general_ci", use_pure=PURE, **options)


def own_tls(connection):
    if not Settings().ca:
        return None
    # Neither form has a public way to ask.
    if PURE:
        socket = connection._socket.sock
        return {"version": socket.version(), "cipher": socket.cipher()[0]}
    return {"cipher": connection._cmysql.get_ssl_cipher()}


def change_user(connection):
    settings = Settings()
    connection.cmd_change_user(settings.other_user, settings.other_password, settings.database)
    return ROWS(connection, "SELECT CURRENT_USER()")


def kill(killer, sleeper):
    killer.cmd_process_kill(sleeper.connection_id)


STEPS, ROWS = cursor_steps("SELECT ? + 1, CONCAT(?, '/é')", {"prepared": True})
STEPS["change_user"] = change_user
STEPS["cancel"] = cancel(open_connection, ROWS, kill, mysql.connector.Error)
run(f"mysql-connector-python {mysql.connector.__version__}", open_connection, STEPS, own_tls,
    mysql.connector.Error,
    lambda said: {"code": said.errno, "sqlstate": said.sqlstate, "message": said.msg})
