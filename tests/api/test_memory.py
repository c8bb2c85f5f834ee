"""How much memory there is."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dog.api.memory import MachineMemory, machineMemory, processMemory


class Memory(SynchronousTestCase):
    def file(self, text: str) -> Path:
        path = Path(self.mktemp())
        path.write_text(text)
        return path

    def test_process(self) -> None:
        """The second figure of statm, in pages."""
        statm = self.file("9000 1200 300 1 0 4000 0\n")
        self.assertEqual(processMemory(statm), 1200 * os.sysconf("SC_PAGE_SIZE"))

    def test_processWithoutProc(self) -> None:
        """Elsewhere it is what the process had at most: megabytes, at any rate."""
        found = processMemory(Path(self.mktemp()))
        self.assertTrue(4 * 2**20 < found < 2**40, found)

    def test_machine(self) -> None:
        meminfo = self.file(
            "MemTotal:        2000 kB\nMemFree:          100 kB\nMemAvailable:    1500 kB\nHugePages_Total: 0\n"
        )
        self.assertEqual(machineMemory(meminfo), MachineMemory(2000 * 1024, 1500 * 1024))

    def test_machineUnknown(self) -> None:
        self.assertIsNone(machineMemory(Path(self.mktemp())))
        self.assertIsNone(machineMemory(self.file("MemTotal: 2000 kB\n\n")))
