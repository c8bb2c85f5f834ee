"""Commands to devices."""

from __future__ import annotations

from twisted.internet.defer import Deferred

from dog.api.call import Answer, Call, Result
from dog.api.resources.devices import deviceOf
from dog.api.routes import On, route
from dog.api.shapes import Maybe
from dog.api.views.schema import COMMAND_BODY
from dog.core.ledger import Entry
from dog.live.commands import Commands
from dog.model.command import Stage
from dog.model.refusal import Code, Refused
from dog.model.rights import Right

#: How far a command must have come to have been done.
DONE = frozenset({Stage.SENT, Stage.CONFIRMED})

#: What else it answers where the outcome brings no code of its own.
_CODES = {
    Stage.FAILED: Code.BUS_REFUSED,
    Stage.EXPIRED: Code.TIMEOUT,
    Stage.UNKNOWN: Code.TIMEOUT,
    Stage.SUPERSEDED: Code.BUSY,
}


@route(
    "PUT",
    "/devices/{device}/commands/{command}",
    also="POST",
    right=Right.OPERATE,
    on=On.DEVICE,
    body=Maybe(COMMAND_BODY),
    answers={200: None},
    refuses=(
        Code.BAD_JSON,
        Code.BAD_BODY,
        Code.NOT_FOUND,
        Code.BAD_VALUE,
        Code.BAD_UNIT,
        Code.OUT_OF_RANGE,
        Code.BUS_REFUSED,
        Code.NO_DRIVER,
        Code.UNREACHABLE,
        Code.BUSY,
        Code.TIMEOUT,
    ),
)
def send(call: Call, commands: Commands) -> Deferred[Result]:
    """Send a command to a device, and answer when its outcome is known."""
    sending = commands.send(
        deviceOf(call),
        call.params["command"],
        call.body,
        call.principal,
        key=call.request.headers.get("idempotency-key"),
    )
    return sending.addCallback(outcomeOf)


def outcomeOf(entry: Entry) -> Result:
    """What a settled command answers: 200 once the bus acknowledged it (or, without acknowledgements, it left)."""
    outcome = entry.outcome
    assert outcome is not None
    id = entry.command.id
    if outcome.stage in DONE:
        return Answer(commandId=id)
    code = next((each for each in Code if each.value == outcome.code), _CODES[outcome.stage])
    reason = outcome.reason or f"{entry.command.name} was {outcome.stage.value}"
    return Refused(code, reason, {"commandId": id, "stage": outcome.stage.value})
