"""What the API consists of: L{ROUTES} is every resource, each in the module of its subject."""

from __future__ import annotations

from dog.api.resources import (
    admin,
    audit,
    backup,
    capture,
    commands,
    configuration,
    devices,
    discovery,
    drivers,
    environment,
    metrics,
    reload,
    session,
    subscriptions,
    system,
    tokens,
)
from dog.api.routes import Route, routesOf

#: Every resource of the API, for L{dog.api.dispatch.Api} and for openapi.json.
ROUTES: tuple[Route, ...] = tuple(
    routesOf(
        (
            *(devices, commands, environment, configuration, subscriptions),
            *(session, system, drivers, capture, discovery, metrics, tokens, admin, audit, reload, backup),
        ),
    )
)
