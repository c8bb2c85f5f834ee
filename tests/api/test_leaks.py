"""Whoever may see one lamp learns of nothing else, whatever he asks: every route there is, at both doors.

The routes are those of the table: one that is added is asked, too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from dog.api.resources import ROUTES
from dog.api.routes import Door, Route
from dog.model.rights import Right, Role, Scope
from tests.api.test_old_tricks import DIMMER, LAMP, WebSocketCase

#: A device that is not there, as long as L{DIMMER}, which is there and can't be seen.
NOBODY = "lake-nowhere-lamp"

#: What stands in a path for anything but devices.
_PARAMETERS = {"command": "on", "driver": "simulated", "notification": "OnNotification", "flat": "lake", "room": "x"}

_QUERIES = ("", "?detail=full", "?profile=released", "?after=0", "?snapshot=true", "?force=true", "?who=admin")

_BODIES: tuple[Any, ...] = (None, {}, {"value": "1"}, "*", {"devices": ["*"], "snapshot": True}, [DIMMER])


def pathOf(route: Route, device: str) -> str:
    def parameter(found: re.Match[str]) -> str:
        return device if found[1] == "device" else _PARAMETERS.get(found[1], "x")

    return re.sub(r"\{(\w+)\}", parameter, route.root + route.path)


def askable(door: Door) -> Iterator[Route]:
    yield from (each for each in ROUTES if each.door in (door, Door.BOTH))


class LeakTests(WebSocketCase):
    def setUp(self) -> None:
        super().setUp()
        self.hidden = sorted(set(self.core.home.devices) - {LAMP})
        self.assertGreater(len(self.hidden), 20)
        self.words = set(self.hidden)
        self.words |= {
            each.description for each in self.core.home.devices.values() if each.id != LAMP and each.description
        }
        for id in self.hidden[:5]:  # something has been done to what he can't see
            for command in ("on", "off"):
                self.ask("PUT", f"/api/v1/devices/{id}/commands/{command}")
        self.secrets = {
            role: self.successResultOf(
                self.gateway.tokens.create(f"a-{role.value}", role, Scope(devices=(LAMP,)), Scope(devices=(LAMP,)))
            )[0]
            for role in (Role.VIEWER, Role.USER)
        }

    def clean(self, text: str, about: object, asked: str = "") -> None:
        """Nothing in it is about a device that he may not see, but for what he himself has said."""
        for word in self.words:
            if word != asked:
                self.assertNotIn(f'"{word}"', text, about)
                self.assertNotRegex(text, rf"(?<![\w-]){re.escape(word)}(?![\w-])", about)

    def test_itWouldBeSeen(self) -> None:
        """The check finds what it looks for: an admin is told of all of it."""
        self.ask("GET", "/api/v1/devices")
        self.assertRaises(self.failureException, self.clean, self.answer.decode(), "")

    def test_rest(self) -> None:
        """And nothing has been done by all that asking, but to the lamp that he may operate."""
        names = [each.principal.name for each in self.gateway.tokens]
        done = len(self.commands)
        for role, secret in self.secrets.items():
            for route in askable(Door.HTTP):
                for query in _QUERIES if route.method == "GET" else ("",):
                    answers = []
                    for device in (LAMP, DIMMER, NOBODY) if "{device}" in route.path else (LAMP,):
                        for body in (None,) if route.method == "GET" else _BODIES:
                            about = (role, route.method, pathOf(route, device) + query, body)
                            text = "" if body is None else json.dumps(body)
                            status = self.ask(
                                route.method, pathOf(route, device) + query, text, Authorization=f"Bearer {secret}"
                            )
                            told = self.answer.decode("utf-8", "replace")
                            if route.right in (Right.ADMIN, Right.EDIT):
                                self.assertIn(status, (403, 404), about)
                            self.clean(told, about, DIMMER if device == DIMMER or body == [DIMMER] else "")
                            answers.append((device, status, re.sub(f"{DIMMER}|{NOBODY}", "ID", told)))
                    unseen = [each[1:] for each in answers if each[0] == DIMMER]
                    self.assertEqual(unseen, [each[1:] for each in answers if each[0] == NOBODY], route.path)
        self.assertEqual((self.folder / "home.xml").read_bytes(), self.file)
        self.assertEqual([each.principal.name for each in self.gateway.tokens], names)
        entries = list(self.core.ledger._entries.values())[done:]
        self.assertEqual({each.command.device for each in entries}, {LAMP})

    def test_webSocket(self) -> None:
        for role, secret in self.secrets.items():
            for route in askable(Door.WEBSOCKET):
                for query in _QUERIES if route.method == "GET" else ("",):
                    answers = []
                    for device in (LAMP, DIMMER, NOBODY) if "{device}" in route.path else (LAMP,):
                        client = self.client(secret)
                        for body in (None,) if route.method == "GET" else _BODIES:
                            path = pathOf(route, device) + query
                            about = (role, route.method, path, body)
                            answer = self.said(client, action=route.method, endPoint=path, parameters=body)
                            heard, self.heard = self.heard, []
                            told = json.dumps([{**answer, "clientId": "ID"}, *heard])
                            self.clean(told, about, DIMMER if device == DIMMER or body == [DIMMER] else "")
                            answers.append((device, re.sub(f"{DIMMER}|{NOBODY}|{client.id}", "ID", told)))
                        client.lose()
                    unseen = [each[1] for each in answers if each[0] == DIMMER]
                    self.assertEqual(unseen, [each[1] for each in answers if each[0] == NOBODY], route.path)
