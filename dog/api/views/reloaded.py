"""What came of reading the configuration, the home and the certificate again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dog.api.call import Profile
from dog.api.shapes import Array, Integer, Named, Object, String
from dog.model.home import HomeDiff

_CHANGES = ("added", "removed", "changed", "moved")

RELOADED = Named(
    "Reloaded",
    Object(
        {
            "applied": Array(String(examples=["server.origins"])),
            "restart": Array(String(examples=["house.seed"])),
        },
        {
            "home": Object({each: Integer(minimum=0) for each in _CHANGES}),
            "homeProblem": String(),
            "fingerprint": String(),
        },
    ),
    "What came of a reload. applied: settings, by their keys in dog.toml, that are others from now on. restart: those "
    "that are others in the file, and here with the next start. home: how many devices changed. homeProblem: why the "
    "home can't be read; the one that runs is kept then. fingerprint: of another TLS certificate.",
)


@dataclass(frozen=True)
class Reloaded:
    """What came of it.

    @ivar applied: keys of the configuration (C{server.origins}, C{drivers.modbus}) that are others now.
    @ivar restart: keys that are others in the file, and will be with the next start.
    @ivar home: what changed of it; None where there is no file, or it can't be read.
    @ivar homeProblem: why it can't be read; the home that runs is kept then.
    @ivar fingerprint: of another certificate, if there is one now.
    """

    applied: tuple[str, ...] = ()
    restart: tuple[str, ...] = ()
    home: HomeDiff | None = None
    homeProblem: str | None = None
    fingerprint: str | None = None

    def json(self, profile: Profile, full: bool) -> Any:
        found: dict[str, Any] = {"applied": list(self.applied), "restart": list(self.restart)}
        if self.home is not None:
            found["home"] = {each: len(getattr(self.home, each)) for each in _CHANGES}
        if self.homeProblem is not None:
            found["homeProblem"] = self.homeProblem
        if self.fingerprint is not None:
            found["fingerprint"] = self.fingerprint
        return found
