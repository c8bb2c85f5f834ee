"""From what profiles tell to what device classes have: every profile, every class that is proposed for it."""

from __future__ import annotations

from decimal import Decimal
from random import Random

from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.enocean.driver import EnOcean
from dog.drivers.enocean.eep import PROFILES
from dog.drivers.enocean.erp import Telegram
from dog.drivers.enocean.learning import classFor
from dog.drivers.enocean.mapping import measured, statesOf, tells
from dog.model.bounds import within
from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.values import Reading
from dog.testing.links import FakeDevicePort, FakeKit, FakeLinkPort
from tests.drivers.enocean.air import ENDPOINT, SETTINGS, device


class Mapping(SynchronousTestCase):
    def test_measured(self) -> None:
        for number, unit, quantity, expected in (
            ("18000", "Ws", "active_energy", "0.00500 kWh"),
            ("1234", "Wh", "active_energy", "1.234 kWh"),
            ("7", "kWh", "active_energy", "7 kWh"),
            ("2", "kW", "active_power", "2000 W"),
            ("20.08", "C", "temperature", "20.08 C"),
        ):
            self.assertEqual(str(measured(Decimal(number), unit, quantity)), expected)

    def test_states(self) -> None:
        found = statesOf(Device("q", "QuadSensor"), PROFILES["A5-08-01"])
        expected = {"LightIntensityState": "illuminance", "MovementState": "motion", "TemperatureState": "temperature"}
        self.assertEqual(found, expected)
        self.assertEqual(statesOf(Device("q", "QuadSensor"), PROFILES["D5-00-01"]), {})
        many = Device("m", "MultipleTemperatureSensor").states
        self.assertEqual([tells(each, PROFILES["A5-02-05"]) for each in many.values()], [None] * len(many))

    def test_everyProposal(self) -> None:
        """Each class that teach-in proposes can be attached, and reports what it has, whatever its telegrams hold."""
        random, without = Random(3), set()
        for eep, profile in PROFILES.items():
            cls = classFor(eep)
            if cls is None:
                without.add(eep)
                continue
            link = EnOcean().link(ENDPOINT, SETTINGS, None, FakeLinkPort(), FakeKit())
            port = FakeDevicePort()
            here = device("x", cls, eep)
            link.attach(here, port)
            for case in profile.cases:
                for _ in range(60 if case.fromDevice else 0):
                    payload = case.encode({}, random.randbytes(case.size))
                    status = case.status[1] if case.status is not None else 0
                    if case.name in ("status", "measurement") and eep[:2] == "D2":
                        payload = payload[:1] + bytes([payload[1] & 0xE0]) + payload[2:]
                    elif case.name == "reply":
                        payload = bytes([payload[0] % 101, *payload[1:3], payload[3] & 0x0F])
                    link._heard(Telegram(profile.rorg, payload, 0x0025C57A, status))
            self.assertNotEqual(port.seen, [], f"{cls} with {eep}")
            for seen in port.seen:
                assert isinstance(seen, Reading)
                state = here.states[seen.slot.state]
                if state.discrete:
                    self.assertIn(seen.value, state.values, eep)
                elif isinstance(seen.value, Measure):
                    self.assertTrue(within(seen.value, state.quantity), f"{eep} {seen}")
        self.assertEqual(
            without,
            {"A5-09-05", "A5-09-06", "A5-09-07", "A5-09-0B", "A5-12-00", "A5-12-10", "A5-14-05"},
        )
