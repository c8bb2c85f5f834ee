"""Devices are put together by what they have, and each state has one behaviour that owns it."""

from __future__ import annotations

import json
from importlib import resources

from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.simulated.choice import BEHAVIOURS
from dog.drivers.simulated.plan import planOf
from dog.model.catalogue import catalogue
from dog.model.device import ConfigParam, Device, NotificationFunctionality, State, StateValue
from tests.drivers.simulated.house import House


class PlanTests(SynchronousTestCase):
    def names(self, device: Device) -> set[str]:
        return {each.__name__ for each in planOf(device).behaviours}

    def test_composition(self) -> None:
        self.assertEqual(self.names(Device("it", "SimpleLamp")), {"OnOff"})
        self.assertEqual(self.names(Device("it", "DimmableLight")), {"OnOff", "Level", "Groups", "Scenes"})
        self.assertEqual(self.names(Device("it", "QuadSensor")), {"Movement", "Groups", "Sampler"})
        self.assertEqual(self.names(Device("it", "DoorActuator")), {"Door"})
        self.assertEqual(self.names(Device("it", "DoorSensor")), {"Contact"})
        self.assertEqual(self.names(Device("it", "SmokeSensor")), {"OnOff", "Alarm"})
        self.assertEqual(self.names(Device("it", "InfraredSensor")), {"Infrared"})
        self.assertEqual(self.names(Device("it", "ThermostaticRadiatorValve")), {"Thermostat", "ClimateSchedule"})
        self.assertEqual(self.names(Device("it", "ZWaveComponent")), set())

    def test_declaredState(self) -> None:
        """A state that home.xml adds to the class has a value like any other."""
        device = Device(
            "it", "SimpleLamp", declaredStates=(State("TemperatureState", (StateValue("TemperatureStateValue"),)),)
        )
        self.assertEqual(self.names(device), {"OnOff", "Sampler"})

    def test_declaredFunctionality(self) -> None:
        device = Device("it", "SimpleLamp", controlFunctionalities=())
        other = Device(
            "it",
            "SimpleLamp",
            notificationFunctionalities=(NotificationFunctionality("ButtonNotificationFunctionality"),),
        )
        self.assertIsNot(planOf(device), planOf(other))

    def test_shared(self) -> None:
        """Devices of one make-up share a plan."""
        one = Device("one", "SimpleLamp", params=(ConfigParam("nominalPower", "60 W"),))
        self.assertIs(planOf(one), planOf(Device("two", "SimpleLamp")))

    def test_everyState(self) -> None:
        """Every state of the catalogue that can have a value has one, on any device that declares it."""
        for cls in json.loads(resources.files("dog.model").joinpath("data/dogont.json").read_text("utf-8"))["states"]:
            state = catalogue().state(cls)
            assert state is not None
            device = Device("it", "Lighting", declaredStates=(State(cls, (StateValue("X"),)),))
            free = ("GenericContinuous", "GenericDiscrete", "Schedule")
            if state.values or state.quantity is not None or any(each in cls for each in free):
                (kind,) = device.states
                house = House(device)
                self.assertEqual({slot.state for slot in house.ports["it"].values}, {kind}, cls)

    def test_noBehaviourIsIdle(self) -> None:
        """Every behaviour is somebody's."""
        used = {each for cls in catalogue() for each in planOf(Device("it", cls)).behaviours}
        self.assertEqual([each.__name__ for each in BEHAVIOURS if each not in used], [])

    def test_everyCommandHasABehaviour(self) -> None:
        """Only getState and what a camera grabs are left to the device itself."""
        missing = set()
        for cls in catalogue():
            device = Device("it", cls)
            plan = planOf(device)
            for types in device.commands.values():
                missing |= {
                    each.cls for each in types if each.cls not in plan.commands and each.cls not in plan.queries
                }
        self.assertEqual(missing, {"GetCommand", "GrabPictureCommand"})

    def test_nominalPower(self) -> None:
        """By the kind of device, unless home.xml says so; nonsense is left aside."""

        def watts(cls: str, power: str | None) -> float:
            params = (ConfigParam("nominalPower", power),) if power else ()
            device = Device("it", cls, params=params)
            return planOf(device).nominal(device)

        self.assertEqual(watts("SimpleLamp", None), 9.0)
        self.assertEqual(watts("SimpleLamp", "40 W"), 40.0)
        self.assertEqual(watts("SimpleLamp", "1.5 kW"), 1500.0)
        self.assertEqual(watts("SimpleLamp", "75"), 75.0)
        self.assertEqual(watts("SimpleLamp", "bright"), 9.0)
        self.assertEqual(watts("Dishwasher", None), 2000.0)
