"""The Debian package in booted systems: python3 tools/debtest.py [SUITE...] (default: bookworm trixie); as root.

Makes a system of each suite with debootstrap (kept in CACHE for the next time; --prepare does that only), has lintian
and piuparts look at the package there, boots a copy of it with systemd-nspawn, and does with the package what its user
would: install, use, kill, hang, upgrade, remove, purge.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.debchecks import checkAutopkgtest, checkLintian, checkPiuparts
from tools.debdepends import checkDepends, fetchLists
from tools.debmemory import checkMemory
from tools.debserial import checkLine, checkPorts
from tools.debsystem import CACHE, ENVIRONMENT, ROOT, SUITES, URL, System, booted, run, until

#: sysusers.d: a user stays, so that files which are still somebody's never become somebody else's.
STAYS = ("/etc/group", "/etc/gshadow", "/etc/passwd", "/etc/shadow", "/etc/ld.so.cache")
#: What dog.toml needs for systemd's socket, for sed.
SOCKETS = 's/^#listen = .*/listen = ["systemd:domain=INET:index=0", "systemd:domain=INET6:index=1"]/'
#: Seconds over which the idle gateway's CPU is measured.
IDLE = 20


def cpu(system: System) -> float:
    """Seconds of CPU that the service has used."""
    fields = system.do(f"cat /proc/{system.property('MainPID')}/stat").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def checkSocket(system: System) -> None:
    """As README.Debian says: systemd holds the port, and starts the service for whoever comes."""
    assert system.ask("systemctl is-enabled dog-gateway.socket").strip() == "disabled"
    system.do(f"sed -i '{SOCKETS}' /etc/dog/dog.toml && systemctl stop dog-gateway.service")
    # It has been started here more often in five minutes than the unit allows.
    system.do("systemctl reset-failed dog-gateway.service")
    system.do("systemctl enable --now dog-gateway.socket")
    assert system.property("ActiveState") == "inactive", system.property("ActiveState")
    assert "devices" in system.do(f"curl -sS --max-time 60 {URL}/api/v1/devices")
    assert "devices" in system.do("curl -sS --max-time 60 http://[::1]:8080/api/v1/devices")
    assert system.property("ActiveState") == "active"
    # A client that comes while nobody answers waits, also over a restart.
    system.do("systemctl stop dog-gateway.service")
    asked = [system.start(f"curl -sS --max-time 60 {URL}/api/v1/ping") for _ in range(3)]
    for each in asked:
        said, _ = each.communicate(timeout=90)
        assert each.returncode == 0, said


def checkMoving(system: System) -> None:
    """The lines of docs/moving.md, on an installation of Java Dog; then all is as it was."""
    page = (ROOT / "docs" / "moving.md").read_text(encoding="utf-8")
    lines = page.partition("```sh\n")[2].partition("```")[0].splitlines()
    assert len(lines) == 5, lines
    shutil.copytree(ROOT / "tests" / "data" / "installations" / "made", system.folder / "opt" / "dog-gateway")
    kept = "/root/kept"
    system.do(f"mkdir {kept} && cp -a /etc/dog/dog.toml /var/lib/dog/home.xml {kept}")
    system.do("systemctl reset-failed dog-gateway.service")
    for line in lines[:-1]:
        system.do(line.removeprefix("sudo "))
    # Once in five runs the first start failed here, for a reason that was not seen; the unit starts it again. If it
    # does so again, its log is told.
    system.ask(lines[-1].removeprefix("sudo "))
    if system.property("ActiveState") != "active":
        log = system.ask("journalctl -u dog-gateway -n 40 -o short-monotonic --no-pager")
        print(f"{system.suite}: the first start of the house that was moved FAILED, its log:\n{log}", flush=True)
    moved = "http://127.0.0.1:8181"
    until("the house that was moved is there", lambda: "devices" in system.ask(f"curl -s {moved}/api/v1/devices"))
    devices = json.loads(system.do(f"dogctl --gateway {moved} devices --json"))["devices"]
    assert len(devices) == 22, devices
    assert system.do("stat -c %U:%G /var/lib/dog/home.xml").strip() == "dog:dog"
    system.do(f"systemctl stop dog-gateway && cp -a {kept}/dog.toml /etc/dog/ && cp -a {kept}/home.xml /var/lib/dog/")
    system.do("rm -r /opt/dog-gateway")
    system.ask("systemctl start dog-gateway")
    until("the service is ready as it was", system.ready)


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
        size = int(system.do("dpkg-query -W -f '${Installed-Size}' dog-gateway"))
        said(f"{size / 1024:.1f} MB on disk")
        assert system.property("User") == "dog"
        assert system.ask("stat -c %a:%U /var/lib/dog").strip() == "750:dog"
        assert system.ask("stat -c %a:%U /var/lib/dog/admin.token").strip() == "600:dog"
        assert "plugin cache" not in system.ask("systemctl restart dog-gateway; journalctl -u dog-gateway -n 3")
        score = system.ask("systemd-analyze security --no-pager dog-gateway").strip().splitlines()[-1]
        said(score)
        assert float(score.split(":")[1].split()[0]) <= 1.4, score

        checkLine(system)
        said("a lamp on a serial port (Modbus RTU) is switched and read")
        said(checkPorts(system))

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
        said(checkMemory(system))
        until("the service is ready again", system.ready)
        system.do("dogctl send lake-kitchen-lamp on")
        devices = len(json.loads(system.do("dogctl devices --json"))["devices"])
        said(f"REST and WebSocket: {devices} devices; lamp on")
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
        began, used = time.monotonic(), cpu(system)
        time.sleep(IDLE)
        share = (cpu(system) - used) / (time.monotonic() - began)
        said(f"idle {share:.2%} of one CPU, simulating {devices} devices")

        pid = system.property("MainPID")
        system.do("systemctl kill --kill-whom=main -s KILL dog-gateway")
        until("killed, it comes back", lambda: system.property("MainPID") not in ("0", pid) and system.ready())
        assert system.property("NRestarts") == "1", system.property("NRestarts")
        said("killed: came back")

        pid = system.property("MainPID")
        system.do("systemctl kill --kill-whom=main -s STOP dog-gateway")
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
        watch.terminate()  # SIGINT is ignored below a shell that put us into the background
        watch.wait(30)
        said("upgraded: configuration and state kept; the client that watched went on")

        checkMoving(system)
        said("a Java Dog installation moved over, as docs/moving.md says")

        checkSocket(system)
        said("socket activation: clients wait for the service")

        errors = system.ask("journalctl -u dog-gateway -p err -o cat --no-pager --grep Traceback")
        assert "Traceback" not in errors, errors
        system.do("apt-get remove -q -y dog-gateway")
        assert system.property("LoadState") == "not-found" or system.property("ActiveState") == "inactive"
        assert system.ask("systemctl is-active dog-gateway.socket").strip() == "inactive"
        assert system.ask("ls /etc/dog/dog.toml /var/lib/dog/home.xml").split() == [
            "/etc/dog/dog.toml",
            "/var/lib/dog/home.xml",
        ]
        said("removed: configuration and state are still there")
        system.do("rm -r /etc/systemd/system/dog-gateway.service.d; apt-get purge -q -y dog-gateway")
        left = {each for each in system.files() - before if not each.startswith(STAYS)}
        assert not left, f"left after purge: {sorted(left)}"
        said("purged: nothing left")
        checkAutopkgtest(system, new)
        said("autopkgtest passes")


def main(suites: list[str]) -> None:
    for program in ("debootstrap", "piuparts", "systemd-nspawn"):
        if shutil.which(program, path=ENVIRONMENT["PATH"]) is None:
            raise SystemExit(f"{program} is not installed: apt-get install debootstrap piuparts systemd-container")
    if os.geteuid():
        raise SystemExit("make deb-test must be run as root: it makes and boots systems")
    if suites[:1] == ["--prepare"]:
        atOnce(fetchLists, suites[1:] or SUITES)
        return
    folder = CACHE / "packages"
    shutil.rmtree(folder, ignore_errors=True)
    run(str(ROOT / "tools" / "deb.sh"), str(folder))
    (new,) = folder.glob("*.deb")
    # There is no release before the first: the same content with a lower version stands for it.
    version = new.name.split("_")[1]
    run(str(ROOT / "tools" / "deb.sh"), str(folder / "old"), f"{version}~before")
    (old,) = (folder / "old").glob("*.deb")

    def checkAll(suite: str) -> None:
        checkLintian(suite, folder.glob("dog-gateway_*"))
        print(f"{suite}: lintian has nothing to say", flush=True)
        print(f"{suite}: {checkDepends(suite, new)}", flush=True)
        checkPiuparts(suite, new)
        print(f"{suite}: piuparts passes", flush=True)
        check(suite, old, new)

    atOnce(checkAll, suites or SUITES)
    print("deb-test: all is well")


def atOnce(call: Callable[[str], object], suites: Iterable[str]) -> None:
    """For all suites at the same time: they mostly wait. The first that fails ends it, when the others are through."""
    with ThreadPoolExecutor() as pool:
        for done in [pool.submit(call, suite) for suite in suites]:
            done.result()


if __name__ == "__main__":
    main(sys.argv[1:])
