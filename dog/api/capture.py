"""A capture as a stream: a JSON value a line, as it happens, until its bounds or until the client has gone.

Nothing is kept in the gateway: who does not read what is recorded does not get it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from dog.api import jsontext
from dog.live.capture import Capture, Captures


class Sink(Protocol):
    """Where a stream is written to: the HTTP response."""

    def write(self, data: bytes) -> Any: ...

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> Any: ...

    def unregisterProducer(self) -> Any: ...

    def finish(self) -> Any: ...


@implementer(IPushProducer)
class CaptureStream:
    """One capture and the client that reads it.

    @param head: the first line: what is captured.
    @param make: the capture, not begun, out of where its records go to.
    @ivar beat: seconds of silence after which an empty line is sent, so that a dead peer is noticed.
    @ivar most: bytes that may wait for a client that does not read; with more, the capture ends.
    """

    beat = 5.0
    most = 256 * 1024

    def __init__(
        self,
        captures: Captures,
        head: Mapping[str, Any],
        make: Callable[[Callable[[Mapping[str, Any]], object]], Capture],
    ) -> None:
        self._captures = captures
        self._head = head
        self._capture = make(self._record)
        self._sink: Sink | None = None
        self._beat: Any = None
        self._quiet = True
        self._paused = False
        self._waiting = 0

    def begin(self, sink: Sink) -> None:
        """Write from now on."""
        self._sink = sink
        sink.registerProducer(self, True)
        self._write(jsontext.dump(self._head))
        self._beat = self._captures.later(self.beat, self._pulse)
        self._capture.begin()

    def lost(self) -> None:
        """The client has gone."""
        self._sink = None
        self._stopBeat()
        self._capture.end("the client has gone")

    def _record(self, record: Mapping[str, Any]) -> None:
        self._write(jsontext.dump(record))
        if record["what"] == "end":
            sink, self._sink = self._sink, None
            self._stopBeat()
            if sink is not None:
                sink.unregisterProducer()
                sink.finish()

    def _write(self, line: bytes) -> None:
        if self._sink is None:
            return
        self._quiet = False
        self._sink.write(line + b"\n")
        if self._paused:
            self._waiting += len(line)
            if self._waiting > self.most:
                self._waiting = 0
                self._capture.end("the client reads too slowly")

    def _pulse(self) -> None:
        self._beat = self._captures.later(self.beat, self._pulse)
        if self._sink is not None and self._quiet and not self._paused:
            self._sink.write(b"\n")
        self._quiet = True

    def _stopBeat(self) -> None:
        beat, self._beat = self._beat, None
        if beat is not None:
            beat.cancel()

    # -- the transport says -----------------------------------------------------------------------------

    def pauseProducing(self) -> None:
        self._paused = True
        self._waiting = 0

    def resumeProducing(self) -> None:
        self._paused = False

    def stopProducing(self) -> None:
        self.lost()
