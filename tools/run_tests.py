"""Run the test suite under each Python given and close with one line that adds the runs up.

    run_tests.py LABEL=PYTHON [LABEL=PYTHON ...] [-- ARGUMENTS OF TRIAL]

Each run is C{PYTHON -m twisted.trial tests} with a temporary directory of its own. A Python that lacks what the suite
needs is passed over with a notice that names the Debian packages. The last line is C{N passed, N failed, N skipped};
the exit status is 1 if anything failed or a run did not come to its end.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

#: What the suite can't do without: module (or the Python itself) and the Debian package that brings it.
NEEDED = {
    "python3.11": "python3.11",
    "twisted": "python3-twisted",
    "autobahn": "python3-autobahn",
    "serial": "python3-serial",
    "zope.interface": "python3-zope.interface",
}

#: What single tests need: without it, they are skipped.
WANTED = {
    "hypothesis": "python3-hypothesis",
    "jsonschema": "python3-jsonschema",
    "lxml": "python3-lxml",
    "yaml": "python3-yaml",
    "ws4py": "python3-ws4py",
}

_CLOSING = re.compile(r"^(PASSED|FAILED)(?: \((?P<counts>[^)]*)\))?\s*$")


@dataclass(frozen=True)
class Tally:
    """How many tests passed, failed (errors and unexpected successes included) and were skipped."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.passed + other.passed, self.failed + other.failed, self.skipped + other.skipped)

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


def tally(lines: Iterable[str]) -> Tally | None:
    """What trial's closing line says, e.g. C{FAILED (skips=1, errors=2, successes=7)}; None if there is none.

    The last such line counts: a test may print one too.
    """
    found = None
    for line in lines:
        if match := _CLOSING.match(line):
            found = match
    if found is None:
        return None
    counts = {"successes": 0}
    for part in filter(None, (found["counts"] or "").split(", ")):
        name, _, number = part.partition("=")
        counts[name] = int(number)
    return Tally(
        passed=counts["successes"] + counts.get("expectedFailures", 0),
        failed=sum(counts.get(name, 0) for name in ("failures", "errors", "unexpectedSuccesses")),
        skipped=counts.get("skips", 0),
    )


def missing(python: str, modules: Iterable[str]) -> list[str]:
    """Those of L{NEEDED} or L{WANTED} that this Python lacks; all of them if there is no such Python."""
    wanted = list(modules)
    code = (
        "import importlib, sys\n"
        "for name in sys.argv[1:]:\n"
        "    try:\n"
        "        if name != 'python3.11':\n"
        "            importlib.import_module(name)\n"
        "        elif sys.version_info < (3, 11):\n"
        "            print(name)\n"
        "    except ImportError:\n"
        "        print(name)\n"
    )
    try:
        done = subprocess.run([python, "-c", code, *wanted], capture_output=True, text=True, check=False)
    except OSError:
        return wanted
    return done.stdout.split() if done.returncode == 0 else wanted


def runSuite(label: str, python: str, arguments: Sequence[str]) -> tuple[Tally, float]:
    """Run trial, its output passed on as it comes. A run without a closing line counts as one failure more."""
    temporary = ROOT / "build" / f"trial-{label}"
    temporary.parent.mkdir(exist_ok=True)
    command = [python, "-m", "twisted.trial", f"--temp-directory={temporary}", *(arguments or ["tests"])]
    started = time.monotonic()
    lines = []
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace"
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            print(line, end="", flush=True)
            lines.append(line)
    seconds = time.monotonic() - started
    counted = tally(lines)
    if counted is None:
        print(f"{label}: trial ended with status {process.returncode} and no closing line")
        return Tally(failed=1), seconds
    if process.returncode != 0 and counted.failed == 0:
        print(f"{label}: trial ended with status {process.returncode}")
        return counted + Tally(failed=1), seconds
    return counted, seconds


def main(arguments: Sequence[str]) -> int:
    """Run each suite, print the summary. Returns the exit status."""
    words = list(arguments)
    forTrial = words[words.index("--") + 1 :] if "--" in words else []
    runs = [word.partition("=") for word in (words[: words.index("--")] if "--" in words else words)]
    if not runs or not all(label and python for label, _, python in runs):
        print(__doc__)
        return 2
    total, summary = Tally(), []
    for label, _, python in runs:
        if lacking := missing(python, NEEDED):
            packages = " ".join(NEEDED[name] for name in lacking)
            summary.append(f"{label}: NOT RUN, {python} lacks {', '.join(lacking)}: sudo apt-get install {packages}")
            print(summary[-1])
            continue
        print(f"== {label}: {python}", flush=True)
        counted, seconds = runSuite(label, python, forTrial)
        summary.append(f"{label}: {counted} in {seconds:.0f} s ({python})")
        if lacking := missing(python, WANTED):
            packages = " ".join(WANTED[name] for name in lacking)
            summary.append(f"{label}: some tests skipped, {python} lacks {', '.join(lacking)}: {packages}")
        total += counted
    print("\n" + "\n".join(summary))
    print(total, flush=True)
    return 1 if total.failed or total == Tally() else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
