"""What every end-to-end test can ask for: certificates, databases, a door in front of them."""

import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest

from support import gateway as gateways
from support import postgres
from support.backend import ScriptedBackend, server_context
from support.clients import tls_context
from support.gateway import Gateway
from support.mariadb import MariaDB, make_template
from support.pgbackend import ScriptedPostgres
from support.pki import Authority
from support.postgres import Postgres


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    """Authorities, and files (certificate, key) under `files`.

    clients: a root that issues client certificates; staff: a root whose intermediate does.
    """
    directory = tmp_path_factory.mktemp("pki")
    servers = Authority("Servers CA")
    clients = Authority("Clients CA")
    staff = Authority("Staff CA")
    desk = Authority("Front desk CA", parent=staff)
    stranger = Authority("Strangers CA")
    names = ("localhost", "127.0.0.1", "127.0.0.2", "front.sallyport.test")
    front, front_rsa = servers.server(*names), servers.server(*names, kind="rsa")
    database = servers.server("localhost", "127.0.0.1", "database.sallyport.test", kind="rsa")
    alice = clients.client("alice")
    reader = desk.client("reader")

    def put(name: str, pem: str) -> Path:
        (directory / name).write_text(pem)
        return directory / name

    made = SimpleNamespace(
        directory=directory, servers=servers, clients=clients, staff=staff, desk=desk,
        stranger=stranger, front=front, front_rsa=front_rsa, database=database,
        alice=alice, reader=reader,
        ca=put("servers.crt", servers.pem),
        client_cas=put("client-cas.crt", clients.pem + staff.pem),
        files=SimpleNamespace(
            front=front.write(directory, "front"), front_rsa=front_rsa.write(directory, "front-rsa"),
            database=database.write(directory, "database"), alice=alice.write(directory, "alice"),
            reader=reader.write(directory, "reader")),
        put=put)
    made.context = lambda credential=None, **how: tls_context(made.ca, credential, **how)
    return made


@pytest.fixture(scope="session")
def front_tls(pki):
    """The [tls] table of an ordinary door: both key types, client certificates from two CAs."""
    pairs = (pki.files.front, pki.files.front_rsa)
    return {"ssl-cert": [str(certificate) for certificate, _ in pairs],
            "ssl-key": [str(key) for _, key in pairs], "ssl-ca": str(pki.client_cas)}


@pytest.fixture(scope="session")
def mirror(tmp_path_factory, front_tls):
    """One set of mirror CAs for all doors of this run: (data directory, PEM bundle)."""
    directory = tmp_path_factory.mktemp("mirror")
    config = directory / "sallyport.toml"
    backend = SimpleNamespace(host="127.0.0.1", port=1)
    settings = gateways.door(backend, tls=front_tls, **{"data-dir": str(directory / "data")})
    config.write_text(gateways.to_toml(settings))
    shown = gateways.run("mirror-ca", "-c", config)
    assert shown.returncode == 0, shown.stderr
    return SimpleNamespace(data=directory / "data", bundle=shown.stdout)


@pytest.fixture(scope="session")
def database_template(tmp_path_factory):
    return make_template(tmp_path_factory.mktemp("template") / "data")


@pytest.fixture(scope="session")
def mariadb(tmp_path_factory, database_template, pki, mirror):
    """The database of most tests: trusts the real client CAs and the mirror's."""
    server = MariaDB(tmp_path_factory.mktemp("mariadb"), database_template, pki.database,
                     pki.clients.pem + pki.staff.pem + mirror.bundle)
    try:
        server.start()
        server.sql("CREATE DATABASE shop")
        server.account("app")
        yield server
    finally:
        server.stop()
        shutil.rmtree(server.directory / "data")


@pytest.fixture
def new_mariadb(tmp_path, database_template, pki, mirror):
    """Makes a MariaDB of the test's own (to be killed, say); not started yet."""
    made = []

    def make(name: str = "own-mariadb", **how) -> MariaDB:
        defaults = {"credential": pki.database, "client_cas": mirror.bundle}
        made.append(MariaDB(tmp_path / name, database_template, **{**defaults, **how}))
        return made[-1]

    yield make
    for server in made:
        server.stop()
        shutil.rmtree(server.directory / "data")


@pytest.fixture(scope="session")
def postgres_templates():
    """Empty clusters by version, made when they are first asked for."""
    folders = {}

    def template(version: int) -> Path:
        if version not in folders:
            folders[version] = postgres.new_folder()
            postgres.make_template(folders[version], version)
        return folders[version] / "data"

    yield template
    for folder in folders.values():
        shutil.rmtree(folder)


def _maker(templates, pki, mirror, servers: list[Postgres]):
    def make(version: int = 15, **how) -> Postgres:
        """A PostgreSQL that trusts the real client CAs and the mirror's; not started yet."""
        defaults = {"credential": pki.database,
                    "client_cas": pki.clients.pem + pki.staff.pem + mirror.bundle}
        servers.append(Postgres(templates(version), version=version, **{**defaults, **how}))
        return servers[-1]
    return make


def _remove(servers: list[Postgres]) -> None:
    # Printed text is shown by pytest where a test fails.
    for server in servers:
        print(f"--- log of PostgreSQL on port {server.port}\n{server.log()}")
        server.remove()


@pytest.fixture(scope="session")
def shared_postgres(postgres_templates, pki, mirror):
    """The databases of most tests, by version, with the accounts of support/postgres.py."""
    made = {}
    make = _maker(postgres_templates, pki, mirror, [])

    def server(version: int) -> Postgres:
        if version not in made:
            made[version] = make(version)
            made[version].start().add_accounts()
        return made[version]

    yield server
    for each in made.values():
        each.remove()


@pytest.fixture(scope="session")
def pg15(shared_postgres):
    return shared_postgres(15)


@pytest.fixture(scope="session")
def pg18(shared_postgres):
    return shared_postgres(18)


@pytest.fixture
def new_postgres(postgres_templates, pki, mirror):
    """Makes a PostgreSQL of the test's own: new_postgres(version=15, hba=…, credential=…)."""
    servers: list[Postgres] = []
    yield _maker(postgres_templates, pki, mirror, servers)
    _remove(servers)


@pytest.fixture(scope="module")
def new_shared_postgres(postgres_templates, pki, mirror):
    """As new_postgres, for all tests of a file."""
    servers: list[Postgres] = []
    yield _maker(postgres_templates, pki, mirror, servers)
    _remove(servers)


def _opener(directory: Path, front_tls: dict, mirror, doors: list[Gateway]):
    def open_door(backend, *, start: bool = True, tls: dict | None = None, **how) -> Gateway:
        """`tls` changes the ordinary [tls] table; None as a value takes a key away."""
        table = {key: value for key, value in {**front_tls, **(tls or {})}.items()
                 if value is not None}
        own = directory / f"door-{len(doors)}"
        settings = gateways.door(backend, tls=table, **how)
        shutil.copytree(mirror.data, own / "data")
        doors.append(Gateway(own, settings))
        return doors[-1].start() if start else doors[-1]
    return open_door


def _close(doors: list[Gateway]) -> None:
    # Printed text is shown by pytest where a test fails.
    faults = []
    for gateway in doors:
        try:
            gateway.stop()
        except AssertionError as fault:
            faults.append(fault)
        print(f"--- log of {gateway.config}\n{gateway.log()}")
    if faults:
        raise faults[0]


@pytest.fixture
def open_door(tmp_path, front_tls, mirror):
    """Opens doors for one test: open_door(backend, tls=…, listener=…, backend_settings=…, …)."""
    doors: list[Gateway] = []
    yield _opener(tmp_path, front_tls, mirror, doors)
    _close(doors)


@pytest.fixture(scope="module")
def open_shared_door(tmp_path_factory, front_tls, mirror):
    """As open_door, for all tests of a file."""
    doors: list[Gateway] = []
    yield _opener(tmp_path_factory.mktemp("doors"), front_tls, mirror, doors)
    _close(doors)


@pytest.fixture(scope="module")
def door(open_shared_door, mariadb):
    """An ordinary door in front of `mariadb`."""
    gateway = open_shared_door(mariadb)
    gateway.wait_for_log("backend is up")
    return gateway


@pytest.fixture(scope="module")
def postgres_door(open_shared_door, pg15):
    """An ordinary door in front of `pg15`."""
    gateway = open_shared_door(pg15)
    gateway.wait_for_log("backend is up")
    return gateway


@pytest.fixture
def scripted(pki):
    """Starts scripted databases: scripted(script, tls=True)."""
    made = []

    def start(script, tls: bool = True) -> ScriptedBackend:
        context = server_context(pki.files.database) if tls else None
        made.append(ScriptedBackend(script, context))
        return made[-1]

    yield start
    for backend in made:
        backend.stop()


@pytest.fixture
def scripted_postgres(pki):
    """As scripted, speaking PostgreSQL's protocol."""
    made = []

    def start(script, tls: bool = True) -> ScriptedPostgres:
        context = server_context(pki.files.database) if tls else None
        made.append(ScriptedPostgres(script, context))
        return made[-1]

    yield start
    for backend in made:
        backend.stop()


@pytest.fixture
def child_processes():
    """Starts children that are killed, if need be, at the test's end."""
    children = []

    def start(command, **options) -> subprocess.Popen:
        children.append(subprocess.Popen(command, **options))
        return children[-1]

    yield start
    for child in children:
        if child.poll() is None:
            child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout, child.stderr):
            if stream:
                stream.close()


def pytest_terminal_summary(terminalreporter):
    """What a test has counted is printed, where it passed, too."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "figure":
                terminalreporter.write_line(f"{report.nodeid}: {value}")
