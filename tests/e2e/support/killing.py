"""Ends a command with SIGKILL right before its Nth change of a directory: what a power cut leaves."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

# More changes than any command makes: one that does not come to its end is a failure.
_MOST = 200

# Every call by which a name in a directory comes, changes or goes, but for temporary names.
_SHIM = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

static void step(void) {
    static long left = -1;
    if (left < 0) left = atol(getenv("KILL_AT"));
    if (--left == 0) kill(getpid(), SIGKILL);
}
#define REAL(name, type) ((type)dlsym(RTLD_NEXT, name))
int rename(char const* from, char const* to) {
    step();
    return REAL("rename", int (*)(char const*, char const*))(from, to);
}
int link(char const* from, char const* to) {
    step();
    return REAL("link", int (*)(char const*, char const*))(from, to);
}
int unlink(char const* file) {
    step();
    return REAL("unlink", int (*)(char const*))(file);
}
int unlinkat(int directory, char const* file, int flags) {
    step();
    return REAL("unlinkat", int (*)(int, char const*, int))(directory, file, flags);
}
int remove(char const* file) {
    step();
    return REAL("remove", int (*)(char const*))(file);
}
"""


def build_shim(folder: Path) -> Path:
    source, shim = folder / "kill_at.c", folder / "kill_at.so"
    source.write_text(_SHIM)
    subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", shim, source, "-ldl"], check=True)
    return shim


def environment(shim: Path, step: int) -> dict[str, str]:
    """For a command that is to be killed right before its change number `step`, from 1."""
    # The address sanitizer wants to be the first library; here it need not be.
    options = os.environ.get("ASAN_OPTIONS", "")
    return {**os.environ, "LD_PRELOAD": str(shim), "KILL_AT": str(step),
            "ASAN_OPTIONS": f"{options}:verify_asan_link_order=0".lstrip(":")}


def kills(shim: Path, folder: Path,
          command: Callable[..., subprocess.CompletedProcess]) -> Iterator[int]:
    """Runs `command(env=…)` once for each change that it makes, and kills it there; gives the
    change's number each time, with `folder` as the kill has left it. Before every run the folder is
    what it was at first, in the same place: absolute names may be in it.
    """
    start = folder.with_name(folder.name + "-at-first")
    shutil.copytree(folder, start)
    for at in range(1, _MOST):
        shutil.rmtree(folder)
        shutil.copytree(start, folder)
        done = command(env=environment(shim, at))
        if done.returncode == 0:
            return
        assert done.returncode == -signal.SIGKILL, done.stderr
        yield at
    raise AssertionError(f"more than {_MOST} changes")
