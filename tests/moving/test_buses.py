from __future__ import annotations

from typing import Any

from dog.drivers.enocean.driver import driver as enocean
from dog.drivers.modbus import driver as modbus
from dog.moving.buses import buses
from dog.moving.report import Report
from tests.moving.trees import MADE, TreeCase, why

MODBUS = "it.polito.elite.dog.drivers.modbus.network.cfg"
ENOCEAN = "org.doggateway.drivers.enocean.network.cfg"
ZWAVE = "it.polito.elite.dog.drivers.zwave."


class BusesTests(TreeCase):
    def buses(self, files: dict[str, str | bytes]) -> tuple[dict[str, dict[str, Any]], Report]:
        self.put(files)
        old, report = self.installation()
        return buses(old, report, {}), report

    def test_modbus(self) -> None:
        """What the driver takes, and for all else why not; the driver has nothing to say against it."""
        name = f"configuration/config/{MODBUS}"
        found, report = self.buses({MODBUS: (MADE / name).read_bytes()})
        self.assertEqual(found, {"modbus": {"pollingTimeMillis": 2500, "nRetriesWithinTransaction": 3}})
        self.assertEqual(modbus.check(found["modbus"], None, []), [])
        self.assertEqual(len(report.changed) + len(report.left), 9)
        self.assertIn("for ever", why(report.left, MODBUS, "nRetries") or "")

    def test_modbusBounds(self) -> None:
        """What is not possible is brought to what is; what is no number was the default before, too."""
        found, report = self.buses({MODBUS: "pollingTimeMillis=0\nnRetriesWithinTransaction=many\nother=1"})
        self.assertEqual(found, {"modbus": {"pollingTimeMillis": 50}})
        self.assertIn("it was 0", why(report.changed, MODBUS, "pollingTimeMillis") or "")
        self.assertIn("default", why(report.left, MODBUS, "nRetriesWithinTransaction") or "")
        self.assertIn("no such setting", why(report.left, MODBUS, "other") or "")

    def test_oldNames(self) -> None:
        found, report = self.buses({"ModbusNetworkDriver.cfg": "pollingTimeMillis = 700 \nnumTry=0"})
        self.assertEqual(found, {"modbus": {"pollingTimeMillis": 700}})
        self.assertIn("old version", why(report.left, "ModbusNetworkDriver.cfg", "numTry") or "")

    def test_enocean(self) -> None:
        found, report = self.buses(
            {
                ENOCEAN: "SERIALPORT = /dev/ttyUSB0 \ndeviceDB=x\nother=1",
                "org.doggateway.drivers.enocean.doorsensor.cfg": "updateTimeMillis=1",
            }
        )
        self.assertEqual(found, {"enocean": {"serialPort": "/dev/ttyUSB0"}})
        self.assertEqual(enocean.check(found["enocean"], None, []), [])
        self.assertEqual([each.key for each in report.left], ["updateTimeMillis", "deviceDB", "other"])

    def test_enoceanWithoutPort(self) -> None:
        found, report = self.buses({ENOCEAN: "serialPort="})
        self.assertEqual(found, {"enocean": {}})
        self.assertIn("empty", why(report.left, ENOCEAN, "serialPort") or "")

    def test_kept(self) -> None:
        """Of other buses everything, those of each kind of device in a table, numbers as numbers."""
        found, report = self.buses(
            {
                f"{ZWAVE}network.cfg": "pollingTimeMillis = 1000 \nautoDiscovery = TRUE\nloginUrl=http://x\npin=0123",
                f"{ZWAVE}lightsensor.cfg": "updateTimeMillis=-5",
                f"{ZWAVE}gateway.cfg": "# nothing\n",
                "com.example.drivers.tram.stop.config": 'lines=["1","2"]',
            }
        )
        self.assertEqual(
            found,
            {
                "zwave": {
                    "pollingTimeMillis": 1000,
                    "autoDiscovery": True,
                    "pin": "0123",
                    "lightsensor": {"updateTimeMillis": -5},
                },
                "tram": {"stop": {"lines": ["1", "2"]}},
            },
        )
        self.assertIn("not read any more", why(report.left, f"{ZWAVE}network.cfg", "loginUrl") or "")
        self.assertIn("drivers.zwave.lightsensor.updateTimeMillis", [each.to for each in report.taken])

    def test_nothingIsOverwritten(self) -> None:
        """A setting that is called as a kind of device, two kinds of device of one name."""
        found, report = self.buses(
            {
                f"{ZWAVE}network.cfg": "lightsensor=1",
                f"{ZWAVE}lightsensor.cfg": "a=2",
                "com.example.drivers.zwave.lightsensor.cfg": "a=3",
            }
        )
        self.assertEqual(found, {"zwave": {"lightsensor": {"a": 3}, "lightsensor_": {"a": 2}, "lightsensor__": 1}})
        self.assertEqual(len({each.to for each in report.taken}), 3)

    def test_secrets(self) -> None:
        """The report does not show them."""
        found, report = self.buses({f"{ZWAVE}network.cfg": "password=hush"})
        self.assertEqual(found, {"zwave": {"password": "hush"}})
        self.assertEqual([each.value for each in report.taken], ["(not shown)"])
