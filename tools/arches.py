"""The package on other processors: python3 tools/arches.py FILE.deb [SUITE-ARCH...] (make deb-arches); as root.

Default: bookworm and trixie, arm64 and armhf. Makes a Debian of each (kept in CACHE), runs it with qemu-user (apt-get
install qemu-user-static binfmt-support), installs the package there and runs debian/tests/smoke. The first time takes
some eight minutes for each.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tools.debsystem import CACHE, DEPENDS, ENVIRONMENT, ROOT, SUITES, mirror, run

QEMU = {"arm64": "qemu-aarch64", "armhf": "qemu-arm"}


def system(suite: str, arch: str) -> Path:
    """A system of this architecture with what the package depends on; made once."""
    folder = CACHE / f"{suite}-{arch}"
    if not (folder / "made").exists():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        print(f"{suite} {arch}: debootstrap", flush=True)
        options = [f"--arch={arch}", "--foreign", "--variant=minbase"]
        run("debootstrap", *options, suite, str(folder / "system"), mirror())
        run("chroot", str(folder / "system"), "/debootstrap/debootstrap", "--second-stage")
        install = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *DEPENDS]
        run("chroot", str(folder / "system"), *install)
        (folder / "made").touch()
    return folder / "system"


def check(suite: str, arch: str, package: Path) -> None:
    root = system(suite, arch)
    shutil.copy(package, root / "root" / "dog-gateway.deb")
    shutil.copy(ROOT / "debian" / "tests" / "smoke", root / "root")
    inside = ("chroot", str(root))
    run("mount", "-t", "proc", "proc", str(root / "proc"))
    try:
        run(*inside, "apt-get", "install", "-q", "-y", "--reinstall", "/root/dog-gateway.deb")
        began = time.monotonic()
        said = run(*inside, "env", "LC_ALL=C.UTF-8", "sh", "/root/smoke")
        assert "all is well" in said, said
        (resident,) = (line.split()[1] for line in said.splitlines() if line.startswith("VmRSS"))
        took = f"{time.monotonic() - began:.0f} s, {int(resident) / 1000:.0f} MB, both emulated"
        print(f"{suite} {arch}: installed; smoke test passes ({took})", flush=True)
        run(*inside, "apt-get", "purge", "-q", "-y", "dog-gateway")
    finally:
        run("umount", str(root / "proc"))


def main(arguments: list[str]) -> None:
    if not arguments or not arguments[0].endswith(".deb"):
        raise SystemExit(__doc__)
    if os.geteuid():
        raise SystemExit("tools/arches.py must be run as root: it makes systems")
    for each in arguments[1:] or [f"{suite}-{arch}" for suite in SUITES for arch in QEMU]:
        suite, _, arch = each.partition("-")
        if suite not in SUITES or arch not in QEMU:
            raise SystemExit(f"{each}: a suite ({', '.join(SUITES)}), -, an architecture ({', '.join(QEMU)})")
        # What runs the programs of another processor has to be registered with the kernel (binfmt_misc).
        if shutil.which("update-binfmts", path=ENVIRONMENT["PATH"]) is None:
            raise SystemExit("apt-get install qemu-user-static binfmt-support debootstrap")
        if not Path("/proc/sys/fs/binfmt_misc/register").exists():
            run("mount", "-t", "binfmt_misc", "none", "/proc/sys/fs/binfmt_misc")
        run("update-binfmts", "--enable", QEMU[arch])
        check(suite, arch, Path(arguments[0]))


if __name__ == "__main__":
    main(sys.argv[1:])
