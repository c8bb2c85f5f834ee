"""Whether what the package depends on is there, on every processor; for tools/debtest.py.

Asked of apt with a suite's package lists of that architecture and a system in which nothing is installed yet: the
answer covers everything down to the C library. The lists are fetched once and kept with the suite's system.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from tools.debsystem import CACHE, base, mirror, run

ARCHITECTURES = ("amd64", "arm64", "armhf")


def apt(suite: str, arch: str, *command: str) -> str:
    """apt-get, as it is on a machine of this suite and architecture with nothing installed."""
    folder = CACHE / suite / "lists" / arch
    options = [f"Dir::State={folder}", f"Dir::State::status={folder}/status", f"Dir::Cache={folder}"]
    options += [f"Dir::Etc::sourcelist={folder}/sources.list", "Dir::Etc::sourceparts=/dev/null"]
    options += ["Dir::Etc::preferences=/dev/null", "Dir::Etc::preferencesparts=/dev/null"]
    options += [f"APT::Architecture={arch}", f"APT::Architectures={arch}", "APT::Sandbox::User=root"]
    options += ["Acquire::Languages=none", "Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false"]
    return run("apt-get", "-q", *(word for each in options for word in ("-o", each)), *command)


def lists(suite: str, arch: str) -> str:
    """Fetch what is to be had for this architecture, once; why that fails: a mirror may be half through an update."""
    folder = CACHE / suite / "lists" / arch
    if (folder / "fetched").exists():
        return ""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "lists" / "partial").mkdir(parents=True)
    (folder / "archives" / "partial").mkdir(parents=True)
    (folder / "status").touch()
    # debootstrap wants the same keys.
    source = f"deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] {mirror()} {suite} main\n"
    (folder / "sources.list").write_text(source, "utf-8")
    try:
        apt(suite, arch, "update")
    except SystemExit as error:
        why = [line for line in str(error).splitlines() if line.startswith("E: ")]
        return why[0] if why else str(error)
    (folder / "fetched").touch()
    return ""


def fetchLists(suite: str) -> dict[str, str]:
    """All lists, beside the suite's system; why which of them can't be had."""
    base(suite)
    failures = {arch: lists(suite, arch) for arch in ARCHITECTURES}
    return {arch: why for arch, why in failures.items() if why}


def checkDepends(suite: str, package: Path) -> str:
    """The package and what it recommends can be installed on each architecture, with Debian's packages alone.

    Architectures whose lists can't be had are named in what is returned; it is an error if that goes for all.
    """
    missing = fetchLists(suite)
    # What is only recommended is left out by apt without a word, unless it is asked for.
    field = run("dpkg-deb", "--field", str(package), "Recommends")
    recommended = [each.split()[0] for each in field.split(",") if each.strip()]
    found = []
    for arch in ARCHITECTURES:
        if arch in missing:
            continue
        said = apt(suite, arch, "--simulate", "--no-install-recommends", "install", str(package), *recommended)
        installed = {line.split()[1] for line in said.splitlines() if line.startswith("Inst ")}
        assert {"dog-gateway", "libc6", *recommended} <= installed, said
        found.append(f"{arch} ({len(installed)} packages)")
    assert found, missing
    unknown = "".join(f"; {arch} is NOT CHECKED, its list can't be had: {why}" for arch, why in missing.items())
    return f"what it depends on can be installed on {', '.join(found)}{unknown}"
