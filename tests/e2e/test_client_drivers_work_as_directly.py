"""Real drivers through the door: each does the same work as directly, and fails the same way.

One small program per driver (clients/) connects, runs some steps and prints what it saw; the same
run against the database itself says what is right.
"""

import re
import subprocess

import pytest
from clients.drivers import DRIVERS, HERE, run

PASSWORD = "secret"
ACCESS_DENIED, INSECURE_TRANSPORT = 1045, 3159
MEGABYTE = 1 << 20
MODES = ("plain text", "verified TLS", "client certificate", "compression")
SESSIONS = [pytest.param(driver, mode, id=f"{driver.name}-{mode}")
            for driver in DRIVERS for mode in MODES if mode != "compression" or driver.compresses]


@pytest.fixture(scope="module", autouse=True)
def clients():
    made = subprocess.run([HERE / "install", "--check"], capture_output=True, text=True)
    assert made.returncode == 0, made.stderr


@pytest.fixture(params=DRIVERS, ids=lambda driver: driver.name)
def driver(request):
    return request.param


@pytest.fixture(scope="module")
def accounts(mariadb):
    """One with a password, another to change to, and one that a certificate is required of."""
    mariadb.account("driver")
    mariadb.account("relief")
    mariadb.account("badged", require="X509")


@pytest.fixture(scope="module")
def lenient_door(open_shared_door, mariadb):
    """A door that leaves it to the database whether plain text is good enough."""
    gateway = open_shared_door(mariadb, tls={"require-secure-transport": False})
    gateway.wait_for_log("backend is up")
    return gateway


@pytest.fixture(scope="module")
def misnamed_door(open_shared_door, mariadb, pki):
    """A door whose certificate, of the right CA, is for another host."""
    elsewhere = pki.servers.server("elsewhere.sallyport.test")
    certificate, key = elsewhere.write(pki.directory, "elsewhere")
    return open_shared_door(mariadb, tls={"ssl-cert": str(certificate), "ssl-key": str(key)})


@pytest.fixture
def settings(accounts, pki, tmp_path):
    """What a client is told: for plain text, for verified TLS, and for a client certificate."""
    file = tmp_path / "lines.txt"
    file.write_text("1\tone\n2\ttwo\n3\tthree\n")
    plain = {"user": "driver", "password": PASSWORD, "file": file,
             "other_user": "relief", "other_password": PASSWORD}
    verified = {**plain, "ca": pki.ca}
    certificate, key = pki.files.alice
    return {"plain text": plain, "verified TLS": verified,
            "client certificate": {**verified, "user": "badged", "cert": certificate, "key": key},
            "compression": {**verified, "compress": 1}}


@pytest.mark.parametrize("driver, mode", SESSIONS)
def test_a_session_sees_what_a_direct_one_sees(driver, mode, settings, lenient_door, mariadb):
    told = settings[mode]
    direct = run(driver, mariadb.port, **told)
    through = run(driver, lenient_door.port, **told)
    assert "error" not in through, through
    assert through == direct
    saw = through["steps"]
    assert saw["account"][0][0] == f"{told['user']}@%"
    assert saw["prepared"] == [["42", "naïve ☃/é"]]
    assert saw["megabyte"] == {"bytes": MEGABYTE, "same": True}
    assert saw["several"] == [["1"], ["two"], ["3"]]
    assert saw["load_local"] == [["3", "6", "two"]]
    # Where the query was not cancelled there are rows or words in the place of an error's number.
    assert re.match(r"\d+", saw.get("cancel", "0"))
    assert saw.get("change_user", [["relief@%"]]) == [["relief@%"]]
    status = dict(saw["status"])
    assert status["Compression"] == ("ON" if mode == "compression" else "OFF")
    shown = driver.shows if mode != "plain text" else ()
    assert through["own_tls"] == ({what: status[f"Ssl_{what}"] for what in shown} or None)
    assert bool(status["Ssl_version"]) == (mode != "plain text")


def error_of(report):
    """What a run that must not get anywhere was told."""
    assert "error" in report and not report["steps"], report
    return report["error"]


def test_a_wrong_password_is_refused_in_the_same_words(driver, settings, door, mariadb):
    told = {**settings["verified TLS"], "password": "wrong"}
    direct = run(driver, mariadb.port, **told)
    through = run(driver, door.port, **told)
    assert through == direct
    assert error_of(through)["code"] == ACCESS_DENIED
    assert "Access denied for user 'driver'" in error_of(through)["message"]


def test_a_missing_certificate_is_refused_in_the_same_words(driver, settings, door, mariadb):
    told = {**settings["verified TLS"], "user": "badged"}
    direct = run(driver, mariadb.port, **told)
    through = run(driver, door.port, **told)
    assert through == direct
    assert error_of(through)["code"] == ACCESS_DENIED


def test_plain_text_is_told_why_it_is_refused(driver, settings, door):
    error = error_of(run(driver, door.port, **settings["plain text"]))
    assert error["code"] == INSECURE_TRANSPORT
    assert "Connections using insecure transport are prohibited" in error["message"]


def test_an_unknown_authority_is_not_believed(driver, settings, door, pki):
    stranger = pki.put("stranger.crt", pki.stranger.pem)
    error = error_of(run(driver, door.port, **{**settings["verified TLS"], "ca": stranger}))
    assert re.search(driver.mistrust[0], error["message"])


def test_a_certificate_for_another_host_is_not_believed(driver, settings, misnamed_door):
    error = error_of(run(driver, misnamed_door.port, **settings["verified TLS"]))
    assert re.search(driver.mistrust[1], error["message"])
