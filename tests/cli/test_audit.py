import json
from typing import Any

from dog.client.rest import Answer
from tests.cli.fakes import CliCase

PATH = "/api/v1/admin/audit"


def entry(number: int, **more: Any) -> dict[str, Any]:
    told = {"who": "panel", "what": f"PUT /{number}", "from": "192.0.2.1", "outcome": "done"}
    return {"n": number, "at": "2026-05-01T12:00:00+00:00", **told, **more}


class AuditTests(CliCase):
    def answer(self, query: str, *entries: dict[str, Any], **more: Any) -> None:
        self.rest.answers["GET", f"{PATH}?{query}"] = Answer(200, {"entries": entries, "unreadable": 0, **more})

    def test_table(self) -> None:
        """The newest at the end, as in a log; counts with what they count."""
        self.answer(
            "limit=50", entry(9, about="panel (user)"), entry(8, what="more refusals", count=7, outcome="counted")
        )
        status, out, err = self.dogctl("audit")
        self.assertEqual((status, err), (0, ""))
        lines = out.splitlines()
        self.assertRegex(lines[0], r"^N +AT +WHO +FROM +WHAT +OUTCOME$")
        self.assertRegex(lines[1], r"^8 .*more refusals \(7\) +counted$")
        self.assertRegex(lines[2], r"^9 +2026-05-01 \d\d:00:00 +panel +192.0.2.1 +PUT /9: panel \(user\) +done$")

    def test_pages(self) -> None:
        """More than one page is asked for page by page; what is left is said."""
        self.answer("limit=1000", *map(entry, range(3000, 2000, -1)), next=2001)
        self.answer("limit=500&before=2001", *map(entry, range(2000, 1500, -1)), next=1501, unreadable=2)
        status, out, err = self.dogctl("audit", "-n", "1500")
        self.assertEqual(status, 0)
        self.assertEqual(len(out.splitlines()), 1501)
        self.assertEqual(
            err, "dogctl: there are older ones: --before 1501\ndogctl: 2 lines of the log are no entries\n"
        )

    def test_filters(self) -> None:
        self.answer("who=a+b&from=192.0.2.1&what=%2Ftokens&outcome=forbidden&limit=5&before=7", entry(6))
        words = ("--who", "a b", "--from", "192.0.2.1", "--what", "/tokens", "--outcome", "forbidden")
        status, out, _ = self.dogctl("audit", *words, "-n", "5", "--before", "7")
        self.assertEqual((status, len(out.splitlines())), (0, 2))

    def test_json(self) -> None:
        self.answer("limit=1", entry(9), next=9)
        _, out, _ = self.dogctl("audit", "--json", "-n", "1")
        self.assertEqual(json.loads(out), {"entries": [entry(9)], "unreadable": 0, "next": 9})

    def test_usage(self) -> None:
        for each in ("0", "x", "-1", "9" * 16):
            self.assertEqual(self.dogctl("audit", "-n", each)[0], 2, each)
        self.assertEqual(self.dogctl("audit")[0], 1)
