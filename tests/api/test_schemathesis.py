"""Requests that schemathesis makes of openapi.json: no answer that the document does not have."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import urllib.request
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.testing.process import GatewayProcess

DEMO = Path(__file__).parent.parent.parent / "dog" / "demo"

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"

#: Seconds that it may take; what has not been asked by then is left out.
SECONDS = 40

#: What streams until it is hung up.
STREAMS = "/capture$"


def strict(url: str) -> Any:
    """The document, without the "anything else" that it has for every answer."""
    with urllib.request.urlopen(f"{url}/api/v1/openapi.json", timeout=30) as answer:
        document = json.load(answer)
    for item in document["paths"].values():
        for operation in item.values():
            del operation["responses"]["default"]
    return document


class SchemathesisTests(SynchronousTestCase):
    if find_spec("schemathesis") is None:
        skip = "schemathesis is not installed"

    def test_asTheDocumentSays(self) -> None:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir()
        for name in ("home.xml", "plan.svg"):
            (folder / name).write_bytes((DEMO / name).read_bytes())
        config = folder / "dog.toml"
        config.write_text("[limits]\nrequests_per_second = 10000\nburst = 10000\n", encoding="utf-8")
        options = ("--simulate", "--home", str(folder / "home.xml"), "--state-dir", str(folder / "state"))
        code = "from schemathesis.cli import schemathesis; schemathesis()"
        with GatewayProcess(*options, "--config", str(config)) as gateway:
            document = Path(folder / "openapi.json")
            document.write_text(json.dumps(strict(gateway.url)), encoding="utf-8")
            run = [sys.executable, "-c", code, "run", str(document), "--url", gateway.url, "--checks", CHECKS]
            bounds = ["--phases=coverage,fuzzing", "--max-examples=3", f"--max-time={SECONDS}", "--request-timeout=10"]
            more = ["--generation-deterministic", "--continue-on-failure", "--exclude-path-regex", STREAMS]
            ended = subprocess.run(
                [*run, *bounds, *more], cwd=folder, capture_output=True, text=True, timeout=300, check=False
            )
            unhandled = [each for each in gateway.output if "Traceback" in each or "Unhandled" in each]
        self.assertEqual(ended.returncode, 0, f"{ended.stdout[-8000:]}\n{ended.stderr[-2000:]}")
        self.assertEqual(unhandled, [])
        passed = re.search(r"\d+ generated, (\d+) passed", ended.stdout)  # cases: of operations, time decides
        assert passed is not None, ended.stdout
        self.assertGreater(int(passed[1]), 20, ended.stdout)
