"""Slow and silent clients, in numbers, do not stop others."""

import socket
import threading

from support import wire
from support.ports import wait_until

CROWD = 300


def test_hundreds_of_silent_clients_do_not_stop_others(open_door, mariadb, pki):
    """Some behind the greeting, some behind an SSLRequest, some in the middle of a TLS record."""
    gateway = open_door(mariadb)
    gateway.wait_for_log("backend is up")
    silent = []
    try:
        for number in range(CROWD):
            sock = socket.create_connection(("127.0.0.1", gateway.port))
            silent.append(sock)
            if number % 3:
                sock.sendall(wire.packet(1, wire.ssl_request()))
            if number % 3 == 2:
                sock.sendall(b"\x16\x03\x01\x02\0\x01\0")
        for _ in range(10):
            with wire.connect(gateway.port, "app", tls=pki.context()) as client:
                assert client.query("SELECT 1") == [("1",)]
                client.quit()
    finally:
        for sock in silent:
            sock.close()
    wait_until(lambda: len(gateway.sessions()) == CROWD + 10, "the end of every session")


def test_they_do_hold_slots_until_their_time_is_up(open_door, mariadb, pki):
    gateway = open_door(mariadb, limits={"max-connections": 10, "connect-timeout": 1})
    gateway.wait_for_log("backend is up")
    silent = [socket.create_connection(("127.0.0.1", gateway.port)) for _ in range(10)]
    try:
        gateway.wait_for_session(count=10, reason="timed_out")
        with wire.connect(gateway.port, "app", tls=pki.context()) as client:
            assert client.query("SELECT 1") == [("1",)]
    finally:
        for sock in silent:
            sock.close()


def test_a_client_that_does_not_read_does_not_stop_others(open_door, mariadb, pki):
    """Its answer waits in the database; one worker has both sessions."""
    gateway = open_door(mariadb, workers=1)
    with wire.connect(gateway.port, "app", tls=pki.context(), database="shop") as lazy:
        lazy.begin(wire.COM_QUERY, "SELECT REPEAT('x', 1000) FROM seq_1_to_50000")
        for _ in range(20):
            with wire.connect(gateway.port, "app", tls=pki.context()) as client:
                assert client.query("SELECT 1") == [("1",)]
        assert len(lazy.result(lazy.receive())) == 50_000


def test_many_at_once(open_door, mariadb, pki):
    gateway = open_door(mariadb)
    gateway.wait_for_log("backend is up")
    context, failures = pki.context(), []

    def work() -> None:
        try:
            for number in range(5):
                with wire.connect(gateway.port, "app", tls=context) as client:
                    for step in range(10):
                        wanted = f"{number}-{step}"
                        assert client.query(f"SELECT '{wanted}'") == [(wanted,)]
                    client.quit()
        except BaseException as fault:
            failures.append(fault)

    threads = [threading.Thread(target=work) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not failures, failures
    gateway.wait_for_session(count=100, user="app", reason="client_quit")
