"""What a process has cost so far: CPU time and memory, as the kernel counts them."""

import os
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads, ended ones too; proc(5), /proc/PID/stat, 14 and 15."""
    stat = Path(f"/proc/{pid}/stat").read_text()
    # The second field is the program's name in brackets and may hold anything: count behind it.
    fields = stat[stat.rindex(")") + 2:].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def resident_kib(pid: int) -> int:
    """Memory in RAM; exact, where the counters of /proc/PID/status may lag behind."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1])
    raise ValueError(f"no Rss for process {pid}")
