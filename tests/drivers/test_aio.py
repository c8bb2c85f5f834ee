"""Drivers on asyncio: the reactor is chosen for them, and coroutines become Deferreds."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from dog.testing import GatewayProcess
from tests.source import ROOT

PATIENCE = 60.0

DRIVER = """
import asyncio

from zope.interface import implementer

from dog.drivers.aio import deferred
from dog.interfaces import IDeviceDriver, IDriver, ILink
from dog.model.command import Outcome, Stage
from dog.model.values import Reading, Slot


@implementer(IDriver)
class Bus:
    name = "aiobus"
    systems = ("AioBus",)

    def check(self, settings, gateway, devices):
        return []

    def linkKey(self, settings, gateway, device):
        return "the bus"

    def link(self, key, settings, gateway, port, kit):
        return Link()


@implementer(ILink, IDeviceDriver)
class Link:
    def start(self):
        return deferred(self.connect())

    async def connect(self):
        await asyncio.sleep(0.01)
        asyncio.get_running_loop()

    def stop(self):
        return deferred(asyncio.sleep(0))

    def attach(self, device, port):
        self.device, self.port = device, port
        return self

    def detach(self, deviceId):
        pass

    def send(self, command):
        return deferred(self.switch(command.name))

    async def switch(self, name):
        await asyncio.sleep(0.01)
        return Outcome(Stage.CONFIRMED, seen=(Reading(Slot(self.device.id, "OnOffState"), name),))

    def refresh(self):
        pass


driver = Bus()
"""

HOME = """<?xml version="1.0" encoding="UTF-8"?>
<dhc:dogHomeConfiguration xmlns:dhc="http://elite.polito.it/dogHomeConfiguration"><dhc:buildingEnvironment/>
<dhc:controllables><dhc:device class="SimpleLamp" domoticSystem="AioBus" id="lamp"/></dhc:controllables>
</dhc:dogHomeConfiguration>
"""

BRIDGE = """
import asyncio
from twisted.internet import asyncioreactor
asyncio.set_event_loop(asyncio.new_event_loop())
asyncioreactor.install(asyncio.get_event_loop())
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, ensureDeferred
from dog.drivers.aio import deferred

async def value():
    await asyncio.sleep(0.01)
    return 5

async def wrong():
    raise KeyError("k")

async def gives_up():
    raise asyncio.CancelledError

ended = []

async def long():
    try:
        await asyncio.sleep(1000)
    finally:
        ended.append("long")

async def main():
    assert await deferred(value()) == 5
    for coroutine, error in ((wrong(), KeyError), (gives_up(), CancelledError)):
        try:
            await deferred(coroutine)
        except error:
            pass
        else:
            raise AssertionError(error)
    waiting = deferred(long())
    await deferred(asyncio.sleep(0.01))
    waiting.cancel()
    try:
        await waiting
    except CancelledError:
        pass
    await deferred(asyncio.sleep(0.01))
    assert ended == ["long"], ended

def done(result):
    print(result)
    reactor.stop()

reactor.callWhenRunning(lambda: ensureDeferred(main()).addBoth(done))
reactor.run()
"""


class BridgeTests(SynchronousTestCase):
    def test_deferred(self) -> None:
        """Results, errors, and cancelling from either side: in a process, since it takes a reactor of its own."""
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", BRIDGE],
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": ""},
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE,
        )
        self.assertEqual((done.stdout, done.stderr), ("None\n", ""))


class GatewayTests(SynchronousTestCase):
    """Blocks: the gateway is a process of its own."""

    def gateway(self, config: str) -> GatewayProcess:
        folder = Path(self.mktemp()).absolute()
        info = folder / "aiobus-1.0.dist-info"
        info.mkdir(parents=True)
        (folder / "aiobus.py").write_text(DRIVER)
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: aiobus\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text("[dog.drivers.asyncio]\naiobus = aiobus:driver\n")
        (folder / "home.xml").write_text(HOME)
        (folder / "dog.toml").write_text(config)
        self.patch(os, "environ", {**os.environ, "PYTHONPATH": str(folder)})
        gateway = GatewayProcess("--config", str(folder / "dog.toml"), "--home", str(folder / "home.xml"))
        self.addCleanup(gateway.kill)
        return gateway.start(PATIENCE)

    def ask(self, gateway: GatewayProcess, path: str, method: str = "GET") -> Any:
        request = urllib.request.Request(gateway.url + path, method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            body = answer.read()
        return json.loads(body) if body else None

    def test_configured(self) -> None:
        """A driver with settings gets the reactor that it needs."""
        gateway = self.gateway("[drivers.aiobus]\n")
        until = time.monotonic() + PATIENCE
        while not self.ask(gateway, "/health")["devices"]["online"]:
            self.assertLess(time.monotonic(), until, gateway.output)
            time.sleep(0.05)
        self.ask(gateway, "/api/v1/devices/lamp/commands/on", "PUT")
        status = self.ask(gateway, "/api/v1/devices/lamp/status")["status"]
        self.assertEqual(status["OnOffState"], [{"value": "on"}])
        self.assertEqual(gateway.stop(PATIENCE), -signal.SIGTERM)  # as twistd ends

    def test_notConfigured(self) -> None:
        """Without, the platform's own reactor runs, and it is said what is missing."""
        gateway = self.gateway("")
        [failed] = self.ask(gateway, "/api/v1/drivers")["failed"]
        self.assertEqual(failed["name"], "aiobus")
        self.assertIn("[drivers.aiobus]", failed["reason"])
