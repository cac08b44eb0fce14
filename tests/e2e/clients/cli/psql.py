"""psql: every step is one run of it. Control-C is typed on a terminal. See ../README.md."""

import json
import os
import pty
import re
import subprocess
import tempfile
import time
from pathlib import Path

STATUS = """SELECT ssl::text, coalesce(version, ''), coalesce(cipher, ''), coalesce(bits::text, ''),
       coalesce(client_dn, ''), coalesce(client_serial::text, ''), coalesce(issuer_dn, '')
FROM pg_stat_ssl WHERE pid = pg_backend_pid();"""
COPIED = "1\tone\n2\ttwo\n3\tthrée ☃\n"
SLEEP, AFTER = "SELECT pg_sleep(600);", "SELECT 'still here';"
CONTROL_C = b"\x03"


def told(name):
    return os.environ.get(f"CLIENT_{name}", "")


class Refused(Exception):
    pass


def environment():
    parameters = {"PGHOST": told("HOST"), "PGPORT": told("PORT"), "PGUSER": told("USER"),
                  "PGPASSWORD": told("PASSWORD"), "PGDATABASE": told("DATABASE"),
                  "PGSSLMODE": "verify-full" if told("CA") else "disable",
                  "PGSSLROOTCERT": told("CA"), "PGSSLCERT": told("CERT"), "PGSSLKEY": told("KEY"),
                  "PGSSLNEGOTIATION": told("NEGOTIATION"), "PGCHANNELBINDING": told("BINDING"),
                  "PGCLIENTENCODING": "UTF8", "LC_ALL": "C.UTF-8"}
    return {**os.environ, **{name: value for name, value in parameters.items() if value}}


COMMAND = ["psql", "--no-psqlrc", "--no-password", "--quiet", "--tuples-only", "--no-align",
           "--field-separator=\x1f", "--set=VERBOSITY=verbose"]


def psql(script, *options):
    done = subprocess.run([*COMMAND, *options], input=script, capture_output=True,
                          encoding="utf-8", env=environment())
    # Errors of statements are in the report; with status 2 there was no connection.
    if done.returncode == 2:
        raise Refused(done.stderr)
    return done


def rows_of(output):
    return [line.split("\x1f") for line in output.splitlines()]


def rows(script):
    done = psql(script)
    if done.stderr:
        raise RuntimeError(done.stderr)
    return rows_of(done.stdout)


def outcome(output, errors):
    sqlstate, message = re.search(r"ERROR:  (\w{5}): (.*)", errors).groups()
    return {"sqlstate": sqlstate, "message": message, "after": rows_of(output)}


def failing():
    done = psql(f"SELECT * FROM nowhere;\n{AFTER}")
    return outcome(done.stdout, done.stderr)


def megabyte():
    text = " ".join(str(n) for n in range(200_000))[: 1 << 20]
    return {"bytes": len(text), "same": psql(f"SELECT '{text}';").stdout == text + "\n"}


def copy():
    # A script's data ends with a line of its own.
    done = psql("CREATE TEMPORARY TABLE copied (n int, word text);\n"
                f"COPY copied FROM STDIN;\n{COPIED}\\.\nCOPY copied TO STDOUT;\n"
                "SELECT count(*), sum(n), max(word) FROM copied;")
    *back, last = done.stdout.splitlines(keepends=True)
    return {"rows": rows_of(last), "back": "".join(back)}


def notify():
    # psql tells what it heard after each command, from itself too.
    said = psql("LISTEN bell;\nNOTIFY bell, 'naïve ☃';").stdout
    return [list(re.search(r'notification "(\w+)" with payload "(.*)" received', said).groups())]


def stopped(stop):
    """Runs a long query on a terminal, and stop(terminal, pid) when the database is at it."""
    with tempfile.TemporaryDirectory() as folder:
        answers, errors = Path(folder, "answers"), Path(folder, "errors")
        child, terminal = pty.fork()
        if child == 0:
            os.dup2(os.open(errors, os.O_WRONLY | os.O_CREAT), 2)
            os.execvpe("psql", [*COMMAND, "--no-readline", f"--output={answers}"], environment())
        os.write(terminal, f"SELECT pg_backend_pid();\n{SLEEP}\n".encode())
        pid = wait_for(lambda: re.match(r"(\d+)\n", text_of(answers)))[1]
        wait_for(lambda: rows("SELECT count(*) FROM pg_stat_activity "
                              f"WHERE pid = {pid} AND wait_event = 'PgSleep';") == [["1"]])
        stop(terminal, pid)
        # Not earlier: Control-C also throws away what was typed ahead.
        os.write(terminal, f"{AFTER}\n\\q\n".encode())
        drain(terminal)
        os.waitpid(child, 0)
        os.close(terminal)
        return outcome(text_of(answers).removeprefix(f"{pid}\n"), text_of(errors))


def text_of(file):
    return file.read_text() if file.exists() else ""


def wait_for(condition):
    while not (value := condition()):
        time.sleep(0.01)
    return value


def drain(terminal):
    """Reads prompts and echoes until psql has gone: unread, they would hold it up."""
    try:
        while os.read(terminal, 4096):
            pass
    except OSError:
        pass  # Linux's way to say that nobody has the terminal open any more.


STEPS = {
    "account": lambda: rows("SELECT current_user, current_database(), version();"),
    "status": lambda: rows(STATUS),
    "prepared": lambda: rows("PREPARE asked (int, text) AS SELECT $1 + 1, $2 || '/é';\n"
                             "EXECUTE asked (41, 'naïve ☃');"),
    "megabyte": megabyte,
    "failing": failing,
    "rollback": lambda: rows("CREATE TEMPORARY TABLE kept (n int);\n"
                             "BEGIN;\nINSERT INTO kept VALUES (1);\nSELECT count(*) FROM kept;\n"
                             "ROLLBACK;\nSELECT count(*) FROM kept;"),
    "copy": copy,
    "notify": notify,
    "cancel": lambda: stopped(lambda terminal, _: os.write(terminal, CONTROL_C)),
    "cancel_backend": lambda: stopped(
        lambda _, pid: rows(f"SELECT pg_cancel_backend({pid});")),
}


def own_tls():
    said = re.search(r"protocol: ([^,]+), cipher: ([^,]+)", psql("\\conninfo").stdout)
    return said and {"version": said[1], "cipher": said[2]}


report = {"driver": subprocess.check_output(["psql", "--version"], text=True).strip(), "steps": {}}
try:
    report["own_tls"] = own_tls()
    for step in filter(None, told("STEPS").split(",")):
        report["steps"][step] = STEPS[step]()
except Refused as refusal:
    report["error"] = {"sqlstate": None, "message": str(refusal).strip()}
print(json.dumps(report, ensure_ascii=False))
