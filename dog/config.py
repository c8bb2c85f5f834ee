"""etc/dog/dog.toml -> typed settings. The whole file is accepted or refused, before anything starts."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from dog.endpoints import isLoopback, isSecure
from dog.model.rights import Role

_HOST = re.compile(r"[\w-]+(?:\.[\w-]+)*\.?", re.ASCII)

#: Both loopback addresses: a Twisted C{tcp:} endpoint is IPv4 only.
LOOPBACK = ("tcp:8080:interface=127.0.0.1", "tcp6:8080:interface=\\:\\:1")


class BadConfiguration(Exception):
    """What is wrong with the settings; one line per problem."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


@dataclass(frozen=True)
class Settings:
    """Everything that can be set. Names are those of the file, C{section.key}.

    @ivar home: home.xml, or the Java gateway's YAML form; None: C{home.xml} in the state directory.
    @ivar plan: the SVG plan; None: C{plan.svg} beside the home.
    @ivar stateDir: where the gateway keeps what it must not forget; None: it forgets.
    @ivar listen: Twisted server endpoint strings.
    @ivar anonymous: what a client without a token may do; None: everything on this machine, nothing from elsewhere.
    @ivar commandTimeout: seconds until a command must have been acknowledged.
    @ivar maxBody: bytes of a request's body, and of a WebSocket message.
    @ivar origins: other origins whose pages may use the API (CORS).
    @ivar hosts: names by which the gateway may be addressed besides addresses, localhost and the machine's own.
    @ivar trustedProxies: addresses, networks and C{unix}: whose X-Forwarded-For is believed.
    @ivar connections: clients that may be connected at once.
    @ivar connectionsPerAddress: of these from one address (of IPv6 a /64); this machine is not limited.
    @ivar requestsPerSecond: from one such address; what comes faster waits. 0: no limit.
    @ivar burst: requests that may come at once after a rest.
    @ivar receiveWithin: seconds that a request may take to arrive.
    @ivar idleFor: seconds that an HTTP connection may stay open with nothing going on.
    @ivar heartbeat: seconds between the pings that WebSocket clients get; 0: none.
    @ivar answerWithin: seconds that one of them may take to answer a ping.
    @ivar slowFor: seconds that a WebSocket client may take nothing of what it is sent.
    @ivar maxWaiting: bytes of notifications that may wait for one of them.
    @ivar maxTotalWaiting: bytes of those of all clients together.
    @ivar deflate: agree to compression (permessage-deflate) with those that offer it.
    @ivar blockedAfter: seconds for which the whole process may be at a standstill before that is told; 0: never mind.
    @ivar certificate: PEM file for the listeners with TLS; None: a self-signed one in the state directory.
    @ivar certificateKey: PEM file of its key.
    @ivar redirect: send browsers that ask for the pages without TLS to those with it.
    @ivar drivers: driver name -> its own settings.
    """

    home: Path | None = None
    plan: Path | None = None
    stateDir: Path | None = None
    simulate: bool = False
    seed: int = 0
    listen: tuple[str, ...] = LOOPBACK
    websocketPath: str = "/ws"
    anonymous: Role | None = None
    profile: str = "documented"
    commandTimeout: float = 2.0
    maxBody: int = 1024 * 1024
    origins: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    trustedProxies: tuple[str, ...] = ()
    connections: int = 2000
    connectionsPerAddress: int = 100
    requestsPerSecond: float = 100.0
    burst: int = 200
    receiveWithin: float = 30.0
    idleFor: float = 60.0
    heartbeat: float = 30.0
    answerWithin: float = 10.0
    slowFor: float = 30.0
    maxWaiting: int = 256 * 1024
    maxTotalWaiting: int = 16 * 1024 * 1024
    deflate: bool = False
    blockedAfter: float = 0.5
    certificate: Path | None = None
    certificateKey: Path | None = None
    redirect: bool = False
    drivers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def homeFile(self) -> Path | None:
        if self.home is not None:
            return self.home
        return None if self.stateDir is None else self.stateDir / "home.xml"

    @property
    def planFile(self) -> Path | None:
        if self.plan is not None:
            return self.plan
        home = self.homeFile
        return None if home is None else home.parent / "plan.svg"


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("a text in quotes")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
        raise ValueError('a list of texts, e.g. ["one", "two"]')
    return tuple(value)


def _endpoints(value: Any) -> tuple[str, ...]:
    found = _texts(value)
    if not found:
        raise ValueError("at least one endpoint")
    return found


def _hosts(value: Any) -> tuple[str, ...]:
    found = _texts(value)
    if not all(_HOST.fullmatch(each) for each in found):
        raise ValueError('a list of host names without scheme and port, e.g. ["dog.example"]')
    return found


def _proxies(value: Any) -> tuple[str, ...]:
    found = _texts(value)
    try:
        for each in found:
            if each != "unix":
                ip_network(each)
    except ValueError:
        raise ValueError('a list of addresses and networks, e.g. ["127.0.0.1", "192.0.2.0/24"]') from None
    return found


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError("true or false")
    return value


def _path(value: Any) -> Path:
    return Path(_text(value))


def _urlPath(value: Any) -> str:
    path = _text(value)
    if not path.startswith("/") or len(path) < 2 or path.startswith("/api/"):
        raise ValueError('a path such as "/ws" outside /api')
    return path.rstrip("/")


def _role(value: Any) -> Role:
    try:
        return Role(value)
    except ValueError:
        raise ValueError('"none", "viewer", "user" or "admin"') from None


def _profile(value: Any) -> str:
    if value not in ("documented", "released"):
        raise ValueError('"documented" or "released"')
    return str(value)


def _number(least: float, most: float) -> Callable[[Any], float]:
    def check(value: Any) -> float:
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value <= most:
            raise ValueError(f"a number from {least:g} to {most:g}")
        return float(value)

    return check


def _integer(least: int, most: int) -> Callable[[Any], int]:
    def check(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
            raise ValueError(f"a whole number from {least} to {most}")
        return value

    return check


#: section -> key -> (field of L{Settings}, check). The commented etc/dog/dog.toml has exactly these (a test).
KEYS: dict[str, dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "house": {
        "home": ("home", _path),
        "plan": ("plan", _path),
        "state_dir": ("stateDir", _path),
        "simulate": ("simulate", _flag),
        "seed": ("seed", _integer(0, 2**63 - 1)),
    },
    "server": {
        "listen": ("listen", _endpoints),
        "websocket_path": ("websocketPath", _urlPath),
        "anonymous": ("anonymous", _role),
        "origins": ("origins", _texts),
        "hosts": ("hosts", _hosts),
        "trusted_proxies": ("trustedProxies", _proxies),
        "max_body": ("maxBody", _integer(1024, 64 * 1024 * 1024)),
        "heartbeat": ("heartbeat", _number(0, 3600)),
        "answer_within": ("answerWithin", _number(0.1, 3600)),
        "slow_for": ("slowFor", _number(1, 3600)),
        "max_waiting": ("maxWaiting", _integer(4096, 64 * 1024 * 1024)),
        "max_total_waiting": ("maxTotalWaiting", _integer(64 * 1024, 1024 * 1024 * 1024)),
        "deflate": ("deflate", _flag),
    },
    "limits": {
        "connections": ("connections", _integer(1, 1_000_000)),
        "connections_per_address": ("connectionsPerAddress", _integer(1, 1_000_000)),
        "requests_per_second": ("requestsPerSecond", _number(0, 1_000_000)),
        "burst": ("burst", _integer(1, 1_000_000)),
        "receive_within": ("receiveWithin", _number(1, 3600)),
        "idle_for": ("idleFor", _number(1, 3600)),
    },
    "tls": {
        "certificate": ("certificate", _path),
        "key": ("certificateKey", _path),
        "redirect": ("redirect", _flag),
    },
    "api": {
        "profile": ("profile", _profile),
        "command_timeout": ("commandTimeout", _number(0.1, 300)),
    },
    "supervision": {
        "blocked_after": ("blockedAfter", _number(0, 60)),
    },
}


def parseSettings(text: str, name: str = "dog.toml", base: Path | None = None) -> Settings:
    """Settings from the text of a configuration file. Relative paths are taken from C{base}.

    @raise BadConfiguration: with every problem, each with file and line.
    """
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        where = re.search(r"\(at line (\d+), ", str(error))
        line = where[1] if where else len(text.splitlines()) or 1  # at the end of the document
        raise BadConfiguration([f"{name}:{line}: {error}"]) from None
    except ValueError as error:  # a number of more digits than Python reads
        raise BadConfiguration([f"{name}:1: {error}"]) from None
    except RecursionError:
        raise BadConfiguration([f"{name}:1: lists or tables are too deep in each other"]) from None
    problems: list[str] = []
    values: dict[str, Any] = {}

    def bad(section: str, key: str | None, what: str) -> None:
        problems.append(f"{name}:{_lineOf(text, section, key)}: {what}")

    for section, entries in data.items():
        if section == "drivers":
            if isinstance(entries, dict) and all(isinstance(each, dict) for each in entries.values()):
                values["drivers"] = entries
            else:
                bad(section, None, "[drivers] takes one table per driver, e.g. [drivers.modbus]")
            continue
        known = KEYS.get(section)
        if known is None or not isinstance(entries, dict):
            bad(section, None, f"unknown section [{section}]; there are {', '.join([*KEYS, 'drivers.NAME'])}")
            continue
        for key, value in entries.items():
            if key not in known:
                bad(section, key, f"unknown key {key!r} in [{section}]; there are {', '.join(known)}")
                continue
            attribute, check = known[key]
            try:
                checked = check(value)
            except ValueError as error:
                bad(section, key, f"{key} must be {error}, not {value!r}")
                continue
            values[attribute] = base / checked if base is not None and isinstance(checked, Path) else checked
    if problems:
        raise BadConfiguration(problems)
    return Settings(**values)


def _lineOf(text: str, section: str, key: str | None) -> int:
    """The line where C{key} of C{section} (or the section) stands; tomllib does not tell. 1 if it is not found."""
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if stripped.startswith("["):
            inside = stripped.strip("[] ").split(".")[0].strip("'\" ") == section
            if inside and key is None:
                return number
        elif "=" in stripped:
            before = stripped.split("=", 1)[0].strip().strip("'\"")
            if (inside and before == key) or before in (section, f"{section}.{key}"):
                return number
    return 1


def readSettings(path: Path) -> Settings:
    """Settings from a file. Raises L{BadConfiguration}, also where it can't be read."""
    try:
        text = path.read_bytes().decode("utf-8")
    except OSError as error:
        raise BadConfiguration([f"{path}: can't be read: {error.strerror}"]) from None
    except UnicodeDecodeError as error:
        raise BadConfiguration([f"{path}: is not UTF-8 (byte {error.start})"]) from None
    return parseSettings(text, str(path), path.parent)


def override(settings: Settings, **given: Any) -> Settings:
    """Settings with what was given on the command line (None: not given) in place of what the file says."""
    names = {each.name for each in fields(Settings)}
    unknown = set(given) - names
    if unknown:
        raise TypeError(f"no such settings: {unknown}")
    return replace(settings, **{name: value for name, value in given.items() if value is not None})


@dataclass(frozen=True)
class Source:
    """Where the settings come from: a file, and what was given on the command line in place of what it says.

    @ivar file: absolute, so that a process that has gone elsewhere finds it again; None: there is none.
    @ivar given: as for L{override}.
    """

    file: Path | None = None
    given: Mapping[str, Any] = field(default_factory=dict)

    def read(self) -> Settings:
        """The settings as they are now, checked as a whole. Raises L{BadConfiguration}."""
        settings = override(Settings() if self.file is None else readSettings(self.file), **self.given)
        checkExposure(settings)
        return settings


#: Kinds of server endpoints that other machines may reach; Twisted knows a few more, by plugin.
_REACHABLE = frozenset({"tcp", "tcp4", "tcp6", "ssl", "tls", "tls6", "systemd", "fd", "haproxy"})


def checkExposure(settings: Settings) -> None:
    """Whether what is listened on can be, and may be.

    Without a state directory there are no tokens: then a listener on the LAN needs the configuration to say in
    words what clients without one may do, and nobody can be asked for one.

    @raise BadConfiguration: naming the endpoint.
    """
    problems = []
    if (settings.certificate is None) is not (settings.certificateKey is None):
        problems.append("certificate and key in [tls] go together")
    secure = [each for each in settings.listen if isSecure(each)]
    if secure and settings.stateDir is None and settings.certificate is None:
        problems.append(f"{secure[0]} needs a certificate: name one in [tls], or state_dir in [house] to keep one in")
    if settings.redirect and not secure:
        problems.append("redirect in [tls] needs a listener with TLS, such as tls:8443")
    if settings.stateDir is None:
        problems += _exposed(settings)
    if problems:
        raise BadConfiguration(problems)


def _exposed(settings: Settings) -> list[str]:
    """What is wrong with listeners where there are no tokens."""
    problems = []
    if settings.anonymous is Role.NONE:
        problems.append('anonymous = "none" would let nobody in: there are no tokens without state_dir in [house]')
    if settings.anonymous is None:
        # What is no endpoint at all is said when it is bound.
        problems += [
            f"{each} can be reached from the network, and nobody there could say who he is: tokens need state_dir in "
            '[house]; or say what clients without one may do, with anonymous = "viewer", "user" or "admin" in [server]'
            for each in settings.listen
            if each.partition(":")[0] in _REACHABLE and not isLoopback(each)
        ]
    return problems
