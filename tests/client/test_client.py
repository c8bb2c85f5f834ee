"""The client's conversation: taken up, carried on, broken off and taken up again, on a clock driven by hand."""

from random import Random
from typing import Any

from autobahn.websocket.types import ConnectionDeny
from twisted.internet.error import ConnectionRefusedError, DNSLookupError
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.client.client import Client
from dog.client.errors import Failed, Interrupted, NoAnswer, NotReachable
from tests.client.gateway import FakeGateway

DEVICES = ("GET", "/api/v1/devices")
ALL = "/api/v1/subscriptions/devices/notifications"


class ClientCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.gateway = FakeGateway(self.clock)
        self.notifications: list[Any] = []
        self.connections: list[Any] = []
        self.losses: list[Any] = []
        self.client = self.makeClient()

    def makeClient(self, **options: Any) -> Client:
        return Client(
            "ws://127.0.0.1:8080/ws",
            self.clock,
            endpoint=self.gateway,
            onNotification=self.notifications.append,
            onConnected=self.connections.append,
            onLost=lambda reason, retryIn: self.losses.append((reason, retryIn)),
            random=Random(1),
            **options,
        )

    def connected(self) -> None:
        connecting = self.client.connect()
        self.gateway.flush()
        self.successResultOf(connecting)

    def advance(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.gateway.flush()

    def retry(self) -> None:
        """Let the time until the next attempt pass."""
        self.advance(self.losses[-1][1])


class ConnectTests(ClientCase):
    def test_presentation(self) -> None:
        self.gateway.presentation = {"server": "Dog 4", "features": ["eventId"], "epoch": "e1", "eventId": 7}
        connecting = self.client.connect()
        self.assertNoResult(connecting)
        self.gateway.flush()
        presentation = self.successResultOf(connecting)
        self.assertEqual(
            (presentation.clientId, presentation.server, presentation.features, presentation.epoch),
            ("client0", "Dog 4", ("eventId",), "e1"),
        )
        self.assertTrue(self.client.connected)
        self.assertEqual(self.connections, [presentation])

    def test_path_and_token(self) -> None:
        self.client = self.makeClient(token="s3cret")
        self.connected()
        self.assertEqual(self.gateway.peer.path, "/ws")
        self.assertEqual(self.gateway.peer.headers["authorization"], "Bearer s3cret")
        self.assertEqual(self.gateway.peer.headers["host"], "127.0.0.1:8080")

    def test_no_token_no_header(self) -> None:
        self.connected()
        self.assertNotIn("authorization", self.gateway.peer.headers)

    def test_host_of_ipv6_in_brackets(self) -> None:
        self.client = Client("ws://[::1]:8080/ws", self.clock, endpoint=self.gateway)
        self.connected()
        self.assertEqual(self.gateway.peer.headers["host"], "[::1]:8080")

    def test_nagle_is_off(self) -> None:
        """Autobahn takes the option from the class at the moment the connection is made, before its own copy."""
        from dog.client.connection import Connection

        self.assertIs(Connection.__dict__["tcpNoDelay"], True)

    def test_refused(self) -> None:
        self.gateway.refusing = ConnectionRefusedError()
        failure = self.failureResultOf(self.client.connect(), NotReachable)
        self.assertEqual(str(failure.value), "ws://127.0.0.1:8080/ws: nothing listens there")
        self.assertEqual(self.losses, [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_unknown_host(self) -> None:
        self.gateway.refusing = DNSLookupError()
        failure = self.failureResultOf(self.client.connect(), NotReachable)
        self.assertEqual(failure.value.reason, "no such host")

    def test_may_be_called_again_after_a_failure(self) -> None:
        self.gateway.refusing = ConnectionRefusedError()
        self.failureResultOf(self.client.connect(), NotReachable)
        self.gateway.refusing = None
        self.connected()
        self.assertTrue(self.client.connected)

    def test_not_twice(self) -> None:
        self.connected()
        self.assertRaises(RuntimeError, self.client.connect)

    def test_connection_takes_too_long(self) -> None:
        self.gateway.hanging = True
        connecting = self.client.connect()
        self.clock.advance(9.9)
        self.assertNoResult(connecting)
        self.clock.advance(0.2)
        failure = self.failureResultOf(connecting, NotReachable)
        self.assertIn("within 10 s", failure.value.reason)
        self.assertEqual(self.gateway.cancelled, 1)

    def test_no_presentation(self) -> None:
        self.gateway.presents = False
        connecting = self.client.connect()
        self.gateway.flush()
        self.advance(10.1)
        self.failureResultOf(connecting, NotReachable)
        self.assertTrue(self.gateway.peer.ended)

    def test_no_websocket_there(self) -> None:
        self.gateway.turnAway = _deny(404, "Not Found")
        connecting = self.client.connect()
        self.gateway.flush()
        failure = self.failureResultOf(connecting, NotReachable)
        self.assertEqual(failure.value.reason, "no Dog gateway answers there (404 Not Found)")

    def test_not_authorized(self) -> None:
        self.gateway.turnAway = _deny(401, "Unauthorized")
        connecting = self.client.connect()
        self.gateway.flush()
        failure = self.failureResultOf(connecting, Failed)
        self.assertEqual((failure.value.status, failure.value.code), (401, "unauthorized"))

    def test_patient(self) -> None:
        self.gateway.refusing = ConnectionRefusedError()
        connecting = self.client.connect(patient=True)
        self.assertNoResult(connecting)
        self.assertEqual(len(self.losses), 1)
        self.gateway.refusing = None
        self.retry()
        self.successResultOf(connecting)

    def test_cancelled(self) -> None:
        self.gateway.hanging = True
        connecting = self.client.connect()
        connecting.cancel()
        self.failureResultOf(connecting)
        self.assertEqual(self.gateway.cancelled, 1)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.losses, [])


def _deny(status: int, reason: str) -> Any:
    def turnAway() -> None:
        raise ConnectionDeny(status, reason)

    return turnAway


class RequestTests(ClientCase):
    def setUp(self) -> None:
        super().setUp()
        self.connected()

    def test_answered(self) -> None:
        self.gateway.answers[DEVICES] = (200, {"devices": []}, {"warnings": ["w"], "commandId": "c1"})
        answered = self.client.request(*DEVICES)
        self.gateway.flush()
        response = self.successResultOf(answered)
        self.assertEqual((response.status, response.response), (200, {"devices": []}))
        self.assertEqual((response.warnings, response.commandId), (("w",), "c1"))
        (message,) = self.gateway.peer.messages
        self.assertEqual(
            message,
            {
                "clientId": "client0",
                "sequenceNumber": "1",
                "messageType": "request",
                "action": "GET",
                "endPoint": "/api/v1/devices",
            },
        )

    def test_answers_in_another_order(self) -> None:
        self.gateway.answering = False
        first = self.client.request("PUT", "/one", {"value": 1})
        second = self.client.request("PUT", "/two", {"value": 2})
        self.gateway.flush()
        one, two = self.gateway.peer.messages
        self.gateway.peer.answer(two, 200, "second")
        self.gateway.peer.answer(one, 200, "first")
        self.gateway.flush()
        self.assertEqual(self.successResultOf(first).response, "first")
        self.assertEqual(self.successResultOf(second).response, "second")
        self.assertEqual([one["parameters"], two["parameters"]], [{"value": 1}, {"value": 2}])

    def test_failed(self) -> None:
        error = {"code": "out_of_range", "message": "120 is over 100", "maximum": 100}
        self.gateway.answers[DEVICES] = (422, {"result": "execution failed"}, {"error": error})
        answered = self.client.request(*DEVICES)
        self.gateway.flush()
        failed = self.failureResultOf(answered, Failed).value
        self.assertEqual((failed.status, failed.code, failed.message), (422, "out_of_range", "120 is over 100"))
        self.assertEqual(failed.error["maximum"], 100)

    def test_no_answer(self) -> None:
        self.gateway.answering = False
        answered = self.client.request(*DEVICES, timeout=3)
        self.advance(2.9)
        self.assertNoResult(answered)
        self.advance(0.2)
        self.failureResultOf(answered, NoAnswer)
        self.assertTrue(self.client.connected)
        self.gateway.peer.answer(self.gateway.peer.messages[0], 200, "late")
        self.gateway.flush()

    def test_not_connected(self) -> None:
        self.client.close()
        failure = self.failureResultOf(self.client.request(*DEVICES), NotReachable)
        self.assertFalse(failure.check(Interrupted, NoAnswer))

    def test_interrupted(self) -> None:
        self.gateway.answering = False
        answered = self.client.request(*DEVICES)
        self.gateway.flush()
        self.gateway.lose()
        self.failureResultOf(answered, Interrupted)

    def test_cancelled(self) -> None:
        self.gateway.answering = False
        answered = self.client.request(*DEVICES)
        self.gateway.flush()
        before = len(self.clock.getDelayedCalls())
        answered.cancel()
        self.failureResultOf(answered)
        self.assertEqual(len(self.clock.getDelayedCalls()), before - 1)
        self.gateway.peer.answer(self.gateway.peer.messages[0], 200, "late")
        self.gateway.flush()
        self.assertTrue(self.client.connected)

    def test_rubbish_is_passed_over(self) -> None:
        self.gateway.peer.sendMessage(b"not json")
        self.gateway.peer.tell({"messageType": "notification"})
        self.gateway.peer.notify("lamp", "OnNotification", "on")
        self.gateway.flush()
        self.assertTrue(self.client.connected)
        self.assertEqual(len(self.notifications), 1)


class NotificationTests(ClientCase):
    def setUp(self) -> None:
        super().setUp()
        self.connected()

    def test_told(self) -> None:
        self.gateway.peer.notify(
            "meter",
            "SinglePhaseActivePowerMeasurementNotification",
            "newActivePowerValue",
            {"at": "2025-01-15T12:00:00.000Z", "eventId": 8, "cursor": 8},
            powerValue="12.0 W",
        )
        self.gateway.flush()
        (told,) = self.notifications
        self.assertEqual(
            (told.device, told.cls, told.name, told.params, told.at, told.eventId, told.cursor),
            (
                "meter",
                "SinglePhaseActivePowerMeasurementNotification",
                "newActivePowerValue",
                {"powerValue": "12.0 W"},
                "2025-01-15T12:00:00.000Z",
                8,
                8,
            ),
        )

    def test_batch(self) -> None:
        body = {"deviceUri": "lamp", "notificationTopic": "OnNotification", "notificationName": "on"}
        message = {"clientId": "client0", "messageType": "notification", "notification": body}
        self.gateway.peer.tell([message, message])
        self.gateway.flush()
        self.assertEqual([each.name for each in self.notifications], ["on", "on"])

    def test_bug_in_a_callback(self) -> None:
        def failing(notification: object) -> None:
            raise ZeroDivisionError

        client = Client("ws://h/ws", self.clock, endpoint=self.gateway, onNotification=failing)
        client.connect()
        self.gateway.flush()
        self.gateway.peer.notify("lamp", "OnNotification", "on")
        self.gateway.flush()
        self.assertTrue(client.connected)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_events(self) -> None:
        """Only to whom has a callback for them."""
        told: list[Any] = []
        message = {
            "messageType": "event",
            "event": {"kind": "deviceLost", "device": "lamp"},
            "eventId": 4,
            "cursor": 4,
        }
        self.gateway.presentation = {"features": ["eventId", "events", "gap"], "epoch": "e", "eventId": 3}
        for options, asked in (
            ({"onEvent": told.append}, [("PUT", "/api/v1/session", {"features": ["eventId", "events", "gap"]})]),
            ({}, []),
        ):
            client = self.makeClient(resume=True, **options)
            client.connect()
            self.gateway.flush()
            self.gateway.peer.tell(message)
            self.gateway.flush()
            self.assertEqual(self.gateway.peer.requests, asked)
        self.assertEqual([(each.kind, each.device) for each in told], [("deviceLost", "lamp")])

    def test_other_messages(self) -> None:
        others: list[Any] = []
        client = Client("ws://h/ws", self.clock, endpoint=self.gateway, onOther=others.append)
        client.connect()
        self.gateway.flush()
        self.gateway.peer.tell({"messageType": "weather", "rain": 2})
        self.gateway.flush()
        self.assertEqual([(each.messageType, each.body["rain"]) for each in others], [("weather", 2)])


class SubscribeTests(ClientCase):
    def setUp(self) -> None:
        super().setUp()
        self.connected()

    def requestsAfterReconnect(self) -> list[Any]:
        self.gateway.lose()
        self.retry()
        return self.gateway.peer.requests

    def test_everything(self) -> None:
        subscribing = self.client.subscribe()
        self.gateway.flush()
        self.assertEqual(self.successResultOf(subscribing).status, 200)
        self.assertEqual(self.gateway.peer.requests, [("POST", ALL, {"notifications": ["*"]})])

    def test_of_one_device(self) -> None:
        self.client.subscribe(["OnNotification", "OffNotification"], device="lamp 1/a")
        self.gateway.flush()
        self.assertEqual(
            self.gateway.peer.requests,
            [
                (
                    "POST",
                    "/api/v1/subscriptions/devices/lamp%201%2Fa/notifications",
                    {"notifications": ["OnNotification", "OffNotification"]},
                )
            ],
        )

    def test_narrowed(self) -> None:
        """Filters and interval go into the body, again after a reconnect; a refusal drops no other wish."""
        self.client.subscribe("OnNotification")
        self.client.subscribe(devices="la*", rooms=["hall"], classes=["Lamp"], minInterval=5)
        self.gateway.flush()
        body = {"notifications": ["*"], "devices": ["la*"], "rooms": ["hall"], "classes": ["Lamp"], "minInterval": 5}
        self.assertEqual(self.gateway.peer.requests[-1], ("POST", ALL, body))
        self.gateway.answers["POST", ALL] = (400, {"result": "Registration failed"})
        refused = self.client.subscribe("OnNotification", devices="x" * 201)
        self.gateway.flush()
        self.failureResultOf(refused, Failed)
        del self.gateway.answers["POST", ALL]
        self.assertEqual(
            self.requestsAfterReconnect(), [("POST", ALL, {"notifications": ["OnNotification"]}), ("POST", ALL, body)]
        )

    def test_unsubscribe(self) -> None:
        self.client.subscribe("OnNotification")
        self.client.unsubscribe("OnNotification")
        self.gateway.flush()
        self.assertEqual(self.gateway.peer.requests[1], ("DELETE", f"{ALL}/OnNotification", None))
        self.assertEqual(self.requestsAfterReconnect(), [])

    def test_again_after_reconnect(self) -> None:
        self.client.subscribe("OnNotification", device="lamp")
        self.client.subscribe("*")
        self.client.unsubscribe("OffNotification")
        self.gateway.flush()
        self.assertEqual(
            self.requestsAfterReconnect(),
            [
                ("POST", "/api/v1/subscriptions/devices/lamp/notifications", {"notifications": ["OnNotification"]}),
                ("POST", ALL, {"notifications": ["*"]}),
                ("DELETE", f"{ALL}/OffNotification", None),
            ],
        )
        self.assertEqual(len(self.connections), 2)

    def test_connected_is_told_after_the_subscriptions(self) -> None:
        self.client.subscribe()
        self.gateway.flush()
        self.gateway.answering = False
        self.gateway.lose()
        self.retry()
        self.assertEqual(len(self.connections), 1)
        self.gateway.peer.answer(self.gateway.peer.messages[0], 200, {"result": "ok"})
        self.gateway.flush()
        self.assertEqual(len(self.connections), 2)

    def test_wished_while_away(self) -> None:
        self.gateway.lose()
        self.failureResultOf(self.client.subscribe("OnNotification"), NotReachable)
        self.retry()
        self.assertEqual(self.gateway.peer.requests, [("POST", ALL, {"notifications": ["OnNotification"]})])

    def test_refused_is_forgotten(self) -> None:
        self.gateway.answers["POST", ALL] = (403, {"result": "Not authorised"})
        subscribing = self.client.subscribe()
        self.gateway.flush()
        self.failureResultOf(subscribing, Failed)
        self.assertEqual(self.requestsAfterReconnect(), [])

    def test_interval_refused(self) -> None:
        """The interval before is wanted as it was."""
        self.client.subscribe(devices="x", minInterval=2)
        self.gateway.flush()
        self.gateway.answers["POST", ALL] = (400, {"result": "Registration failed"})
        subscribing = self.client.subscribe(devices="x", minInterval=5)
        self.gateway.flush()
        self.failureResultOf(subscribing, Failed)
        del self.gateway.answers["POST", ALL]
        wish = {"notifications": ["*"], "devices": ["x"], "minInterval": 2}
        self.assertEqual(self.requestsAfterReconnect(), [("POST", ALL, wish)])

    def test_refused_after_reconnect(self) -> None:
        """Never a conversation that silently lacks what was asked for."""
        self.client.subscribe()
        self.gateway.flush()
        self.gateway.answers["POST", ALL] = (403, {"result": "Not authorised"})
        self.gateway.lose()
        self.retry()
        reason, retryIn = self.losses[-1]
        self.assertIsInstance(reason, Failed)
        self.assertIsNone(retryIn)
        self.assertFalse(self.client.connected)
        self.assertEqual(len(self.connections), 1)

    def test_busy_after_reconnect(self) -> None:
        self.client.subscribe()
        self.gateway.flush()
        self.gateway.answers["POST", ALL] = (503, {"result": "busy"})
        self.gateway.lose()
        self.retry()
        self.assertIsInstance(self.losses[-1][0], NotReachable)
        del self.gateway.answers["POST", ALL]
        self.retry()
        self.assertEqual(len(self.connections), 2)


class ReconnectTests(ClientCase):
    def setUp(self) -> None:
        super().setUp()
        self.connected()

    def test_by_itself(self) -> None:
        self.gateway.lose()
        self.assertFalse(self.client.connected)
        reason, retryIn = self.losses[0]
        self.assertIsInstance(reason, NotReachable)
        self.assertTrue(0.25 <= retryIn <= 0.5, retryIn)
        self.clock.advance(retryIn - 0.001)
        self.assertEqual(self.gateway.attempts, 1)
        self.advance(0.001)
        self.assertEqual(self.gateway.attempts, 2)
        self.assertTrue(self.client.connected)
        self.assertEqual(self.connections[-1].clientId, "client1")

    def test_delays_grow_and_scatter(self) -> None:
        self.gateway.refusing = ConnectionRefusedError()
        self.gateway.lose()
        for _ in range(9):
            self.retry()
        delays = [delay for _, delay in self.losses]
        for delay, most in zip(delays, [0.5, 1, 2, 4, 8, 16, 30, 30, 30, 30], strict=True):
            self.assertTrue(most / 2 <= delay <= most, delays)
        self.assertEqual(len(set(delays)), len(delays))

    def test_a_connection_that_lasted_starts_anew(self) -> None:
        self.gateway.refusing = ConnectionRefusedError()
        self.gateway.lose()
        for _ in range(5):
            self.retry()
        self.gateway.refusing = None
        self.retry()
        self.advance(11)
        self.gateway.lose()
        self.assertLessEqual(self.losses[-1][1], 0.5)

    def test_a_connection_that_did_not_last_does_not(self) -> None:
        """A gateway that takes us in and throws us out at once is not asked twice a second."""
        for _ in range(6):
            self.gateway.lose()
            self.retry()
        self.gateway.lose()
        self.assertGreaterEqual(self.losses[-1][1], 15)

    def test_closed_by_the_gateway(self) -> None:
        self.gateway.peer.sendCloseFrame(code=1001, reasonUtf8=b"the gateway stops", isReply=False)
        self.gateway.flush()
        self.assertIn("1001 the gateway stops", str(self.losses[0][0]))
        self.retry()
        self.assertTrue(self.client.connected)

    def test_turned_away_for_good(self) -> None:
        self.gateway.turnAway = _deny(401, "Unauthorized")
        self.gateway.lose()
        self.retry()
        reason, retryIn = self.losses[-1]
        self.assertEqual((reason.status, retryIn), (401, None))
        self.assertEqual(self.clock.getDelayedCalls(), [])


class HeartbeatTests(ClientCase):
    def setUp(self) -> None:
        super().setUp()
        self.connected()

    def test_answered_pings(self) -> None:
        for _ in range(20):
            self.advance(10)
        self.assertTrue(self.client.connected)

    def test_silence(self) -> None:
        self.gateway.ponging = False
        self.advance(30)
        self.assertTrue(self.client.connected)
        self.advance(10)
        self.assertFalse(self.client.connected)
        self.assertEqual(self.losses[0][0].reason, "the gateway has fallen silent")
        self.assertTrue(self.gateway.peer.ended)

    def test_any_message_is_a_sign_of_life(self) -> None:
        self.gateway.ponging = False
        for _ in range(10):
            self.advance(20)
            self.gateway.peer.notify("lamp", "OnNotification", "on")
            self.gateway.flush()
        self.assertTrue(self.client.connected)


class CloseTests(ClientCase):
    def test_before_anything(self) -> None:
        self.successResultOf(self.client.close())

    def test_handshake(self) -> None:
        self.connected()
        closing = self.client.close()
        self.assertNoResult(closing)
        self.gateway.flush()
        self.successResultOf(closing)
        self.assertEqual(self.gateway.peer.closeCode, 1000)
        self.assertEqual(self.clock.getDelayedCalls(), [])
        self.assertEqual(self.losses, [])

    def test_gateway_that_does_not_say_goodbye(self) -> None:
        self.connected()
        closing = self.client.close()
        self.clock.advance(2)
        self.gateway.flush()
        self.successResultOf(closing)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_while_waiting(self) -> None:
        self.connected()
        self.gateway.lose()
        self.successResultOf(self.client.close())
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_while_connecting(self) -> None:
        self.gateway.hanging = True
        connecting = self.client.connect()
        self.successResultOf(self.client.close())
        self.failureResultOf(connecting, NotReachable)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_pending_requests(self) -> None:
        self.connected()
        self.gateway.answering = False
        answered = self.client.request(*DEVICES)
        self.client.close()
        self.gateway.flush()
        self.failureResultOf(answered, Interrupted)
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_twice(self) -> None:
        self.connected()
        first, second = self.client.close(), self.client.close()
        self.gateway.flush()
        self.successResultOf(first)
        self.successResultOf(second)
        self.successResultOf(self.client.close())
