from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.moving.bundles import HOUSE, MODBUS, addonOf, bundleOf, driverOf


class Names(SynchronousTestCase):
    def test_bundleOf(self) -> None:
        for name, bundle in {
            "a.b.c.cfg": ("a.b.c", None),
            "a.b.C.CFG": ("a.b.C", None),
            "a.b.c-one.cfg": ("a.b.c", "one"),
            "a.b.c~one-two.config": ("a.b.c", "one-two"),
            "SimpleHouseModel.cfg": (HOUSE, None),
            "ModbusNetworkDriver.cfg": (MODBUS, None),
            "home.xml": None,
            "cfg": None,
            ".cfg": None,
            "a.cfg.bak": None,
        }.items():
            self.assertEqual(bundleOf(name), bundle, name)

    def test_driverOf(self) -> None:
        for pid, driver in {
            MODBUS: ("modbus", "network"),
            "org.doggateway.drivers.enocean.rockerswitch": ("enocean", "rockerswitch"),
            "org.doggateway.drivers.bluetooth.ble.network": ("bluetooth", "network"),
            "org.doggateway.drivers.bluetooth.ble.temperaturesensor.cc2650": (
                "bluetooth",
                "ble_temperaturesensor_cc2650",
            ),
            "org.doggateway.drivers.plugwise.mqtt.network": ("plugwise", "network"),
            "IT.Polito.Elite.Dog.Drivers.ZWave.Gateway": ("zwave", "gateway"),
            HOUSE: None,
        }.items():
            self.assertEqual(driverOf(pid), driver, pid)

    def test_addonOf(self) -> None:
        self.assertIsNotNone(addonOf("it.polito.elite.dog.addons.streamprocessor.simple"))
        self.assertIsNotNone(addonOf("IT.POLITO.ELITE.DOG.ADDONS.MQTT.BRIDGE"))
        self.assertIsNone(addonOf("it.polito.elite.dog.addons.mqtt.bridges"))
