"""The door's second connection to the database resumes the TLS session of its first, and the
database still sees whose certificate was mirrored."""

import pytest
from support import wire
from support.clients import TLS_1_2, TLS_1_3
from support.gateway import Gateway
from support.gateway import door as door_settings
from support.pki import one_line

VERSIONS = pytest.mark.parametrize("version", [TLS_1_2, TLS_1_3])


@pytest.fixture
def door(tmp_path, mariadb, front_tls, mirror):
    """A door of the test's own, which has no sessions yet."""
    settings = door_settings(mariadb, tls=front_tls, **{"data-dir": str(mirror.data)})
    with Gateway(tmp_path / "door", settings) as gateway:
        gateway.wait_for_log("backend is up")
        yield gateway


def is_resumed(gateway, context, user: str) -> bool:
    """Whether this session's back leg went on from an earlier one; its front leg never does."""
    ended = len(gateway.sessions(user=user, reason="client_quit"))
    with wire.connect(gateway.port, user, tls=context) as client:
        assert not client.sock.session_reused
        client.query("SELECT 1")
        client.quit()
    # The database's answers have brought the tickets; the next connection may use them.
    record = gateway.wait_for_session(ended + 1, user=user, reason="client_quit")
    assert not record["resumed"]
    return record["backend_resumed"]


@VERSIONS
def test_the_second_connection_is_resumed(door, mariadb, pki, version):
    mariadb.account("plain-holder")
    context = pki.context(version=version)
    assert [is_resumed(door, context, "plain-holder") for _ in range(4)] == [False] + 3 * [True]


@VERSIONS
@pytest.mark.parametrize("holder", ["alice", "reader"])
def test_the_database_still_sees_the_certificate(door, mariadb, pki, version, holder):
    credential = getattr(pki, holder)
    mariadb.account("by-subject", require=f"SUBJECT '{one_line(credential.subject)}'"
                                          f" AND ISSUER '{one_line(credential.issuer)}'")
    mariadb.account("by-any", require="X509")
    context = pki.context(getattr(pki.files, holder), version=version)
    users = ["by-subject", "by-any", "by-subject"]
    assert [is_resumed(door, context, user) for user in users] == [False, True, True]


@VERSIONS
def test_nobody_is_given_anothers_session(door, mariadb, pki, version):
    mariadb.account("alice", require=f"SUBJECT '{one_line(pki.alice.subject)}'")
    alice = pki.context(pki.files.alice, version=version)
    assert not is_resumed(door, alice, "alice")
    for other in (pki.context(pki.files.reader, version=version), pki.context(version=version)):
        with pytest.raises(wire.ServerError) as refused:
            is_resumed(door, other, "alice")
        assert refused.value.code == 1045
    assert is_resumed(door, alice, "alice")
