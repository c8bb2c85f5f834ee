"""How much memory this process holds, and the machine has."""

from __future__ import annotations

import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path

STATM = Path("/proc/self/statm")
MEMINFO = Path("/proc/meminfo")


@dataclass(frozen=True, slots=True)
class MachineMemory:
    """Of the machine, in bytes. C{available}: what could be had without swapping."""

    total: int
    available: int


def processMemory(statm: Path = STATM) -> int:
    """Resident memory of this process in bytes; where there is no /proc, the most it ever had."""
    try:
        return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def machineMemory(meminfo: Path = MEMINFO) -> MachineMemory | None:
    """The machine's memory; None where there is no /proc."""
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return None
    fields = {name: value.split()[0] for name, _, value in (each.partition(":") for each in lines) if value.split()}
    if "MemTotal" not in fields or "MemAvailable" not in fields:
        return None
    return MachineMemory(int(fields["MemTotal"]) * 1024, int(fields["MemAvailable"]) * 1024)
