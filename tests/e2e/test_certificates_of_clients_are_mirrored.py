"""REQUIRE clauses are enforced by MariaDB, through the door, exactly as if the client had come
directly: accepted and refused cases give the same answers on both ways."""

import pytest
from support import wire
from support.pki import one_line

RICH = {"C": "DE", "ST": "Sachsen", "L": "Görlitz", "O": "Bäcker, Müller & \"Söhne\"",
        "OU": "Kasse/1", "CN": "Zoë", "emailAddress": "zoe@example.org"}


@pytest.fixture(scope="module")
def holders(pki):
    """Client certificates by name: (certificate, key) files; and their subjects and issuers."""
    credentials = {
        "alice": pki.alice,
        "bob": pki.clients.client("bob"),
        "rsa": pki.clients.client("rsa", kind="rsa"),
        "reader": pki.reader,  # Under an intermediate.
        "rich": pki.clients.client(RICH),
        "service": pki.clients.client("service", uris=("spiffe://example.org/till",)),
    }
    return {name: (credential.write(pki.directory, f"holder-{name}"), one_line(credential.subject),
                   one_line(credential.issuer))
            for name, credential in credentials.items()}


def answers(port: int, mariadb, context, user: str = "holder") -> bytes:
    client, answer = wire.attempt(port, user, tls=context)
    client.close()
    return answer


def check(door, mariadb, context, require: str, accepted: bool) -> None:
    mariadb.account("holder", require=require)
    direct = answers(mariadb.port, mariadb, context)
    assert direct[0] == (0x00 if accepted else 0xFF), f"directly: {direct}"
    assert answers(door.port, mariadb, context) == direct


def clause(holders, name: str, kind: str) -> str:
    _, subject, issuer = holders[name]
    quoted = {"SUBJECT": subject, "ISSUER": issuer}
    return " AND ".join(f"{word} '{quoted[word]}'" for word in kind.split())


@pytest.mark.parametrize("require", ["SSL", "NONE"])
def test_without_a_certificate_where_none_is_needed(door, mariadb, pki, require):
    check(door, mariadb, pki.context(), require, accepted=True)


@pytest.mark.parametrize("require", ["X509", "SUBJECT '/O=Sallyport tests/CN=alice'",
                                     "ISSUER '/O=Sallyport tests/CN=Clients CA'"])
def test_without_a_certificate_where_one_is_needed(door, mariadb, pki, require):
    check(door, mariadb, pki.context(), require, accepted=False)


@pytest.mark.parametrize("name", ["alice", "rsa", "reader", "rich", "service"])
@pytest.mark.parametrize("kind", ["SSL", "X509"])
def test_with_a_certificate(door, mariadb, pki, holders, name, kind):
    check(door, mariadb, pki.context(holders[name][0]), kind, accepted=True)


@pytest.mark.parametrize("name", ["alice", "rsa", "reader", "rich", "service"])
@pytest.mark.parametrize("kind", ["SUBJECT", "ISSUER", "SUBJECT ISSUER"])
def test_with_the_right_names(door, mariadb, pki, holders, name, kind):
    require = clause(holders, name, kind)
    check(door, mariadb, pki.context(holders[name][0]), escape(require), accepted=True)


def escape(require: str) -> str:
    """X509_NAME_oneline writes backslashes, and SQL reads a backslash as an escape."""
    return require.replace("\\", "\\\\")


@pytest.mark.parametrize("kind", ["SUBJECT", "SUBJECT ISSUER"])
def test_with_somebody_elses_name(door, mariadb, pki, holders, kind):
    require = clause(holders, "alice", kind)
    check(door, mariadb, pki.context(holders["bob"][0]), require, accepted=False)


def test_with_another_issuer(door, mariadb, pki, holders):
    require = clause(holders, "reader", "ISSUER")
    check(door, mariadb, pki.context(holders["alice"][0]), require, accepted=False)
    check(door, mariadb, pki.context(holders["reader"][0]), require, accepted=True)


def test_all_clauses_at_once(door, mariadb, pki, holders):
    _, subject, issuer = holders["reader"]
    require = f"SUBJECT '{subject}' AND ISSUER '{issuer}' AND CIPHER 'TLS_AES_256_GCM_SHA384'"
    check(door, mariadb, pki.context(holders["reader"][0]), require, accepted=True)
    require = require.replace("256_GCM_SHA384", "128_GCM_SHA256")
    check(door, mariadb, pki.context(holders["reader"][0]), require, accepted=False)


def test_a_wrong_password_with_a_right_certificate(door, mariadb, pki, holders):
    mariadb.account("holder", require="X509")
    context = pki.context(holders["alice"][0])
    through, direct = (wire.attempt(port, "holder", "wrong", tls=context)
                       for port in (door.port, mariadb.port))
    assert through[1] == direct[1] and direct[1][0] == 0xFF
    through[0].close(), direct[0].close()


def test_identities_do_not_mix(door, mariadb, pki, holders):
    """Mirrored certificates are cached per identity; each session has its own client's."""
    for name in ("alice", "bob"):
        mariadb.account(name, require=clause(holders, name, "SUBJECT"))
    for _ in range(3):
        for holder in ("alice", "bob"):
            for user in ("alice", "bob"):
                answer = answers(door.port, mariadb, pki.context(holders[holder][0]), user)
                assert answer[0] == (0x00 if holder == user else 0xFF), (holder, user)


def test_the_log_names_subject_serial_and_fingerprint(door, mariadb, pki):
    import hashlib
    import ssl
    mariadb.account("traced", require="X509")
    with wire.connect(door.port, "traced", tls=pki.context(pki.files.alice)) as client:
        client.quit()
    record = door.wait_for_session(user="traced")
    der = ssl.PEM_cert_to_DER_cert(pki.alice.certificate_pem)
    assert record["client_subject"] == one_line(pki.alice.subject)
    assert int(record["client_serial"].replace(":", ""), 16) == pki.alice.serial
    assert record["client_fingerprint"].replace(":", "").lower() == hashlib.sha256(der).hexdigest()
