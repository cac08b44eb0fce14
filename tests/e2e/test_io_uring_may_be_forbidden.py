"""Many containers forbid io_uring: a gateway that may choose takes epoll there, and one that was
told to use io_uring says what is in the way."""

import ctypes
import errno
import struct
import threading

import pytest
from support import gateway as gateways
from support.gateway import Gateway
from support.ports import free_port

IO_URING_SETUP = 425  # the same number on every architecture
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
RET_ERRNO, RET_ALLOW = 0x00050000, 0x7FFF0000

# linux/filter.h: load the call's number; forbid that one; allow the rest.
FILTER = b"".join(struct.pack("HBBI", *instruction) for instruction in (
    (0x20, 0, 0, 0),
    (0x15, 0, 1, IO_URING_SETUP),
    (0x06, 0, 0, RET_ERRNO | errno.EPERM),
    (0x06, 0, 0, RET_ALLOW)))


class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_char_p)]


@pytest.fixture
def without_io_uring():
    """Calls a function on a thread that may not use io_uring, nor may what it starts."""
    def call(function):
        outcome = []

        def confined():
            libc = ctypes.CDLL(None, use_errno=True)
            program = Program(len(FILTER) // 8, FILTER)
            assert libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
            assert libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, ctypes.byref(program)) == 0
            outcome.append(function())

        thread = threading.Thread(target=confined)
        thread.start()
        thread.join()
        assert outcome, "the thread failed"
        return outcome[0]

    return call


@pytest.fixture
def door(tmp_path, mariadb):
    made = Gateway(tmp_path, {
        "listener": [{"name": "door", "protocol": "mysql", "address": f"127.0.0.1:{free_port()}",
                      "backend": "database"}],
        "backend": [{"name": "database", "addresses": [f"127.0.0.1:{mariadb.port}"],
                     "ssl-mode": "REQUIRED"}]})
    yield made
    made.stop()


def test_one_that_may_choose_takes_epoll(door, without_io_uring):
    door.write_config(**{"io-method": "auto"})
    without_io_uring(door.start)
    assert door.wait_for_log("sallyport is ready")["io_method"] == "epoll"


def test_one_that_was_told_to_use_it_says_why_it_cannot(door, without_io_uring):
    door.write_config(**{"io-method": "io_uring"})
    outcome = without_io_uring(lambda: gateways.run("serve", "-c", door.config))
    assert outcome.returncode == 1
    assert "Operation not permitted" in outcome.stderr
    assert 'hint: io_uring needs Linux 6.1' in outcome.stderr


def test_what_is_asked_for_is_what_runs(door):
    door.start()
    asked = door.settings["io-method"]
    runs = door.wait_for_log("sallyport is ready")["io_method"]
    assert runs == asked or asked == "auto"
