"""The driver author's guide's example, as somebody else's package: built, installed, found, commanded, captured."""

from __future__ import annotations

import time

from dog.testing import readCapture
from tests.examples.installed import PATIENCE
from tests.examples.relayboard import RelayBoardCase


class RelayBoardTests(RelayBoardCase):
    def test_itsOwnTests(self) -> None:
        """They pass where it is installed."""
        tests = self.run_("-m", "twisted.trial", "--temp-directory=trial", "dog_relayboard")
        self.assertEqual(tests.wait(), 0, "\n".join(tests.lines))
        self.assertRegex("\n".join(tests.lines), r"Ran [1-9]\d+ tests")

    def test_inAGateway(self) -> None:
        """It is found by its entry point, its devices do what they are told and say what is done to them; what passes
        on its wire is captured, and is what its tests play.
        """
        self.start()
        self.becomes("lamp", "off")
        [found] = [each for each in self.get("/api/v1/drivers")["drivers"] if each["name"] == "relayboard"]
        self.assertEqual((found["systems"], [each["state"] for each in found["links"]]), (["RelayBoard"], ["up"]))
        [link] = [each["key"] for each in found["links"]]

        file = self.folder / "board.jsonl"
        capture = self.dogctl("capture", "relayboard", link, "--seconds", "600", "--bytes", "34", "-o", str(file))
        until = time.monotonic() + PATIENCE
        while not file.exists() or len(file.read_text().splitlines()) < 2:
            self.assertLess(time.monotonic(), until, capture.lines)
            time.sleep(0.05)
        self.assertEqual(self.put("/api/v1/devices/lamp/commands/on"), 200)
        self.becomes("lamp", "on")
        self.board.type("1 OFF")
        self.becomes("lamp", "off")
        self.put("/api/v1/devices/outlet/commands/on")
        self.assertEqual(capture.wait(), 0, capture.lines)
        self.assertIn("ended by: bytes", capture.lines[-1])
        passed = [(each.what, each.data) for each in readCapture(file).records if each.data != b"STATE\n"]
        passed = [each for each in passed if not each[1].startswith(b"STATE ")]
        self.assertEqual(
            passed[:4],
            [("open", b""), ("sent", b"SET 1 ON\n"), ("received", b"OK 1 ON\n"), ("received", b"RELAY 1 OFF\n")],
        )

    def test_boardGone(self) -> None:
        """The gateway says so at once, and has it again when it is back."""
        self.start()
        self.becomes("outlet", "off")
        port = self.board.next("listening on ").split()[-1]
        self.board.stop()
        until = time.monotonic() + PATIENCE
        while self.get("/health")["devices"]["online"]:
            self.assertLess(time.monotonic(), until)
            time.sleep(0.05)
        self.board = self.run_("-m", "dog_relayboard.board", "--listen", f"tcp:{port}:interface=127.0.0.1")
        while self.get("/health")["devices"]["online"] != 2:
            self.assertLess(time.monotonic(), until, self.gateway.output)
            time.sleep(0.05)
