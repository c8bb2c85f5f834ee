import json

from dog.cli.options import UsageError
from dog.cli.send import body
from dog.client.errors import Failed
from dog.client.rest import Answer
from tests.cli.fakes import CliCase


class BodyTests(CliCase):
    def test_bodies(self) -> None:
        cases: list[tuple[list[str], object]] = [
            ([], None),
            (["40"], {"value": "40"}),
            (["-5"], {"value": "-5"}),
            (["21.5 C"], {"value": "21.5 C"}),
            (["21.5", "C"], {"value": "21.5 C"}),
            (["heating"], {"value": "heating"}),
            ([""], {"value": ""}),
            (['{"hue": 1}'], {"value": {"hue": 1}}),
            (['[{"weekDay": 1}]'], {"value": [{"weekDay": 1}]}),
            (["phaseID1=L1", "phaseID2=L2"], {"phaseID1": "L1", "phaseID2": "L2"}),
            (["color={}"], {"color": {}}),
            (["value={not json"], {"value": "{not json"}),
            (["value=a=b"], {"value": "a=b"}),
            (["a=b=c"], {"a": "b=c"}),
            (["1=2"], {"value": "1=2"}),
            (["="], {"value": "="}),
        ]
        for words, expected in cases:
            self.assertEqual(body(words), expected, words)

    def test_wrong(self) -> None:
        for words, why in [
            (["a=1", "b"], "'b' is not of the form"),
            (["a=1", "a=2"], "a is given twice"),
            (["{"], "is not JSON"),
            (["a=[1,"], "is not JSON"),
        ]:
            self.assertIn(why, str(self.assertRaises(UsageError, body, words)))


class SendTests(CliCase):
    def test_done(self) -> None:
        self.rest.answers["PUT", "/api/v1/devices/lamp/commands/on"] = Answer(200, None, {"dog-command": "c7"})
        self.assertEqual(self.dogctl("send", "lamp", "on"), (0, "lamp: on done\n", ""))
        self.assertEqual(self.rest.requests, [("PUT", "/api/v1/devices/lamp/commands/on", None)])
        status, out, _ = self.dogctl("send", "lamp", "on", "--json")
        self.assertEqual(status, 0)
        self.assertEqual(json.loads(out), {"device": "lamp", "command": "on", "status": 200, "commandId": "c7"})

    def test_values(self) -> None:
        path = "/api/v1/devices/a%2Fb/commands/set"
        self.rest.answers["PUT", path] = Answer(200)
        self.assertEqual(self.dogctl("send", "a/b", "set", "-5", "C")[0], 0)
        self.assertEqual(self.rest.requests, [("PUT", path, {"value": "-5 C"})])

    def test_failed(self) -> None:
        error = {"code": "out_of_range", "message": "120 is over 100", "maximum": 100}
        self.rest.answers["PUT", "/api/v1/devices/lamp/commands/set"] = Failed(
            422, "out_of_range", "120 is over 100", error
        )
        self.assertEqual(
            self.dogctl("send", "lamp", "set", "120"), (1, "", "dogctl: 120 is over 100 [out_of_range, 422]\n")
        )
        status, out, err = self.dogctl("send", "lamp", "set", "120", "--json")
        self.assertEqual((status, out), (1, ""))
        self.assertEqual(json.loads(err), {"error": {**error, "status": 422}})

    def test_usage(self) -> None:
        status, out, err = self.dogctl("send", "lamp", "set", "{")
        self.assertEqual((status, out, self.rest.requests), (2, "", []))
        self.assertIn("is not JSON", err)
        self.assertEqual(self.dogctl("send", "lamp")[0], 2)
