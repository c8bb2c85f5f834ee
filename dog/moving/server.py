"""Where and how the old gateway was to be reached -> the C{server} and C{api} sections, and who loses by it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dog.config import KEYS
from dog.moving.bundles import HTTP, REST, WEBSOCKET
from dog.moving.installation import Installation
from dog.moving.report import Item, Report, Stop

#: Where no port is said.
PORT = 8080


@dataclass(frozen=True)
class Choices:
    """What the one who moves wants.

    @ivar keepOpen: be as open as the old gateway was: every address, everything for everybody.
    @ivar port, profile: instead of what is found.
    @ivar ipv6: there is IPv6 where this will run.
    """

    keepOpen: bool = False
    port: int | None = None
    profile: str | None = None
    ipv6: bool = True


def server(old: Installation, choices: Choices, report: Report) -> dict[str, Mapping[str, Any]]:
    """The sections."""
    port = _port(old, choices, report)
    found: dict[str, Any] = {"listen": _listen(port, choices), **_webSocket(old, report), **_open(choices)}
    _exposure(port, choices, report)
    _prefix(old, report)
    return {"server": found, "api": {"profile": _profile(old, choices, report)}}


def _port(old: Installation, choices: Choices, report: Report) -> int:
    said = old.ports()
    for pid in HTTP:
        configuration = old.of(pid)
        taken = configuration and configuration.take("org.osgi.service.http.port")
        if configuration and taken:
            said.append((configuration.file, taken[0].key, taken[1]))
    port = choices.port
    if port is not None:
        report.changed.append(Item("--port", to="server.listen", value=str(port), why="you said so"))
    for file, key, text in said:
        if not (text.isascii() and text.isdigit() and 0 < int(text[:6]) < 65536):
            report.left.append(Item(file, key, why=f"{text[:20]} is no port"))
        elif port is not None:
            if int(text) != port:
                report.left.append(Item(file, key, why=f"the port is {port} already"))
            elif choices.port is None:
                report.taken.append(Item(file, key, to="server.listen", value=text))
        else:
            port = int(text)
            report.taken.append(Item(file, key, to="server.listen", value=text))
    if port is None:
        port = PORT
        why = "no configuration, script or unit says which port it was; --port names another"
        report.changed.append(Item("(nowhere)", to="server.listen", value=str(port), why=why))
    if port < 1024:
        why = f"the service may not listen on {port}: it has no rights beyond those of its user"
        instead = "--port 8080, and clients told so; or a proxy, or a firewall rule, in front of it"
        report.stops.append(
            Stop("port", "everybody, where the gateway runs as the Debian package has it", why, instead)
        )
    return port


def _listen(port: int, choices: Choices) -> list[str]:
    if choices.keepOpen:
        four, six = f"tcp:{port}", f"tcp6:{port}"
        return [four, six] if choices.ipv6 else [four]
    return [
        f"tcp:{port}:interface=127.0.0.1",
        # At the usual port that of IPv6 may be missing.
        *([f"tcp6:{port}:interface=\\:\\:1"] if choices.ipv6 or port == PORT else []),
    ]


def _open(choices: Choices) -> dict[str, Any]:
    return {"anonymous": "admin", "origins": ["*"]} if choices.keepOpen else {}


def _exposure(port: int, choices: Choices, report: Report) -> None:
    stops = report.stops
    if choices.keepOpen:
        why = "as it was: whoever reaches this machine may do everything, and so may web pages from anywhere"
        report.changed.append(Item("--keep-open", to="server.listen, anonymous, origins", why=why))
    else:
        stops += [
            Stop(
                "listeners",
                "clients on other machines",
                f"the old gateway listened on port {port} of every address, this one listens on this machine only",
                f'listen = ["tls:{port}"] or ["tcp:{port}"] in [server] (docs/security.md), or --keep-open',
            ),
            Stop(
                "authentication",
                "clients on other machines, once they can connect",
                "the old gateway asked nobody who he is, this one wants a token of whoever is not on this machine",
                "a token for each (dogctl token add), or anonymous in [server]",
            ),
            Stop(
                "origins",
                "web pages that come from elsewhere than the gateway",
                "the old gateway let pages of every origin use its API",
                "origins in [server]",
            ),
        ]
    stops.append(
        Stop(
            "hosts",
            "clients that address the gateway by a name of its own, such as dog.example",
            "only addresses, localhost and the machine's own name are answered, all else gets 421",
            "hosts in [server]",
        )
    )


def _webSocket(old: Installation, report: Report) -> dict[str, Any]:
    configuration = old.of(WEBSOCKET)
    taken = configuration and configuration.take("WEBSOCKETPATH")
    if not configuration or not taken:
        return {}
    entry, text = taken
    _, check = KEYS["server"]["websocket_path"]
    try:
        path = check(text if text.startswith("/") else f"/{text}")
    except ValueError as error:
        report.left.append(Item(configuration.file, entry.key, entry.line, why=f"here it has to be {error}"))
        who = f"WebSocket clients: their path was {text[:80] or 'empty'}, and is /ws"
        report.stops.append(Stop("websocket", who, f"here it has to be {error}", "tell them the new path"))
        return {}
    where = report.taken if path == text else report.changed
    why = None if path == text else f"it was {text}"
    where.append(Item(configuration.file, entry.key, entry.line, "server.websocket_path", path, why))
    return {"websocket_path": path}


def _prefix(old: Installation, report: Report) -> None:
    configuration = old.of(REST)
    taken = configuration and configuration.take("root")
    if not configuration or not taken:
        return
    entry, text = taken
    why = "REST is at /api/v1"
    if text.strip("/"):
        who = f"REST clients: their paths begin with /{text.strip('/')[:80]}/api/v1"
        report.stops.append(Stop("rest", who, why, "tell them the new path, or a proxy that takes the prefix off"))
    report.left.append(Item(configuration.file, entry.key, entry.line, why=why))


def _profile(old: Installation, choices: Choices, report: Report) -> str:
    version = old.deviceApi()
    if choices.profile is not None:
        report.changed.append(Item("--profile", to="api.profile", value=choices.profile, why="you said so"))
        return choices.profile
    if version is None:
        report.stops.append(
            Stop(
                "profile",
                "REST clients written for Java Dog 3.5 (device.api 1.2.0) or later, if there are any",
                "answers have the documented shape; no bundle device.api was found that would say which shape it was",
                "--profile released, or clients ask for it themselves (Accept: application/json;profile=released)",
            )
        )
        return "documented"
    released = [int(each) for each in version.split(".")] >= [1, 2]
    profile = "released" if released else "documented"
    report.taken.append(Item(f"device.api {version}", to="api.profile", value=profile))
    if released:
        report.stops.append(
            Stop(
                "profile",
                "WebSocket clients, and REST clients from before July 2022",
                "answers have the shape that the REST API of this installation had, with commands one level deeper; "
                "over WebSocket the old gateway had the documented one",
                'they ask for it (?profile=documented in endPoint); or profile = "documented" in [api]',
            )
        )
    return profile
