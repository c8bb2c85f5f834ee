"""The narrow ports that resources ask for by name. Composition hands them in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from twisted.internet.defer import Deferred

from dog.api.counts import Counts
from dog.api.stream import Streams
from dog.core.core import Core
from dog.live.attachments import Attachments
from dog.live.audit import Audit
from dog.live.capture import Captures
from dog.live.commands import Commands
from dog.live.discovery import Discovery
from dog.live.home import LiveHome
from dog.live.tokens import Tokens


@dataclass(frozen=True)
class Ports:
    """What there is to ask for; a resource names the fields it needs as parameters.

    @ivar core: read only: values, presence, log, ledger. Only the stepper changes it.
    @ivar plan: reads the SVG plan's bytes, or None where there is none.
    @ivar counts: told of every event, by C{stepper.listen(counts.heard)}.
    @ivar streams: the event streams that are open, told of every event likewise.
    @ivar captures: what passes on the wires, for who asks to see it.
    @ivar tokens: who may come.
    @ivar certificate: the L{dog.certificates.Certificate} that listeners with TLS show; None where there are none.
    @ivar reload: reads the configuration, the home and the certificate again, for whoever that is
        (L{dog.reload.Reload}).
    @ivar backup: everything that must not be lost, in one file (L{dog.live.backup.Backup}).
    @ivar audit: who did what.
    @ivar discovery: what the buses offer.
    @ivar about: name, version, started (aware UTC), addresses...: for health and presentation.
    """

    core: Core
    commands: Commands
    homes: LiveHome
    attachments: Attachments
    subscriptions: Any
    plan: Any
    about: Mapping[str, Any]
    streams: Streams
    tokens: Tokens
    captures: Captures
    discovery: Discovery
    reload: Callable[[str], Deferred[Any]]
    backup: Callable[[], Deferred[bytes]]
    audit: Audit
    certificate: Callable[[], Any] = lambda: None
    counts: Counts = field(default_factory=Counts)

    def named(self, name: str) -> Any:
        return getattr(self, name)
