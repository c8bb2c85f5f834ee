"""npm's enocean-js, a codec that nobody here wrote: of this project, or where C{DOG_ENOCEAN_JS} says."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).resolve().parent.parent.parent.parent
_OWN = _ROOT / ".ci" / "node_modules"

_SCRIPT = """
const { RadioERP1 } = require('enocean-js')
const asked = JSON.parse(require('fs').readFileSync(0))
console.log(JSON.stringify(asked.map(({ eep, rorg, payload, sender, status, direction }) => {
  const telegram = RadioERP1.from({ rorg, payload, id: sender, status })
  return { line: telegram.toString(), values: eep ? telegram.decode(eep, direction) : null }
})))
"""


def whyNot() -> str:
    """Why it can't be asked; empty if it can."""
    if shutil.which("node") is None:
        return "node is not installed"
    return "" if (_packages() / "enocean-js").is_dir() else "npm enocean-js is not installed"


def _packages() -> Path:
    return Path(os.environ.get("DOG_ENOCEAN_JS") or _OWN)


def start(script: str, *arguments: str) -> subprocess.Popen[str]:
    """A script that may require it, in a process of its own."""
    return subprocess.Popen(
        ["node", "-e", script, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=_environment(),
    )


def _environment() -> dict[str, str]:
    return {**os.environ, "NODE_PATH": str(_packages())}


def ask(*telegrams: dict[str, Any]) -> list[dict[str, Any]]:
    """For each telegram (eep or None, rorg, payload, sender, status, direction): its packet in hex, and its values."""
    answer = subprocess.run(
        ["node", "-e", _SCRIPT],
        input=json.dumps(telegrams),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env=_environment(),
    )
    found: list[dict[str, Any]] = json.loads(answer.stdout)
    return found
