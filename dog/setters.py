"""What of the settings can be brought into force while the gateway runs, and how."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

from dog.api.call import Profile
from dog.api.dispatch import Api
from dog.api.http import HttpSite
from dog.api.identity import Identity
from dog.api.ws.connection import ConnectionFactory
from dog.config import Settings
from dog.live.commands import Commands
from dog.model.rights import ANONYMOUS, NOBODY, Principal, Role


def withoutToken(anonymous: Role | None) -> tuple[Principal, Principal]:
    """Who a client without a token is, on this machine and elsewhere. C{anonymous}: as in the settings."""
    if anonymous is None:
        return ANONYMOUS, NOBODY
    known = {Role.NONE: NOBODY, Role.ADMIN: ANONYMOUS}
    found = known.get(anonymous) or Principal(ANONYMOUS.name, anonymous)
    return found, found


def settersOf(
    commands: Commands,
    api: Api,
    site: HttpSite,
    sockets: ConnectionFactory,
    identity: Identity,
    gone: Iterable[Callable[[Principal], object]],
) -> Mapping[str, Callable[[Settings], object]]:
    """Field of L{Settings} -> what is called with the new ones. Connections that stand keep what they were made with,
    but for who their clients are.

    @param gone: called with each that nobody is any more, as when a token is revoked.
    """

    def setIdentity(settings: Settings) -> None:
        before = {identity.local, identity.remote}
        identity.local, identity.remote = withoutToken(settings.anonymous)
        for principal in before - {identity.local, identity.remote}:
            for ended in gone:
                ended(principal)

    def setOrigins(settings: Settings) -> None:
        site.origins.configure(settings.origins)
        sockets.origins.configure(settings.origins)

    def setLimits(settings: Settings) -> None:
        limits = site.crowd.limits
        limits.connections, limits.perAddress = settings.connections, settings.connectionsPerAddress
        limits.rate, limits.burst = settings.requestsPerSecond, settings.burst

    def setMaxBody(settings: Settings) -> None:
        site.bounds = replace(site.bounds, maxBody=settings.maxBody)
        sockets.setMaxSize(settings.maxBody)

    return {
        "plan": lambda settings: None,  # looked up with every question; so with redirect
        "redirect": lambda settings: None,
        "anonymous": setIdentity,
        "origins": setOrigins,
        "hosts": lambda settings: site.hosts.configure(settings.hosts),
        "trustedProxies": lambda settings: site.proxies.configure(settings.trustedProxies),
        **dict.fromkeys(("connections", "connectionsPerAddress", "requestsPerSecond", "burst"), setLimits),
        "receiveWithin": lambda settings: setattr(
            site, "bounds", replace(site.bounds, receiveTimeout=settings.receiveWithin)
        ),
        "idleFor": lambda settings: setattr(site, "timeOut", settings.idleFor),
        "maxBody": setMaxBody,
        "heartbeat": lambda settings: setattr(sockets, "heartbeat", settings.heartbeat),
        "answerWithin": lambda settings: setattr(sockets, "answerWithin", settings.answerWithin),
        "slowFor": lambda settings: setattr(sockets, "slowFor", settings.slowFor),
        "maxWaiting": lambda settings: setattr(sockets, "maxBytes", settings.maxWaiting),
        "maxTotalWaiting": lambda settings: setattr(sockets.budget, "maxBytes", settings.maxTotalWaiting),
        "deflate": lambda settings: sockets.setDeflate(settings.deflate),
        "profile": lambda settings: api.serve(Profile(settings.profile)),
        "commandTimeout": lambda settings: setattr(commands, "timeout", settings.commandTimeout),
    }
