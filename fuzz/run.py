"""One target with atheris, in a process of its own: C{python -m fuzz.run TARGET [libFuzzer's options] [corpus]}."""

from __future__ import annotations

import sys


def run(name: str, arguments: list[str]) -> None:
    """Fuzz until libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["dog"]):
        from fuzz.targets import TARGETS
    atheris.Setup([name, *arguments], TARGETS[name].take)
    atheris.Fuzz()


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2:])
