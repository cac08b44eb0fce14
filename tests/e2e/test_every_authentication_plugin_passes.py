"""Authentication is relayed: whatever plugin the database uses, the client talks to it itself."""

import subprocess

import pytest
from support import wire
from support.clients import connect, mariadb, mariadb_command, query

# dialog.so: a question's first byte says what to do with it; these bits mean a password, and the
# last question.
ORDINARY_QUESTION, LAST, PASSWORD_QUESTION = 0x02, 0x01, 0x04


@pytest.fixture(scope="module")
def plugins(mariadb):
    mariadb.sql("INSTALL SONAME 'dialog_examples'")
    mariadb.account("native", "IDENTIFIED VIA mysql_native_password USING PASSWORD('secret')")
    mariadb.account("curve", "IDENTIFIED VIA ed25519 USING PASSWORD('secret')")
    mariadb.account("either", "IDENTIFIED VIA ed25519 USING PASSWORD('other')"
                    " OR mysql_native_password USING PASSWORD('secret')")
    mariadb.account("nothing", "IDENTIFIED BY ''")
    mariadb.account("two", "IDENTIFIED VIA two_questions USING 'first'")
    mariadb.account("three", "IDENTIFIED VIA three_attempts USING 'sesame'")
    yield
    mariadb.sql("DROP USER two, three", "UNINSTALL SONAME 'dialog_examples'")


@pytest.mark.parametrize("user, password", [("native", "secret"), ("nothing", "")])
def test_pymysql_logs_in(door, pki, plugins, user, password):
    with connect(door.port, user, password, tls=pki.context()) as connection:
        assert query(connection, "SELECT SUBSTRING_INDEX(USER(), '@', 1)") == [(user,)]


@pytest.mark.parametrize("user, password", [
    ("native", "secret"), ("curve", "secret"), ("either", "secret"), ("nothing", "")])
def test_the_command_line_client_logs_in(door, pki, plugins, user, password):
    done = mariadb(door.port, user, "SELECT SUBSTRING_INDEX(USER(), '@', 1)", password=password,
                   ca=pki.ca)
    assert (done.stdout, done.returncode) == (f"{user}\n", 0), done.stderr


@pytest.mark.parametrize("user", ["native", "curve", "either"])
def test_a_wrong_password_is_refused(door, pki, plugins, user):
    done = mariadb(door.port, user, "SELECT 1", password="wrong", ca=pki.ca)
    assert done.returncode == 1 and f"Access denied for user '{user}'@" in done.stderr


def dialogue(*answers: bytes):
    """Answers the questions of dialog.so in turn, each with a final NUL; keeps the questions."""
    questions, waiting = [], list(answers)

    def answer(plugin: str, data: bytes) -> bytes:
        assert plugin == "dialog"
        questions.append(data)
        return waiting.pop(0) + b"\0"
    return answer, questions


def test_a_dialogue_of_two_rounds(door, pki, plugins):
    answer, questions = dialogue(b"first", b"yes, of course")
    with wire.Client(door.port) as client:
        client.open_tls(pki.context())
        assert client.log_in("two", answers=answer)[0] == 0
        assert len(questions) == 2, questions
        assert client.query("SELECT 1") == [("1",)]


def test_a_dialogue_that_ends_badly(door, mariadb, pki, plugins):
    def refused(port: int) -> bytes:
        answer, _ = dialogue(b"first", b"no")
        with wire.Client(port) as client:
            client.open_tls(pki.context())
            return client.log_in("two", answers=answer)

    assert refused(door.port) == refused(mariadb.port)
    assert refused(door.port)[0] == 0xFF


@pytest.mark.parametrize("attempts, outcome", [
    ((b"sesame",), 0x00), ((b"wrong", b"sesame"), 0x00), ((b"wrong", b"wrong", b"sesame"), 0x00),
    ((b"wrong", b"wrong", b"wrong"), 0xFF)])
def test_a_dialogue_of_up_to_three_rounds(door, pki, plugins, attempts, outcome):
    answer, questions = dialogue(*attempts)
    with wire.Client(door.port) as client:
        client.open_tls(pki.context())
        assert client.log_in("three", answers=answer)[0] == outcome
    assert len(questions) == len(attempts)


def test_the_command_line_client_answers_a_dialogue(door, pki, plugins):
    """Its dialog plugin sends the password as the first answer and reads the second from stdin."""
    command = mariadb_command(door.port, "two", "first", "--execute=SELECT 'in'", ca=pki.ca)
    done = subprocess.run(command, input="yes, of course\n", capture_output=True, text=True,
                          timeout=60, start_new_session=True)
    assert done.returncode == 0 and done.stdout.endswith("in\n"), done.stdout + done.stderr
