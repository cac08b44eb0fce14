"""psycopg 3, around libpq. Where its cancelling over TLS is there (3.2, libpq 17), that is used."""

import psycopg
from contract import run
from postgres_contract import (COPIED, COPIED_ROWS, NOTIFY, PREPARED, PREPARED_VALUES, SCRATCH,
                               describe, libpq_parameters, rows, steps)


def open_connection():
    return psycopg.connect(**libpq_parameters(), autocommit=True)


def prepared(connection):
    return rows(connection, PREPARED.format("%s", "%s"), PREPARED_VALUES, prepare=True)


def copy(connection):
    rows(connection, SCRATCH.format("copied"))
    with connection.cursor() as cursor:
        with cursor.copy("COPY copied FROM STDIN") as going:
            going.write(COPIED)
        with cursor.copy("COPY copied TO STDOUT") as coming:
            back = b"".join(bytes(part) for part in coming).decode()
    return {"rows": rows(connection, COPIED_ROWS), "back": back}


def notify(connection):
    rows(connection, "LISTEN bell")
    with open_connection() as other:
        rows(other, NOTIFY)
    return [[each.channel, each.payload] for each in [next(connection.notifies())]]


def cancel(connection):
    getattr(connection, "cancel_safe", connection.cancel)()


STEPS = {
    **steps(open_connection, lambda c: c.info.backend_pid, cancel, psycopg.Error),
    "prepared": prepared, "copy": copy, "notify": notify}
run(f"psycopg {psycopg.__version__} on libpq {psycopg.pq.version()}", open_connection, STEPS,
    lambda connection: None, psycopg.Error, describe)
