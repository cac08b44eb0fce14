"""What sessions do all day: several statements at once, several results, session tracking,
connection attributes, compression, commands that have no text."""

import struct

import pytest
from support import wire
from support.backend import greet_and_read_login, serve_commands, user_of
from support.clients import connect, mariadb, query

SERVER_MORE_RESULTS = 8
COM_FIELD_LIST, COM_STATISTICS, COM_RESET_CONNECTION = 4, 9, 31


@pytest.fixture
def session(door, pki):
    with wire.connect(door.port, "app", tls=pki.context(), database="shop") as client:
        yield client


def test_several_statements_in_one_query(door, pki):
    from pymysql.constants import CLIENT
    with connect(door.port, "app", tls=pki.context(),
                 client_flag=CLIENT.MULTI_STATEMENTS) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT 1; SELECT 'KILL QUERY 5'; SET @a = 7; SELECT @a")
        results = [cursor.fetchall()]
        while cursor.nextset():
            results.append(cursor.fetchall())
    assert results == [((1,),), (("KILL QUERY 5",),), (), ((7,),)]


def test_several_results_of_one_call(door, mariadb, pki):
    mariadb.sql("CREATE OR REPLACE PROCEDURE shop.twice() BEGIN SELECT 1; SELECT 2; END")
    with connect(door.port, "app", tls=pki.context()) as connection, connection.cursor() as cursor:
        cursor.execute("CALL shop.twice()")
        assert cursor.fetchall() == ((1,),)
        assert cursor.nextset() and cursor.fetchall() == ((2,),)


def test_errors_of_queries_are_the_databases(session, mariadb, pki):
    with wire.connect(mariadb.port, "app", tls=pki.context(), database="shop") as direct:
        for text in ("SELEC 1", "SELECT * FROM absent", "SELECT 1 FROM mysql.user", ""):
            assert session.command(wire.COM_QUERY, text) == direct.command(wire.COM_QUERY, text)


def test_session_tracking(door, mariadb, pki):
    """The OK packets tell of the new schema and of changed variables, as they do directly."""
    capabilities = wire.DEFAULT | wire.SESSION_TRACK
    statements = ["SET autocommit = 0", "SET NAMES latin1", "SET time_zone = '+01:00'"]

    def answers(port: int) -> list[bytes]:
        with wire.connect(port, "app", tls=pki.context(), capabilities=capabilities) as client:
            client.query("SET session_track_system_variables = '*'")
            seen = [client.command(wire.COM_INIT_DB, "shop")]
            return seen + [client.command(wire.COM_QUERY, text) for text in statements]

    through = answers(door.port)
    assert through == answers(mariadb.port)
    assert b"shop" in through[0] and b"latin1" in through[2]


def test_results_without_eof_packets(door, mariadb, pki):
    """CLIENT_DEPRECATE_EOF changes what ends a result."""
    def everything(port: int) -> list[bytes]:
        with wire.connect(port, "app", tls=pki.context(),
                          capabilities=wire.DEFAULT | wire.DEPRECATE_EOF) as client:
            client.begin(wire.COM_QUERY, "SELECT 1, 2 UNION SELECT 3, 4")
            return [client.receive() for _ in range(6)]
    assert everything(door.port) == everything(mariadb.port)


def test_commands_without_text(session):
    assert session.command(wire.COM_PING)[0] == 0
    assert session.command(COM_STATISTICS).startswith(b"Uptime")
    session.query("SET @a = 1")
    assert session.command(COM_RESET_CONNECTION)[0] == 0
    assert session.query("SELECT @a") == [(None,)]


def test_an_unknown_command_is_the_databases_to_refuse(session, mariadb, pki):
    with wire.connect(mariadb.port, "app", tls=pki.context(), database="shop") as direct:
        assert session.command(200, b"??") == direct.command(200, b"??")


def test_queries_sent_before_their_answers_are_read(session):
    for number in range(100):
        session.begin(wire.COM_QUERY, f"SELECT {number}")
    for number in range(100):
        session.sequence = 1
        assert session.result(session.receive()) == [(str(number),)]


def test_zlib_compression(door, mariadb, pki):
    from support.clients import mariadb as command_line
    sql = "SHOW STATUS LIKE 'Compression'; SELECT REPEAT('sally', 1000000)"
    done = command_line(door.port, "app", sql, "--compress", ca=pki.ca)
    first, second = done.stdout.splitlines()
    assert (first, second) == ("Compression\tON", "sally" * 1_000_000)


def test_a_large_query_compressed(door, pki):
    done = mariadb(door.port, "app", f"SELECT LENGTH('{'port' * 5_000_000}')", "--compress",
                   "--max-allowed-packet=64M", ca=pki.ca)
    assert done.stdout == "20000000\n", done.stderr


def test_connection_attributes_and_extended_capabilities_arrive(open_door, scripted, pki):
    """What the client says of itself in the login reaches the database as it was."""
    logins = {}

    def script(peer, backend) -> None:
        login = greet_and_read_login(peer, backend)
        logins[user_of(login)] = login
        peer.send(wire.OK_PACKET)
        serve_commands(peer)

    gateway = open_door(scripted(script))
    attributes = {"program_name": "till", "_client_name": "test", "long": "x" * 40_000}
    with wire.connect(gateway.port, "carrier", tls=pki.context(), extended=0x1D, database="shop",
                      attributes=attributes):
        login = logins["carrier"]
    capabilities, _, _, extended = struct.unpack("<IIB19xI", login[:32])
    assert extended == 0x1D
    assert capabilities & wire.CONNECT_ATTRS and capabilities & wire.CONNECT_WITH_DB
    block = b"".join(wire.lenenc(k.encode()) + wire.lenenc(v.encode())
                     for k, v in attributes.items())
    assert login.endswith(wire.lenenc(block))
    assert b"shop\0" in login


def test_capabilities_that_the_database_lacks_are_not_passed_on(open_door, scripted, pki):
    """Clients send bits that nobody offered (mysql2 does); the database must not believe them."""
    from support.backend import CAPABILITIES
    query_attributes, multi_factor = 1 << 27, 1 << 28
    logins = {}

    def script(peer, backend) -> None:
        login = greet_and_read_login(peer, backend)
        logins[user_of(login)] = struct.unpack("<I", login[:4])[0]
        peer.send(wire.OK_PACKET)
        serve_commands(peer)

    gateway = open_door(scripted(script))
    with wire.connect(gateway.port, "eager", tls=pki.context(),
                      capabilities=wire.DEFAULT | query_attributes | multi_factor):
        assert logins["eager"] & ~CAPABILITIES == 0


def test_a_password_never_reaches_a_database_unasked(open_door, scripted, pki):
    """The client's answer to our scramble is of no use to the database, so it is not sent."""
    logins = {}

    def script(peer, backend) -> None:
        login = greet_and_read_login(peer, backend)
        logins[user_of(login)] = login
        peer.send(wire.OK_PACKET)
        serve_commands(peer)

    gateway = open_door(scripted(script))
    with wire.connect(gateway.port, "private", "secret", tls=pki.context()) as client:
        auth = wire.native_scramble("secret", client.scramble)
        assert auth not in logins["private"]
