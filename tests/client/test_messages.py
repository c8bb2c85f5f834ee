import json

from twisted.trial.unittest import SynchronousTestCase

from dog.client.errors import failedFrom
from dog.client.messages import BadMessage, Event, Presentation, Response, decode, encodeRequest


class DecodeTests(SynchronousTestCase):
    def response(self, **fields: object) -> Response:
        (found,) = decode(json.dumps({"messageType": "response", "sequenceNumber": "1", **fields}).encode())
        assert isinstance(found, Response)
        return found

    def test_status_of_a_dog_3_gateway(self) -> None:
        """It sends no status: the words tell."""
        for result, status in [
            ("PUT /api/v1/devices/a/commands/on executed successfully", 200),
            ("PUT /api/v1/devices/a/commands/on execution failed", 500),
            ("The requested resource was not found", 404),
            ("Not authorised", 403),
            ("Registration failed", 400),
            ("Unregistration completed successfully", 200),
        ]:
            self.assertEqual(self.response(response={"result": result}).status, status, result)
        forgot = "You forgot to send the clientId or the message type is not a request"
        self.assertEqual(self.response(response=forgot).status, 400)
        self.assertEqual(self.response(response={"devices": []}).status, 200)

    def test_failure(self) -> None:
        self.assertIsNone(self.response(status=204, response=None).failure())
        failed = self.response(status=404, response={"result": "The requested resource was not found"}).failure()
        assert failed is not None
        self.assertEqual((failed.code, failed.message), ("unknown", "The requested resource was not found"))

    def test_sequence_number_of_any_type(self) -> None:
        self.assertEqual(self.response(sequenceNumber=17).sequenceNumber, "17")
        self.assertIsNone(self.response(sequenceNumber=None).sequenceNumber)

    def test_presentation_of_a_dog_3_gateway(self) -> None:
        (found,) = decode(b'{"clientId":"1f7170d4","messageType":"presentation"}')
        self.assertEqual(found, Presentation("1f7170d4"))

    def test_server_as_an_object(self) -> None:
        (found,) = decode(b'{"clientId":"1","messageType":"presentation","server":{"name":"Dog","version":"4.0"}}')
        assert isinstance(found, Presentation)
        self.assertEqual(found.server, "Dog 4.0")

    def test_event(self) -> None:
        body = {"kind": "valueStaled", "device": "lamp", "states": [{"state": "OnOffState"}]}
        message = {"messageType": "event", "event": body, "at": "2025-01-15T12:00:00.000Z", "eventId": 4, "cursor": 3}
        (found,) = decode(json.dumps(message).encode())
        states = ({"state": "OnOffState"},)
        self.assertEqual(found, Event("valueStaled", "lamp", states, {}, body, "2025-01-15T12:00:00.000Z", 4, 3))
        (found,) = decode(b'{"messageType":"event","event":{"kind":"environmentChanged","details":3,"states":{}}}')
        assert isinstance(found, Event)
        self.assertEqual((found.device, found.states, found.details, found.eventId), (None, (), {}, None))

    def test_bad(self) -> None:
        for payload in (
            b"",
            b"{",
            b"\xff",
            b"1",
            b'"text"',
            b"{}",
            b'{"messageType":1}',
            b'{"messageType":"presentation"}',
            b'{"messageType":"notification","notification":"x"}',
            b'{"messageType":"event","event":{"device":"lamp"}}',
            b'{"messageType":"event"}',
            b"[1]",
            b"[" * 100_000,
        ):
            self.assertRaises(BadMessage, decode, payload)


class EncodeTests(SynchronousTestCase):
    def test_parameters(self) -> None:
        def parameters(value: object) -> object:
            return json.loads(encodeRequest("c", "1", "PUT", "/x", value)).get("parameters", "absent")

        self.assertEqual(parameters(None), "absent")
        self.assertEqual(parameters(""), "")
        self.assertEqual(parameters({"value": "21 °C"}), {"value": "21 °C"})


class FailedFromTests(SynchronousTestCase):
    def test_not_an_error_object(self) -> None:
        wrong: list[object] = [None, "text", [], {"code": 1, "message": None}]
        for error in wrong:
            failed = failedFrom(500, error, "otherwise")
            self.assertEqual((failed.status, failed.code, failed.message), (500, "unknown", "otherwise"))
            self.assertEqual(str(failed), "otherwise [unknown, 500]")
