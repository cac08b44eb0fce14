"""Real PostgreSQL drivers through the door: each does the same work as directly, and fails alike.

One small program per driver (clients/) connects, runs some steps and prints what it saw; the same
run against the database itself says what is right. The door is one of the default configuration
and a service account: drivers that bind a SCRAM login to its TLS channel do so unasked.
"""

import re
import subprocess

import pytest
from clients.drivers import HERE
from clients.postgres_drivers import DRIVERS, MODES, run, told

KEEPER_PASSWORD = "keeper's secret"
KEEPER = "verifier-keeper"  # The service account that may read SCRAM verifiers.
MEGABYTE = 1 << 20
COPIED = "1\tone\n2\ttwo\n3\tthrée ☃\n"
SESSIONS = [pytest.param(driver, mode, id=f"{driver.name}-{mode}")
            for driver in DRIVERS for mode, possible in MODES.items() if possible(driver)]


@pytest.fixture(scope="module", autouse=True)
def clients():
    made = subprocess.run([HERE / "install", "--check"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr


@pytest.fixture(params=DRIVERS, ids=lambda driver: driver.name)
def driver(request):
    return request.param


@pytest.fixture(scope="module")
def operator(tmp_path_factory):
    """Where the service account's password is written down."""
    file = tmp_path_factory.mktemp("operator") / "keeper"
    file.touch(mode=0o600)
    file.write_text(KEEPER_PASSWORD)
    return file


def with_keeper(server):
    server.account(KEEPER, KEEPER_PASSWORD)
    server.sql(f'GRANT SELECT (rolname, rolpassword) ON pg_authid TO "{KEEPER}"')
    return server


@pytest.fixture(scope="module")
def servers(pg15, pg18):
    """By mode: only PostgreSQL 18 can be asked for TLS at once."""
    fifteen, eighteen = with_keeper(pg15), with_keeper(pg18)
    return {mode: eighteen if mode == "direct TLS" else fifteen for mode in MODES}


@pytest.fixture(scope="module")
def open_keepers_door(open_shared_door, operator):
    def open_door(server, **tls):
        gateway = open_shared_door(server, tls=tls, backend_settings={
            "auth-user": KEEPER, "auth-password-file": str(operator)})
        gateway.wait_for_log("backend is up")
        return gateway
    return open_door


@pytest.fixture(scope="module")
def strict_door(open_keepers_door, servers):
    """The ordinary one: TLS or nothing."""
    return open_keepers_door(servers["verified TLS"])


@pytest.fixture(scope="module")
def doors(open_keepers_door, strict_door, servers):
    """By mode. For plain text, one that leaves it to the database whether that is good enough."""
    lenient = open_keepers_door(servers["plain text"], **{"require-secure-transport": False})
    modern = open_keepers_door(servers["direct TLS"])
    special = {"plain text": lenient, "direct TLS": modern}
    return {mode: special.get(mode, strict_door) for mode in MODES}


@pytest.fixture(scope="module")
def misnamed_door(open_keepers_door, servers, pki):
    """A door whose certificate, of the right CA, is for another host."""
    elsewhere = pki.servers.server("elsewhere.sallyport.test")
    certificate, key = elsewhere.write(pki.directory, "elsewhere")
    return open_keepers_door(servers["verified TLS"],
                             **{"ssl-cert": str(certificate), "ssl-key": str(key)})


def take_cipher(report) -> str:
    """Takes the cipher out of a report: which one is agreed on is the listening side's choice, the
    database's or the door's. How many bits it has goes with it, and what the driver knows of it."""
    status = report["steps"]["status"][0]
    cipher, status[2:4] = status[2], []
    shown = report.pop("own_tls")
    assert shown in (None, {"version": status[1], "cipher": cipher})
    return cipher


@pytest.mark.parametrize("driver, mode", SESSIONS)
def test_a_session_sees_what_a_direct_one_sees(driver, mode, doors, servers, pki):
    settings = told(mode, pki)
    direct = run(driver, servers[mode].port, **settings)
    through = run(driver, doors[mode].port, **settings)
    assert "error" not in through, through
    assert bool(through["own_tls"]) == (driver.shows and mode != "plain text")
    assert bool(take_cipher(through)) == bool(take_cipher(direct)) == (mode != "plain text")
    assert through == direct
    saw = through["steps"]
    user, database, version = saw["account"][0]
    assert (user, database) == (settings["user"], "postgres")
    assert version.startswith(f"PostgreSQL {servers[mode].version}.")
    assert saw["prepared"] == [["42", "naïve ☃/é"]]
    assert saw["megabyte"] == {"bytes": MEGABYTE, "same": True}
    assert saw["failing"]["sqlstate"] == "42P01"
    assert 'relation "nowhere" does not exist' in saw["failing"]["message"]
    assert saw["failing"]["after"] == [["still here"]]
    assert saw["rollback"] == [["1"], ["0"]]
    assert saw["copy"]["rows"] == [["3", "6", "two"]]
    assert saw["copy"].get("back", COPIED) == COPIED
    assert saw["notify"] == [["bell", "naïve ☃"]]
    encrypted, _, subject, *_ = saw["status"][0]
    assert encrypted == ("false" if mode == "plain text" else "true")
    assert subject.endswith("CN=alice") == (mode == "client certificate")


def error_of(report):
    """What a run that must not get anywhere was told."""
    assert "error" in report and not report["steps"], report
    return report["error"]


@pytest.mark.parametrize("changed, words", [
    pytest.param({"password": "wrong"}, 'password authentication failed for user "app"',
                 id="wrong password"),
    pytest.param({"user": "nobody"}, 'password authentication failed for user "nobody"',
                 id="unknown user"),
    pytest.param({"database": "nowhere"}, 'database "nowhere" does not exist',
                 id="unknown database"),
    pytest.param({"user": "alice"}, "connection requires a valid client certificate",
                 id="missing certificate"),
])
def test_a_refusal_is_the_databases_own(driver, changed, words, strict_door, servers, pki):
    settings = {**told("verified TLS", pki), **changed}
    direct = run(driver, servers["verified TLS"].port, **settings)
    through = run(driver, strict_door.port, **settings)
    assert through == direct
    assert words in error_of(through)["message"]


def test_plain_text_is_told_why_it_is_refused(driver, strict_door, pki):
    error = error_of(run(driver, strict_door.port, **told("plain text", pki)))
    assert ('no pg_hba.conf entry for host "127.0.0.1", user "app", database "postgres", '
            'no encryption') in error["message"]
    if driver.tells_sqlstate:
        assert error["sqlstate"] == "28000"


def test_an_unknown_authority_is_not_believed(driver, strict_door, pki):
    stranger = pki.put("stranger.crt", pki.stranger.pem)
    settings = {**told("verified TLS", pki), "ca": stranger}
    error = error_of(run(driver, strict_door.port, **settings))
    assert re.search(driver.mistrust[0], error["message"])


def test_a_certificate_for_another_host_is_not_believed(driver, misnamed_door, pki):
    error = error_of(run(driver, misnamed_door.port, **told("verified TLS", pki)))
    assert re.search(driver.mistrust[1], error["message"])
