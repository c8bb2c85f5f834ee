"""Tests for L{dog.model.catalogue}: the data file, and what the catalogue makes of it."""

from __future__ import annotations

import json
import os.path
import subprocess
import sys
import time
from typing import Any
from unittest import SkipTest

from twisted.trial.unittest import SynchronousTestCase

import dog.model.catalogue as module
from dog.model.catalogue import Catalogue, catalogue
from dog.model.measure import UNITS, unitNamed

DATA = os.path.join(os.path.dirname(module.__file__), "data", "dogont.json")
SCHEMA = os.path.join(os.path.dirname(os.path.dirname(__file__)), "data", "dogont.schema.json")


def load(path: str) -> Any:
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class DataTests(SynchronousTestCase):
    """The file itself."""

    def setUp(self) -> None:
        self.data = load(DATA)

    def test_schema(self) -> None:
        try:
            from jsonschema import Draft202012Validator
        except ImportError:
            raise SkipTest("jsonschema is not installed: dogont.json is not validated") from None
        validator = Draft202012Validator(load(SCHEMA))
        self.assertEqual([error.message for error in validator.iter_errors(self.data)], [])

    def test_schemaRefuses(self) -> None:
        """The schema is one that can say no."""
        try:
            from jsonschema import Draft202012Validator
        except ImportError:
            raise SkipTest("jsonschema is not installed") from None
        self.data["device_classes"]["Lamp"]["states"] = "OnOffState"
        self.assertFalse(Draft202012Validator(load(SCHEMA)).is_valid(self.data))

    def test_counts(self) -> None:
        for section, count in [
            ("device_classes", 210),
            ("functionalities", 253),
            ("commands", 161),
            ("notifications", 177),
            ("states", 113),
            ("state_values", 115),
            ("units", 31),
            ("quantities", 51),
        ]:
            self.assertEqual(len(self.data[section]), count, section)

    def test_references(self) -> None:
        """Whatever names something names something that is there."""
        commands, notifications = self.data["commands"], self.data["notifications"]
        for name, entry in self.data["device_classes"].items():
            for section in ("control", "notification", "query"):
                self.assertLessEqual(set(entry.get(section, ())), self.data["functionalities"].keys(), name)
            for section in ("states", "states_implied", "states_observed"):
                self.assertLessEqual(set(entry.get(section) or ()), self.data["states"].keys(), name)
        for name, entry in self.data["functionalities"].items():
            self.assertLessEqual(set(entry.get("commands", ())), commands.keys(), name)
            self.assertLessEqual(set(entry.get("notifications", ())), notifications.keys(), name)
        for name, entry in self.data["states"].items():
            values = {each["class"] for each in entry.get("values", ())}
            self.assertLessEqual(values, self.data["state_values"].keys(), name)
        for entry in (*commands.values(), *notifications.values()):
            for param in entry.get("params", ()):
                self.assertIn(param["type"], self.data["types"])
                self.assertIn(param.get("quantity", "level"), self.data["quantities"])

    def test_units(self) -> None:
        """The units of the data file are those that measures know, in every spelling."""
        found = {unitNamed(name): set(entry["accept"]) for name, entry in self.data["units"].items()}
        self.assertEqual(found, {unit: set(spellings) for unit, spellings in UNITS.items()})

    def test_renderedUnits(self) -> None:
        """A unit is written as the old gateway wrote it, but for Wh (units.md)."""
        for name, entry in self.data["units"].items():
            expected = "Wh" if name == "Wh" else entry.get("java_render", name)
            self.assertEqual(unitNamed(name), expected)


class LoadingTests(SynchronousTestCase):
    def test_once(self) -> None:
        self.assertIs(catalogue(), catalogue())

    def test_lazily(self) -> None:
        """A device class is resolved when it is asked for."""
        fresh = Catalogue(load(DATA))
        self.assertEqual(len(fresh._classes), 0)
        fresh.deviceClass("Lamp")
        self.assertEqual(list(fresh._classes), ["Lamp"])
        self.assertIs(fresh.deviceClass("Lamp"), fresh.deviceClass("Lamp"))

    def test_fast(self) -> None:
        """Under 60 ms, in processor time of the best of five, so that a busy machine is no failure."""
        catalogue.cache_clear()
        self.addCleanup(catalogue.cache_clear)
        spent = []
        for _ in range(5):
            catalogue.cache_clear()
            before = time.process_time()
            catalogue()
            spent.append(time.process_time() - before)
        self.assertLess(min(spent), 0.06)

    def test_importsLittle(self) -> None:
        """What costs more to import than the catalogue to load stays out; above all the reactor."""
        script = "import sys, dog.model.catalogue as c; c.catalogue(); print(*sys.modules)"
        found = subprocess.run(
            [sys.executable, "-c", script],
            check=True,
            capture_output=True,
            text=True,
            env={"PYTHONPATH": os.path.dirname(os.path.dirname(os.path.dirname(module.__file__)))},
        ).stdout.split()
        self.assertIn("dog.model.catalogue", found)
        for name in ("importlib.resources", "twisted", "zope.interface", "tempfile"):
            self.assertNotIn(name, found)


class DeviceClassTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.catalogue = catalogue()

    def test_every(self) -> None:
        names = list(self.catalogue)
        self.assertEqual(len(names), 210)
        self.assertEqual(len(self.catalogue), 210)
        for name in names:
            self.assertIn(name, self.catalogue)
            found = self.catalogue.deviceClass(name)
            assert found is not None
            self.assertEqual(found.name, name)
            self.assertTrue(found.description)
            self.assertLessEqual(set(found.category), {name, *found.ancestors})

    def test_commandsAreThoseOfTheFunctionalities(self) -> None:
        data = load(DATA)
        for name, entry in data["device_classes"].items():
            found = self.catalogue.deviceClass(name)
            assert found is not None
            expected = {
                command
                for functionality in (*entry.get("control", ()), *entry.get("query", ()))
                for command in data["functionalities"][functionality].get("commands", ())
            }
            self.assertEqual({each.cls for types in found.commands.values() for each in types}, expected, name)
            for command, types in found.commands.items():
                self.assertTrue(types)
                self.assertEqual({each.name for each in types}, {command})

    def test_notificationsAreThoseOfTheFunctionalities(self) -> None:
        data = load(DATA)
        for name, entry in data["device_classes"].items():
            found = self.catalogue.deviceClass(name)
            assert found is not None
            expected = {
                notification
                for functionality in entry.get("notification", ())
                for notification in data["functionalities"][functionality].get("notifications", ())
            }
            self.assertEqual(found.notifications.keys(), expected, name)

    def test_unknown(self) -> None:
        self.assertIsNone(self.catalogue.deviceClass("Teleporter"))
        self.assertNotIn("Teleporter", self.catalogue)

    def test_isA(self) -> None:
        lamp = self.catalogue.deviceClass("DimmerLamp")
        assert lamp is not None
        self.assertTrue(lamp.isA("DimmerLamp"))
        self.assertTrue(lamp.isA("Lamp"))
        self.assertFalse(lamp.isA("SimpleLamp"))

    def test_nobodyChangesAClass(self) -> None:
        lamp = self.catalogue.deviceClass("Lamp")
        assert lamp is not None
        for mapping in (lamp.commands, lamp.notifications, lamp.states):
            self.assertRaises(TypeError, _assign, mapping)


def _assign(mapping: Any) -> None:
    mapping["x"] = None


class StateTests(SynchronousTestCase):
    def states(self, cls: str) -> dict[str, str | None]:
        found = catalogue().deviceClass(cls)
        assert found is not None
        return {each.cls: each.quantity for each in found.states.values()}

    def test_levelOfDimmers(self) -> None:
        """LevelState replaces LightIntensityState on dimmers; what measures light keeps it, in lux."""
        for cls in ("DimmerLamp", "DimmableLight", "ColorDimmableLight", "DimmerSwitch", "ColorDimmerSwitch"):
            self.assertEqual(self.states(cls).get("LevelState"), "level", cls)
            self.assertNotIn("LightIntensityState", self.states(cls))
        for cls in ("LightSensor", "QuadSensor", "TripleSensor", "CC2650SensorTag", "AircarePRO"):
            self.assertEqual(self.states(cls).get("LightIntensityState"), "illuminance", cls)
            self.assertNotIn("LevelState", self.states(cls))

    def test_noAbstractColour(self) -> None:
        for name in catalogue():
            self.assertNotIn("ColorState", self.states(name))
        self.assertIn("ColorStateHSB", self.states("ColorDimmableLight"))

    def test_impliedAndObserved(self) -> None:
        """Where a class declares no states: those its model implies, else those that drivers report."""
        self.assertEqual(list(self.states("OnOffSwitch")), ["OnOffState"])
        self.assertEqual(list(self.states("ZWaveGateway")), ["DeviceAssociationState"])
        self.assertEqual(self.states("Thermostat"), {})

    def test_features(self) -> None:
        """The key parameters of the state, not all that its value class might have."""
        for cls, state, features in [
            ("SinglePhaseElectricityMeter", "SinglePhaseActiveEnergyState", ()),
            ("ThreePhaseEnergyMeter", "ThreePhaseActiveEnergyState", ("phaseID",)),
            ("ThreePhaseVoltageMeter", "ThreePhaseVoltageState", ("phaseID",)),
            ("MultiTariffSinglePhaseEnergyMeter", "MultiTariffSinglePhaseActiveEnergyState", ("tariffID",)),
            ("MultiTariffThreePhaseEnergyMeter", "MultiTariffThreePhaseActiveEnergyState", ("phaseID", "tariffID")),
            ("HeatingEnergyMeter", "EnergyMeasurementState", ()),
            ("HeatEnergyCalculator", "MultipleEnergyMeasurementState", ("sensorID",)),
            ("RockerSwitch", "MultipleOnOffState", ("buttonID",)),
            ("CC2650SensorTag", "TridimensionalGyroscopeState", ("axisID",)),
            ("PressureSensor", "PressureState", ()),
            ("MultiplePressureSensor", "PressureState", ("sensorID",)),
        ]:
            found = catalogue().deviceClass(cls)
            assert found is not None
            self.assertEqual(found.states[state].features, features, cls)

    def test_featuresAreTheKeysOfANotification(self) -> None:
        """What tells the values of a state apart, some notification of the class can say."""
        for name in catalogue():
            found = catalogue().deviceClass(name)
            assert found is not None
            keys = {param.name.lower() for each in found.notifications.values() for param in each.params}
            for state in found.states.values():
                if (name, state.cls) == ("ThermostatTemperatureSensor", "MultipleTemperatureState"):
                    continue  # inherited, but only its single temperature is told
                for feature in state.features:
                    if feature != "axisID":
                        self.assertIn(feature.lower(), keys, f"{state.cls} of {name}")

    def test_discrete(self) -> None:
        state = catalogue().state("OnOffState")
        assert state is not None
        self.assertTrue(state.discrete)
        self.assertEqual(state.values, ("off", "on"))
        self.assertIsNone(state.quantity)

    def test_continuous(self) -> None:
        state = catalogue().state("ThreePhaseCurrentState")
        assert state is not None
        self.assertFalse(state.discrete)
        self.assertEqual(state.values, ())
        self.assertEqual(state.components, (("CurrentStateValue", 3),))
        self.assertEqual(state.quantity, "current")

    def test_everyMeasuredStateHasAQuantity(self) -> None:
        unknown = {"GenericContinuousState"}
        for name in catalogue():
            for cls, quantity in self.states(name).items():
                state = catalogue().state(cls, name)
                assert state is not None
                if not state.discrete and cls not in unknown:
                    self.assertIn(quantity, set(catalogue().quantities), f"{cls} of {name}")

    def test_unknown(self) -> None:
        self.assertIsNone(catalogue().state("MoodState"))


class NameTests(SynchronousTestCase):
    def test_commands(self) -> None:
        found = catalogue().command("SetDesiredTemperature")
        assert found is not None
        self.assertEqual(found.name, "setTemperatureAt")
        self.assertEqual(
            [(each.name, each.type, each.quantity) for each in found.params],
            [("temperature", "Measure", "temperature")],
        )
        self.assertIsNone(catalogue().command("FlyCommand"))

    def test_commandsNamed(self) -> None:
        self.assertEqual([each.cls for each in catalogue().commandsNamed("on")], ["OnCommand"])
        self.assertEqual(
            {each.cls for each in catalogue().commandsNamed("stop")}, {"StopCommand", "StopPlayingCommand"}
        )
        self.assertEqual(catalogue().commandsNamed("fly"), ())

    def test_intended(self) -> None:
        found = catalogue().command("EnableGasCommand")
        assert found is not None
        self.assertEqual((found.name, found.intended), ("disableGas", "enableGas"))

    def test_notifications(self) -> None:
        found = catalogue().notification("ThreePhaseActivePowerMeasurementNotification")
        assert found is not None
        self.assertEqual(found.name, "newActivePowerValue")
        self.assertEqual([each.name for each in found.params], ["phaseID", "value"])
        self.assertEqual((found.valueParam, found.keyParams), ("value", ("phaseID",)))

    def test_concreteOnly(self) -> None:
        self.assertEqual(len(list(catalogue().notifications())), 147)
        self.assertIsNone(catalogue().notification("SuperHeatingNotification"))
        self.assertIsNone(catalogue().notification("FlyNotification"))

    def test_notificationsNamed(self) -> None:
        found = {each.cls for each in catalogue().notificationsNamed("close")}
        self.assertEqual(found, {"CloseNotification", "NetworkClosedNotification"})
        self.assertEqual(catalogue().notificationsNamed("fly"), ())

    def test_functionality(self) -> None:
        found = catalogue().functionality("OnOffFunctionality")
        assert found is not None
        self.assertEqual(set(found["commands"]), {"OnCommand", "OffCommand"})
        self.assertIsNone(catalogue().functionality("FlyFunctionality"))

    def test_current(self) -> None:
        for kind, name, expected in [
            ("device_classes", "Lamp", "Lamp"),
            ("device_classes", "WaterMeter", "WaterConsumptionMeter"),
            ("device_classes", "HomeGateway", None),
            ("device_classes", "Teleporter", None),
            ("commands", "SetDesiredTemperatureCommand", "SetDesiredTemperature"),
            ("commands", "GetHumidityCommand", None),
            ("notifications", "MovementDetectedNotification", "SimpleMovementNotification"),
            ("notifications", "StateChangeNotification", None),
            ("notifications", "FrequencyMeasurementNotification", "SimpleFrequencyMeasurementNotification"),
            ("notifications", "SuperHeatingNotification", "SuperHeatingNotification"),
            ("states", "SinglePhaseEnergyMeasurementState", "SinglePhaseActiveEnergyState"),
            ("state_values", "MultipleOnStateValue", "OnStateValue"),
            ("functionalities", "StateChangeNotificationFunctionality", None),
        ]:
            self.assertEqual(catalogue().current(kind, name), expected, name)

    def test_everySuccessorIsThere(self) -> None:
        data = load(DATA)
        for kind, names in data["legacy"].items():
            if kind == "features":
                continue
            for name in names:
                current = catalogue().current(kind, name)
                if current is not None:
                    self.assertIn(current, data[kind], f"{kind} {name}")

    def test_environment(self) -> None:
        self.assertIn("Kitchen", catalogue().environment["classes"])


class QuantityTests(SynchronousTestCase):
    def test_unit(self) -> None:
        for quantity, unit in [
            ("temperature", "C"),
            ("active_energy", "kWh"),
            ("reactive_energy", "kVarh"),
            ("level", ""),
            (None, ""),
        ]:
            self.assertEqual(catalogue().unit(quantity), unit)

    def test_units(self) -> None:
        """As measures spell them, so that they can be compared."""
        self.assertEqual(catalogue().units("reactive_energy"), ("kVarh", "var·h"))
        self.assertEqual(catalogue().units("apparent_energy"), ("kVAh", "VA·h"))
        self.assertEqual(catalogue().units("active_power"), ("W", "kW"))
        for quantity in catalogue().quantities:
            self.assertLessEqual(set(catalogue().units(quantity)), UNITS.keys())
            self.assertEqual(catalogue().units(quantity)[0], catalogue().unit(quantity))

    def test_unitsOfAQuantityConvert(self) -> None:
        from dog.model.measure import Measure

        for quantity in catalogue().quantities:
            for unit in catalogue().units(quantity):
                self.assertEqual(Measure.of(1, unit).to(catalogue().unit(quantity)).to(unit), Measure.of(1, unit))
