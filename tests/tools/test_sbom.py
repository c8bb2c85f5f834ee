"""C{make sbom}: a document that CycloneDX's schema takes, with what the packages really need."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.source import ROOT


class Documents(SynchronousTestCase):
    if find_spec("cyclonedx") is None:
        skip = "cyclonedx-python-lib is not installed (pip: the extra sbom)"

    def made(self) -> dict[str, str]:
        folder = Path(self.mktemp()).absolute()
        done = subprocess.run(
            [sys.executable, str(ROOT / "tools" / "sbom.py"), str(folder)],
            cwd=ROOT,
            env={**os.environ, "SOURCE_DATE_EPOCH": "1700000000", "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        return {each.name: each.read_text("utf-8") for each in folder.iterdir()}

    def parts(self, document: dict[str, Any]) -> dict[str, str | None]:
        return {each["name"].lower(): each.get("scope") for each in document["components"]}

    def test_whole(self) -> None:
        """Both documents keep to the schema, strictly; what is needed is required, what an extra needs is optional."""
        from cyclonedx.schema import SchemaVersion
        from cyclonedx.validation.json import JsonStrictValidator

        first, second = self.made(), self.made()
        self.assertEqual(first, second, "two runs differ")
        self.assertEqual(len(first), 2, sorted(first))
        documents = {}
        for name, text in first.items():
            self.assertIsNone(JsonStrictValidator(SchemaVersion.V1_6).validate_str(text), name)
            documents["deb" if ".deb." in name else "pip"] = found = json.loads(text)
            self.assertEqual(found["metadata"]["timestamp"], "2023-11-14T22:13:20+00:00")
            self.assertTrue(found["serialNumber"].startswith("urn:uuid:"))
            self.assertEqual(found["metadata"]["component"]["name"], "dog-gateway")

        pip = self.parts(documents["pip"])
        for name in ("twisted", "autobahn", "zope.interface", "pyserial", "attrs", "constantly"):
            self.assertEqual(pip[name], "required", name)
        for name in ("pyyaml", "orjson", "pyopenssl"):
            self.assertEqual(pip[name], "optional", name)
        self.assertNotIn("hypothesis", pip)
        self.assertIn("dogont.json", pip)
        for each in documents["pip"]["components"]:
            self.assertTrue(each.get("licenses"), each["name"])
        root = documents["pip"]["metadata"]["component"]["bom-ref"]
        depends = {each["ref"]: each.get("dependsOn", []) for each in documents["pip"]["dependencies"]}
        names = {re.sub("@.*", "", each) for each in depends[root]}
        self.assertLessEqual({"pkg:pypi/twisted", "pkg:pypi/pyserial", "pkg:pypi/orjson"}, names)

        deb = self.parts(documents["deb"])
        for name in ("python3-twisted", "python3-autobahn", "python3-serial", "python3-zope.interface"):
            self.assertEqual(deb[name], "required", name)
        self.assertEqual(deb["python3-orjson"], "optional")
