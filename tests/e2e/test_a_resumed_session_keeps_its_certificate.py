"""A resumed TLS session carries no certificate on the wire; the mirror still shows the client's.

Tickets belong to the trust they were issued under: after the client CA or the CRL changed they are
not accepted; after an unrelated reload they are.
"""

import pytest
from support import wire
from support.clients import TLS_1_2, TLS_1_3, ssl_status
from support.pki import one_line

VERSIONS = pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])


def log_in(gateway, context, user="holder", session=None):
    """Returns (the TLS session to resume, was this one resumed, the database's view)."""
    with wire.connect(gateway.port, user, tls=context, session=session) as client:
        # TLS 1.3 tickets come after the handshake: a query has read them.
        status = ssl_status(client)
        result = client.sock.session, client.sock.session_reused, status
        client.quit()
        return result


@VERSIONS
@pytest.mark.parametrize("holder", ["alice", "reader"])
def test_the_account_is_still_accepted(door, mariadb, pki, version, holder):
    credential = getattr(pki, holder)
    user = mariadb.account(f"{holder}-{version.value}",
                           require=f"SUBJECT '{one_line(credential.subject)}'"
                                   f" AND ISSUER '{one_line(credential.issuer)}'")
    context = pki.context(getattr(pki.files, holder), version=version)
    ticket, reused, first = log_in(door, context, user)
    assert not reused
    _, reused, second = log_in(door, context, user, session=ticket)
    assert reused and second == first
    record = door.wait_for_session(count=2, user=user)
    assert record["client_subject"] == one_line(credential.subject)


@VERSIONS
def test_the_log_says_that_it_was_resumed(door, mariadb, pki, version):
    user = mariadb.account(f"resumer-{version.value}")
    context = pki.context(version=version)
    ticket, _, _ = log_in(door, context, user)
    log_in(door, context, user, session=ticket)
    door.wait_for_session(count=2, user=user)
    assert [record["resumed"] for record in door.sessions(user=user)] == [False, True]


@VERSIONS
def test_nobody_can_borrow_anothers_session(door, mariadb, pki, version):
    """A client without a certificate that resumes its own session still has none."""
    mariadb.account("holder", require="X509")
    mariadb.account("anybody")
    anonymous = pki.context(version=version)
    ticket, _, _ = log_in(door, anonymous, "anybody")
    with pytest.raises(wire.ServerError) as refused:
        log_in(door, anonymous, "holder", session=ticket)
    assert refused.value.code == 1045


@pytest.fixture
def gateway(open_door, mariadb, pki, tmp_path):
    """A door whose trust files are its own: client-cas.crt, client.crl, server.crt in tmp_path."""
    mariadb.account("holder", require="X509")
    (tmp_path / "client-cas.crt").write_text(pki.clients.pem + pki.staff.pem)
    (tmp_path / "client.crl").write_text(
        pki.clients.crl() + pki.staff.crl() + pki.desk.crl())
    certificate, key = pki.front.write(tmp_path, "server")
    return open_door(mariadb, tls={
        "ssl-ca": str(tmp_path / "client-cas.crt"), "ssl-crl": str(tmp_path / "client.crl"),
        "ssl-cert": str(certificate), "ssl-key": str(key)})


def change(path, text: str) -> None:
    """Replaces a file as careful tools do."""
    fresh = path.with_suffix(".fresh")
    fresh.write_text(text)
    fresh.rename(path)


@VERSIONS
def test_after_the_client_cas_changed_it_is_not_accepted(gateway, pki, tmp_path, version):
    context = pki.context(pki.files.alice, version=version)
    ticket, _, _ = log_in(gateway, context)
    change(tmp_path / "client-cas.crt", pki.clients.pem)
    gateway.wait_for_log("configuration reloaded")
    _, reused, _ = log_in(gateway, context, session=ticket)
    assert not reused


@VERSIONS
def test_after_the_crl_changed_it_is_not_accepted(gateway, pki, tmp_path, version):
    other = pki.clients.client("somebody else")
    context = pki.context(pki.files.alice, version=version)
    ticket, _, _ = log_in(gateway, context)
    change(tmp_path / "client.crl", pki.clients.crl(other) + pki.staff.crl() + pki.desk.crl())
    gateway.wait_for_log("configuration reloaded")
    _, reused, _ = log_in(gateway, context, session=ticket)
    assert not reused


@VERSIONS
def test_a_revoked_client_cannot_resume(gateway, pki, tmp_path, version):
    context = pki.context(pki.files.alice, version=version)
    ticket, _, _ = log_in(gateway, context)
    change(tmp_path / "client.crl", pki.clients.crl(pki.alice) + pki.staff.crl() + pki.desk.crl())
    gateway.wait_for_log("configuration reloaded")
    with pytest.raises((OSError, wire.Closed)):
        log_in(gateway, context, session=ticket)
    assert gateway.wait_for_session(reason="certificate_untrusted")["client_subject"] in (
        "", one_line(pki.alice.subject))


@VERSIONS
def test_after_an_unrelated_reload_it_is_accepted(gateway, pki, version):
    context = pki.context(pki.files.alice, version=version)
    ticket, _, _ = log_in(gateway, context)
    assert gateway.reload().returncode == 0
    gateway.wait_for_log("configuration reloaded")
    _, reused, _ = log_in(gateway, context, session=ticket)
    assert reused


@VERSIONS
def test_after_the_servers_certificate_was_renewed_it_is_accepted(gateway, pki, tmp_path, version):
    context = pki.context(pki.files.alice, version=version)
    ticket, _, _ = log_in(gateway, context)
    pki.servers.server("localhost", "127.0.0.1").write(tmp_path, "server")
    gateway.wait_for_log("configuration reloaded")
    _, reused, _ = log_in(gateway, context, session=ticket)
    assert reused
