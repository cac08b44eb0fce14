"""psycopg2: libpq as Python's DB-API sees it. It prepares nothing by itself: PREPARE does."""

import select
from io import StringIO

import psycopg2
from contract import run
from postgres_contract import (COPIED, COPIED_ROWS, NOTIFY, PATIENCE, PREPARED, PREPARED_VALUES,
                               SCRATCH, describe, libpq_parameters, rows, steps)


def open_connection():
    connection = psycopg2.connect(**libpq_parameters())
    connection.autocommit = True
    return connection


def own_tls(connection):
    if not connection.info.ssl_in_use:
        return None
    return {"version": connection.info.ssl_attribute("protocol"),
            "cipher": connection.info.ssl_attribute("cipher")}


def prepared(connection):
    rows(connection, f"PREPARE asked (int, text) AS {PREPARED.format('$1', '$2')}")
    return rows(connection, "EXECUTE asked (%s, %s)", PREPARED_VALUES)


def copy(connection):
    rows(connection, SCRATCH.format("copied"))
    back = StringIO()
    with connection.cursor() as cursor:
        cursor.copy_expert("COPY copied FROM STDIN", StringIO(COPIED))
        cursor.copy_expert("COPY copied TO STDOUT", back)
    return {"rows": rows(connection, COPIED_ROWS), "back": back.getvalue()}


def notify(connection):
    rows(connection, "LISTEN bell")
    other = open_connection()
    rows(other, NOTIFY)
    other.close()
    while not connection.notifies and select.select([connection], [], [], PATIENCE)[0]:
        connection.poll()
    return [[each.channel, each.payload] for each in connection.notifies]


STEPS = {
    **steps(open_connection, lambda c: c.info.backend_pid, lambda c: c.cancel(), psycopg2.Error),
    "prepared": prepared, "copy": copy, "notify": notify}
run(f"psycopg2 {psycopg2.__version__}", open_connection, STEPS, own_tls, psycopg2.Error,
    describe)
