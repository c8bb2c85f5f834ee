"""What C{async for} goes through: the notifications of a subscription, as they come."""

from __future__ import annotations

import asyncio
import weakref
from collections import deque
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from dog.client.stream import Told
from dog.client.wanted import Only

if TYPE_CHECKING:
    from dog.client.aio import Client

T_co = TypeVar("T_co", covariant=True)


class Feed(AsyncIterator[T_co], Generic[T_co]):
    """What comes of a subscription. Begun by the first C{async for} or C{anext}; L{aclose} ends it, and so does
    forgetting it.
    """

    def __init__(self, client: Client, names: list[str], device: str | None, only: Only, kinds: Any) -> None:
        self._client = client
        self._wish = names, device, only
        self._kinds = kinds
        self._begun = False
        self._queue: deque[Any] = deque()
        self._wake: asyncio.Event = asyncio.Event()
        self._ended: tuple[Exception | None] | None = None
        self._leaves = weakref.finalize(self, client.leave, names, device)
        self._leaves.atexit = False

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> T_co:
        if not self._begun:
            self._begun = True
            if self._ended is None:
                await self._client.begin(*self._wish)
        while not self._queue:
            if self._ended is not None:
                [reason] = self._ended
                raise StopAsyncIteration if reason is None else reason
            self._wake.clear()
            await self._wake.wait()
        found: T_co = self._queue.popleft()
        self._client.flow(len(self._queue))
        return found

    async def aclose(self) -> None:
        """Be told no more."""
        self.leave()
        self.end(None)

    def leave(self) -> None:
        """For the client: it is not wanted any more."""
        self._leaves()
        self._queue.clear()

    def add(self, told: Iterable[Told]) -> None:
        """For the client: this has come."""
        self._queue.extend(each for each in told if isinstance(each, self._kinds))
        self._client.flow(len(self._queue))
        self._wake.set()

    def end(self, reason: Exception | None) -> None:
        """For the client: nothing comes any more."""
        self._ended = self._ended or (reason,)
        self._wake.set()
