"""What every client of the driver matrix is told and prints; see ../README.md."""

import json
import os
import threading
import time

PREPARED = ("SELECT %s + 1, CONCAT(%s, '/é')", (41, "naïve ☃"))
MEGABYTE = " ".join(str(n) for n in range(200_000))[: 1 << 20]
SLEEPERS = "SELECT COUNT(*) FROM information_schema.processlist WHERE state = 'User sleep'"


class Settings:
    def __init__(self):
        def told(name):
            return os.environ.get(f"CLIENT_{name}", "")

        self.host, self.port = told("HOST"), int(told("PORT"))
        self.user, self.password, self.database = told("USER"), told("PASSWORD"), told("DATABASE")
        self.ca, self.cert, self.key = told("CA"), told("CERT"), told("KEY")
        self.compress = told("COMPRESS") == "1"
        self.negotiation, self.binding = told("NEGOTIATION"), told("BINDING")
        self.other_user, self.other_password = told("OTHER_USER"), told("OTHER_PASSWORD")
        self.file = told("FILE")
        self.steps = [step for step in told("STEPS").split(",") if step]


def texts(rows):
    """Rows as lists of strings: the one form that all languages can print alike."""
    def text(value):
        return bytes(value).decode() if isinstance(value, (bytes, bytearray)) else str(value)
    return [[text(value) for value in row] for row in rows]


def cursor_steps(prepared=PREPARED[0], cursor_options=None):
    """The steps that only need what PEP 249 promises of a connection."""
    def rows(connection, sql, *values):
        cursor = connection.cursor(**(cursor_options or {}) if values else {})
        cursor.execute(sql, *values)
        found = texts(cursor.fetchall()) if cursor.description else []
        cursor.close()
        return found

    def several(connection):
        cursor = connection.cursor()
        cursor.execute("SELECT 1; SELECT 'two'; SELECT 3")
        found = texts(cursor.fetchall())
        while cursor.nextset():
            found += texts(cursor.fetchall())
        cursor.close()
        return found

    def load_local(connection):
        settings = Settings()
        rows(connection, "CREATE TEMPORARY TABLE loaded (n INT, word VARCHAR(20))")
        rows(connection, f"LOAD DATA LOCAL INFILE '{settings.file}' INTO TABLE loaded")
        return rows(connection, "SELECT COUNT(*), SUM(n), MAX(word) FROM loaded")

    def megabyte(connection):
        return {"bytes": len(MEGABYTE),
                "same": rows(connection, "SELECT %s AS m", (MEGABYTE,)) == [[MEGABYTE]]}

    return {
        "account": lambda c: rows(c, "SELECT CURRENT_USER(), @@version"),
        "status": lambda c: rows(c, "SHOW SESSION STATUS WHERE Variable_name IN "
                                 "('Compression', 'Ssl_cipher', 'Ssl_version')"),
        "prepared": lambda c: rows(c, prepared, PREPARED[1]),
        "megabyte": megabyte,
        "several": several,
        "load_local": load_local,
    }, rows


def cancel(open_connection, rows, kill, error):
    """A step: kill(killer, sleeper) ends a query of another connection; returns its error code."""
    def step(_):
        sleeper, killer, outcome = open_connection(), open_connection(), []

        def sleep():
            try:
                outcome.append(rows(sleeper, "SELECT SLEEP(60)"))
            except error as refusal:
                outcome.append(str(refusal.args[0]))

        thread = threading.Thread(target=sleep, daemon=True)
        thread.start()
        while rows(killer, SLEEPERS) == [["0"]] and thread.is_alive():
            time.sleep(0.01)
        kill(killer, sleeper)
        thread.join(30)
        killer.close()
        return outcome[0] if outcome else "the query went on"
    return step


def code_and_message(refusal):
    """What a report says of the errors of drivers that know no SQLSTATE."""
    code, *message = refusal.args if len(refusal.args) > 1 else (None, *refusal.args)
    return {"code": code, "sqlstate": None, "message": " ".join(str(part) for part in message)}


def run(driver, open_connection, steps, own_tls, error, describe=code_and_message):
    """Connects, runs the wanted steps in order, prints the report."""
    seen = {"driver": driver, "steps": {}}
    try:
        connection = open_connection()
        seen["own_tls"] = own_tls(connection)
        for step in Settings().steps:
            seen["steps"][step] = steps[step](connection)
        connection.close()
    except error as refusal:
        seen["error"] = describe(refusal)
    print(json.dumps(seen, ensure_ascii=False))
