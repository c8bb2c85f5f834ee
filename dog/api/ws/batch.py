"""Several messages of one reactor turn as one array in one frame."""

from __future__ import annotations

from collections.abc import Callable

from dog.api.ws.envelope import frameHead, payloadOf
from dog.api.ws.later import Cancels, Later

#: Bytes after which a batch is sent without waiting for the end of the turn, so that a full transport is noticed.
ENOUGH = 16 * 1024


class Batch:
    """Collects frames of one message each.

    @param send: sends a frame.
    @param later: for the end of the turn.
    """

    def __init__(self, send: Callable[[bytes], object], later: Later) -> None:
        self._send = send
        self._later = later
        self._frames: list[bytes] = []
        self._bytes = 0
        self._timer: Cancels | None = None

    def __len__(self) -> int:
        return len(self._frames)

    def add(self, frame: bytes) -> None:
        self._frames.append(frame)
        self._bytes += len(frame)
        if self._bytes >= ENOUGH:
            self.flush()
        elif self._timer is None:
            self._timer = self._later(0, self._turned)

    def flush(self) -> None:
        """Send what there is: one message as itself, several as an array."""
        frames = self._frames
        self.clear()
        if len(frames) == 1:
            self._send(frames[0])
        elif frames:
            payload = b"[" + b",".join(map(payloadOf, frames)) + b"]"
            self._send(frameHead(len(payload)) + payload)

    def _turned(self) -> None:
        self._timer = None
        self.flush()

    def clear(self) -> None:
        """Forget what there is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._frames = []
        self._bytes = 0
