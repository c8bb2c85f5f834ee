"""The options that every command takes, and where their values come from."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dog.client.address import DEFAULT, Address, BadAddress
from dog.client.trust import USUAL, BadTrust, Trust

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
    trust: Trust = USUAL

    @classmethod
    def of(cls, arguments: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> Options:
        """The command line before the environment (DOG_GATEWAY, DOG_TOKEN_FILE, DOG_TOKEN) before the defaults.

        @raise UsageError: the address of the gateway is none, or the file with the token can't be read.
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
            _token(arguments, environment),
            getattr(arguments, "timeout", TIMEOUT),
            getattr(arguments, "json", False),
            _trust(arguments, environment),
        )

    def rest(self) -> Rest:
        """The gateway, to ask one thing at a time."""
        from dog.client.rest import Rest

        return Rest(self.gateway, self.token, self.timeout, self.trust)


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
        parser.add_argument(
            "--token-file",
            dest="tokenFile",
            metavar="FILE",
            help="the token that says who you are, in a file (default: $DOG_TOKEN_FILE, else the token in $DOG_TOKEN)",
        )
        parser.add_argument(
            "--ca", metavar="FILE", help="with TLS: the certificate to trust, or its issuer's, PEM (default: $DOG_CA)"
        )
        parser.add_argument(
            "--fingerprint",
            metavar="SHA256",
            help="with TLS: the gateway's certificate has to be this one (default: $DOG_FINGERPRINT)",
        )
        parser.add_argument("--token", help="the token itself: others on this machine can see it in the process list")
        parser.add_argument(
            "--timeout",
            type=_seconds,
            metavar="SECONDS",
            help=f"how long the gateway may take for an answer (default: {TIMEOUT:g})",
        )
    return parser


def _trust(arguments: argparse.Namespace, environment: Mapping[str, str]) -> Trust:
    given = {
        name: getattr(arguments, name, None) or environment.get(f"DOG_{name.upper()}") or None
        for name in ("ca", "fingerprint")
    }
    try:
        return Trust(**given)
    except BadTrust as bad:
        raise UsageError(f"--fingerprint: {bad}") from None


def _token(arguments: argparse.Namespace, environment: Mapping[str, str]) -> str | None:
    given = getattr(arguments, "token", None)
    if given:
        return str(given)
    path = getattr(arguments, "tokenFile", None)
    where = "--token-file" if path else "DOG_TOKEN_FILE"
    path = path or environment.get("DOG_TOKEN_FILE")
    if not path:
        return environment.get("DOG_TOKEN") or None
    try:
        with open(path, encoding="ascii") as file:
            token = file.read(4096).strip()
    except OSError as error:
        raise UsageError(f"{where}: {path}: {error.strerror}") from None
    except UnicodeDecodeError:
        token = ""
    if not token or len(token.split()) > 1:
        raise UsageError(f"{where}: there is no token in {path}")
    return token


def _seconds(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value <= 86400:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds")
    return value
