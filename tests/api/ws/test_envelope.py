"""Requests in every shape that is specified, answers, presentation, notifications: texts in, texts out."""

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.api.call import Media, ParsedBody, Reply
from dog.api.ws import envelope
from dog.api.ws.envelope import Asked, Notification, read, response
from dog.core.events import Event, Kind
from dog.model.catalogue import catalogue
from dog.model.measure import Measure
from dog.model.values import DailyClimateSchedule, HSBColor, SwitchPoint
from tests.api.ws.talk import frames

ID = "1f7170d4"
LIMIT = 10_000


def message(**fields: Any) -> dict[str, Any]:
    given = {
        "clientId": ID,
        "sequenceNumber": "1",
        "messageType": "request",
        "action": "GET",
        "endPoint": "/api/v1/devices",
        **fields,
    }
    return {name: value for name, value in given.items() if value is not None}


class Reading(SynchronousTestCase):
    """What is read of a message."""

    def asked(self, payload: Any) -> Asked:
        found = read(payload if isinstance(payload, bytes) else json.dumps(payload).encode(), ID, LIMIT)
        self.assertIsInstance(found, Asked, found)
        assert isinstance(found, Asked)
        return found

    def refused(self, payload: Any) -> Any:
        found = read(payload if isinstance(payload, bytes) else json.dumps(payload).encode(), ID, LIMIT)
        self.assertIsInstance(found, bytes, found)
        assert isinstance(found, bytes)
        return json.loads(found)


class RequestTests(Reading):
    def test_published(self) -> None:
        found = self.asked(
            b'{"clientId":"1f7170d4","sequenceNumber":"1","messageType":"request","action":"GET",'
            b'"endPoint":"/api/v1/devices/MeteringPowerOutlet_3/status"}'
        )
        self.assertEqual(found.action, "GET")
        self.assertEqual(found.path, ("api", "v1", "devices", "MeteringPowerOutlet_3", "status"))
        self.assertIsNone(found.body)
        self.assertEqual(
            list(found.echo.items()),
            [
                ("clientId", ID),
                ("sequenceNumber", "1"),
                ("action", "GET"),
                ("endPoint", "/api/v1/devices/MeteringPowerOutlet_3/status"),
            ],
        )

    def test_endPoint(self) -> None:
        """With and without the leading slash, query, percent-encoding; echoed as it was sent."""
        for endPoint, path, query in (
            ("api/v1/devices", ("api", "v1", "devices"), {}),
            ("//api/v1//devices/", ("api", "v1", "devices"), {}),
            ("/api/v1/devices/a%20b%2Fc", ("api", "v1", "devices", "a b/c"), {}),
            ("/api/v1/devices/caff%C3%A8", ("api", "v1", "devices", "caffè"), {}),
            ("/api/v1/devices/caffè", ("api", "v1", "devices", "caffè"), {}),
            ("/a?profile=released", ("a",), {"profile": "released"}),
            ("/a?x=1&x=2&y=&z=a%20b+c", ("a",), {"x": "2", "y": "", "z": "a b c"}),
            ("/a/%2A", ("a", "*"), {}),
            ("", (), {}),
        ):
            found = self.asked(message(endPoint=endPoint))
            self.assertEqual((found.path, found.query, found.echo["endPoint"]), (path, query, endPoint))

    def test_endpoint(self) -> None:
        """The other spelling is understood, and answered in the right one."""
        found = self.asked(message(endPoint=None, endpoint="/a"))
        self.assertEqual((found.path, found.echo["endPoint"]), (("a",), "/a"))
        self.assertNotIn("endpoint", found.echo)

    def test_endPointWins(self) -> None:
        self.assertEqual(self.asked(message(endPoint="/a", endpoint="/b")).path, ("a",))

    def test_sequenceNumber(self) -> None:
        """With the JSON type it was sent with."""
        for number in ("1", 1, 1.5, True, [1], {"a": 1}, "", 2**80):
            echoed = self.asked(message(sequenceNumber=number)).echo["sequenceNumber"]
            self.assertEqual((type(echoed), echoed), (type(number), number))

    def test_sequenceNumberNull(self) -> None:
        found = self.asked({**message(), "sequenceNumber": None})
        self.assertIsNone(found.echo["sequenceNumber"])

    def test_noSequenceNumber(self) -> None:
        self.assertNotIn("sequenceNumber", self.asked(message(sequenceNumber=None)).echo)

    def test_unknownFields(self) -> None:
        self.assertEqual(self.asked(message(colour="red")), self.asked(message()))

    def test_duplicateKeys(self) -> None:
        found = self.asked(
            b'{"clientId":"x","clientId":"1f7170d4","messageType":"request","action":"PUT","action":"GET",'
            b'"endPoint":"/a","parameters":{"value":1,"value":2}}'
        )
        self.assertEqual((found.action, found.body), ("GET", ParsedBody({"value": 2})))

    def test_key(self) -> None:
        self.assertEqual(self.asked(message(idempotencyKey="k1")).key, "k1")
        self.assertIsNone(self.asked(message(idempotencyKey="")).key)
        self.assertEqual(self.asked(message(idempotencyKey="k" * 255)).key, "k" * 255)
        answer = self.refused(message(idempotencyKey="k" * 256))
        self.assertEqual((answer["status"], answer["error"]["path"]), (400, "/idempotencyKey"))
        self.assertNotIn("kkk", answer["error"]["message"])
        self.assertEqual(self.refused(message(idempotencyKey=5))["error"]["path"], "/idempotencyKey")


class ParametersTests(Reading):
    def body(self, parameters: Any) -> Any:
        return self.asked({**message(), "parameters": parameters}).body

    def test_value(self) -> None:
        for value in ({"value": 1}, ["A", "B"], 5, 0, False, {}, []):
            self.assertEqual(self.body(value), ParsedBody(value))

    def test_text(self) -> None:
        """A text that holds JSON is that JSON."""
        for text, value in (
            ('{"value": "20 C"}', {"value": "20 C"}),
            ('["A","B"]', ["A", "B"]),
            ('"OnNotification"', "OnNotification"),
            (" 7 ", 7),
            ("0", 0),
            ("false", False),
            ('{"a":1,"a":2}', {"a": 2}),
        ):
            self.assertEqual(self.body(text), ParsedBody(value), text)

    def test_otherText(self) -> None:
        """Any other text is itself."""
        for text in ("*", "OnNotification", "{", "NaN", "-Infinity", " ", "[1,]", "1" * 5000, '"\\ud800"'):
            self.assertEqual(self.body(text), ParsedBody(text), text)

    def test_none(self) -> None:
        for nothing in ("", None, "null", '""'):
            self.assertIsNone(self.body(nothing), nothing)

    def test_absent(self) -> None:
        self.assertIsNone(self.asked(message()).body)

    def test_xml(self) -> None:
        found = self.asked(message(parameters="  <rules/>"))
        self.assertEqual((found.xml, found.body), ("  <rules/>", ParsedBody("  <rules/>")))
        self.assertIsNone(self.asked(message(parameters='{"a":"<b/>"}')).xml)

    def test_deepText(self) -> None:
        """Too deep to be JSON, so a text; no recursion error."""
        deep = "[" * 4000
        self.assertEqual(self.body(deep), ParsedBody(deep))


class ForgotTests(Reading):
    """The one answer that is a text."""

    def check(self, sent: dict[str, Any], echoed: dict[str, Any]) -> None:
        answer = self.refused(sent)
        error = answer.pop("error")
        self.assertEqual(answer, {**echoed, "messageType": "response", "response": envelope.FORGOT, "status": 400})
        self.assertEqual(error["code"], "bad_body")

    def test_wording(self) -> None:
        self.assertEqual(envelope.FORGOT, "You forgot to send the clientId or the message type is not a request")

    def test_wrongClientId(self) -> None:
        self.check(message(clientId="00000000"), {"clientId": "00000000", "sequenceNumber": "1"})
        self.check(message(clientId=5), {"clientId": 5, "sequenceNumber": "1"})

    def test_noClientId(self) -> None:
        self.check(message(clientId=None), {"sequenceNumber": "1"})

    def test_messageType(self) -> None:
        for other in ("response", "Request", 1, None):
            self.check(message(messageType=other), {"clientId": ID, "sequenceNumber": "1"})

    def test_nothing(self) -> None:
        self.check({}, {})

    def test_first(self) -> None:
        """Before anything else is looked at."""
        self.check(message(clientId="0", action="DANCE", endPoint=5), {"clientId": "0", "sequenceNumber": "1"})


class MalformedTests(Reading):
    def test_notJson(self) -> None:
        answer = self.refused(b'{"clientId":"1f7170d4",\n "sequenceNumber":"7", }')
        self.assertEqual((answer["status"], answer["sequenceNumber"], answer["clientId"]), (400, "7", ID))
        self.assertEqual(answer["messageType"], "response")
        self.assertEqual((answer["error"]["code"], answer["error"]["line"]), ("bad_json", 2))
        self.assertEqual(answer["response"], {"result": "The message could not be understood"})
        self.assertNotIn("action", answer)

    def test_publishedPage(self) -> None:
        """As it is printed there, with a comma too many: told where."""
        answer = self.refused(b'{"clientId":"1f7170d4","sequenceNumber":3,"messageType":"request","action":"GET",}')
        self.assertEqual((answer["status"], answer["sequenceNumber"]), (400, 3))
        self.assertIsInstance(answer["error"]["column"], int)
        self.assertIn("column", answer["error"]["message"])

    def test_sequenceInDoubt(self) -> None:
        """Two numbers, or none that can be read: none is echoed."""
        for payload in (
            b'{"sequenceNumber":1,"sequenceNumber":2,',
            b'{"sequenceNumber":}',
            b'{"sequenceNumber":abc}',
            b'{"sequenceNumber":"\\ud800",',
            b"nothing",
        ):
            self.assertNotIn("sequenceNumber", self.refused(payload))

    def test_notAnObject(self) -> None:
        for payload in (b"[]", b"5", b'"text"', b"null", b"true", b'[{"clientId":"1f7170d4"}]'):
            answer = self.refused(payload)
            self.assertEqual((answer["status"], answer["error"]["code"]), (400, "bad_body"))

    def test_empty(self) -> None:
        self.assertEqual(self.refused(b"")["error"]["code"], "bad_json")

    def test_action(self) -> None:
        for action in ("PATCH", "get", "HEAD", "OPTIONS", ""):
            answer = self.refused(message(action=action))
            self.assertEqual((answer["status"], answer["error"]["code"]), (405, "method_not_allowed"))
            self.assertEqual(answer["error"]["allowed"], ["GET", "PUT", "POST", "DELETE"])
            self.assertEqual((answer["action"], answer["endPoint"]), (action, "/api/v1/devices"))
            self.assertEqual(answer["response"], {"result": f"{action} /api/v1/devices execution failed"})
            self.assertEqual(answer["sequenceNumber"], "1")

    def test_missing(self) -> None:
        for name in ("action", "endPoint"):
            answer = self.refused(message(**{name: None}))
            self.assertEqual((answer["status"], answer["error"]["code"]), (400, "bad_body"))
            self.assertEqual(answer["error"]["path"], f"/{name}")
            self.assertEqual(answer["response"], {"result": "The message could not be understood"})
            self.assertNotIn(name, answer)

    def test_wrongType(self) -> None:
        for name in ("action", "endPoint"):
            answer = self.refused(message(**{name: 5}))
            self.assertEqual((answer["status"], answer["error"]["path"]), (400, f"/{name}"))
            self.assertNotIn(name, answer)

    def test_tooDeep(self) -> None:
        """As deep as it likes: an answer, with the sequence number, and no recursion error."""
        for depth in (65, 2000):
            nested = "[" * depth + "]" * depth
            text = json.dumps(message())[:-1] + f', "parameters": {nested}}}'
            answer = self.refused(text.encode())
            self.assertEqual((answer["status"], answer["error"]["code"]), (400, "bad_json"))
            self.assertEqual(answer["sequenceNumber"], "1")

    def test_tooLarge(self) -> None:
        answer = self.refused(json.dumps(message(parameters="x" * LIMIT)).encode())
        self.assertEqual((answer["status"], answer["error"]["code"]), (413, "too_large"))
        self.assertEqual((answer["error"]["limit"], answer["sequenceNumber"]), (LIMIT, "1"))

    def test_justNotTooLarge(self) -> None:
        text = json.dumps(message()).encode()
        self.assertIsInstance(read(text, ID, len(text)), Asked)
        self.assertIsInstance(read(text, ID, len(text) - 1), bytes)

    def test_anything(self) -> None:
        """Whatever comes, there is an answer, and it is JSON."""
        good = json.dumps(message(parameters={"value": ["é", 1.5, None]}), ensure_ascii=False).encode()
        for cut in range(len(good)):
            for payload in (good[:cut], good[cut:], good[:cut] + b"\x00" + good[cut:], good[:cut] + b'"' + good[cut:]):
                found = read(payload, ID, LIMIT)
                if isinstance(found, bytes):
                    self.assertEqual(json.loads(found)["messageType"], "response")


class ResponseTests(Reading):
    def answer(self, reply: Reply, **fields: Any) -> Any:
        return json.loads(response(self.asked(message(**fields)), reply))

    def test_textAlready(self) -> None:
        """What is text already goes in as it is, and the answer reads the same, to the order of its keys."""
        body = {"id": "è", "list": [1, {"a": None}]}
        asked = self.asked(message(endPoint="/a?b=\u00fc", sequenceNumber={"any": ["thing"]}))
        plain = response(asked, Reply(200, Media.JSON, json=body))
        spliced = response(asked, Reply(200, Media.JSON, json={"not": "read"}, text=json.dumps(body).encode()))
        self.assertEqual(json.loads(spliced), json.loads(plain))
        self.assertEqual(list(json.loads(spliced)), list(json.loads(plain)))
        self.assertEqual(
            response(asked, Reply(200, json=body, text=b"{}", warnings=("w",)))[-18:-1], b',"warnings":["w"]'
        )

    def test_json(self) -> None:
        answer = self.answer(Reply(200, Media.JSON, json={"devices": []}))
        self.assertEqual(
            list(answer.items()),
            [
                ("clientId", ID),
                ("sequenceNumber", "1"),
                ("action", "GET"),
                ("endPoint", "/api/v1/devices"),
                ("messageType", "response"),
                ("response", {"devices": []}),
                ("status", 200),
            ],
        )

    def test_emptyJson(self) -> None:
        """Something empty is something."""
        self.assertEqual(self.answer(Reply(200, Media.JSON, json={}))["response"], {})
        self.assertEqual(self.answer(Reply(200, Media.JSON, json=[]))["response"], [])

    def test_noBody(self) -> None:
        """An operation; the end point as it was sent."""
        for status in (200, 201, 204):
            answer = self.answer(Reply(status), action="PUT", endPoint="api/v1/devices/a%20b/commands/on")
            self.assertEqual(
                answer["response"], {"result": "PUT api/v1/devices/a%20b/commands/on executed successfully"}
            )
            self.assertEqual(answer["status"], status)

    def test_notFound(self) -> None:
        error = {"code": "not_found", "message": "there is no device 'x'"}
        answer = self.answer(Reply(404, Media.JSON, json={"error": error}, error=error))
        self.assertEqual(answer["response"], {"result": "The requested resource was not found"})
        self.assertEqual((answer["status"], answer["error"]), (404, error))

    def test_notAuthorised(self) -> None:
        for status in (401, 403):
            answer = self.answer(Reply(status, error={"code": "forbidden", "message": "no"}))
            self.assertEqual((answer["response"], answer["status"]), ({"result": "Not authorised"}, status))

    def test_failed(self) -> None:
        for status in (400, 405, 406, 409, 422, 500, 502, 503, 504):
            answer = self.answer(Reply(status, error={"code": "x", "message": "y"}), action="PUT")
            self.assertEqual(answer["response"], {"result": "PUT /api/v1/devices execution failed"})
            self.assertEqual((answer["status"], answer["error"]["code"]), (status, "x"))

    def test_registrationFailed(self) -> None:
        endPoint = "/api/v1/subscriptions/devices/notifications"
        answer = self.answer(Reply(400, error={"code": "bad_body", "message": "y"}), action="POST", endPoint=endPoint)
        self.assertEqual(answer["response"], {"result": "Registration failed"})

    def test_ownWords(self) -> None:
        reply = Reply(200, response={"result": "Registration completed successfully"}, warnings=("unknown",))
        answer = self.answer(reply)
        self.assertEqual(answer["response"], {"result": "Registration completed successfully"})
        self.assertEqual(answer["warnings"], ["unknown"])

    def test_commandId(self) -> None:
        self.assertEqual(self.answer(Reply(200, commandId="c1"))["commandId"], "c1")

    def test_nothingMore(self) -> None:
        for name in ("warnings", "commandId", "error"):
            self.assertNotIn(name, self.answer(Reply(200)))

    def test_failure(self) -> None:
        answer = json.loads(envelope.failure(self.asked(message(action="PUT")).echo))
        self.assertEqual((answer["status"], answer["error"]["code"]), (500, "internal"))
        self.assertEqual(answer["response"], {"result": "PUT /api/v1/devices execution failed"})
        self.assertEqual(answer["sequenceNumber"], "1")

    def test_text(self) -> None:
        """Compact, UTF-8."""
        sent = response(self.asked(message(endPoint="/a")), Reply(200, Media.JSON, json={"a": "è"}))
        self.assertIn('"response":{"a":"è"}'.encode(), sent)


class PresentationTests(SynchronousTestCase):
    def test_fields(self) -> None:
        sent = envelope.presentation(ID, {"name": "dog", "version": "4", "started": object()}, "e1", 17, True)
        self.assertEqual(
            list(json.loads(sent).items()),
            [
                ("clientId", ID),
                ("messageType", "presentation"),
                ("server", {"name": "dog", "version": "4"}),
                ("apiVersion", "v1"),
                ("features", ["batch", "eventId", "events", "gap"]),
                ("epoch", "e1"),
                ("eventId", 17),
                ("authenticated", True),
            ],
        )


def event(cls: str, device: str = "d1", discrete: bool = True, eventId: int = 5, **params: Any) -> Event:
    kind = catalogue().notification(cls)
    assert kind is not None
    at = datetime(2024, 5, 1, 14, 0, 0, 123_999, tzinfo=timezone(timedelta(hours=2)))
    return Event(eventId, at, Kind.NOTIFICATION, device, kind, params, discrete=discrete)


class NotificationTests(SynchronousTestCase):
    def told(self, event: Event) -> Any:
        [(opcode, payload)], rest = frames(Notification(event).frame(ID.encode()))
        self.assertEqual((opcode, rest), (1, b""))
        return json.loads(payload)

    def test_published(self) -> None:
        value = Measure.parse("16.648 kWh")
        told = self.told(
            event("SinglePhaseActiveEnergyMeasurementNotification", "SinglePhaseElectricityMeter_7", value=value)
        )
        self.assertEqual(
            json.dumps(told, separators=(",", ":")),
            '{"clientId":"1f7170d4","messageType":"notification","notification":'
            '{"notificationTopic":"SinglePhaseActiveEnergyMeasurementNotification",'
            '"notificationName":"newActiveEnergyValue","value":"16.648 kWh",'
            '"deviceUri":"SinglePhaseElectricityMeter_7"}}',
        )

    def test_noParams(self) -> None:
        self.assertEqual(
            self.told(event("OnNotification"))["notification"],
            {"notificationTopic": "OnNotification", "notificationName": "on", "deviceUri": "d1"},
        )

    def test_keyParams(self) -> None:
        told = self.told(event("PressedMNotification", buttonID="2"))["notification"]
        self.assertEqual((told["buttonID"], told["notificationName"]), ("2", "pressed"))

    def test_axes(self) -> None:
        unit = catalogue().unit("acceleration")
        params: dict[str, Any] = {name: Measure.parse(f"1.5 {unit}") for name in ("accX", "accY", "accZ")}
        told = self.told(event("TridimensionalAccelerationNotification", **params))["notification"]
        self.assertEqual([told[name] for name in ("accX", "accY", "accZ")], [f"1.5 {unit}"] * 3)

    def test_jsonValues(self) -> None:
        """What the old gateway sent as an empty text."""
        self.assertEqual(
            self.told(event("ColorHSBNotification", colorHSB=HSBColor(1, 2, 3)))["notification"]["colorHSB"],
            {"hue": 1, "saturation": 2, "brightness": 3},
        )
        self.assertEqual(self.told(event("StoreSceneNotification", sceneNumber=4))["notification"]["sceneNumber"], 4)
        at = datetime(2024, 1, 1, tzinfo=UTC)
        day = DailyClimateSchedule(2, (SwitchPoint(at, Measure.parse("20 C")),))
        schedules = self.told(event("WeeklyClimateScheduleNotification", dailySchedules=(day,)))["notification"]
        self.assertEqual(
            schedules["dailySchedules"],
            [{"weekDay": 2, "switchPoints": [{"desiredTemperature": "20 C", "timeAt": 1704067200000}]}],
        )

    def test_unitless(self) -> None:
        """With the space."""
        told = self.told(event("LevelControlNotification", newLevel=Measure.parse("63")))
        self.assertEqual(told["notification"]["newLevel"], "63 ")

    def test_stamped(self) -> None:
        """Beside C{notification}, never in it."""
        made = Notification(event("OnNotification", eventId=1234))
        [(_, payload)], rest = frames(made.stamped(ID.encode(), 1200))
        told = json.loads(payload)
        self.assertEqual(rest, b"")
        self.assertEqual(list(told), ["clientId", "messageType", "notification", "eventId", "at", "cursor"])
        self.assertEqual((told["eventId"], told["cursor"]), (1234, 1200))
        self.assertEqual(told["at"], "2024-05-01T12:00:00.123Z")
        self.assertEqual(told["notification"], self.told(event("OnNotification"))["notification"])

    def test_lengths(self) -> None:
        """The frame's length is right on both sides of every limit of its form."""
        for size in (1, 20, 30, 40, 65400, 65500, 65600):
            made = Notification(event("OnNotification", "d" * size))
            for data in (made.frame(ID.encode()), made.stamped(ID.encode(), 5)):
                [(_, payload)], rest = frames(data)
                self.assertEqual(rest, b"")
                self.assertEqual(json.loads(payload)["notification"]["deviceUri"], "d" * size)
            self.assertEqual(len(frames(made.frame(ID.encode()))[0][0][1]), made.size)

    def test_frameHead(self) -> None:
        for size in (0, 125, 126, 65535, 65536):
            self.assertEqual(frames(envelope.frameHead(size) + b"x" * size), ([(1, b"x" * size)], b""))

    def test_key(self) -> None:
        """Measurements are told apart by device, class and key parameters; discrete events by nothing."""
        self.assertIsNone(Notification(event("PressedMNotification", buttonID="1")).key)
        phase = "ThreePhaseActivePowerMeasurementNotification"
        keys = [
            Notification(event(phase, device, False, phaseID=line, value=Measure.parse(value))).key
            for device, line, value in (("d1", "L1", "1 W"), ("d1", "L2", "1 W"), ("d2", "L1", "1 W"))
        ]
        self.assertEqual(len(set(keys)), 3)
        again = Notification(event(phase, "d1", False, phaseID="L1", value=Measure.parse("2 W"))).key
        self.assertEqual(again, keys[0])
