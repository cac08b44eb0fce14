"""What the PostgreSQL clients written in Python share; see ../README.md."""

import threading
import time

from contract import MEGABYTE, Settings, texts

ACCOUNT = "SELECT current_user::text, current_database()::text, version()"
STATUS = """SELECT ssl::text, coalesce(version, ''), coalesce(cipher, ''), coalesce(bits::text, ''),
                   coalesce(client_dn, ''), coalesce(client_serial::text, ''),
                   coalesce(issuer_dn, '')
            FROM pg_stat_ssl WHERE pid = pg_backend_pid()"""
FAILING = "SELECT * FROM nowhere"
# It works on both strings: what comes back was understood, not only carried.
PREPARED, PREPARED_VALUES = "SELECT ({0}::int + 1)::text, {1}::text || '/é'", (41, "naïve ☃")
SCRATCH = "CREATE TEMPORARY TABLE {} (n int, word text)"
COPIED = "1\tone\n2\ttwo\n3\tthrée ☃\n"
COPIED_ROWS = "SELECT count(*)::text, sum(n)::text, max(word) FROM copied"
NOTIFY = "NOTIFY bell, 'naïve ☃'"
SLEEP, AFTER = "SELECT pg_sleep(600)", "SELECT 'still here'"
ASLEEP = """SELECT count(*)::text FROM pg_stat_activity
            WHERE pid = {} AND wait_event = 'PgSleep'"""
PATIENCE = 30  # seconds


def libpq_parameters() -> dict:
    """libpq's own names for what the client is told."""
    settings = Settings()
    parameters = {"host": settings.host, "port": settings.port, "user": settings.user,
                  "password": settings.password, "dbname": settings.database,
                  "sslmode": "verify-full" if settings.ca else "disable",
                  "sslrootcert": settings.ca, "sslcert": settings.cert, "sslkey": settings.key,
                  "sslnegotiation": settings.negotiation, "channel_binding": settings.binding}
    return {name: value for name, value in parameters.items() if value}


def rows(connection, sql, values=None, **how):
    with connection.cursor() as cursor:
        cursor.execute(sql, values, **how)
        return texts(cursor.fetchall()) if cursor.description else []


def describe(refusal):
    """The server's words where the failure is its own, the driver's where it is not."""
    diagnostics = refusal.diag
    return {"sqlstate": diagnostics.sqlstate,
            "message": diagnostics.message_primary or str(refusal).strip()}


def failing(error):
    def step(connection):
        try:
            return rows(connection, FAILING)
        except error as refusal:
            return {**describe(refusal), "after": rows(connection, AFTER)}
    return step


def rollback(connection):
    rows(connection, SCRATCH.format("kept"))
    connection.autocommit = False
    rows(connection, "INSERT INTO kept VALUES (1, 'one')")
    inside = rows(connection, "SELECT count(*)::text FROM kept")
    connection.rollback()
    connection.autocommit = True
    return inside + rows(connection, "SELECT count(*)::text FROM kept")


def stopped(open_connection, pid_of, stop, error):
    """A step: stop(connection, onlooker) ends a query of `connection`, which can go on then."""
    def step(connection):
        outcome = []

        def sleep():
            try:
                outcome.append({"rows": rows(connection, SLEEP)})
            except error as refusal:
                outcome.append(describe(refusal))

        onlooker, pid = open_connection(), pid_of(connection)
        thread = threading.Thread(target=sleep, daemon=True)
        thread.start()
        while rows(onlooker, ASLEEP.format(pid)) == [["0"]] and thread.is_alive():
            time.sleep(0.01)
        stop(connection, onlooker)
        thread.join(PATIENCE)
        onlooker.close()
        return {**outcome[0], "after": rows(connection, AFTER)} if outcome else "the query went on"
    return step


def steps(open_connection, pid_of, cancel, error):
    """The steps that psycopg2 and psycopg 3 run alike."""
    def cancel_backend(connection, onlooker):
        rows(onlooker, f"SELECT pg_cancel_backend({pid_of(connection)})")

    return {
        "account": lambda c: rows(c, ACCOUNT),
        "status": lambda c: rows(c, STATUS),
        "megabyte": lambda c: {"bytes": len(MEGABYTE),
                               "same": rows(c, "SELECT %s::text", (MEGABYTE,)) == [[MEGABYTE]]},
        "failing": failing(error),
        "rollback": rollback,
        "cancel": stopped(open_connection, pid_of, lambda c, _: cancel(c), error),
        "cancel_backend": stopped(open_connection, pid_of, cancel_backend, error),
    }
