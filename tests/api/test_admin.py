"""What the old console reads."""

from __future__ import annotations

from typing import Any

from dog import __version__
from dog.api.memory import MachineMemory
from dog.api.resources import admin
from dog.live.drivers import Drivers
from dog.testing.scripted import ScriptedDriver
from tests.api.recorded.gateway import InHome


class Admin(InHome):
    def get(self, path: str) -> Any:
        answer = self.ask("GET", path)
        self.assertEqual(answer.status, 200, answer.body)
        return answer.json

    def test_bundles(self) -> None:
        """A driver with a link is active, one without is installed, one that did not load failed."""
        self.assertEqual(
            self.get("/admin/system/bundlemanager/bundles"),
            [{"name": f"modbus ({__version__})", "state": "Active"}],
        )
        byName = {"modbus": self.driver, "enocean": ScriptedDriver("enocean")}
        self.gateway.attachments.drivers = Drivers(byName, failed={"knx": "does not load"})
        self.assertEqual(
            self.get("/admin/system/bundlemanager/bundles"),
            [
                {"name": f"enocean ({__version__})", "state": "Installed"},
                {"name": "knx", "state": "Failed"},
                {"name": f"modbus ({__version__})", "state": "Active"},
            ],
        )
        self.assertEqual(
            self.get("/admin/system/bundlemanager/bundles/statistics"),
            {"active": 1, "installed": 2, "activeRatio": "0.33"},
        )

    def test_noBundles(self) -> None:
        self.gateway.attachments.drivers = Drivers()
        self.assertEqual(
            self.get("/admin/system/bundlemanager/bundles/statistics"),
            {"active": 0, "installed": 0, "activeRatio": "0.00"},
        )

    def test_memory(self) -> None:
        mega = 1024 * 1024
        self.patch(admin, "machineMemory", lambda: MachineMemory(1000 * mega, 720 * mega))
        self.patch(admin, "processMemory", lambda: 54 * mega + 1000)
        self.assertEqual(self.get("/admin/framework/memory/runtime"), {"value": "1000 MB"})
        self.assertEqual(self.get("/admin/framework/memory/free"), {"value": "720 MB", "ratio": "0.72"})
        self.assertEqual(self.get("/admin/framework/memory/used"), {"value": "54 MB", "ratio": "0.05"})

    def test_memoryUnknown(self) -> None:
        """Where the machine does not tell its memory, all there is to know is what the gateway uses."""
        self.patch(admin, "machineMemory", lambda: None)
        self.patch(admin, "processMemory", lambda: 54 * 1024 * 1024)
        self.assertEqual(self.get("/admin/framework/memory/runtime"), {"value": "54 MB"})
        self.assertEqual(self.get("/admin/framework/memory/free"), {"value": "0 MB", "ratio": "0.00"})
        self.assertEqual(self.get("/admin/framework/memory/used"), {"value": "54 MB", "ratio": "1.00"})

    def test_devices(self) -> None:
        found = self.get("/admin/framework/devices/statistics")
        core = self.gateway.core
        active = sum(core.presence(each).active for each in self.gateway.home.devices)
        total = len(self.gateway.home.devices)
        self.assertTrue(0 < active < total)
        self.assertEqual(found, {"active": active, "idle": total - active, "activeRatio": f"{active / total:.2f}"})

    def test_notUnderV1(self) -> None:
        self.refused(self.ask("GET", "/api/v1/admin/framework/memory/used"), 404, "not_found")
