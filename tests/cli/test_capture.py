import json
from pathlib import Path
from typing import Any

from dog.client.errors import Failed, NotReachable
from tests.cli.fakes import CliCase

HEAD = {"capture": 1, "driver": "bus"}
OPENED = {"at": 0.0, "connection": 1, "what": "opened", "endpoint": "tcp:x:1", "link": "gw"}
SENT = {"at": 1.5, "connection": 1, "what": "sent", "hex": "0102ff"}
END = {"at": 60.0, "what": "end", "why": "time", "bytes": 3}
PATH = "/api/v1/drivers/bus/capture"


class CaptureTests(CliCase):
    def answer(self, *lines: Any, path: str = PATH) -> None:
        self.rest.answers["LINES", path] = lines

    def test_toStandardOutput(self) -> None:
        """What comes is a capture file."""
        self.answer(HEAD, OPENED, SENT, END)
        status, out, err = self.dogctl("capture", "bus")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual([json.loads(each) for each in out.splitlines()], [HEAD, OPENED, SENT, END])

    def test_toFile(self) -> None:
        file = self.mktemp()
        self.answer(HEAD, OPENED, SENT, END)
        status, out, _ = self.dogctl("capture", "bus", "--output", file)
        self.assertEqual((status, out), (0, f"{file}: 3 bytes in 60.0 s (ended by: time)\n"))
        lines = Path(file).read_text().splitlines()
        self.assertEqual([json.loads(each) for each in lines], [HEAD, OPENED, SENT, END])
        self.answer(HEAD, SENT, END)
        _, out, _ = self.dogctl("capture", "bus", "-o", file, "--json")
        self.assertEqual(json.loads(out), {"file": file, "bytes": 3, "seconds": 60.0, "why": "time"})

    def test_asked(self) -> None:
        path = "/api/v1/drivers/a%2Fb/capture?link=tcp%3A10.0.0.1%20x&seconds=5&bytes=100"
        self.answer(HEAD, END, path=path)
        status, _, _ = self.dogctl("capture", "a/b", "tcp:10.0.0.1 x", "--seconds", "5", "--bytes", "100")
        self.assertEqual((status, self.rest.requests), (0, [("LINES", path, 20.0)]))

    def test_interrupted(self) -> None:
        """Ctrl-C is a good end: what came is kept."""
        file = self.mktemp()
        self.answer(HEAD, OPENED, SENT, KeyboardInterrupt())
        status, out, err = self.dogctl("capture", "bus", "-o", file)
        self.assertEqual((status, out, err), (0, f"{file}: 3 bytes in 1.5 s (ended by: interrupted)\n", ""))
        self.assertEqual(len(Path(file).read_text().splitlines()), 3)

    def test_gatewayGone(self) -> None:
        """Without its end, a capture is not whole."""
        file = self.mktemp()
        for lines in ((HEAD, SENT), (HEAD, SENT, NotReachable("http://x", "no answer"))):
            self.answer(*lines)
            status, _, err = self.dogctl("capture", "bus", "-o", file)
            self.assertEqual(status, 3)
            self.assertTrue(err)
            self.assertEqual(len(Path(file).read_text().splitlines()), 2)

    def test_refused(self) -> None:
        """A refusal leaves the file as it was."""
        file = Path(self.mktemp())
        file.write_text("precious")
        self.answer(Failed(404, "not_found", "there is no driver 'bus'"))
        status, out, err = self.dogctl("capture", "bus", "-o", str(file))
        self.assertEqual((status, out, file.read_text()), (1, "", "precious"))
        self.assertIn("there is no driver", err)

    def test_usage(self) -> None:
        for wrong in (("--seconds", "0"), ("--seconds", "x"), ("--bytes", "-1")):
            self.assertEqual(self.dogctl("capture", "bus", *wrong)[0], 2)
        self.assertEqual(self.dogctl("capture")[0], 2)

    def test_fileThatCannotBeWritten(self) -> None:
        self.answer(HEAD, END)
        status, _, err = self.dogctl("capture", "bus", "-o", "/nonexistent/folder/file")
        self.assertEqual(status, 1)
        self.assertIn("/nonexistent/folder/file", err)
