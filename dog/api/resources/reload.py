"""Have what the gateway is told by files read again. For admins."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from dog.api.call import Answer, Call, Result
from dog.api.routes import On, route
from dog.api.views.reloaded import RELOADED, Reloaded
from dog.model.refusal import Code
from dog.model.rights import Right


@route(
    "POST",
    "/admin/reload",
    right=Right.ADMIN,
    on=On.HOUSE,
    answers={200: RELOADED},
    refuses=(Code.BAD_VALUE,),
)
@route(
    "POST",
    "/admin/reload",
    root="",
    right=Right.ADMIN,
    on=On.HOUSE,
    answers={200: RELOADED},
    refuses=(Code.BAD_VALUE,),
)
def reloadAll(call: Call, reload: Callable[[str], Deferred[Reloaded]]) -> Deferred[Result]:
    """Read the configuration, the home and the TLS certificate again, as SIGHUP does."""
    return reload(call.principal.name).addCallback(_answer)


def _answer(found: Reloaded) -> Result:
    return Answer(found, about=None if found.homeProblem is None else "the home can't be read, all else was")
