"""Figures for Prometheus."""

from __future__ import annotations

import re

from dog.api.resources import metrics
from dog.interfaces import LinkFailed
from dog.testing.scripted import refuse
from tests.api.recorded.gateway import InHome

ON = "/api/v1/devices/SimpleLamp_mb1/commands/on"

SAMPLE = re.compile(r'([a-z_]+)((?:\{[a-z]+="[^"\n]*"(?:,[a-z]+="[^"\n]*")*\})?) (\S+)')


class Metrics(InHome):
    def setUp(self) -> None:
        super().setUp()
        self.counts = self.gateway.ports.counts
        self.gateway.stepper.listen(self.counts.heard)

    def scrape(self) -> dict[str, float]:
        """Every sample; each line is a sample or says what follows."""
        answer = self.ask("GET", "/metrics", Accept="application/openmetrics-text;q=0.5,text/plain;q=0.3,*/*;q=0.1")
        self.assertEqual(answer.status, 200, answer.body)
        self.assertEqual(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8")
        found: dict[str, float] = {}
        typed = set()
        text = answer.body.decode()
        self.assertTrue(text.endswith("\n"))
        for line in text.splitlines():
            if line.startswith("# TYPE "):
                name, kind = line.split()[2:]
                typed.add(name)
                self.assertIn(kind, ("counter", "gauge"))
                self.assertEqual(kind == "counter", name.endswith("_total"), name)
            elif not line.startswith("# HELP "):
                match = SAMPLE.fullmatch(line)
                assert match is not None, line
                self.assertIn(match[1], typed)
                self.assertNotIn(match[1] + match[2], found)
                found[match[1] + match[2]] = float(match[3])
        return found

    def test_devices(self) -> None:
        found = self.scrape()
        core, devices = self.gateway.core, self.gateway.home.devices
        self.assertEqual(found["dog_devices"], len(devices))
        self.assertEqual(found["dog_devices_active"], sum(core.presence(each).active for each in devices))
        self.assertEqual(found["dog_devices_online"], sum(core.presence(each).online for each in devices))
        self.assertEqual(found['dog_links{driver="modbus",state="up"}'], 1)
        self.assertEqual(found['dog_links{driver="modbus",state="waiting"}'], 1)
        self.driver.lose(LinkFailed("closed", "gone"))
        self.assertEqual(self.scrape()["dog_devices_online"], 0)

    def test_commands(self) -> None:
        """Outcomes are counted for good, those that have not been there yet as 0."""
        self.assertEqual(self.scrape()['dog_commands_total{stage="confirmed"}'], 0)
        self.ask("PUT", ON)
        self.driver.script(None, None, refuse("no"))
        self.ask("PUT", ON)
        self.ask("PUT", ON)
        found = self.scrape()
        self.assertEqual(found['dog_commands_total{stage="confirmed"}'], 1)
        self.assertEqual(found['dog_commands_total{stage="failed"}'], 2)
        self.assertEqual(found['dog_events_total{kind="commandSettled"}'], 3)
        self.assertNotIn('dog_commands_total{stage="accepted"}', found)
        self.assertEqual(found["dog_commands_open"], 0)

    def test_clients(self) -> None:
        self.counts.connections = lambda: 7
        self.assertEqual(self.scrape()["dog_websocket_connections"], 7)

    def test_process(self) -> None:
        self.patch(metrics, "processMemory", lambda: 12345678)
        found = self.scrape()
        self.assertEqual(found["process_resident_memory_bytes"], 12345678)
        self.assertEqual(found["process_start_time_seconds"], 1714564800)
        self.assertTrue(found["process_cpu_seconds_total"] > 0)
        self.assertEqual(found['dog_info{version="test"}'], 1)

    def test_labels(self) -> None:
        """A label holds any text."""
        self.assertIn(r'{a="b\\c\"d\ne"} 1' + "\n", metrics._metric("n", "gauge", "h", [({"a": 'b\\c"d\ne'}, 1)]))
