"""What a device on the air could be in the home."""

from __future__ import annotations

from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.enocean.eep import PROFILES
from dog.drivers.enocean.erp import Rorg, Telegram
from dog.drivers.enocean.learning import candidatesOf, classesFor, guess
from dog.drivers.enocean.params import identityOf
from dog.drivers.enocean.teachin import TeachIn
from dog.model.candidate import candidateFrom

NOW = datetime(2025, 1, 15, tzinfo=UTC)


class Offering(SynchronousTestCase):
    def test_everyProfile(self) -> None:
        """Whatever the profile, what is offered passes, and adopted it is a device that the driver understands."""
        for eep, profile in PROFILES.items():
            telegram = Telegram(profile.rorg, b"", 0xFF812345, rssi=-60)
            (given,) = candidatesOf(telegram, profile, TeachIn(eep, 0x7FF))
            candidate = candidateFrom(given, "enocean", "EnOcean", "gw", NOW)
            # The catalogue has classes for all but air quality and the like.
            self.assertEqual(candidate.cls is None, not classesFor(profile), eep)
            self.assertEqual(candidate.classes[:1], (candidate.cls,) if candidate.cls else ())
            self.assertEqual((candidate.signal, candidate.about[0]), (-60, ("profile", eep)))
            identity = identityOf(candidate.device("d", candidate.cls or ""))
            self.assertEqual((identity.address, identity.profile, identity.channel), (0xFF812345, profile, 0))

    def test_classes(self) -> None:
        """The best first; then all of whose states it tells each."""
        self.assertEqual(classesFor(PROFILES["F6-02-01"]), ("RockerSwitch", "Button"))
        self.assertEqual(classesFor(PROFILES["D5-00-01"]), ("DoorSensor", "WindowSensor"))
        self.assertEqual(classesFor(PROFILES["F6-10-00"]), ("WindowSensor", "DoorSensor"))
        found = classesFor(PROFILES["A5-04-01"])
        self.assertEqual(found[0], "TemperatureAndHumiditySensor")
        self.assertIn("HumiditySensor", found)
        self.assertNotIn("TripleSensor", found)

    def test_guess(self) -> None:
        """Without a teach-in telegram: of rockers and contacts only, whose data say what they are."""
        for rorg, payload, eep in (
            (Rorg.RPS, b"\x30", "F6-02-01"),
            (Rorg.BS1, b"\x09", "D5-00-01"),
            (Rorg.BS4, bytes.fromhex("08280b80"), "A5-02-05"),
            (Rorg.UTE, bytes.fromhex("a001460009 01d2"), "D2-01-09"),
        ):
            found = guess(Telegram(rorg, payload, 1))
            assert found is not None, eep
            self.assertEqual(found[0].eep, eep)
        for rorg, payload in (
            (Rorg.BS4, bytes.fromhex("00008008")),
            (Rorg.BS4, bytes.fromhex("ffffff80")),
            (Rorg.VLD, b"\x04\x60\x80"),
            (Rorg.UTE, bytes.fromhex("9001460009 01d2")),
            (Rorg.MSC, b"\0\0"),
        ):
            self.assertIsNone(guess(Telegram(rorg, payload, 1)), payload)
