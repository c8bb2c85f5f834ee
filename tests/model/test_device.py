"""Tests for L{dog.model.device}: what a device can do, from home.xml and the catalogue together."""

from __future__ import annotations

import tracemalloc

from twisted.trial.unittest import SynchronousTestCase

from dog.model.catalogue import Param, catalogue
from dog.model.device import (
    Command,
    ConfigParam,
    ControlFunctionality,
    Device,
    Notification,
    NotificationFunctionality,
    State,
    StateValue,
    paramOf,
)


def command(cls: str, realName: str | None, *params: ConfigParam, returnType: str | None = None) -> Command:
    named = () if realName is None else (ConfigParam("realCommandName", realName),)
    return Command(cls, f"{cls}_x", params=(*named, *params), returnType=returnType)


def controlled(cls: str, *commands: Command, functionality: str = "QueryFunctionality") -> Device:
    return Device("d", cls, controlFunctionalities=(ControlFunctionality(functionality, commands),))


def notifying(cls: str, *notifications: str) -> Device:
    declared = NotificationFunctionality("OnOff", tuple(Notification(each) for each in notifications))
    return Device("d", cls, notificationFunctionalities=(declared,))


def holding(cls: str, *states: str) -> Device:
    return Device("d", cls, declaredStates=tuple(State(each, (StateValue("X", "x"),)) for each in states))


class ParamTests(SynchronousTestCase):
    device = Device(
        "d",
        "Lamp",
        params=(
            ConfigParam("nodeId", "3", "network"),
            ConfigParam("instanceId", "0"),
            ConfigParam("instanceId", "1"),
            ConfigParam("note"),
        ),
    )

    def test_param(self) -> None:
        self.assertEqual(self.device.param("nodeId"), "3")
        self.assertIsNone(self.device.param("note"))
        self.assertIsNone(self.device.param("nothing"))

    def test_repeated(self) -> None:
        self.assertEqual(self.device.param("instanceId"), "1")
        self.assertEqual(self.device.paramSet("instanceId"), ("0", "1"))
        self.assertEqual(self.device.paramSet("note"), ())

    def test_ofElements(self) -> None:
        params = (ConfigParam("realCommandName", "on"),)
        self.assertEqual(paramOf(params, "realCommandName"), "on")
        self.assertEqual(Command("OnCommand", params=params).realName, "on")
        self.assertIsNone(Command("OnCommand").realName)
        self.assertEqual(Notification("OnNotification", params=params).param("realCommandName"), "on")


class TypeTests(SynchronousTestCase):
    def test_type(self) -> None:
        found = Device("d", "Lamp").type
        assert found is not None
        self.assertIs(found, catalogue().deviceClass("Lamp"))

    def test_legacy(self) -> None:
        found = Device("d", "WaterMeter").type
        assert found is not None
        self.assertEqual(found.name, "WaterConsumptionMeter")

    def test_unknown(self) -> None:
        for cls in ("Teleporter", "HomeGateway"):
            device = Device("d", cls)
            self.assertIsNone(device.type)
            self.assertEqual((dict(device.commands), dict(device.notifications), dict(device.states)), ({}, {}, {}))


class CommandsTests(SynchronousTestCase):
    def test_ofTheClass(self) -> None:
        """What home.xml leaves out is there all the same."""
        self.assertEqual(set(Device("d", "SimpleLamp").commands), {"on", "off", "getState"})

    def test_declaredAgain(self) -> None:
        """A name that the class has means what the class says, whatever the element is called."""
        device = controlled("ThreePhaseElectricityMeter", command("GetActivePowerCommand", "getActivePower"))
        [type] = device.commands["getActivePower"]
        self.assertEqual(type.cls, "Get3PhaseActivePowerCommand")

    def test_ofTheCatalogue(self) -> None:
        """One that the class does not have, but the catalogue: by its class, or by its real name."""
        device = controlled("SimpleLamp", command("SetCommand", "set"), command("DimUpCommand", "stepUp"))
        self.assertEqual([each.cls for each in device.commands["set"]], ["SetCommand"])
        self.assertEqual([each.cls for each in device.commands["stepUp"]], ["StepUpCommand"])
        self.assertIn("on", device.commands)

    def test_legacyClass(self) -> None:
        device = controlled("SimpleLamp", command("GetActivePowerCommand", "getActivePower"))
        self.assertEqual([each.cls for each in device.commands["getActivePower"]], ["Get1PhaseActivePowerCommand"])

    def test_ambiguous(self) -> None:
        """A real name of several classes, under a class name that nobody knows, may mean each of them."""
        device = controlled("SimpleLamp", command("ReadPowerCommand", "getActivePower"))
        found = {each.cls for each in device.commands["getActivePower"]}
        self.assertEqual(found, {"Get1PhaseActivePowerCommand", "Get3PhaseActivePowerCommand"})

    def test_unknown(self) -> None:
        """A command that no DogOnt has is usable by its real name, with the parameters it declares."""
        device = controlled(
            "SimpleLamp",
            command(
                "SparkleCommand", "sparkle", ConfigParam("commandParamName", "speed", "Measure"), returnType="Measure"
            ),
            command("GlowCommand", "glow", ConfigParam("commandParamName", "how")),
        )
        [type] = device.commands["sparkle"]
        self.assertEqual((type.cls, type.name, type.returns), ("SparkleCommand", "sparkle", "Measure"))
        self.assertEqual(type.params, (Param("speed", "Measure"),))
        self.assertEqual(device.commands["glow"][0].params, (Param("how", "Object"),))

    def test_knownClassUnderAnotherName(self) -> None:
        """The published example calls a SetClimateScheduleCommand setDaySchedule: it takes the same."""
        device = controlled("ThermostaticRadiatorValve", command("SetClimateScheduleCommand", "setDaySchedule"))
        [type] = device.commands["setDaySchedule"]
        self.assertEqual((type.cls, type.name), ("SetClimateScheduleCommand", "setDaySchedule"))
        self.assertEqual([each.type for each in type.params], ["DailyClimateSchedule[]"])

    def test_withoutRealName(self) -> None:
        device = controlled("SimpleLamp", command("SparkleCommand", None))
        self.assertEqual(set(device.commands), {"on", "off", "getState"})

    def test_ofUnknownDeviceClass(self) -> None:
        device = controlled("Teleporter", command("OnCommand", "on"), command("BeamCommand", "beam"))
        self.assertEqual(set(device.commands), {"on", "beam"})

    def test_intended(self) -> None:
        """Where names collide, the one that was meant works too, and only for that."""
        washer = Device("d", "Dishwasher").commands
        self.assertEqual(len(washer["setStartTime"]), 3)
        self.assertEqual([each.cls for each in washer["setEndTime"]], ["SetEndTimeCommand"])
        self.assertEqual([each.cls for each in washer["setRemainingTime"]], ["SetRemainingTimeCommand"])
        gas = controlled("SimpleLamp", command("EnableGasCommand", "disableGas"))
        self.assertEqual(
            [(each.cls, each.name) for each in gas.commands["enableGas"]], [("EnableGasCommand", "enableGas")]
        )

    def test_theSameFirst(self) -> None:
        """Of two elements with one real name the first counts."""
        device = controlled("SimpleLamp", command("ACommand", "sparkle"), command("BCommand", "sparkle"))
        self.assertEqual([each.cls for each in device.commands["sparkle"]], ["ACommand"])


class NotificationsTests(SynchronousTestCase):
    def test_ofTheClass(self) -> None:
        self.assertEqual(set(Device("d", "SimpleLamp").notifications), {"OnNotification", "OffNotification"})

    def test_union(self) -> None:
        device = notifying("SimpleLamp", "OnNotification", "IdentifyNotification")
        self.assertEqual(list(device.notifications)[-1], "IdentifyNotification")
        self.assertEqual(len(device.notifications), 3)

    def test_legacy(self) -> None:
        device = notifying("SimpleLamp", "MovementDetectedNotification", "FrequencyMeasurementNotification")
        self.assertIn("SimpleMovementNotification", device.notifications)
        self.assertIn("SimpleFrequencyMeasurementNotification", device.notifications)

    def test_unresolved(self) -> None:
        device = notifying("SimpleLamp", "StateChangeNotification", "SparkledNotification", "SuperHeatingNotification")
        self.assertEqual(set(device.notifications), {"OnNotification", "OffNotification"})


class StatesTests(SynchronousTestCase):
    def test_ofTheClass(self) -> None:
        self.assertEqual(list(Device("d", "DimmerLamp").states), ["LevelState", "OnOffState"])

    def test_declaredFirst(self) -> None:
        """Declared ones in their order, then the rest of the class."""
        device = holding("DimmerLamp", "OnOffState")
        self.assertEqual(list(device.states), ["OnOffState", "LevelState"])
        self.assertEqual(list(device.resolvedStates), ["OnOffState"])

    def test_more(self) -> None:
        device = holding("SimpleLamp", "SinglePhaseActivePowerMeasurementState")
        self.assertEqual(list(device.states), ["SinglePhaseActivePowerMeasurementState", "OnOffState"])

    def test_legacy(self) -> None:
        device = holding("MeteringPowerOutlet", "SinglePhaseEnergyMeasurementState")
        self.assertEqual(next(iter(device.states)), "SinglePhaseActiveEnergyState")
        self.assertEqual(len(device.states), 5)

    def test_levelOfDimmers(self) -> None:
        """LightIntensityState is LevelState on dimmers, and itself elsewhere, in lux."""
        for cls in ("DimmerLamp", "ColorDimmableLight", "DimmerSwitch", "LevelControllableOutput"):
            device = holding(cls, "LightIntensityState")
            self.assertEqual(next(iter(device.states)), "LevelState", cls)
            self.assertNotIn("LightIntensityState", device.states)
        for cls in ("LightSensor", "QuadSensor", "MovementSensor"):
            device = holding(cls, "LightIntensityState")
            self.assertEqual(next(iter(device.states)), "LightIntensityState", cls)
            self.assertEqual(device.states["LightIntensityState"].quantity, "illuminance")

    def test_colour(self) -> None:
        device = holding("ColorDimmableLight", "ColorState")
        self.assertEqual(list(device.states), ["ColorStateHSB", "LevelState", "OnOffState"])

    def test_unknown(self) -> None:
        self.assertEqual(list(holding("SimpleLamp", "MoodState").states), ["OnOffState"])
        self.assertEqual(list(holding("Teleporter", "OnOffState", "MoodState").states), ["OnOffState"])

    def test_narrowedByTheClass(self) -> None:
        device = holding("MultiplePressureSensor", "PressureState")
        self.assertEqual(device.states["PressureState"].features, ("sensorID",))


class SharingTests(SynchronousTestCase):
    """Ten thousand devices of a class cost what one does, and a little each."""

    def test_nothingAdded(self) -> None:
        device = Device("d", "DimmerLamp")
        assert device.type is not None
        self.assertIs(device.commands, device.type.commands)
        self.assertIs(device.notifications, device.type.notifications)
        self.assertIs(device.states, device.type.states)

    def test_declaredWithoutAddition(self) -> None:
        device = controlled("DimmerLamp", command("OnCommand", "on"), command("SetCommand", "set"))
        assert device.type is not None
        self.assertIs(device.commands, device.type.commands)
        device = notifying("DimmerLamp", "OnNotification")
        self.assertIs(device.notifications, device.type.notifications if device.type else None)
        device = holding("DimmerLamp", "LightIntensityState", "OnOffState")
        self.assertIs(device.states, device.type.states if device.type else None)

    def test_sameAdditions(self) -> None:
        made = [
            Device(
                f"d{n}",
                "DimmerLamp",
                controlFunctionalities=(ControlFunctionality("X", (command("SparkleCommand", "sparkle"),)),),
                notificationFunctionalities=(NotificationFunctionality("X", (Notification("IdentifyNotification"),)),),
                declaredStates=(State("OnOffState"), State("LevelState"), State("TemperatureState")),
            )
            for n in range(2)
        ]
        self.assertIs(made[0].commands, made[1].commands)
        self.assertIs(made[0].notifications, made[1].notifications)
        self.assertIs(made[0].states, made[1].states)

    def test_additionsStayWithTheDevice(self) -> None:
        self.assertIn("sparkle", controlled("DimmerLamp", command("SparkleCommand", "sparkle")).commands)
        self.assertNotIn("sparkle", Device("d", "DimmerLamp").commands)

    def test_sharedIsNotChanged(self) -> None:
        commands = controlled("DimmerLamp", command("SparkleCommand", "sparkle")).commands
        self.assertFalse(hasattr(commands, "__setitem__"))

    def test_memory(self) -> None:
        """Less than 4 KB each, everything resolved, ids and params of their own included."""
        count = 1000

        def make(n: int) -> Device:
            device = Device(
                f"device-{n}",
                "DimmerLamp",
                domoticSystem="ZWave",
                description=f"Lamp {n}",
                params=(ConfigParam("nodeId", str(n), "network"),),
                controlFunctionalities=(ControlFunctionality("X", (command("SparkleCommand", "sparkle"),)),),
            )
            self.assertIn("sparkle", device.commands)
            self.assertIn("OnNotification", device.notifications)
            self.assertIn("OnOffState", device.states)
            return device

        make(-1)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        before, _ = tracemalloc.get_traced_memory()
        devices = [make(n) for n in range(count)]
        after, _ = tracemalloc.get_traced_memory()
        self.assertEqual(len(devices), count)
        self.assertLess((after - before) / count, 4096)


class OnceTests(SynchronousTestCase):
    def test_keptInItsSlot(self) -> None:
        """What the catalogue is asked is asked once; no device has a dictionary of its own."""
        device = Device("lamp", "SimpleLamp")
        for name in ("type", "commands", "notifications", "states", "resolvedStates"):
            first = getattr(device, name)
            self.assertIs(getattr(device, name), first)
            self.assertIs(getattr(device, f"_{name}"), first)
        self.assertFalse(hasattr(device, "__dict__"))
        self.assertEqual(device, Device("lamp", "SimpleLamp"))
