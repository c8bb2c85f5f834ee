"""Records a gateway's life, or looks at what a power cut has left of one.

python -m tests.crash.power record FOLDER LOG plain|tls      (with record.so preloaded)
python -m tests.crash.power look plain|tls                   (folders on standard input, what is found: output)
"""

from __future__ import annotations

import ctypes
import json
import sys
from pathlib import Path

from tests.crash.victim import apart, live, look


def main(what: str, *more: str) -> None:
    if what == "record":
        folder, log, kind = more
        library = ctypes.CDLL(None)
        library.record(folder.encode(), log.encode())
        live(
            Path(folder),
            kind == "tls",
            lambda name, **about: library.mark(json.dumps({"what": name, **about}).encode()),
        )
        return
    for line in sys.stdin:
        left = Path(line.strip())
        found, _ = apart(lambda done, left=left: look(left, more[0] == "tls", done))  # type: ignore[misc]
        sys.stdout.write(json.dumps(found) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(*sys.argv[1:])
