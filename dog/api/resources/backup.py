"""A backup of everything that the gateway must not lose. For admins."""

from __future__ import annotations

from collections.abc import Callable

from twisted.internet.defer import Deferred

from dog.api.call import Answer, Call, Media, RawView, Result
from dog.api.routes import On, route
from dog.model.refusal import Code
from dog.model.rights import Right


@route(
    "POST",
    "/admin/backup",
    right=Right.ADMIN,
    on=On.HOUSE,
    answers={200: None},
    media=(Media.GZIP,),
    refuses=(Code.STORAGE,),
)
def makeBackup(call: Call, backup: Callable[[], Deferred[bytes]]) -> Deferred[Result]:
    """Home, plan, state, configuration and certificate in one file, secrets among them: for dogctl restore."""
    headers = {"Content-Disposition": 'attachment; filename="dog-backup.tar.gz"', "Cache-Control": "no-store"}
    return backup().addCallback(lambda data: Answer(RawView(Media.GZIP, data), headers=headers))
