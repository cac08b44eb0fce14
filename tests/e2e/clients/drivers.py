"""MySQL's drivers: how each is run, what it can do, what it says of a false server."""

import json
import os
import re
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUILT = HERE.parents[2] / "build" / "clients"
PYTHON = "/usr/bin/python3"
PATIENCE = 60  # seconds for one run of a client; the slowest takes three

COMMON = frozenset({"account", "status", "prepared", "megabyte", "several", "load_local"})


@dataclass(frozen=True)
class Driver:
    """`mistrust` is found in the error where the server's certificate is not believed: (unknown CA,
    wrong name). `shows` is what of its own TLS session the driver can tell. `cannot_compressed` is
    what the driver itself refuses under compression."""

    name: str
    command: tuple[str, ...]
    mistrust: tuple[str, str]
    can: frozenset[str] = COMMON
    compresses: bool = True
    shows: tuple[str, ...] = ()
    cannot_compressed: frozenset[str] = frozenset()
    environment: dict[str, str] = field(default_factory=dict)

    def steps(self, compressed: bool) -> list[str]:
        """In the order in which they are run: changing the account comes last."""
        can = self.can - self.cannot_compressed if compressed else self.can
        return sorted(can, key=lambda step: (step == "change_user", step))


def java(client: str, jar: str) -> tuple[str, ...]:
    # The short-lived program gains more from a quick start than from optimised code.
    return ("java", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", "-cp",
            f"{BUILT}/java/classes:{jar}", client)


NODE = {"NODE_PATH": str(BUILT / "node" / "node_modules")}
_CONNECTOR_PYTHON = {"PYTHONPATH": str(BUILT / "python")}
_CONNECTOR_C = ("unable to get local issuer certificate",
                "Validation of SSL server certificate failed")
_PYTHON_SSL = ("unable to get local issuer certificate", "IP address mismatch")

DRIVERS = (
    Driver("mariadb command line", (PYTHON, f"{HERE}/cli/client.py"), _CONNECTOR_C,
           shows=("cipher",)),
    Driver("PyMySQL", (PYTHON, f"{HERE}/python/pymysql_client.py"), _PYTHON_SSL,
           COMMON | {"cancel"}, compresses=False, shows=("version", "cipher")),
    Driver("mysqlclient", (PYTHON, f"{HERE}/python/mysqlclient_client.py"), _CONNECTOR_C,
           COMMON | {"cancel", "change_user"}),
    Driver("mysql-connector-python", (PYTHON, f"{HERE}/python/connector_client.py"), _PYTHON_SSL,
           COMMON | {"cancel", "change_user"}, shows=("version", "cipher"),
           cannot_compressed=frozenset({"change_user"}), environment=_CONNECTOR_PYTHON),
    Driver("mysql-connector-python with libmysqlclient",
           (PYTHON, f"{HERE}/python/connector_client.py"), ("certificate verify failed",) * 2,
           COMMON | {"cancel", "change_user"}, shows=("cipher",),
           environment={**_CONNECTOR_PYTHON, "CLIENT_VARIANT": "c"}),
    Driver("mysql2 for Node", ("node", f"{HERE}/node/mysql2.js"),
           ("unable to verify the first certificate", "does not match certificate's altnames"),
           COMMON | {"cancel", "change_user"}, shows=("version", "cipher"), environment=NODE),
    # It logs in before it judges the certificate, and has one word for all that is wrong with one.
    Driver("mariadb for Node", ("node", f"{HERE}/node/mariadb.js"),
           ("self-signed certificate", "self-signed certificate"),
           COMMON | {"cancel", "change_user"}, shows=("version", "cipher"), environment=NODE),
    Driver("PHP mysqli", ("php", "-d", "mysqli.allow_local_infile=1", f"{HERE}/php/mysqli.php"),
           ("certificate verify failed", "subjectAltName did not match expected name"),
           COMMON | {"cancel", "change_user"}),
    Driver("Go go-sql-driver", (f"{BUILT}/go/mysql",),
           ("signed by unknown authority", "doesn't contain any IP SANs|certificate is valid for"),
           COMMON | {"cancel"}, compresses=False, shows=("version", "cipher")),
    Driver("MariaDB Connector/J", java("Client", "/usr/share/java/mariadb-java-client.jar"),
           ("unable to find valid certification path", "SSL hostname verification failed"),
           COMMON | {"cancel", "timeout"}, environment={"CLIENT_VARIANT": "mariadb"}),
    Driver("MySQL Connector/J", java("Client", f"{BUILT}/java/lib/*"),
           ("Path does not chain with any of the trust anchors",
            "Server identity verification failed"),
           COMMON | {"cancel", "timeout", "change_user"}, environment={"CLIENT_VARIANT": "mysql"}),
    Driver("Perl DBD::MariaDB", ("perl", f"{HERE}/perl/dbd_mariadb.pl"), _CONNECTOR_C,
           COMMON | {"cancel"}),
)


def run(driver: Driver, port: int, **settings) -> dict:
    """One run of the driver's client against 127.0.0.1:`port`: its report (see README.md)."""
    steps = ",".join(driver.steps("compress" in settings))
    return report_of(driver, port, {"database": "shop", "steps": steps, **settings})


def report_of(driver, port: int, told: dict) -> dict:
    """Runs a client, of either protocol."""
    told = {"host": "127.0.0.1", "port": port, **told}
    # Nothing of the caller's own: no PG variables, and no files in a home.
    bare = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment = {**bare, "HOME": "/nonexistent", **driver.environment,
                   **{f"CLIENT_{name.upper()}": str(value) for name, value in told.items()}}
    done = subprocess.run(driver.command, env=environment, capture_output=True, text=True,
                          timeout=PATIENCE, stdin=subprocess.DEVNULL)
    assert done.returncode == 0 and done.stdout, f"{driver.name} broke down:\n{done.stderr}"
    return _without_accidents(json.loads(done.stdout), port)


def _without_accidents(report: dict, port: int) -> dict:
    """Port and connection id differ between any two runs; drivers put them into their messages."""
    if "error" in report:
        message = re.sub(rf"\b{port}\b", "PORT", report["error"]["message"])
        report["error"]["message"] = re.sub(r"\(conn=\d+\)", "(conn=ID)", message)
    return report
