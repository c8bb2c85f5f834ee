"""The service in 128 MB, to which the kernel holds it; for tools/debtest.py.

MemoryMax= counts where systemd has a memory controller. Where the kernel gives that to the old hierarchy, the booted
system has none, but a group of that hierarchy with the same limit holds what is started in it. Where there is neither,
only what is resident can be compared.
"""

from __future__ import annotations

import os
from pathlib import Path

from tools.debsystem import URL, System, until

LIMIT = 128 * 1024 * 1024
OLD = Path("/sys/fs/cgroup/memory")
#: What the gateway is asked for meanwhile, each so often.
ASKED = ("api/v1/devices", "api/v1/devices/status", "api/v1/openapi.json", "")
TIMES = 50


def group(pid: str) -> Path:
    """The group of the old hierarchy in which a process is."""
    for line in Path(f"/proc/{pid}/cgroup").read_text("utf-8").splitlines():
        _, controllers, path = line.split(":", 2)
        if controllers == "memory":
            return OLD / path.lstrip("/")
    raise SystemExit(f"in no group of the memory controller: {pid}")


def use(system: System) -> None:
    """Something of everything is asked for; the service is the same afterwards, and has not been larger than that.

    A group is not charged for pages of files that others had read before; what is resident includes them.
    """
    pid = system.property("MainPID")
    urls = " ".join(f"{URL}/{path}" for path in ASKED)
    system.do(f"for i in $(seq {TIMES}); do curl -sSf {urls} >/dev/null; done")
    assert system.property("MainPID") == pid, "the service was replaced"
    assert resident(system, "VmHWM") < LIMIT, resident(system, "VmHWM")


def resident(system: System, field: str = "VmRSS") -> int:
    return int(system.do(f"grep {field} /proc/{system.property('MainPID')}/status").split()[1]) * 1024


def underMemoryMax(system: System) -> str:
    """By systemd itself: the unit has MemoryMax=128M."""
    assert system.property("MemoryMax") == str(LIMIT), system.property("MemoryMax")
    use(system)
    folder = "/sys/fs/cgroup" + system.property("ControlGroup")
    events = dict(line.split() for line in system.do(f"cat {folder}/memory.events").splitlines())
    assert events["oom_kill"] == "0", events
    return f"systemd holds it to MemoryMax=128M, which it met {events['max']} times"


def underOldGroup(system: System) -> str:
    """By a group of the old hierarchy: what the system's process 1 starts while it is in there is in there, too."""
    own = OLD / f"dog-{system.suite}-{os.getpid()}"
    before = group(system.leader)
    own.mkdir()
    try:
        (own / "memory.limit_in_bytes").write_text(str(LIMIT), "ascii")
        (own / "cgroup.procs").write_text(system.leader, "ascii")
        system.do("systemctl restart dog-gateway")
        until("the service is ready in 128 MB", system.ready)
        (before / "cgroup.procs").write_text(system.leader, "ascii")
        inside = (own / "cgroup.procs").read_text("ascii").split()
        names = [Path(f"/proc/{pid}/comm").read_text("utf-8").strip() for pid in inside]
        assert names == ["twistd3"], names
        use(system)
        peak = int((own / "memory.max_usage_in_bytes").read_text("ascii"))
        met = (own / "memory.failcnt").read_text("ascii").strip()
        events = dict(line.split() for line in (own / "memory.oom_control").read_text("ascii").splitlines())
        assert events["oom_kill"] == "0", events
        return f"the kernel holds it to 128 MiB: charged {peak / 1e6:.0f} MB at most, limit met {met} times"
    finally:
        (before / "cgroup.procs").write_text(system.leader, "ascii")
        system.do("systemctl restart dog-gateway")
        own.rmdir()


def checkMemory(system: System) -> str:
    """The service, whose unit has MemoryMax=128M, serves what it is asked for within that."""
    idle = resident(system)
    if "memory" in system.ask("cat /sys/fs/cgroup/cgroup.controllers").split():
        said = underMemoryMax(system)
    elif (OLD / "cgroup.procs").exists():
        said = underOldGroup(system)
    else:
        use(system)
        most = resident(system, "VmHWM")
        said = f"no memory controller here that would hold it to 128 MiB; {most / 1e6:.0f} MB at most"
    return f"{idle / 1e6:.0f} MB resident, idle; {said}"
