"""Days of a house, as fast as they go.

    python -m soak [--days 2] [--seed 1] [--samples 12]

The demo home with Modbus units and EnOcean radio besides, in simulated time: lines that fail, clients that come, are
slow, and go, commands, edits of the home, tokens made and revoked. Then what it takes is compared, one half with
the other. Exit status: 0: nothing grows and nothing failed; 1 otherwise.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from soak.life import Life
from soak.verdict import growing, table


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m soak")
    options.add_argument("--days", type=float, default=2.0)
    options.add_argument("--seed", type=int, default=1)
    options.add_argument("--samples", type=int, default=12)
    given = options.parse_args()
    began = time.monotonic()
    # Where it can be, in memory: what is written is synced, and there are days of it.
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        life = Life(Path(folder), given.seed)
        if given.days < 1:
            life.small()
        samples = life.run(given.days * 86400, given.samples, lambda each: print(f"day {each.day:.2f}", flush=True))
    print(f"{given.days:g} days in {time.monotonic() - began:.0f} s\n\n{table(samples)}\n")
    for what, times in sorted(life.done.items()):
        print(f"{times:8} {what}")
    problems = [f"failed {times} times: {what}" for what, times in life.failures.items()]
    problems += [f"grows: {each}" for each in growing(samples)]
    print("\n" + ("\n".join(problems) or "nothing grows, and nothing failed"))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
