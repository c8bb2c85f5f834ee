"""What goes on in a house for days, and what is measured of it."""

from __future__ import annotations

import gc
import os
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from twisted.logger import ILogObserver, LogEvent, globalLogPublisher
from zope.interface import provider

from dog.live.tokens import ADMIN_FILE
from soak.clients import Events, WebSocket, ask
from soak.house import House

#: Clients that are connected at once, at most; a quarter of them is never read.
CLIENTS = 12

LAMP = "lake-ceiling-lamp"
ROOMS = "/api/v1/environment/flats/lake-flat/rooms"


@dataclass(frozen=True)
class Sample:
    """@ivar day: of the simulation. @ivar figures: by name."""

    day: float
    figures: dict[str, float]


class Life:
    """A house, with everything coming and going in it.

    @param pace: how many times as often as in a house.
    @ivar done: what has been done, and what came of it -> how often.
    @ivar failures: what the gateway has logged as its own failures -> how often.
    """

    def __init__(self, folder: Path, seed: int = 1, pace: float = 1.0) -> None:
        self.random = Random(seed)
        self.house = House(folder, Random(seed))
        self.clients: list[WebSocket | Events] = []
        self.tokens: list[tuple[str, str]] = []
        self.done: Counter[str] = Counter()
        self.failures: Counter[str] = Counter()
        self._pace = pace
        self.lines = 0
        self.resting = False
        self._rooms = 0
        self._doings: list[tuple[float, Callable[[], None]]] = [
            (90.0, self._come),
            (120.0, self._go),
            (20.0, self._look),
            (40.0, self._command),
            (1200.0, self._edit),
            (900.0, self._token),
            (300.0, self._nonsense),
            (1800.0, self._capture),
        ]

    def small(self) -> None:
        """Have what is kept of the past be little, so that it is full within minutes: for less than a day."""
        core = self.house.gateway.stepper.core
        core.log._maxEvents, core.ledger._maxSettled = 200, 20

    def run(
        self, seconds: float, samples: int, told: Callable[[Sample], object] = lambda sample: None
    ) -> list[Sample]:
        """So many seconds of it, looked at so many times; C{told} is told every time."""

        @provider(ILogObserver)
        def logged(event: LogEvent) -> None:
            self.lines += 1
            if event.get("log_failure") is not None:
                self.failures[f"{event.get('log_format')}: {event['log_failure']!r}"] += 1

        globalLogPublisher.addObserver(logged)
        found = []
        try:
            with self.house.wired():
                self.house.start()
                self.admin = (self.house.folder / ADMIN_FILE).read_text().strip()
                for every, do in self._doings:
                    self._again(every, do)
                self._read(1.0, 0)
                self._read(25.0, 1)
                for _ in range(samples):
                    self.house.reactor.run(seconds / samples)
                    found.append(self._sample())
                    told(found[-1])
                self.house.stop()
        finally:
            globalLogPublisher.removeObserver(logged)
        return found

    def _again(self, every: float, do: Callable[[], None]) -> None:
        def now() -> None:
            do()
            self._again(every, do)

        self.house.reactor.callLater(self.random.uniform(0.5, 1.5) * every / self._pace, now)

    # -- what is done ------------------------------------------------------------------------------------------

    def ask(
        self, method: str, path: str, body: Any = None, host: str = "127.0.0.1", token: str = "", named: str = ""
    ) -> Any:
        """What is answered where it is done; None where not. C{named}: what the path is counted as."""
        status, answer = ask(self.house.reactor, self.house.site, method, path, body, host, token)
        self.done[f"{method} {named or path.partition('?')[0]} {status}"] += 1
        return answer if 0 < status < 300 else None

    def _read(self, every: float, kind: int) -> None:
        """Clients of kind 0 read at once, those of kind 1 seldom, those of kind 2 never."""
        for number, each in enumerate(self.clients):
            if number % 4 == (3 if kind else 0) or (kind == 0 and number % 4 == 1):
                each.read()
        self.house.reactor.callLater(every, self._read, every, kind)

    def _come(self) -> None:
        self.clients = [each for each in self.clients if not each.line.closed]
        if len(self.clients) < CLIENTS and not self.resting:
            token = self.random.choice([each for each, _ in self.tokens] or [""])
            kind = self.random.choice((WebSocket, WebSocket, Events))
            self.clients.append(kind(self.house.reactor, self.house.site, token, self.random))
            self.done[f"{kind.__name__} came"] += 1

    def _go(self) -> None:
        if self.clients:
            self.random.shuffle(self.clients)
            self.clients.pop().line.hangUp()

    def _look(self) -> None:
        path = self.random.choice(
            (
                "/devices",
                f"/devices/{LAMP}",
                "/devices/status",
                "/environment",
                "/events?after=0&limit=50",
                "/discovery",
            )
        )
        self.ask("GET", f"/api/v1{path}")
        self.ask("GET", "/metrics")

    def _command(self) -> None:
        device = self.random.choice((LAMP, "radio-4", "modbus-1", "lake-floor-outlet"))
        path = f"/api/v1/devices/{device}/commands/{self.random.choice(('on', 'off'))}"
        sockets = [each for each in self.clients if isinstance(each, WebSocket) and not each.line.closed]
        if sockets and self.random.random() < 0.5:
            self.random.choice(sockets).request("PUT", path, {})
        else:
            self.ask("PUT", path, {})

    def _edit(self) -> None:
        if self._rooms:
            self.ask("DELETE", f"{ROOMS}/new?force=true")
            self._rooms = 0
        else:
            self.ask("POST", ROOMS, {"id": "new", "class": "StorageRoom"})
            self._rooms = 1
            self.ask("PUT", f"/api/v1/devices/{LAMP}/location", {"isIn": "new"})
        text = f"seen at {self.house.reactor.seconds():.0f}"
        self.ask("PUT", f"/api/v1/devices/{LAMP}/description", {"description": text})

    def _token(self) -> None:
        if len(self.tokens) > 3:
            _, id = self.tokens.pop(0)
            self.ask("DELETE", f"/api/v1/tokens/{id}", named="/api/v1/tokens/{token}")
        made = self.ask("POST", "/api/v1/tokens", {"name": f"panel {self.random.random()}", "role": "user"})
        if made is not None:
            self.tokens.append((made["token"], made["id"]))

    def _nonsense(self) -> None:
        """From elsewhere: without a token, with a wrong one, and with what is no request."""
        host = f"198.51.{self.random.randrange(256)}.{self.random.randrange(256)}"
        self.ask("GET", "/api/v1/devices", host=host)
        self.ask("GET", "/api/v1/devices", host=host, token="dog_" + "x" * 43)
        self.ask("GET", f"/api/v1/{self.random.random()}?{self.random.random()}", named="what there is not")
        self.ask("PUT", "/api/v1/dog/configuration", {"no": "devices"})

    def _capture(self) -> None:
        self.ask("GET", "/api/v1/drivers/modbus/capture?seconds=5")

    # -- what is measured --------------------------------------------------------------------------------------

    def _sample(self) -> Sample:
        """Of a house that has come to rest: nobody is connected."""
        for each in self.clients:
            each.line.hangUp()
        self.clients.clear()
        self.resting = True
        self.house.reactor.run(61.0)
        self.resting = False
        gateway = self.house.gateway
        core = gateway.stepper.core
        gc.collect()
        with open("/proc/self/statm", encoding="ascii") as file:
            pages = int(file.read().split()[1])
        figures = {
            "objects": len(gc.get_objects()),
            "MB": pages * os.sysconf("SC_PAGESIZE") / 1e6,
            "files": len(os.listdir("/proc/self/fd")),
            "threads": threading.active_count(),
            "delayed calls": len(self.house.reactor.getDelayedCalls()),
            "agenda": len(core.agenda),
            "log of events": len(core.log),
            "commands": len(core.ledger),
            "subscriptions": len(core.subscriptions),
            "connections": len(gateway.sockets.connections),
            "inbox": len(core.inbox.all()),
            "tokens": len(list(gateway.tokens)),
            "log lines": self.lines,
            "state.db kB": sum(each.stat().st_size for each in self.house.folder.glob("state.db*")) / 1024,
            "home.xml kB": (self.house.folder / "home.xml").stat().st_size / 1024,
            "audit kB": sum(each.stat().st_size for each in self.house.folder.glob("audit*.log*")) / 1024,
            "files in the folder": len(list(self.house.folder.iterdir())),
        }
        self.lines = 0
        return Sample(self.house.reactor.seconds() / 86400, figures)
