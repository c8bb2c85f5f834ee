"""Run targets with atheris, each for its share of the time.

    python -m fuzz [--seconds 120] [--corpus build/fuzz] [target ...]

Says what broke, and where the bytes that did it are: under tests/fuzz/crashes/TARGET they become a test. The corpus
is kept, and grows from run to run. Exit status: 0: nothing broke, or atheris is not installed; 1: something did.
"""

from __future__ import annotations

import argparse
import hashlib
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

#: Seconds that one input may take, and megabytes that all of it may.
SLOWEST, LARGEST = 20, 2048


def fill(name: str, folder: Path) -> None:
    """The seeds of a target, as files."""
    from fuzz.targets import TARGETS

    folder.mkdir(parents=True, exist_ok=True)
    for each in TARGETS[name].seeds():
        (folder / hashlib.sha1(each, usedforsecurity=False).hexdigest()).write_bytes(each)


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m fuzz")
    options.add_argument("--seconds", type=float, default=120.0, help="for all targets together")
    options.add_argument("--corpus", type=Path, default=Path("build/fuzz"))
    options.add_argument("targets", nargs="*")
    given = options.parse_args()
    if find_spec("atheris") is None:
        print("atheris is not installed (it has no wheel for this Python?): nothing was fuzzed")
        return 0
    from fuzz.targets import TARGETS

    names = given.targets or list(TARGETS)
    unknown = set(names) - set(TARGETS)
    if unknown:
        options.error(f"there is no target {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    seconds = max(1, round(given.seconds / len(names)))
    broken = []
    for name in names:
        if TARGETS[name].why is not None:
            print(f"{name}: skipped: {TARGETS[name].why}")
            continue
        corpus = given.corpus / name
        fill(name, corpus)
        found = given.corpus / "found" / name
        found.mkdir(parents=True, exist_ok=True)
        limits = [f"-max_total_time={seconds}", f"-timeout={SLOWEST}", f"-rss_limit_mb={LARGEST}"]
        run = [sys.executable, "-m", "fuzz.run", name, *limits, f"-artifact_prefix={found}/", str(corpus)]
        ended = subprocess.run(run, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        output = ended.stdout.decode(errors="replace")
        if ended.returncode == 0:
            print(f"{name}: {(output.strip().splitlines() or ['nothing'])[-1]}")
        else:
            broken.append(name)
            print(f"{name}: BROKEN\n{output[-6000:]}")
    if broken:
        print(f"broken: {', '.join(broken)}; the bytes are in {given.corpus / 'found'}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
