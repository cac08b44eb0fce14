"""mysqlclient: MariaDB's C library (Connector/C) as Python sees it. Kills with a KILL query."""

import tempfile

import MySQLdb
from contract import Settings, cancel, cursor_steps, run
from MySQLdb.constants import CLIENT


def open_connection():
    settings = Settings()
    # Whatever is passed turns compression on, False as well.
    options = {"compress": 1} if settings.compress else {}
    if settings.ca:
        options["ssl"] = {"ca": settings.ca}
        if settings.cert:
            options["ssl"].update(cert=settings.cert, key=settings.key)
    # Host name verification has no argument of its own with this C library, only an option file's.
    with tempfile.NamedTemporaryFile("w", suffix=".cnf") as file:
        file.write("[client]\n" + ("ssl-verify-server-cert=1\n" if settings.ca else "skip-ssl\n"))
        file.flush()
        return MySQLdb.connect(
            host=settings.host, port=settings.port, user=settings.user, passwd=settings.password,
            db=settings.database, charset="utf8mb4", local_infile=1,
            client_flag=CLIENT.MULTI_STATEMENTS, read_default_file=file.name, **options)


def change_user(connection):
    settings = Settings()
    connection.change_user(settings.other_user, settings.other_password, settings.database)
    return ROWS(connection, "SELECT CURRENT_USER()")


def kill(killer, sleeper):
    killer.kill(sleeper.thread_id())


STEPS, ROWS = cursor_steps()
STEPS["change_user"] = change_user
STEPS["cancel"] = cancel(open_connection, ROWS, kill, MySQLdb.Error)
run(f"mysqlclient {MySQLdb.__version__}", open_connection, STEPS, lambda connection: None,
    MySQLdb.Error)
