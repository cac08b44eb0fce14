"""What tests connect with: TLS contexts, PyMySQL, and the `mariadb` command line."""

import ssl
import subprocess
from pathlib import Path

import pymysql

TLS_1_2, TLS_1_3 = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3


def tls_context(ca: Path, credential: tuple[Path, Path] | None = None, *, version=None,
                ciphers: str | None = None) -> ssl.SSLContext:
    """Verifies the server against `ca`; shows `credential` (certificate, key) when given.

    `version` is the only one offered; `ciphers` are those of TLS 1.2 and below.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(str(ca))
    if credential:
        context.load_cert_chain(*map(str, credential))
    if version:
        context.minimum_version = context.maximum_version = version
    if ciphers:
        context.set_ciphers(ciphers)
    return context


def connect(port: int, user: str, password: str = "secret", *, tls: ssl.SSLContext | None,
            **options) -> pymysql.Connection:
    """A PyMySQL connection; `tls` of None is plain text."""
    return pymysql.connect(host="localhost" if tls else "127.0.0.1", port=port, user=user,
                           password=password, ssl=tls, autocommit=True,
                           **{"connect_timeout": 30, "read_timeout": 60, **options})


def query(connection: pymysql.Connection, sql: str, *arguments) -> list[tuple]:
    with connection.cursor() as cursor:
        cursor.execute(sql, arguments or None)
        return list(cursor.fetchall())


def ssl_status(connection) -> dict[str, str]:
    """SHOW SESSION STATUS LIKE 'Ssl_%', as far as it speaks of this session."""
    ask = connection.query if hasattr(connection, "greeting") else (
        lambda sql: query(connection, sql))
    return dict(ask("SHOW SESSION STATUS WHERE variable_name IN ('Ssl_version', 'Ssl_cipher')"))


def mariadb_command(port: int, user: str, password: str = "secret", *options: str,
                    ca: Path | None, credential: tuple[Path, Path] | None = None) -> list[str]:
    """The command line of MariaDB's client: verified TLS with `ca`, plain text without."""
    command = ["mariadb", "--no-defaults", "--host=127.0.0.1", "--protocol=tcp", f"--port={port}",
               f"--user={user}", f"--password={password}", "--batch", "--skip-column-names"]
    if ca:
        command += [f"--ssl-ca={ca}", "--ssl-verify-server-cert"]
    else:
        command += ["--skip-ssl"]
    if credential:
        command += [f"--ssl-cert={credential[0]}", f"--ssl-key={credential[1]}"]
    return [*command, *options]


def mariadb(port: int, user: str, sql: str, *options: str, password: str = "secret",
            **how) -> subprocess.CompletedProcess:
    """Runs statements with MariaDB's command line client."""
    return subprocess.run(mariadb_command(port, user, password, *options, **how), input=sql,
                          capture_output=True, text=True, timeout=60)
