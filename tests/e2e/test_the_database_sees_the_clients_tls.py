"""SHOW SESSION STATUS LIKE 'Ssl_%' says, through the door, what the client's own library says.

The mirror takes the front leg's TLS version and cipher to the back leg.
"""

import subprocess

import pytest
from support import wire
from support.clients import TLS_1_2, TLS_1_3, mariadb, ssl_status

TLS_1_3_SUITES = ["TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"]
TLS_1_2_SUITES = ["ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES128-GCM-SHA256",
                  "ECDHE-RSA-CHACHA20-POLY1305"]
ECDSA_SUITES = ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES128-GCM-SHA256",
                "ECDHE-ECDSA-CHACHA20-POLY1305"]


@pytest.mark.parametrize("suite", TLS_1_3_SUITES)
def test_tls_1_3_suites(door, pki, suite):
    """Python cannot choose a TLS 1.3 suite; MariaDB's client can, and `\\s` is its library's view."""
    done = mariadb(door.port, "app",
                   "SHOW SESSION STATUS LIKE 'Ssl_version'; SHOW SESSION STATUS LIKE 'Ssl_cipher';\n"
                   "\\s\n", f"--ssl-cipher={suite}", "--tls-version=TLSv1.3", ca=pki.ca)
    assert f"Ssl_version\tTLSv1.3\nSsl_cipher\t{suite}\n" in done.stdout, done.stderr
    assert f"Cipher in use is {suite}" in done.stdout


@pytest.mark.parametrize("suite", TLS_1_2_SUITES)
def test_tls_1_2_suites(door, pki, suite):
    with wire.connect(door.port, "app", tls=pki.context(version=TLS_1_2, ciphers=suite)) as client:
        assert client.sock.cipher()[0] == suite
        assert client.sock.version() == "TLSv1.2"
        assert ssl_status(client) == {"Ssl_version": "TLSv1.2", "Ssl_cipher": suite}


@pytest.mark.parametrize("suite", ECDSA_SUITES)
def test_tls_1_2_suites_of_an_ecdsa_certificate(open_door, new_mariadb, pki, suite):
    server = new_mariadb(credential=pki.servers.server("localhost", "127.0.0.1")).start()
    server.account("app")
    gateway = open_door(server)
    with wire.connect(gateway.port, "app",
                      tls=pki.context(version=TLS_1_2, ciphers=suite)) as client:
        assert client.sock.cipher()[0] == suite
        assert ssl_status(client) == {"Ssl_version": "TLSv1.2", "Ssl_cipher": suite}


@pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])
def test_what_a_client_without_wishes_gets(door, pki, version):
    """In TLS 1.2 its first wish is an ECDSA suite, which the database's RSA certificate cannot do;
    the door, knowing the database, or falling back, still gives a session."""
    with wire.connect(door.port, "app", tls=pki.context(version=version)) as client:
        status = ssl_status(client)
        assert status["Ssl_version"] == client.sock.version()
        if version == TLS_1_3:
            assert status["Ssl_cipher"] == client.sock.cipher()[0]


@pytest.mark.parametrize("suite", TLS_1_2_SUITES)
def test_require_cipher_is_judged_on_the_clients_cipher(door, mariadb, pki, suite):
    mariadb.account("picky", require=f"CIPHER '{suite}'")
    with wire.connect(door.port, "picky", tls=pki.context(version=TLS_1_2, ciphers=suite)):
        pass
    other = next(name for name in TLS_1_2_SUITES if name != suite)
    with pytest.raises(wire.ServerError) as refused:
        wire.connect(door.port, "picky", tls=pki.context(version=TLS_1_2, ciphers=other))
    assert refused.value.code == 1045


def test_the_log_names_version_and_cipher(door, mariadb, pki):
    mariadb.account("logged")
    with wire.connect(door.port, "logged", tls=pki.context()) as client:
        cipher, version, _ = client.sock.cipher()
        client.quit()
    record = door.wait_for_session(user="logged")
    assert (record["tls_version"], record["tls_cipher"]) == (version, cipher)
    assert record["resumed"] is False


def test_openssls_own_client_sees_a_mysql_door(door, pki):
    done = subprocess.run(
        ["openssl", "s_client", "-starttls", "mysql", "-connect", f"127.0.0.1:{door.port}",
         "-CAfile", str(pki.ca), "-verify_return_error", "-verify_hostname", "localhost", "-brief"],
        input="", capture_output=True, text=True, timeout=30)
    assert "CONNECTION ESTABLISHED" in done.stderr and "Verification: OK" in done.stderr
