"""Commands through the HTTP door: what they take, what becomes of them, what is answered."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred

from dog.api.call import Answer
from dog.api.resources.commands import outcomeOf
from dog.core.ledger import Entry
from dog.interfaces import LinkFailed
from dog.model.catalogue import catalogue
from dog.model.command import Command, Outcome, Stage
from dog.model.refusal import Code, Refused
from dog.model.rights import ANONYMOUS
from dog.model.values import HSBColor, Reading, RGBColor, Slot
from dog.testing.scripted import NEVER, ScriptedDriver, confirm, refuse, sent
from tests.api.recorded.differences import FOLDER
from tests.api.recorded.gateway import LAMP, START, Asked, Gateway, InHome, NoAnswer

EXAMPLES = FOLDER / "examples"


class Outcomes(InHome):
    """What the driver says, and what is answered."""

    def on(self, body: Any = None, **headers: str) -> Asked:
        return self.ask("PUT", f"{LAMP}/commands/on", body, **headers)

    def answered(self, *answers: Any) -> Asked:
        self.driver.script("SimpleLamp_mb1", "on", *answers)
        return self.on()

    def test_confirmed(self) -> None:
        """200 with an empty body and the command's id; the ledger knows it, the state is the new one."""
        answer = self.answered(confirm(Reading(Slot("SimpleLamp_mb1", "OnOffState"), "on")))
        self.assertEqual((answer.status, answer.body, answer.media), (200, b"", None))
        entry = self.gateway.core.ledger.get(answer.headers["dog-command"])
        assert entry is not None
        self.assertEqual((entry.stage, entry.command.name), (Stage.CONFIRMED, "on"))
        self.assertEqual(self.ask("GET", f"{LAMP}/status").json["status"], {"OnOffState": [{"value": "on"}]})

    def test_sent(self) -> None:
        """A bus without acknowledgements: that the telegram left is enough, and no state is presumed."""
        self.assertEqual(self.answered(sent()).status, 200)
        self.assertEqual(self.ask("GET", f"{LAMP}/status").json["status"], {"OnOffState": [{"value": "off"}]})

    def test_refused(self) -> None:
        error = self.refused(self.answered(refuse("exception 4: device failure")), 502, "bus_refused")
        self.assertEqual(error["message"], "exception 4: device failure")
        entry = self.gateway.core.ledger.get(error["commandId"])
        assert entry is not None
        self.assertEqual((entry.stage.value, error["stage"]), ("failed", "failed"))

    def test_timeout(self) -> None:
        """504 at the deadline: it may have happened, and the id tells which command it was."""
        self.driver.script("SimpleLamp_mb1", "on", NEVER)
        answer = self.gateway.ask("PUT", f"{LAMP}/commands/on", advance=2.0)
        error = self.refused(answer, 504, "timeout")
        self.assertEqual(error["stage"], "unknown")
        self.assertIn(error["commandId"], [each.id for each in self.driver.sent])

    def test_waits(self) -> None:
        """Nothing is answered before the outcome is known."""
        answers: Deferred[Outcome] = Deferred()
        self.driver.script("SimpleLamp_mb1", "on", answers)
        self.assertRaises(NoAnswer, self.gateway.ask, "PUT", f"{LAMP}/commands/on", advance=1.0)

    def test_lost(self) -> None:
        """503 when the link is lost under way, and at once while it is down."""

        def lose(command: Command) -> Any:
            self.driver.lose(LinkFailed("closed", "cable out"))
            return NEVER

        self.refused(self.answered(lose), 503, "unreachable")
        error = self.refused(self.on(), 503, "unreachable")
        self.assertIn("cable out", error["message"])
        self.assertEqual(len(self.driver.sent), 1)

    def test_noDriver(self) -> None:
        error = self.refused(self.ask("PUT", "/api/v1/devices/Lamp_Holder/commands/on"), 503, "no_driver")
        self.assertIn("no driver for ZWave", error["message"])

    def test_bug(self) -> None:
        """A driver that fails is a bug: 500, and its log has it."""
        self.refused(self.answered(ZeroDivisionError("oops")), 500, "internal")
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_post(self) -> None:
        """The old way to say PUT."""
        self.assertEqual(self.ask("POST", f"{LAMP}/commands/on").status, 200)
        self.assertEqual([each.name for each in self.driver.sent], ["on"])

    def test_getDoesNothing(self) -> None:
        for method in ("GET", "HEAD", "DELETE", "PATCH"):
            answer = self.ask(method, f"{LAMP}/commands/on")
            self.assertEqual((answer.status, answer.headers["allow"]), (405, "OPTIONS, POST, PUT"))
        self.assertEqual(self.driver.sent, [])

    def test_notFound(self) -> None:
        """The device's commands, and no others."""
        for path in (
            f"{LAMP}/commands/fly",
            f"{LAMP}/commands/notifyOn",
            f"{LAMP}/commands/updateStatus",
            f"{LAMP}/commands/On",
            "/api/v1/devices/nope/commands/on",
            "/api/v1/devices/SimpleL*/commands/on",
        ):
            self.refused(self.ask("PUT", path, {}), 404, "not_found")
        self.assertEqual(self.driver.sent, [])

    def test_nothingToSay(self) -> None:
        """No body, an empty object and null are the same for a command that takes nothing."""
        for body in (None, {}, {"value": None}, " "):
            self.assertEqual(self.on(body).status, 200, body)
        self.assertEqual([dict(each.args) for each in self.driver.sent], [{}, {}, {}, {}])

    def test_badBodies(self) -> None:
        for body, code in (
            ({"value": 1}, "bad_body"),
            ({"x": 1}, "bad_body"),
            ([], "bad_body"),
            ("1", "bad_body"),
            ("null", "bad_body"),
            ("{", "bad_json"),
            ('{"value": NaN}', "bad_json"),
        ):
            self.refused(self.on(body), 400, code)
        error = self.refused(self.on("{\n  x"), 400, "bad_json")
        self.assertEqual((error["line"], error["column"]), (2, 3))
        self.assertEqual(self.driver.sent, [])

    def test_accept(self) -> None:
        """An answer without a body is acceptable to everybody."""
        self.assertEqual(self.on(Accept="image/png").status, 200)

    def test_idempotencyKey(self) -> None:
        """The same key sends the command once and answers the same; for another command it is refused."""
        first, again = self.on(Idempotency_Key="k1"), self.on(Idempotency_Key="k1")
        self.assertEqual((first.status, again.status), (200, 200))
        self.assertEqual(first.headers["dog-command"], again.headers["dog-command"])
        self.assertEqual(len(self.driver.sent), 1)
        self.refused(self.ask("PUT", f"{LAMP}/commands/off", Idempotency_Key="k1"), 400, "bad_body")
        other = self.on(Idempotency_Key="k2")
        self.assertNotEqual(other.headers["dog-command"], first.headers["dog-command"])

    def test_webSocket(self) -> None:
        """The same over WebSocket: parameters are a JSON value, the id is in the reply."""
        reply = self.tell("PUT", f"{LAMP}/commands/on")
        self.assertEqual((reply.status, reply.json), (200, None))
        self.assertEqual(reply.commandId, self.driver.sent[0].id)
        self.assertEqual(self.tell("PUT", f"{LAMP}/commands/on", {"value": 1}).status, 400)

    def test_who(self) -> None:
        """The ledger keeps who sent it."""
        self.on()
        self.assertEqual(self.driver.sent[0].who, ANONYMOUS)


class Codes(InHome):
    """Every way in which a command can end has an answer."""

    def ended(self, outcome: Outcome) -> Any:
        on = catalogue().command("OnCommand")
        assert on is not None
        return outcomeOf(Entry(Command("id", "d", on, {}, 0.0, ANONYMOUS), START, outcome, START))

    def test_stages(self) -> None:
        for stage, code, expected in (
            (Stage.FAILED, None, Code.BUS_REFUSED),
            (Stage.FAILED, "something of the driver's own", Code.BUS_REFUSED),
            (Stage.FAILED, "unreachable", Code.UNREACHABLE),
            (Stage.FAILED, "no_driver", Code.NO_DRIVER),
            (Stage.EXPIRED, None, Code.TIMEOUT),
            (Stage.UNKNOWN, None, Code.TIMEOUT),
            (Stage.UNKNOWN, "unreachable", Code.UNREACHABLE),
            (Stage.SUPERSEDED, None, Code.BUSY),
        ):
            found = self.ended(Outcome(stage, code))
            self.assertIsInstance(found, Refused)
            self.assertEqual((found.code, found.details), (expected, {"commandId": "id", "stage": stage.value}))
            self.assertEqual(found.message, f"on was {stage.value}")
        for stage in (Stage.SENT, Stage.CONFIRMED):
            self.assertEqual(self.ended(Outcome(stage)), Answer(commandId="id"))


class Arguments(InHome):
    """Every kind of parameter, down to what the driver gets."""

    def setUp(self) -> None:
        self.driver = ScriptedDriver("zwave", ("ZWave", "EnOcean", "Modbus"))
        self.file = Path(self.mktemp())
        self.file.write_bytes((FOLDER / "home.xml").read_bytes())
        self.gateway = Gateway(self.file, [self.driver]).start()
        self.addCleanup(self.gateway.stop)

    def put(self, device: str, command: str, body: Any) -> Asked:
        return self.ask("PUT", f"/api/v1/devices/{device}/commands/{command}", body)

    def taken(self, device: str, command: str, body: Any) -> dict[str, Any]:
        answer = self.put(device, command, body)
        self.assertEqual(answer.status, 200, answer.body)
        return dict(self.driver.sent[-1].args)

    def test_level(self) -> None:
        for value, level in ((50, 50), (12.5, 12.5), ("63", 63), (" 7 ", 7), ("40 %", 40), ("40%", 40)):
            self.assertEqual(self.taken("DimmerLamp_l4", "set", {"value": value}), {"value": level})
        wrong: tuple[tuple[Any, int, str], ...] = (
            (101, 422, "out_of_range"),
            (-5, 422, "out_of_range"),
            ("5d", 422, "bad_value"),
            ("20 W", 422, "bad_unit"),
            (True, 400, "bad_body"),
            ({}, 400, "bad_body"),
            (None, 400, "bad_body"),
        )
        for value, status, code in wrong:
            self.refused(self.put("DimmerLamp_l4", "set", {"value": value}), status, code)
        self.refused(self.put("DimmerLamp_l4", "set", None), 400, "bad_body")

    def test_lastOfTwoKeys(self) -> None:
        self.assertEqual(self.taken("DimmerLamp_l4", "set", '{"value":50,"value":60}'), {"value": 60})

    def test_measure(self) -> None:
        valve = "ThermostaticRadiatorValve_1"
        for value in ("20 C", "20 \u2103", "20 \u00b0C", "20", 20):
            found = self.taken(valve, "setTemperatureAt", {"value": value})["temperature"]
            self.assertEqual(str(found), "20 C", value)
        for value, code in (("20 W", "bad_unit"), ("20 foo", "bad_unit"), ("warm", "bad_value")):
            self.refused(self.put(valve, "setTemperatureAt", {"value": value}), 422, code)

    def test_color(self) -> None:
        rgb = {"red": 10, "green": "20", "blue": 30}
        self.assertEqual(self.taken("ColorLight_1", "setColorRGB", {"value": rgb}), {"colorRGB": RGBColor(10, 20, 30)})
        hsb = {"hue": 65535, "saturation": 254, "brightness": 1}
        self.assertEqual(
            self.taken("ColorLight_1", "setColorHSB", {"value": hsb}), {"colorHSB": HSBColor(65535, 254, 1)}
        )
        self.refused(self.put("ColorLight_1", "setColorRGB", {"value": {"red": 5}}), 400, "bad_body")
        self.refused(self.put("ColorLight_1", "setColorRGB", {"value": rgb | {"red": 256}}), 422, "out_of_range")

    def test_integer(self) -> None:
        """By value, or by the parameter's own name."""
        for body in ({"value": 3}, {"sceneNumber": 3}, {"value": "3"}):
            self.assertEqual(self.taken("ColorLight_1", "storeScene", body), {"sceneNumber": 3})
        self.refused(self.put("ColorLight_1", "storeScene", {"value": 3.5}), 422, "bad_value")

    def test_several(self) -> None:
        """A key for each parameter; one that is missing is named."""
        body = {"phaseID1": "L1", "phaseID2": "L2"}
        self.assertEqual(self.taken("Meter_mb1", "getLLVoltageValue", body), body)
        error = self.refused(self.put("Meter_mb1", "getLLVoltageValue", {"phaseID1": "L1"}), 400, "bad_body")
        self.assertIn("phaseID2", error["message"])

    def test_teachIn(self) -> None:
        body = {"deviceEEP": "A5-02-05", "deviceHexAddress": "01854d34"}
        found = self.taken("enocean-gw", "explicitTeachIn", {"value": body})["teachInData"]
        self.assertEqual((found.deviceEEP, found.deviceHexAddress.lower()), ("A5-02-05", "01854d34"))

    def test_published(self) -> None:
        """The published bodies: schedules and a set point."""
        valve = "ThermostaticRadiatorValve_1"

        def published(name: str) -> str:
            return (EXAMPLES / name).read_text("utf-8")

        found = self.taken(valve, "setTemperatureAt", published("put-setpoint.json"))
        self.assertEqual(str(found["temperature"]), "20 C")
        day = self.taken(valve, "setDailyClimateSchedule", published("put-daily-climate-schedule.json"))["daySchedule"]
        self.assertEqual(
            (day.weekDay, [str(each.desiredTemperature) for each in day.switchPoints]), (1, ["20.5 C", "17.5 C"])
        )
        week = self.taken(valve, "setClimateSchedule", published("put-climate-schedule.json"))["dailySchedules"]
        self.assertEqual([each.weekDay for each in week], [1, 2, 3, 4, 5, 6, 7])


class Order(InHome):
    def test_eventsBeforeReply(self) -> None:
        """Value events, outcome event, reply: whoever waits for the reply has been told all that led to it."""
        told: list[str] = []
        self.gateway.stepper.listen(lambda events: told.extend(each.kind.value for each in events))
        self.driver.script("SimpleLamp_mb1", "on", confirm(Reading(Slot("SimpleLamp_mb1", "OnOffState"), "on")))
        reply = self.gateway.commands.send(self.gateway.home.devices["SimpleLamp_mb1"], "on", None, ANONYMOUS)
        reply.addCallback(lambda _: told.append("reply"))
        self.assertEqual(told, ["notification", "commandSettled", "reply"])
