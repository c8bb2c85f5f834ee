"""What registers mean, for every class of the catalogue."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.modbus.mapper import mapOf
from dog.drivers.modbus.mapping import numberOf
from dog.model.catalogue import catalogue
from dog.model.device import ControlFunctionality, Device, NotificationFunctionality
from dog.model.measure import Measure
from dog.model.tell import told as tellings
from dog.model.values import Slot, Value
from tests.drivers.modbus.slave import commanded, device, told


def describable() -> list[Device]:
    """A device of every class, with a register for everything it tells and takes."""
    found = []
    for name in catalogue():
        kind = catalogue().deviceClass(name)
        assert kind is not None
        keys: dict[str, Any] = {
            "phaseID": "L1",
            "tariffID": "1",
            "sensorID": "1",
            "buttonID": "1",
            "axisID": "X",
            "registerValue": 1,
        }
        parts: list[NotificationFunctionality | ControlFunctionality] = [
            told(each, address * 4, **keys) for address, each in enumerate(kind.notifications)
        ]
        parts += [commanded(each, 1000 + address * 4, registerValue=1) for address, each in enumerate(kind.commands)]
        found.append(device("it", name, *parts))
    return found


class EveryClassTests(SynchronousTestCase):
    def test_valuesAreThoseOfTheirStates(self) -> None:
        """Of all classes: what a 1 in every register means is a value of the device's own state, and can be told."""
        tellable = 0
        for each in describable():
            found = mapOf(each)
            numbers: dict[object, Decimal | None] = {register: Decimal(1) for register in found.registers}
            values: dict[Slot, Value] = dict(found.values(numbers, found.registers))  # type: ignore[arg-type]
            for slot, value in values.items():
                state = each.states[slot.state]
                self.assertEqual({name for name, _ in slot.features}, set(state.features), (each.cls, slot))
                if state.discrete:
                    self.assertIn(value, state.values, (each.cls, slot))
                tellable += len(tellings(each, [slot], values.get))
            for name, target in found.targets.items():
                self.assertTrue(target.register.table.writable)
                self.assertIn(name, each.commands)
        self.assertGreater(tellable, 200)

    def test_everyClassThatTellsOrTakesSomething(self) -> None:
        """72 classes have neither notifications nor commands but getState; the other 138 are served."""
        for each in describable():
            takes = [name for name, types in each.commands.items() if types[0].returns is None]
            found = mapOf(each)
            self.assertEqual(bool(found.sources or found.targets), bool(takes or each.notifications), each.cls)
            self.assertEqual(set(found.targets), {n for n in takes if len(each.commands[n][0].params) < 2}, each.cls)

    def test_nothingDescribed(self) -> None:
        for name in catalogue():
            found = mapOf(Device("it", name, "Modbus"))
            self.assertEqual((found.sources, dict(found.targets), found.problems), ((), {}, ()))


class MeaningTests(SynchronousTestCase):
    def value(self, cls: str, state: str, *parts: NotificationFunctionality, **registers: int) -> Value | None:
        """What the state is while these addresses (C{r5=1}) hold these numbers."""
        found = mapOf(device("it", cls, *parts))
        self.assertEqual(found.problems, ())
        numbers: dict[object, Decimal | None] = {
            each: Decimal(registers[f"r{each.address}"]) for each in found.registers
        }
        return dict(found.values(numbers, found.registers)).get(Slot("it", state))  # type: ignore[arg-type]

    def test_normallyClosedContact(self) -> None:
        """A register of its own for close: not 0 is close."""
        closed = told("CloseNotification", 5, "di")
        self.assertEqual(self.value("DoorSensor", "OpenCloseState", closed, r5=1), "close")
        self.assertEqual(self.value("DoorSensor", "OpenCloseState", closed, r5=0), "open")

    def test_bothOnOneRegister(self) -> None:
        """In whatever order they are: not 0 is open."""
        both = [told("CloseNotification", 5, "di"), told("OpenNotification", 5, "di")]
        for parts in (both, both[::-1]):
            self.assertEqual(self.value("DoorSensor", "OpenCloseState", *parts, r5=1), "open")
            self.assertEqual(self.value("DoorSensor", "OpenCloseState", *parts, r5=0), "close")

    def test_oneRegisterForEachNotification(self) -> None:
        up, down = told("MovingUpNotification", 1, "c"), told("MovingDownNotification", 2, "c")
        for raised, lowered, wanted in ((1, 0, "raising"), (0, 1, "lowering"), (0, 0, "rest")):
            found = self.value("ShutterActuator", "ShutterState", up, down, r1=raised, r2=lowered)
            self.assertEqual(found, wanted)

    def test_numbers(self) -> None:
        up = told("MovingUpNotification", 1, registerValue="0x10")
        rest = told("RestNotification", 1, registerValue="0")
        for number, wanted in ((16, "raising"), (0, "rest"), (3, None)):
            self.assertEqual(self.value("ShutterActuator", "ShutterState", up, rest, r1=number), wanted)

    def test_unitOfTheState(self) -> None:
        """Without a unit of its own, a measure is in the catalogue's."""
        found = self.value(
            "SingleTemperatureSensor", "TemperatureState", told("TemperatureMeasurementNotification", 1), r1=7
        )
        self.assertEqual(found, Measure.of(7, "C"))

    def test_byName(self) -> None:
        """A notification class that nobody knows is found by its notificationName."""
        odd = told("TempNotification", 1, notificationName="newTemperatureValue")
        self.assertEqual(self.value("SingleTemperatureSensor", "TemperatureState", odd, r1=7), Measure.of(7, "C"))

    def test_parameters(self) -> None:
        self.assertEqual(numberOf(Measure.parse("2 kW"), "W"), 2000)
        for value, wanted in ((True, 1), (50, 50), (0.5, Decimal("0.5")), ("41.5", Decimal("41.5"))):
            self.assertEqual(numberOf(value, None), wanted)
        for bad in ("blue", Measure.parse("2 kW")):
            self.assertRaises(ValueError, numberOf, bad, "C")
