"""What a process has cost so far: CPU time and memory, as the kernel counts them."""

import ctypes
import os
import time
from pathlib import Path

_libc = ctypes.CDLL(None)


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads, ended ones too; clock_getcpuclockid(3), which is exact
    where /proc/PID/stat counts in hundredths of a second."""
    clock = ctypes.c_int()
    if error := _libc.clock_getcpuclockid(pid, ctypes.byref(clock)):
        raise OSError(error, os.strerror(error), f"process {pid}")
    return time.clock_gettime(clock.value)


def resident_kib(pid: int) -> int:
    """Memory in RAM; exact, where the counters of /proc/PID/status may lag behind."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1])
    raise ValueError(f"no Rss for process {pid}")
