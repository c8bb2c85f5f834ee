"""C{dogctl fingerprint}: which certificate a gateway shows, to be compared with what it logs, and then pinned."""

from __future__ import annotations

import argparse
import hashlib
from typing import TYPE_CHECKING, Any

from dog.cli.options import DONE, Options, UsageError, common
from dog.client.errors import NotReachable

if TYPE_CHECKING:
    from dog.cli.console import Console


def addTo(commands: Any) -> None:
    parser = commands.add_parser(
        "fingerprint",
        parents=[common()],
        help="which certificate the gateway shows",
        description="Prints the SHA-256 of the certificate that the gateway shows, whoever it is. Compare it with the "
        "gateway's log before you give it to --fingerprint.",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    options = Options.of(arguments)
    if not options.gateway.secure:
        raise UsageError(f"{options.gateway}: there is no certificate without TLS (https:// or wss://)")
    found = fingerprintAt(options)
    if console.json:
        console.document({"fingerprint": found})
    else:
        console.line(found)
    return DONE


def fingerprintAt(options: Options) -> str:
    """The SHA-256 of the certificate that is shown, in hexadecimal pairs. Raises L{NotReachable}."""
    import socket
    import ssl

    address = options.gateway
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((address.host, address.port), options.timeout) as plain,
            context.wrap_socket(plain, server_hostname=address.host) as secure,
        ):
            der = secure.getpeercert(True) or b""
    except OSError as error:
        raise NotReachable(address.http, error.strerror or str(error)) from None
    return ":".join(f"{each:02X}" for each in hashlib.sha256(der).digest())
