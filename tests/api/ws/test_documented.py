"""The conversations in docs/websocket.md, held."""

from __future__ import annotations

import json
import re
import secrets
from datetime import UTC, datetime
from typing import Any

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from dog.api.dispatch import Api
from dog.api.resources import devices
from dog.api.routes import routesOf
from dog.api.ws.connection import ConnectionFactory
from dog.core.core import Applied, Core, Observed, Reached
from dog.core.now import Now
from dog.model.device import Device
from dog.model.home import Home, HomeDiff
from dog.model.values import Pulse, Reading, Slot
from tests.api.test_session import Ports
from tests.api.ws.talk import Client
from tests.api.ws.test_property import ROUTES
from tests.source import ROOT

CONVERSATION = re.compile(r"```conversation\n(.*?)```", re.DOTALL)

DEVICES = (
    Device("lamp", "SimpleLamp", description="Reading lamp"),
    Device("button", "Button"),
    Device("meter", "ThreePhaseElectricityMeter"),
)


class House(Ports):
    """What the resources ask for by name."""

    homes = None


class DocumentedTests(SynchronousTestCase):
    def setUp(self) -> None:
        ids = ["1f7170d4", "8ac01b22"]
        self.patch(secrets, "token_hex", lambda size: ids.pop(0))
        self.core = Core("5a1d7f")
        clock = Clock()
        api = Api((*ROUTES, *routesOf([devices])), House(self.core), clock)  # type: ignore[arg-type]
        about = {"name": "dog", "version": "4.0"}
        self.factory = ConnectionFactory(api, self.core, clock.callLater, about=about)
        home = Home(devices={each.id: each for each in DEVICES})
        self.step(Applied(HomeDiff(home, added=tuple(home.devices)), initial=True))
        self.switch("off")
        self.press()
        self.switch("off", forced=True)
        self.connect()

    def step(self, input: Any) -> None:
        effects = self.core.step(input, Now(0.0, datetime(2024, 5, 1, tzinfo=UTC)))
        for event, clients in effects.deliveries:
            for client in clients:
                client.deliver(event)  # type: ignore[attr-defined]

    def switch(self, value: str, forced: bool = False) -> None:
        self.step(Observed("lamp", (Reading(Slot("lamp", "OnOffState"), value, forced=forced),)))

    def press(self) -> None:
        self.step(Observed("button", (Pulse("button", "PressedNotification"),)))

    def connect(self) -> None:
        self.client = Client(self.factory)
        self.inbox: list[Any] = [self.client.presentation]

    def lose(self) -> None:
        self.client.lose()

    def test_conversations(self) -> None:
        """In order, as one: every message is sent, and every answer comes, as printed."""
        happens = {
            "the lamp is switched on": lambda: self.switch("on"),
            "the lamp is switched off": lambda: self.switch("off"),
            "the button is pressed": self.press,
            "the lamp answers": lambda: self.step(Reached("lamp", True)),
            "the lamp does not answer": lambda: self.step(Reached("lamp", False, "it does not answer")),
            "the connection is lost": self.lose,
            "the client connects again": self.connect,
        }
        found = CONVERSATION.findall((ROOT / "docs" / "websocket.md").read_text("utf-8"))
        lines = [line for each in found for line in each.splitlines()]
        self.assertGreater(len(lines), 15)
        for line in lines:
            what, _, text = line.partition(" ")
            if what == "#":
                self.assertEqual(self.inbox, [])
                happens[text]()
            elif what == "→":
                self.assertEqual(self.inbox, [], line)
                self.client.send(text)
            else:
                self.assertEqual(what, "←")
                expected = json.loads(text)
                self.assertEqual(self.inbox.pop(0), expected)
            self.inbox += self.client.take()
        self.assertEqual(self.inbox, [])
