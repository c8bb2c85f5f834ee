"""C{twistd dog}: its options. Imports nothing that imports the reactor: L{Options.postOptions} may choose one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twisted.application.service import IService
from twisted.python.usage import Options as UsageOptions

from dog import __version__
from dog.config import BadConfiguration, Settings, Source
from dog.logs import Tidy, asTwistd


class Options(UsageOptions):
    """Command-line options; each overrides the configuration file. C{settings} is the outcome."""

    synopsis = "[options]"
    longdesc = "A home-automation gateway: every bus in the house behind one WebSocket and REST API."
    optFlags = [
        ["simulate", None, "Touch no bus: simulate every device of the home."],
    ]
    optParameters = [
        ["config", "c", None, "Configuration file (dog.toml)."],
        ["home", None, None, "The home: home.xml, or the YAML form of the Java gateway."],
        ["state-dir", None, None, "Folder for what the gateway must not forget."],
    ]
    compData: Any = None
    parent: Any = None
    settings: Settings
    source: Source

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._listen: list[str] = []

    def opt_listen(self, endpoint: str) -> None:
        """Server endpoint, e.g. tcp:8080:interface=127.0.0.1 (may be given several times)."""
        self._listen.append(endpoint)

    def opt_version(self) -> None:
        """Show the version and exit."""
        raise SystemExit(f"dog {__version__}")

    def postOptions(self) -> None:
        given = {
            "home": _path(self["home"]),
            "stateDir": _path(self["state-dir"]),
            "listen": tuple(self._listen) or None,
            "simulate": True if self["simulate"] else None,
        }
        config = _path(self["config"])
        self.source = Source(None if config is None else config.absolute(), given)
        try:
            settings = self.source.read()
        except BadConfiguration as bad:
            # Not UsageError: Twisted 22.4 would print its usage and exit with 0.
            raise SystemExit("\n".join(f"dog: {each}" for each in bad.problems)) from None
        self.settings = settings
        twistd = self.parent
        if twistd is not None and "nodaemon" in twistd:
            observe = asTwistd(twistd, _soon)
            if observe is not None:
                _observers.append(observe)
                twistd["logger"] = f"{__name__}.observer"  # it is looked for by its name
        if not settings.simulate:
            chooseReactor(settings.drivers)


def chooseReactor(configured: Iterable[str]) -> None:
    """Install the asyncio reactor, on uvloop where that is there, if one of these drivers is in the entry point group
    of those that need it. Otherwise, and where a reactor is installed already (C{--reactor}), nothing is done.
    """
    if "twisted.internet.reactor" in sys.modules:
        return
    needing = {each.name for each in entry_points(group="dog.drivers.asyncio")}
    if needing.isdisjoint(configured):
        return
    import asyncio

    from twisted.internet import asyncioreactor

    loop: Any = import_module("uvloop" if find_spec("uvloop") is not None else "asyncio").new_event_loop()
    asyncio.set_event_loop(loop)  # what is begun before the reactor runs is on it as well
    asyncioreactor.install(loop)


#: What makes the log's observer, once the options are known.
_observers: list[Callable[[], Tidy]] = []


def observer() -> Tidy:
    """The log's observer that twistd's own options ask for."""
    return _observers[-1]()


def _soon(call: Callable[[], object]) -> None:
    from twisted.internet import reactor

    reactor.callFromThread(call)  # type: ignore[attr-defined]


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def makeService(options: Options) -> IService:
    """The whole gateway as one service."""
    from dog.service import gateway

    return gateway(options.settings, source=options.source)
