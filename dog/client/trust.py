"""Whom a client takes for its gateway, where TLS says who that is."""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import ssl

_HEX = re.compile(r"(?:[0-9A-F]{2}:?){32}")


class BadTrust(ValueError):
    """Neither a fingerprint nor a file with certificates; the text says which."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What a gateway's certificate has to be. Without either: what the platform trusts, for the address's host.

    @ivar ca: a PEM file: what is signed by a certificate in it, or is one itself, for the address's host.
    @ivar fingerprint: SHA-256 of the certificate, as the gateway logs it; then nothing else of it matters.
    """

    ca: str | None = None
    fingerprint: str | None = None

    def __post_init__(self) -> None:
        if self.fingerprint is not None:
            text = self.fingerprint.strip().upper().removeprefix("SHA256:").replace(" ", "")
            if not _HEX.fullmatch(text):
                raise BadTrust(f"{self.fingerprint!r} is no SHA-256 fingerprint: 32 bytes, AB:CD:...")
            object.__setattr__(self, "fingerprint", text.replace(":", ""))

    def context(self) -> ssl.SSLContext:
        """For a connection; with a fingerprint, L{check} has to follow before anything is sent.

        @raise BadTrust: the file can't be read or holds no certificate.
        """
        import ssl

        try:
            context = ssl.create_default_context(cafile=self.ca)
        except (OSError, ssl.SSLError) as error:
            raise BadTrust(f"{self.ca}: {getattr(error, 'strerror', None) or error}") from None
        if self.fingerprint is not None:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context

    def accepts(self, der: bytes | None) -> bool:
        """Whether a certificate is the one, where there is a fingerprint to tell."""
        if self.fingerprint is None:
            return True
        return der is not None and hmac.compare_digest(hashlib.sha256(der).hexdigest().upper(), self.fingerprint)

    def creator(self, host: str) -> Any:
        """The same for Twisted: an C{IOpenSSLClientConnectionCreator}.

        @raise BadTrust: as above.
        @raise ImportError: pyOpenSSL or service_identity is not installed.
        """
        from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates

        if self.fingerprint is not None:
            return Pinned(self)
        if self.ca is None:
            return optionsForClientTLS(host)
        found = [Certificate.loadPEM(each) for each in self._pems()]
        return optionsForClientTLS(host, trustRoot=trustRootFromCertificates(found))

    def _pems(self) -> list[bytes]:
        end = b"-----END CERTIFICATE-----"
        try:
            with open(self.ca or "", "rb") as file:
                found = [each + end for each in file.read().split(end)[:-1]]
        except OSError as error:
            raise BadTrust(f"{self.ca}: {error.strerror}") from None
        if not found:
            raise BadTrust(f"{self.ca}: there is no certificate in it")
        return found


class Pinned:
    """Connects to whoever shows one certificate: an C{IOpenSSLClientConnectionCreator}."""

    def __init__(self, trust: Trust) -> None:
        from OpenSSL.SSL import VERIFY_PEER
        from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
        from twisted.internet.ssl import CertificateOptions, TLSVersion
        from zope.interface import directlyProvides

        directlyProvides(self, IOpenSSLClientConnectionCreator)
        self._trust = trust
        self._context = CertificateOptions(raiseMinimumTo=TLSVersion.TLSv1_2).getContext()
        self._context.set_verify(VERIFY_PEER, self._verify)

    def _verify(self, connection: Any, certificate: Any, error: int, depth: int, ok: int) -> bool:
        from OpenSSL.crypto import FILETYPE_ASN1, dump_certificate

        # What stands behind the certificate does not matter where that itself is known.
        return depth > 0 or self._trust.accepts(dump_certificate(FILETYPE_ASN1, certificate))

    def clientConnectionForTLS(self, protocol: Any) -> Any:
        from OpenSSL.SSL import Connection

        return Connection(self._context, None)


#: What is said where the fingerprint is another one.
NOT_THE_ONE = "its certificate is not the one that is expected (fingerprint)"

#: The platform's.
USUAL = Trust()
