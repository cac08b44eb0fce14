"""LOAD DATA LOCAL: in the middle of a command the client sends a file, packet by packet.

The file's packets are not commands, whatever they look like: they arrive as they are.
"""

import pytest
from support import wire
from support.clients import connect, mariadb, query


@pytest.fixture
def table(mariadb):
    mariadb.sql("CREATE OR REPLACE TABLE shop.lines (line LONGBLOB)")
    return "LOAD DATA LOCAL INFILE '{}' INTO TABLE shop.lines FIELDS TERMINATED BY '\\t' ESCAPED BY ''" \
           " LINES TERMINATED BY '\\n' (line)"


def lines(mariadb) -> list[bytes]:
    return [line for (line,) in mariadb.sql("SELECT line FROM shop.lines")]


def test_by_pymysql(door, mariadb, pki, table, tmp_path):
    file = tmp_path / "lines.txt"
    expected = [b"line %d" % number for number in range(50_000)]
    file.write_bytes(b"\n".join(expected))
    with connect(door.port, "app", tls=pki.context(), local_infile=True) as connection:
        query(connection, table.format(file))
        assert query(connection, "SELECT 1") == [(1,)]
    assert lines(mariadb) == expected


@pytest.mark.parametrize("options", [(), ("--compress",)], ids=["plain frames", "compressed"])
def test_by_the_command_line_client(door, mariadb, pki, table, tmp_path, options):
    file = tmp_path / "lines.txt"
    file.write_bytes(b"one\ntwo\nthree")
    done = mariadb_load(door.port, table.format(file), pki, options)
    assert done.returncode == 0, done.stderr
    assert lines(mariadb) == [b"one", b"two", b"three"]


def mariadb_load(port, statement, pki, options):
    return mariadb(port, "app", statement, "--local-infile=1", *options, ca=pki.ca)


def test_content_that_looks_like_commands_arrives_as_it_is(door, mariadb, pki, table):
    """Each packet of the file is, byte for byte, a KILL of a living session of the door's."""
    with wire.connect(door.port, "app", tls=pki.context()) as bystander, \
            wire.connect(door.port, "app", tls=pki.context(),
                         capabilities=wire.DEFAULT | wire.LOCAL_FILES) as client:
        kill = b"\x03KILL QUERY %d\n" % bystander.greeting.connection_id
        change = b"\x11root\0\0\0\n"
        request = client.command(wire.COM_QUERY, table.format("any"))
        assert request == b"\xfbany"
        for content in (kill, change, kill):
            # Some clients restart the numbers; a file's packet may well carry a command's 0.
            client.send(content)
        client.send(b"")
        assert client.receive()[0] == 0
        assert client.query("SELECT 1") == [("1",)]
    assert lines(mariadb) == [kill[:-1], change[:-1], kill[:-1]]


def test_a_file_larger_than_a_packet(door, mariadb, pki, table):
    with wire.connect(door.port, "app", tls=pki.context(),
                      capabilities=wire.DEFAULT | wire.LOCAL_FILES) as client:
        client.command(wire.COM_QUERY, table.format("any"))
        content = b"\x03KILL 1 " * (17 * 1024 * 1024 // 8)
        client.send(content)
        client.send(b"")
        assert client.receive()[0] == 0
    assert b"".join(lines(mariadb)) == content


def test_a_client_that_refuses_to_send_the_file(door, mariadb, pki, table):
    with wire.connect(door.port, "app", tls=pki.context(),
                      capabilities=wire.DEFAULT | wire.LOCAL_FILES) as client:
        client.command(wire.COM_QUERY, table.format("any"))
        client.send(b"")
        assert client.receive()[0] == 0
        assert client.query("SELECT 'still here'") == [("still here",)]
    assert lines(mariadb) == []
