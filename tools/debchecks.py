"""What Debian's own tools say of the package: lintian, piuparts, autopkgtest; for tools/debtest.py."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from tools.debsystem import ROOT, System, base, run

#: Debian 12's lintian asks for an init script, Debian 13's does not know that tag: no override suits both.
OLD = {"bookworm": "--suppress-tags package-supports-alternative-init-but-no-init.d-script"}


def checkLintian(suite: str, packages: Iterable[Path]) -> None:
    """This suite's lintian, to which every tag is an error."""
    system = base(suite)
    folder = system / "root" / "lintian"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for package in packages:
        shutil.copy(package, folder)
    try:
        script = f"lintian -EvIL +pedantic --allow-root {OLD.get(suite, '')} /root/lintian/*.changes"
        said = run("chroot", str(system), "sh", "-c", script)
    finally:
        shutil.rmtree(folder)
    assert not re.search(r"^[EWIPX]: ", said, re.MULTILINE), said


def checkPiuparts(suite: str, package: Path) -> None:
    """Installed and purged in a chroot, every file of which is compared before and after."""
    command = ["piuparts", "-d", suite, "--existing-chroot", str(base(suite)), "--keep-sources-list"]
    # apt makes that folder for any package; piuparts diverts sync, and debsums finds that changed.
    command += ["--ignore-regex", "/var/cache/debconf/tmp.ci/?", "--warn-on-debsums-errors", "--log-level", "error"]
    run(*command, "--no-eatmydata", "--scriptsdir", "/etc/piuparts/scripts", str(package))


def checkAutopkgtest(system: System, package: Path) -> None:
    """debian/tests on the booted system: it is the container that they ask for, whatever autopkgtest's null knows."""
    tree = system.folder / "root" / "source"
    shutil.copytree(ROOT / "debian", tree / "debian", ignore=shutil.ignore_patterns("dog-gateway", ".debhelper"))
    command = f"autopkgtest --no-built-binaries --ignore-restrictions=isolation-container /root/{package.name} "
    said = system.do(command + "/root/source -- null")
    summary = [line.split() for line in said.rpartition("@@ summary")[2].splitlines()]
    assert ["smoke", "PASS"] in summary and ["service", "PASS"] in summary, said
