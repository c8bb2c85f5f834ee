"""What has happened since the start, counted: for /metrics."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from dog.core.events import Event, Kind


class Counts:
    """Counts events as the stepper tells them: C{stepper.listen(counts.heard)}.

    @ivar events: by kind.
    @ivar commands: settled ones, by their last stage.
    @ivar connections: asks how many WebSocket clients there are; set by composition.
    """

    def __init__(self) -> None:
        self.events: Counter[Kind] = Counter()
        self.commands: Counter[str] = Counter()
        self.connections: Callable[[], int] = lambda: 0

    def heard(self, events: Sequence[Event]) -> None:
        for event in events:
            self.events[event.kind] += 1
            if event.kind is Kind.COMMAND_SETTLED:
                self.commands[event.details["stage"]] += 1
