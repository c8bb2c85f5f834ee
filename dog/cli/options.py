"""The options that every command takes, and where their values come from."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dog.client.address import DEFAULT, Address, BadAddress

if TYPE_CHECKING:
    from dog.client.rest import Rest

#: Seconds that the gateway may take for an answer.
TIMEOUT = 10.0

#: Exit statuses.
DONE, FAILED, USAGE, NOT_REACHABLE = range(4)


class UsageError(Exception):
    """The command line makes no sense; the text says why."""


@dataclass(frozen=True, slots=True)
class Options:
    """@ivar timeout: seconds."""

    gateway: Address
    token: str | None
    timeout: float
    json: bool

    @classmethod
    def of(cls, arguments: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> Options:
        """The command line before the environment (DOG_GATEWAY, DOG_TOKEN) before the defaults.

        @raise UsageError: the address of the gateway is none.
        """
        given = getattr(arguments, "gateway", None)
        fromEnvironment = environment.get("DOG_GATEWAY") or None
        try:
            address = Address.parse(given or fromEnvironment or DEFAULT)
        except BadAddress as error:
            where = "--gateway" if given else "DOG_GATEWAY"
            raise UsageError(f"{where}: {error}") from None
        return cls(
            address,
            getattr(arguments, "token", None) or environment.get("DOG_TOKEN") or None,
            getattr(arguments, "timeout", TIMEOUT),
            getattr(arguments, "json", False),
        )

    def rest(self) -> Rest:
        """The gateway, to ask one thing at a time."""
        from dog.client.rest import Rest

        return Rest(self.gateway, self.token, self.timeout)


def common(connects: bool = True) -> argparse.ArgumentParser:
    """A parent parser. Options may stand before the command and after it: there are no defaults to overwrite."""
    parser = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="JSON in place of tables")
    if connects:
        parser.add_argument(
            "--gateway",
            metavar="URL",
            help="ws:// or http:// address of the gateway, wss:// and https:// for TLS "
            f"(default: $DOG_GATEWAY, else {DEFAULT})",
        )
        parser.add_argument("--token", help="who you are, for gateways that ask (default: $DOG_TOKEN)")
        parser.add_argument(
            "--timeout",
            type=_seconds,
            metavar="SECONDS",
            help=f"how long the gateway may take for an answer (default: {TIMEOUT:g})",
        )
    return parser


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return value
