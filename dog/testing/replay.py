"""Captured traffic played to a driver: a test on what a real device said, without the device.

Use::

    kit = ReplayKit(readCapture("tests/captures/thermometer.jsonl"))
    link = MyDriver().link(key, settings, gateway, FakeLinkPort(), kit)
    link.attach(device, port)
    link.start()
    kit.play()
    self.assertEqual(port.values, {...})

A capture is what C{dogctl capture} writes (docs/drivers.md, "Captured traffic").
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.interfaces import IDelayedCall, IProtocolFactory

from dog.testing.bus import BusTransport
from dog.testing.links import FakeKit

_OPENED = ("open", "opened")
_KINDS = (*_OPENED, "sent", "received", "lost", "end")


class BadCapture(ValueError):
    """This is no capture; the text names the line."""


@dataclass(frozen=True)
class Record:
    """One line of a capture.

    @ivar line: its number in the file. @ivar at: seconds since the capture began.
    @ivar what: C{opened}; C{open} (it was so already when the capture began); C{sent} by the driver, C{received} by
        it, C{lost}, C{end} of the capture.
    @ivar endpoint: of what was opened. @ivar reason: why it was lost.
    """

    line: int
    at: float
    what: str
    connection: int = 0
    data: bytes = b""
    endpoint: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Captured:
    """A capture.

    @ivar driver: the name of the driver whose traffic it is.
    """

    driver: str
    records: tuple[Record, ...]

    @property
    def conversations(self) -> list[list[Record]]:
        """The records of each connection, in the order in which they were opened."""
        found: dict[int, list[Record]] = {}
        for each in self.records:
            if each.what != "end":
                found.setdefault(each.connection, []).append(each)
        return list(found.values())


def readCapture(path: str | Path) -> Captured:
    """Read a file. Raises L{BadCapture}, or OSError."""
    return parseCapture(Path(path).read_text(encoding="utf-8"))


def parseCapture(text: str) -> Captured:
    """Read the text of a capture; half a line at its end is left out. Raises L{BadCapture}."""
    head: Any = None
    records: list[Record] = []
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
            if head is None:
                if value["capture"] != 1:
                    raise BadCapture(f"line {number}: version {value['capture']!r} of captures is not known")
                head = value
            else:
                records.append(_record(number, value))
        except BadCapture:
            raise
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            if not line.endswith("\n") and head is not None:
                break
            raise BadCapture(f"line {number}: no record of a capture ({error!r})") from None
    if head is None:
        raise BadCapture("it is empty")
    return Captured(str(head.get("driver", "")), tuple(records))


def _record(number: int, value: dict[str, Any]) -> Record:
    if value["what"] not in _KINDS:
        raise BadCapture(f"line {number}: {value['what']!r} is not known")
    return Record(
        number,
        float(value["at"]),
        value["what"],
        int(value.get("connection", 0)),
        bytes.fromhex(value.get("hex", "")),
        str(value.get("endpoint", "")),
        str(value.get("reason", "")),
    )


class ReplayKit(FakeKit):
    """A kit at whose other end a capture is played.

    The driver's first connection gets what passed on the first one in the capture to the same endpoint (where none was
    to that endpoint: on the first of all), its second one the next, and so on; when nothing is left, connections are
    refused.

    @param strict: what the driver writes must be what it wrote then, in that order, however it is cut in pieces. What
        it received comes when what it wrote before has been written, as long after that as it came then. Not strict:
        what was received comes as long after the connection as it came then, whatever the driver writes.
    """

    def __init__(self, captured: Captured, strict: bool = True, seed: int = 1) -> None:
        super().__init__(seed)
        self._strict = strict
        self._left = [_Conversation(self, each) for each in captured.conversations]
        self._all = tuple(self._left)
        self._wrong: str | None = None
        gaps = [b.at - a.at for each in captured.conversations for a, b in pairwise(each)]
        self._patience = 30.0 + max(gaps, default=0.0)
        self._movedAt = 0.0

    @property
    def played(self) -> bool:
        """Has everything been played?"""
        return self._wrong is None and all(each.done for each in self._all)

    def play(self) -> None:
        """Let time pass until everything is played. AssertionError where the driver wrote something else than in the
        capture, or did not write what it wrote there: for half a minute longer than the longest pause in the capture,
        nothing has moved.
        """
        self._movedAt = self.clock.seconds()
        while not self.played:
            due = min((each.getTime() for each in self.clock.getDelayedCalls()), default=None)
            if self._wrong is not None or due is None or due > self._movedAt + self._patience:
                break
            self.clock.advance(max(0.0, due - self.clock.seconds()))
        self.assertPlayed()

    def assertPlayed(self) -> None:
        """AssertionError where not everything has been played; its text says what is missing, by line of the file."""
        if self._wrong is not None:
            raise AssertionError(self._wrong)
        for each in self._all:
            if not each.done:
                raise AssertionError(each.missing)

    # -- what conversations say -------------------------------------------------------------------------------

    def connect(self, endpoint: str, factory: IProtocolFactory) -> Deferred[Any]:
        """As of any kit: with what is left to be played at the other end, or refused."""
        same = [each for each in self._left if each.endpoint == endpoint]
        known = any(each.endpoint == endpoint for each in self._all)
        found = same[0] if same else self._left[0] if self._left and not known else None
        if found is None:
            self.refuse(endpoint)
        else:
            self._left.remove(found)
            self.accept(endpoint, found.begin)
        return super().connect(endpoint, factory)

    @property
    def strict(self) -> bool:
        """Whether the driver is held to what it wrote then."""
        return self._strict

    def moved(self) -> None:
        """Something was played, now."""
        self._movedAt = self.clock.seconds()

    def wrong(self, text: str) -> None:
        """The driver does something else than then. The first of it counts."""
        if self._wrong is None:
            self._wrong = text


class _Conversation:
    """What passed on one connection, and how far it is played."""

    def __init__(self, kit: ReplayKit, records: list[Record]) -> None:
        self._kit = kit
        self._began = records[0].at
        self._records = records[1:] if records[0].what in _OPENED else records
        self.endpoint = records[0].endpoint
        self._opened = False
        self._next = 0
        self._before = self._began
        self._playedAt = 0.0
        self._written = b""
        self._transport: BusTransport | None = None
        self._timer: IDelayedCall | None = None

    @property
    def done(self) -> bool:
        return self._opened and not any(self._wanted())

    def _wanted(self) -> Iterator[Record]:
        """What is still to come."""
        for each in self._records[self._next :]:
            # Where it was not asked to, the driver need not write anything; and an end that it brought about itself
            # has no time of its own.
            ended = each.what == "lost" and self._transport is not None and self._transport.disconnecting
            if not ended and (self._kit.strict or each.what != "sent"):
                yield each

    @property
    def missing(self) -> str:
        if not self._opened:
            return f"the driver has not connected to {self.endpoint or 'its endpoint'} so often"
        record = next(self._wanted())
        if record.what == "sent":
            return f"line {record.line}: the driver has not written {_hex(record.data)}, only {_hex(self._written)}"
        return f"line {record.line}: it was not played to its end"

    def begin(self, protocol: Any) -> BusTransport:
        """The driver has connected."""
        self._opened = True
        self._playedAt = self._kit.clock.seconds()
        self._transport = BusTransport(self._kit, protocol, self._wrote, self._ended)
        self._kit.moved()
        self._go()
        return self._transport

    def _ended(self, _: BusTransport) -> None:
        timer, self._timer = self._timer, None
        if timer is not None:
            timer.cancel()

    def _wrote(self, data: bytes) -> None:
        if self._kit.strict:
            self._written += data
            self._go()

    def _go(self) -> None:
        """Play what has its turn."""
        while self._next < len(self._records):
            record = self._records[self._next]
            if record.what != "sent":
                self._later(record)
                return
            if self._kit.strict:
                written = self._written[: len(record.data)]
                if not record.data.startswith(written):
                    self._kit.wrong(
                        f"line {record.line}: the driver wrote {_hex(written)} where it wrote {_hex(record.data)}"
                    )
                    return
                if len(written) < len(record.data):
                    return
                self._written = self._written[len(written) :]
                self._passed(record)
            else:
                self._next += 1

    def _passed(self, record: Record) -> None:
        self._next += 1
        self._before = record.at
        self._playedAt = self._kit.clock.seconds()
        self._kit.moved()

    def _later(self, record: Record) -> None:
        """This is due as long after what was played before as it came then. From a timer in any case: no protocol
        expects an answer while it writes.
        """
        if self._timer is None:
            due = self._playedAt + record.at - self._before
            self._timer = self._kit.clock.callLater(max(0.0, due - self._kit.clock.seconds()), self._comes, record)

    def _comes(self, record: Record) -> None:
        self._timer = None
        transport = self._transport
        if transport is None or transport.disconnecting:
            return
        self._passed(record)
        if record.what == "received":
            transport.arrive(record.data)
        else:
            transport.end(ConnectionDone() if "cleanly" in record.reason else ConnectionLost(record.reason))
        self._go()


def _hex(data: bytes) -> str:
    return data.hex(" ") or "nothing"
