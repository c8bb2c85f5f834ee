"""What the door needs of a clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Cancels(Protocol):
    """Something that will happen, unless it is cancelled."""

    def cancel(self) -> object: ...


#: Calls later, in seconds: C{Stepper.callLater}, or the C{callLater} of an C{IReactorTime}.
Later = Callable[[float, Callable[[], object]], Cancels]
