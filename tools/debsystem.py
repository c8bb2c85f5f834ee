"""Systems of a Debian suite, made with debootstrap and booted with systemd-nspawn; for tools/debtest.py.

Booted with one cgroup hierarchy and leave to load BPF programs, so that systemd enforces what a unit says of devices
and addresses. The containers have no network but their own loopback.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("DOG_DEBTEST_CACHE", "/var/tmp/dog-debtest"))
MIRROR = os.environ.get("DOG_DEBTEST_MIRROR", "")
SUITES = ("bookworm", "trixie")
#: What the package depends on, and what looks at it, fetched while there is a network.
DEPENDS = ("python3-serial", "python3-twisted", "python3-autobahn", "python3-zope.interface", "curl")
LOOKS_AT_IT = ("autopkgtest", "lintian")
URL = "http://127.0.0.1:8080"
ENVIRONMENT = {
    **os.environ,
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "DEBIAN_FRONTEND": "noninteractive",
    "LC_ALL": "C",
    "SYSTEMD_NSPAWN_UNIFIED_HIERARCHY": "1",
}


def run(*command: str) -> str:
    """The output of a command, which must succeed."""
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT, check=False
    )
    if done.returncode:
        raise SystemExit(f"failed ({done.returncode}): {' '.join(command)}\n{done.stdout}")
    return done.stdout


def until(what: str, condition: Callable[[], object], patience: float = 60) -> None:
    """Wait for something."""
    end = time.monotonic() + patience
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"not within {patience:g} s: {what}")
        time.sleep(0.2)


def mirror() -> str:
    """Where this machine has its packages from."""
    if MIRROR:
        return MIRROR
    for line in run("apt-cache", "policy").splitlines():
        words = line.split()
        if (
            len(words) > 2
            and words[1].startswith("http")
            and "/main" in words[2]
            and "debian-security" not in words[1]
        ):
            if words[1].rstrip("/").endswith("debian"):
                return words[1]
    raise SystemExit("no Debian mirror found; name one with DOG_DEBTEST_MIRROR")


def base(suite: str) -> Path:
    """A system of this suite with what the package depends on; made once, and again when that has changed."""
    folder = CACHE / suite
    packages = (*DEPENDS, *LOOKS_AT_IT)
    made = folder / "made"
    if not made.exists() or made.read_text("utf-8").split() != list(packages):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        system = folder / "system"
        print(f"{suite}: debootstrap", flush=True)
        run("debootstrap", "--variant=minbase", "--include=systemd,dbus,iproute2", suite, str(system), mirror())
        run("chroot", str(system), "apt-get", "install", "-q", "-y", "--no-install-recommends", *packages)
        run("chroot", str(system), "apt-get", "clean")
        made.write_text("\n".join(packages), "utf-8")
    return folder / "system"


class System:
    """A booted system."""

    def __init__(self, suite: str, folder: Path) -> None:
        self.suite = suite
        self.folder = folder
        name = f"dog-{suite}-{os.getpid()}"
        console = (folder.parent / "console.log").open("w")
        command = ["systemd-nspawn", "-D", str(folder), "-M", name, "--boot", "--private-network", "--register=no"]
        self._nspawn = subprocess.Popen(
            [*command, "--keep-unit", "--console=pipe", "--system-call-filter=bpf", "--capability=CAP_BPF"],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            env=ENVIRONMENT,
        )
        #: Its process 1, as this machine numbers it.
        self.leader = ""

    def boot(self) -> None:
        until("the system boots", self._booted, 120)

    def _booted(self) -> bool:
        if self._nspawn.poll() is not None:
            raise SystemExit("systemd-nspawn ended:\n" + (self.folder.parent / "console.log").read_text())
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        if not children:
            return False
        self.leader = children[0]
        return self.ask("systemctl is-system-running").strip() in ("running", "degraded")

    def _inside(self, script: str) -> list[str]:
        # -r: where this runs in a chroot, the root of its mounts is not the system's.
        return ["nsenter", "-t", self.leader, "-m", "-u", "-i", "-n", "-p", "-r", "-w", "--", "/bin/sh", "-c", script]

    def ask(self, script: str) -> str:
        """What a script prints in there, whatever its exit status."""
        return subprocess.run(
            self._inside(script), capture_output=True, text=True, env=ENVIRONMENT, check=False
        ).stdout

    def do(self, script: str) -> str:
        """As L{ask}; it must succeed."""
        return run(*self._inside(script))

    def put(self, text: str, path: str) -> None:
        """Write a file there."""
        (self.folder / path.lstrip("/")).write_text(text, "utf-8")

    def start(self, script: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self._inside(script), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=ENVIRONMENT
        )

    def property(self, name: str) -> str:
        return self.ask(f"systemctl show -P {name} dog-gateway").strip()

    def ready(self) -> bool:
        return self.property("ActiveState") == "active" and "devices" in self.ask(f"curl -s {URL}/api/v1/devices")

    def files(self) -> set[str]:
        """What is there, but for what every use of a system changes."""
        left = "-path /proc -o -path /sys -o -path /run -o -path /tmp -o -path /dev -o -path /var/log -o -path /root"
        left += " -o -path /var/cache -o -path /var/lib/apt -o -path /var/lib/dpkg -o -path /var/tmp"
        left += " -o -path /var/lib/systemd -o -name __pycache__ -o -name dropin.cache"
        return set(self.ask(f"find / \\( {left} \\) -prune -o -print").splitlines())

    def end(self) -> None:
        if self._nspawn.poll() is None:
            self._nspawn.terminate()
            try:
                self._nspawn.wait(30)
            except subprocess.TimeoutExpired:
                self._nspawn.kill()
                self._nspawn.wait()


@contextmanager
def booted(suite: str, packages: list[Path]) -> Iterator[System]:
    folder = CACHE / f"{suite}-booted" / "system"
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.parent.mkdir(parents=True)
    run("cp", "-a", "--reflink=auto", str(base(suite)), str(folder))
    for package in packages:
        shutil.copy(package, folder / "root")
    system = System(suite, folder)
    try:
        system.boot()
        yield system
    except BaseException:
        print(
            f"{suite}: the last of its log:\n{system.ask('journalctl -n 60 -o short-monotonic --no-pager')}",
            flush=True,
        )
        raise
    finally:
        system.end()
        shutil.rmtree(folder.parent, ignore_errors=True)
