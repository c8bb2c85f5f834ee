"""dog-client.js in Node, on sockets and a clock made up by C{clientcases.mjs}."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dog.client import client
from dog.client.messages import Event, Gap, Notification, Presentation, Response, Snapshot
from dog.client.stream import PING, Request, Stream, Told
from dog.client.wanted import EVERYTHING, Only
from tests.client import test_stream, test_wanted
from tests.source import ROOT

MODULE = ROOT / "dog" / "pages" / "dog-client.js"


def node() -> str:
    """A Node that knows what the module needs."""
    found = shutil.which("node")
    if found is None:
        raise SkipTest("node is not installed")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    match = re.match(r"v(\d+)\.", version)
    if match is None or int(match[1]) < 20:
        raise SkipTest(f"node is {version}, and 20 is needed")
    return found


class ClientTests(SynchronousTestCase):
    def test_cases(self) -> None:
        done = subprocess.run(
            [node(), str(Path(__file__).with_name("clientcases.mjs")), str(MODULE)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"^2\d cases, 0 failed\n$")


class Recording(Stream):
    """Writes down what it is made to do, as JSON: [what, argument, [result, position, resuming]]."""

    def __init__(self, resume: bool = False, events: bool = False) -> None:
        super().__init__(resume, events)
        self.steps: list[Any] = []
        self.requests: list[Request] = []
        self.added: list[Request] = []

    def wrote(self, what: str, argument: Any, result: Any) -> None:
        self.steps.append([what, argument, [result, self.position and list(self.position), self.resuming]])

    def asked(self, request: Request) -> list[Any]:
        self.requests.append(request)
        return [request.action, request.endPoint, request.parameters]

    def begin(self, presentation: Presentation) -> list[Request]:
        requests = super().begin(presentation)
        about = {"features": presentation.features, "eventId": presentation.eventId}
        self.wrote("begin", about, [self.asked(each) for each in requests])
        return requests

    def add(self, scope: str | None, names: Iterable[str], only: Only = EVERYTHING) -> Request:
        wished = list(names)
        request = super().add(scope, wished, only)
        self.added.append(request)
        self.wrote("add", [scope, wished, only.body()], self.asked(request))
        return request

    def drop(self, request: Request) -> None:
        super().drop(request)
        self.wrote("drop", self.added.index(request), None)

    def settle(self, request: Request) -> None:
        super().settle(request)
        self.wrote("settle", self.added.index(request), None)

    def remove(self, scope: str | None, name: str) -> Request:
        request = super().remove(scope, name)
        self.wrote("remove", [scope, name], self.asked(request))
        return request

    def answered(self, request: Request, response: Response) -> list[Told]:
        if request.endPoint == PING:
            self.wrote("ping", None, self.asked(request))
        told = super().answered(request, response)
        number = next(number for number, each in enumerate(self.requests) if each is request)
        self.wrote("answered", [number, response.response], _plain(told))
        return told

    def ready(self) -> None:
        super().ready()
        self.wrote("ready", None, None)

    def received(self, message: Notification | Event | Gap) -> list[Told]:
        told = super().received(message)
        if isinstance(message, Gap):
            gap = {"epoch": message.epoch, "from": message.since, "to": message.until}
            self.wrote(
                "received", {"messageType": "gap", "gap": gap, "devicesStatus": message.devicesStatus}, _plain(told)
            )
        else:
            kind = "event" if isinstance(message, Event) else "notification"
            stamps = {"eventId": message.eventId, "cursor": message.cursor}
            self.wrote("received", {"messageType": kind, kind: message.body, **stamps}, _plain(told))
        return told


def _plain(told: Iterable[Told]) -> list[Any]:
    found: list[Any] = []
    for each in told:
        if isinstance(each, Notification | Event):
            found.append(["event" if isinstance(each, Event) else "notification", each.eventId])
        elif isinstance(each, Snapshot):
            found.append(["snapshot", each.devicesStatus])
        else:
            found.append(["gap", each.since, each.until])
    return found


class SameTests(SynchronousTestCase):
    def test_same_as_in_python(self) -> None:
        """In everything that the property test of the Python client brings about, the module does the same."""
        program = node()
        recordings: list[Recording] = []

        def record(resume: bool, events: bool = False) -> Recording:
            recordings.append(Recording(resume, events))
            return recordings[-1]

        self.patch(client, "Stream", record)
        case = test_stream.PropertyTests("test_ends_with_the_state")
        for seed in range(40):
            case.run_(seed)
        for seed in range(40):
            filtering = record(True)
            filtering.begin(Presentation("c", features=("eventId", "gap", "batch"), epoch="e", eventId=3))
            filtering.ready()
            random = Random(seed)
            for number in (4, 5, 4):
                filtering.received(
                    Event("valueStaled", "lamp", eventId=number, cursor=3, body={"kind": "valueStaled"})
                )
            for what, *about in test_wanted.steps(random):
                getattr(filtering, what)(*about)
                if filtering.added and random.random() < 0.5:
                    getattr(filtering, random.choice(("drop", "settle")))(random.choice(filtering.added))
            filtering.begin(Presentation("c", features=("eventId", "gap"), epoch="e", eventId=3))
        done = subprocess.run(
            [program, str(Path(__file__).with_name("streamcases.mjs")), str(MODULE)],
            input=json.dumps([each.steps for each in recordings]),
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertEqual(done.stdout, f"{sum(len(each.steps) for each in recordings)} steps\n")
