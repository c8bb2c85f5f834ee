"""The Debian package in booted systems: python3 tools/debtest.py [SUITE...] (default: bookworm trixie); as root.

Makes a system of each suite with debootstrap (kept in CACHE for the next time; --prepare does that only), boots a
copy of it with systemd-nspawn, and does with the package what its user would: install, use, kill, hang, upgrade,
remove, purge.
The containers have no network but their own loopback.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
CACHE = Path(os.environ.get("DOG_DEBTEST_CACHE", "/var/tmp/dog-debtest"))
MIRROR = os.environ.get("DOG_DEBTEST_MIRROR", "")
SUITES = ("bookworm", "trixie")
#: What the package depends on, fetched while there is a network.
DEPENDS = ("python3-serial", "python3-twisted", "python3-autobahn", "python3-zope.interface", "curl")
#: sysusers.d: a user stays, so that files which are still somebody's never become somebody else's.
STAYS = ("/etc/group", "/etc/gshadow", "/etc/passwd", "/etc/shadow", "/etc/ld.so.cache")
URL = "http://127.0.0.1:8080"
ENVIRONMENT = {
    **os.environ,
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "DEBIAN_FRONTEND": "noninteractive",
    "LC_ALL": "C",
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
    """A system of this suite with what the package depends on; made once."""
    folder = CACHE / suite
    if not (folder / "made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        system = folder / "system"
        print(f"{suite}: debootstrap", flush=True)
        run("debootstrap", "--variant=minbase", "--include=systemd,dbus,iproute2", suite, str(system), mirror())
        run("chroot", str(system), "apt-get", "install", "-q", "-y", "--no-install-recommends", *DEPENDS)
        run("chroot", str(system), "apt-get", "clean")
        (folder / "made").touch()
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
            [*command, "--keep-unit", "--console=pipe"],
            stdin=subprocess.DEVNULL,
            stdout=console,
            stderr=console,
            env=ENVIRONMENT,
        )
        self._leader = ""
        until("the system boots", self._booted, 120)

    def _booted(self) -> bool:
        if self._nspawn.poll() is not None:
            raise SystemExit("systemd-nspawn ended:\n" + (self.folder.parent / "console.log").read_text())
        children = Path(f"/proc/{self._nspawn.pid}/task/{self._nspawn.pid}/children").read_text().split()
        if not children:
            return False
        self._leader = children[0]
        return self.ask("systemctl is-system-running").strip() in ("running", "degraded")

    def _inside(self, script: str) -> list[str]:
        return ["nsenter", "-t", self._leader, "-m", "-u", "-i", "-n", "-p", "--", "/bin/sh", "-c", script]

    def ask(self, script: str) -> str:
        """What a script prints in there, whatever its exit status."""
        return subprocess.run(
            self._inside(script), capture_output=True, text=True, env=ENVIRONMENT, check=False
        ).stdout

    def do(self, script: str) -> str:
        """As L{ask}; it must succeed."""
        return run(*self._inside(script))

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
        yield system
    finally:
        system.end()
        shutil.rmtree(folder.parent, ignore_errors=True)


def check(suite: str, old: Path, new: Path) -> None:
    """One system's life with the package."""

    def said(what: str) -> None:
        print(f"{suite}: {what}", flush=True)

    with booted(suite, [old, new]) as system:
        before = system.files()
        install = "apt-get install -q -y --no-install-recommends /root/"

        system.do(install + old.name)
        until("the service is ready", system.ready)
        said(f"installed, ready: {system.property('StatusText')}")
        assert system.property("User") == "dog"
        assert system.ask("stat -c %a:%U /var/lib/dog").strip() == "750:dog"
        assert system.ask("stat -c %a:%U /var/lib/dog/admin.token").strip() == "600:dog"
        assert "plugin cache" not in system.ask("systemctl restart dog-gateway; journalctl -u dog-gateway -n 3")
        score = system.ask("systemd-analyze security --no-pager dog-gateway").strip().splitlines()[-1]
        said(score)
        assert float(score.split(":")[1].split()[0]) <= 1.4, score

        # A house: the demo's, simulated, put there as an administrator would.
        demo = (
            system.do("python3 -c 'import dog, os; print(os.path.dirname(dog.__file__))'").strip() + "/demo/home.xml"
        )
        system.do(f"install -o dog -g dog -m 640 {demo} /var/lib/dog/home.xml")
        system.do("sed -i 's/^#simulate = false/simulate = true/' /etc/dog/dog.toml")
        system.do("mkdir -p /etc/systemd/system/dog-gateway.service.d")
        quick = "[Service]\\nWatchdogSec=4\\nTimeoutAbortSec=2\\nRestartSec=1\\nMemoryMax=128M\\n"
        system.do(f"printf '{quick}' > /etc/systemd/system/dog-gateway.service.d/test.conf")
        system.do("systemctl daemon-reload && systemctl restart dog-gateway")
        until("the service is ready again", system.ready)
        system.do("dogctl send lake-kitchen-lamp on")
        said(f"REST and WebSocket: {len(json.loads(system.do('dogctl devices --json'))['devices'])} devices; lamp on")
        watch = system.start("exec dogctl watch --json --wait id:lake-kitchen-lamp > /root/heard")

        def heard() -> int:
            return len(system.ask("cat /root/heard").splitlines())

        def told(command: str) -> None:
            """The client that watches hears of this command."""
            already = heard()
            system.do(f"dogctl send lake-kitchen-lamp {command}")
            until(f"dogctl watch tells of {command}", lambda: heard() > already)

        until("dogctl watch is connected", lambda: "1 WebSocket" in system.property("StatusText"))
        told("off")
        told("on")
        # The cgroup's own figure would do, too, where there is a memory controller; a test machine may lack it.
        resident = int(system.do(f"grep VmRSS /proc/{system.property('MainPID')}/status").split()[1]) / 1000
        assert resident < 128, resident
        said(f"{resident:.0f} MB resident, MemoryMax=128M")

        pid = system.property("MainPID")
        system.do("systemctl kill -s KILL dog-gateway")
        until("killed, it comes back", lambda: system.property("MainPID") not in ("0", pid) and system.ready())
        assert system.property("NRestarts") == "1", system.property("NRestarts")
        said("killed: came back")

        pid = system.property("MainPID")
        system.do("systemctl kill -s STOP dog-gateway")
        until("hung, it is replaced", lambda: system.property("MainPID") not in ("0", pid) and system.ready())
        assert "watchdog" in system.ask("journalctl -u dog-gateway -o cat --no-pager").lower()
        said("hung: the watchdog replaced it")

        token = "/var/lib/dog/admin.token"
        system.do(f"dogctl --token-file {token} token add installer --role user")
        system.do("printf '\\n# mine\\n' >> /etc/dog/dog.toml")
        pid = system.property("MainPID")
        system.do(install + new.name)
        until("upgraded, it is ready", lambda: system.property("MainPID") not in ("0", pid) and system.ready())
        assert "# mine" in system.do("cat /etc/dog/dog.toml")
        assert "installer" in system.do(f"dogctl --token-file {token} token list")
        assert "lake-kitchen-lamp" in system.do("dogctl devices")
        until("dogctl watch is back", lambda: "1 WebSocket" in system.property("StatusText"))
        # A simulated lamp is off after a start: it has to be on before off is news.
        told("on")
        told("off")
        watch.send_signal(signal.SIGINT)
        watch.wait(30)
        said("upgraded: configuration and state kept; the client that watched went on")

        errors = system.ask("journalctl -u dog-gateway -p err -o cat --no-pager --grep Traceback")
        assert "Traceback" not in errors, errors
        system.do("apt-get remove -q -y dog-gateway")
        assert system.property("LoadState") == "not-found" or system.property("ActiveState") == "inactive"
        assert system.ask("ls /etc/dog/dog.toml /var/lib/dog/home.xml").split() == [
            "/etc/dog/dog.toml",
            "/var/lib/dog/home.xml",
        ]
        said("removed: configuration and state are still there")
        system.do("rm -r /etc/systemd/system/dog-gateway.service.d; apt-get purge -q -y dog-gateway")
        left = {each for each in system.files() - before if not each.startswith(STAYS)}
        assert not left, f"left after purge: {sorted(left)}"
        said("purged: nothing left")


def main(suites: list[str]) -> None:
    for program in ("debootstrap", "systemd-nspawn"):
        if shutil.which(program, path=ENVIRONMENT["PATH"]) is None:
            raise SystemExit(f"{program} is not installed: apt-get install debootstrap systemd-container")
    if os.geteuid():
        raise SystemExit("make deb-test must be run as root: it makes and boots systems")
    if suites[:1] == ["--prepare"]:
        for suite in suites[1:] or SUITES:
            base(suite)
        return
    folder = CACHE / "packages"
    shutil.rmtree(folder, ignore_errors=True)
    run(str(ROOT / "tools" / "deb.sh"), str(folder))
    (new,) = folder.glob("*.deb")
    # There is no release before the first: the same content with a lower version stands for it.
    version = new.name.split("_")[1]
    run(str(ROOT / "tools" / "deb.sh"), str(folder / "old"), f"{version}~before")
    (old,) = (folder / "old").glob("*.deb")
    print(run("lintian", "-EvIL", "+pedantic", *map(str, folder.glob("*.changes"))) if shutil.which("lintian") else "")
    for suite in suites or SUITES:
        check(suite, old, new)
    print("deb-test: all is well")


if __name__ == "__main__":
    main(sys.argv[1:])
