"""The Twisted client before a real gateway that is ended and started again on the same port."""

import urllib.request
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, inlineCallbacks
from twisted.trial.unittest import TestCase

from dog.client.client import Client
from tests.cli.running import RunningGateway

LAMP = "lake-kitchen-lamp"


class RestartTests(TestCase):
    timeout = 120

    def setUp(self) -> None:
        self.states: dict[str, str] = {}
        self.told: list[str] = []
        self.waiting: tuple[Callable[[], bool], Deferred[None]] | None = None

    def start(self, **options: Any) -> RunningGateway:
        gateway = RunningGateway(**options)
        self.addCleanup(gateway.stop)
        return gateway

    def onSnapshot(self, statuses: Any) -> None:
        self.told.append("snapshot")
        for each in statuses:
            for entry in each["status"].get("OnOffState", ()):
                self.states[each["id"]] = entry["value"]
        self.look()

    def onNotification(self, notification: Any) -> None:
        if notification.device == LAMP:
            self.told.append(notification.name)
            self.states[LAMP] = notification.name
        self.look()

    def onGap(self, since: int | None, until: int | None) -> None:
        self.told.append(f"gap {since}")

    def look(self) -> None:
        if self.waiting is not None and self.waiting[0]():
            waiting, self.waiting = self.waiting, None
            waiting[1].callback(None)

    def until(self, condition: Callable[[], bool]) -> Deferred[None]:
        found = Deferred[None]()
        self.waiting = condition, found
        self.look()
        return found

    def switch(self, gateway: RunningGateway) -> str:
        """By somebody else, and blocking: our client gets nothing meanwhile."""
        command = "off" if self.states[LAMP] == "on" else "on"
        request = urllib.request.Request(f"{gateway.url}/api/v1/devices/{LAMP}/commands/{command}", method="PUT")
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30):
            return command

    @inlineCallbacks
    def test_restarted(self) -> Generator[Deferred[Any], Any, None]:
        """In order: what happened meanwhile is replayed. In a power cut: the gap is told, with a snapshot."""
        from twisted.internet import reactor

        stateDir = Path(self.mktemp()).resolve()
        stateDir.mkdir()
        gateway = self.start(stateDir=stateDir)
        client = Client(
            gateway.url,
            reactor,
            resume=True,
            onNotification=self.onNotification,
            onSnapshot=self.onSnapshot,
            onGap=self.onGap,
        )
        self.addCleanup(client.close)
        yield client.connect()
        yield client.subscribe()
        self.assertTrue(client.resuming)
        self.assertEqual(self.told, ["snapshot"])
        expected = self.switch(gateway)
        yield self.until(lambda: self.states[LAMP] == expected)

        gateway.stop()
        gateway = self.start(port=gateway.port, stateDir=stateDir)
        expected = self.switch(gateway)
        yield self.until(lambda: self.states[LAMP] == expected)
        self.assertEqual(self.told[-1], expected)
        self.assertEqual(self.told.count("snapshot"), 1)

        self.told.clear()
        gateway.kill()
        gateway = self.start(port=gateway.port, stateDir=stateDir)
        expected = self.switch(gateway)
        yield self.until(lambda: self.states[LAMP] == expected)
        self.assertEqual(self.told[:2], ["gap None", "snapshot"])
