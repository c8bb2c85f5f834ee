"""What a driver says it found, and which device of the home that is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.model import candidate
from dog.model.candidate import BadCandidate, Candidate, candidateFrom, sameAddress
from dog.model.device import ConfigParam, Device

NOW = datetime(2025, 1, 15, 12, tzinfo=UTC)

GIVEN = {"key": "0025C57A", "params": {"address": "0025C57A", "eep": "F6-02-01"}, "identity": ("address",)}


def made(**more: Any) -> Candidate:
    return candidateFrom({**GIVEN, **more}, "enocean", "EnOcean", "gw", NOW)


class Reading(SynchronousTestCase):
    def test_everything(self) -> None:
        found = made(
            **{"class": "RockerSwitch", "classes": ["Button", "RockerSwitch"], "id": "RockerSwitch_7"},
            description="Rocker",
            guessed=True,
            signal=-60,
            about={"manufacturer": 11, "empty": None},
        )
        self.assertEqual((found.id, found.key, found.driver), ("enocean-0025C57A", "0025C57A", "enocean"))
        self.assertEqual((found.cls, found.classes), ("RockerSwitch", ("RockerSwitch", "Button")))
        self.assertEqual((found.deviceId, found.description, found.signal), ("RockerSwitch_7", "Rocker", -60))
        self.assertEqual(found.params, (("address", "0025C57A"), ("eep", "F6-02-01")))
        self.assertEqual((found.identity, found.about), (("address",), (("manufacturer", "11"),)))
        self.assertEqual((found.firstSeen, found.lastSeen, found.timesSeen), (NOW, NOW, 1))
        self.assertEqual((found.gateway, found.domoticSystem, found.guessed), ("gw", "EnOcean", True))

    def test_little(self) -> None:
        """A key and params are enough; every param tells which device it is then."""
        found = candidateFrom({"key": "1:2", "params": {"mac": "00:11"}}, "x", "X", None, NOW)
        self.assertEqual((found.deviceId, found.cls, found.classes), ("x_1_2", None, ()))
        self.assertEqual((found.description, found.identity, found.guessed), ("x 1:2", ("mac",), False))

    def test_refused(self) -> None:
        many = {f"p{number}": "1" for number in range(candidate.MAX_PARAMS + 1)}
        wrong: tuple[dict[str, Any], ...] = (
            {"key": ""},
            {"key": "a b"},
            {"key": "x" * (candidate.MAX_KEY + 1)},
            {"key": 5},
            {"key": "../../etc"},
            {"params": {}},
            {"params": many},
            {"params": None},
            {"params": {"a b": "1"}},
            {"params": {"address": "x" * (candidate.MAX_VALUE + 1)}},
            {"params": {"address": "a\u0000b"}},
            {"params": {"address": ["a"]}},
            {"params": {"address": True}},
            {"identity": ["mac"]},
        )
        for given in wrong:
            error = self.assertRaises(BadCandidate, made, **given)
            self.assertLess(len(str(error)), 300)

    def test_cleaned(self) -> None:
        """Texts are one line without anything unseen; what is no class is left out; ids are names."""
        found = made(
            **{"class": "Unheard", "classes": ["Lamp", 5, "Lamp", None], "id": "1 lamp\u202e/x"},
            description="a\u001b[31m\nb\u202e " + "c" * 1000,
            signal=-10_000,
            about={"a\nb": "c\u0000", 5: "d"},
            extra=object(),
        )
        self.assertEqual((found.cls, found.classes), (None, ("Lamp",)))
        self.assertEqual(found.deviceId, "_1_lamp_x")
        self.assertTrue(found.description.startswith("a [31m b c"))
        self.assertEqual(len(found.description), candidate.MAX_TEXT)
        self.assertEqual((found.signal, found.about), (None, (("a b", "c"), ("5", "d"))))

    def test_proposedId(self) -> None:
        """The class and the key where the driver proposes none."""
        self.assertEqual(made(**{"class": "Lamp"}).deviceId, "Lamp_0025C57A")

    def test_bounded(self) -> None:
        found = made(classes=["Lamp"] * 2000, about={str(each): "x" for each in range(1000)})
        self.assertEqual((len(found.classes), len(found.about)), (1, candidate.MAX_PARAMS))


class InTheHome(SynchronousTestCase):
    def device(self, system: str = "EnOcean", **params: str) -> Device:
        return Device("d", "Button", system, params=tuple(ConfigParam(*each) for each in params.items()))

    def test_sameAddress(self) -> None:
        for one, other in (
            ("0025C57A", "00-25-c5-7a"),
            ("0x0025c57a", "00:25:C5:7A"),
            ("25c57a", "0025C57A"),
            ("00000001", "00-00-00-01"),
            ("0000", "0"),
        ):
            self.assertEqual(sameAddress(one), sameAddress(other), (one, other))
        self.assertNotEqual(sameAddress("-5"), sameAddress("5"))

    def test_isDevice(self) -> None:
        rocker = made(params={"address": "0025C57A", "uid": "2475386", "eep": "F6-02-01"}, identity=("address", "uid"))
        for params in ({"address": "00-25-c5-7a"}, {"uid": "2475386"}, {"address": "25C57A", "eep": "F6-10-00"}):
            self.assertTrue(rocker.isDevice(self.device(**params)), params)
        for params in ({"address": "0025C57B"}, {"eep": "F6-02-01"}, {}, {"address": "0025C57A", "uid": "1"}):
            self.assertFalse(rocker.isDevice(self.device(**params)), params)
        self.assertTrue(rocker.isDevice(self.device("enocean", uid="2475386")))
        self.assertFalse(rocker.isDevice(self.device("KNX", uid="2475386")))

    def test_device(self) -> None:
        device = made(description="Rocker").device("r1", "RockerSwitch", isIn="hall")
        self.assertEqual(
            (device.id, device.cls, device.domoticSystem, device.gateway), ("r1", "RockerSwitch", "EnOcean", "gw")
        )
        self.assertEqual((device.isIn, device.description), ("hall", "Rocker"))
        self.assertEqual((device.param("address"), device.param("eep")), ("0025C57A", "F6-02-01"))
        self.assertTrue(made().isDevice(device))
