"""Between asyncio and Twisted, for drivers whose library is written for asyncio.

They are named in the entry point group C{dog.drivers.asyncio}: then the gateway runs on asyncio's loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure

_T = TypeVar("_T")


def deferred(coroutine: Coroutine[Any, Any, _T]) -> Deferred[_T]:
    """Run a coroutine of asyncio's. To be used for each one: C{await} in a coroutine of Twisted's does not take what
    asyncio waits for.

    Cancelling the Deferred cancels the coroutine; one that is cancelled from within fails with Twisted's
    C{CancelledError} (asyncio's is no C{Exception}).
    """
    running: Deferred[_T] = Deferred.fromFuture(asyncio.ensure_future(coroutine))
    return running.addErrback(_translated)


def _translated(failure: Failure) -> Any:
    if failure.check(asyncio.CancelledError):
        raise CancelledError()
    return failure
