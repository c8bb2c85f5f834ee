"""The certificate that listeners with TLS show: from files, or one of our own; read again when it has changed."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.logger import Logger
from zope.interface import implementer

from dog.home.disk import createWhole

#: Files of a self-signed certificate in the state directory.
CERTIFICATE_FILE, KEY_FILE = "tls.crt", "tls.key"

#: A self-signed certificate is for so long: who pins it does not care, and nobody renews it.
LIFE = timedelta(days=3650)

#: Days before its end from which on an expiry is warned of.
WARN_DAYS = 14

#: No certificate of ours begins later: a machine without a clock may think at its start that it is long ago.
BEGIN = datetime(2024, 1, 1, tzinfo=UTC)


class BadCertificate(Exception):
    """There is no certificate to show; the text says why, in one line."""


@dataclass(frozen=True)
class Certificate:
    """What is told of the certificate in use.

    @ivar fingerprint: SHA-256 of its DER form, as C{AB:CD:...}.
    @ivar expiresAt: aware UTC.
    """

    fingerprint: str
    expiresAt: datetime


@implementer(IOpenSSLServerConnectionCreator)
class Certificates:
    """Makes the TLS side of connections. New ones show the newest certificate; those that stand keep theirs.

    @param certificate: PEM file, the chain behind the certificate; None: a self-signed one is made.
    @param key: PEM file of its private key.
    @param folder: where a self-signed one is kept.
    @param names: host names and addresses that a self-signed one is for, besides the machine's own.
    """

    log = Logger()

    def __init__(
        self, certificate: Path | None, key: Path | None, folder: Path | None = None, names: Iterable[str] = ()
    ) -> None:
        self._own = certificate is None or key is None
        if certificate is None or key is None:
            if folder is None:
                raise BadCertificate(
                    "TLS needs a certificate and a key, or a state directory to keep one of its own in"
                )
            certificate, key = folder / CERTIFICATE_FILE, folder / KEY_FILE
        self._files = certificate, key
        self._names = tuple(names)
        self._seen: tuple[Any, ...] = ()
        self._context: Any = None
        self.current: Certificate | None = None

    @property
    def files(self) -> tuple[Path, Path]:
        """Where the certificate and its key are."""
        return self._files

    def serverConnectionForTLS(self, protocol: Any) -> Any:
        """See C{IOpenSSLServerConnectionCreator}."""
        from OpenSSL.SSL import Connection

        return Connection(self._context, None)

    def load(self) -> None:
        """Read the files, blocking; make them first where they are ours to make.

        @raise BadCertificate: with what is wrong.
        """
        if self._own and not self._files[0].exists():
            self._make()
        seen = self._look()
        try:
            self._context, self.current = _read(*self._files)
        except ImportError as error:
            raise BadCertificate(f"TLS needs pyOpenSSL and service_identity: {error}") from None
        except OSError as error:
            raise BadCertificate(f"{error.filename}: {error.strerror}") from None
        except Exception as error:
            files = " and ".join(map(str, self._files))
            raise BadCertificate(f"{files} are no certificate and its key: {_words(error)}") from None
        self._seen = seen
        expiresAt = self.current.expiresAt
        self.log.info(
            "TLS certificate {fingerprint}, valid until {expiresAt}",
            fingerprint=self.current.fingerprint,
            expiresAt=f"{expiresAt:%Y-%m-%d}",
        )
        if expiresAt < datetime.now(UTC) + timedelta(days=WARN_DAYS):
            self.log.warn("the TLS certificate ends on {expiresAt}", expiresAt=f"{expiresAt:%Y-%m-%d}")

    def become(self, other: Certificates) -> None:
        """Show another one, which is loaded, from now on."""
        self._own, self._files, self._names = other._own, other._files, other._names
        self._seen, self._context, self.current = other._seen, other._context, other.current

    def reload(self) -> bool:
        """Read the files again where they have changed since. Whether there is another certificate now.

        What can't be read is logged, and the certificate in use stays.
        """
        seen = self._look()
        if seen == self._seen:
            return False
        before = self.current
        try:
            self.load()
        except BadCertificate as bad:
            self._seen = seen  # said once
            self.log.error("the TLS certificate stays as it was: {error}", error=str(bad))
            return False
        return self.current != before

    def _look(self) -> tuple[Any, ...]:
        """What tells whether files have changed: a renewal may well be within one second and of the same size."""
        found: list[Any] = []
        for path in self._files:
            try:
                status = path.stat()
            except OSError:
                found.append(None)
            else:
                found.append((status.st_mtime_ns, status.st_size, status.st_ino))
        return tuple(found)

    def _make(self) -> None:
        names = {"localhost", "127.0.0.1", "::1", *self._names}
        own = socket.gethostname().removesuffix(".local")
        try:
            certificate, key = selfSigned([own, f"{own}.local", *sorted(names)], datetime.now(UTC))
        except ImportError as error:
            raise BadCertificate(f"a certificate can't be made without cryptography: {error}") from None
        try:
            self._files[0].parent.mkdir(mode=0o750, parents=True, exist_ok=True)
            # The certificate comes last: where there is none, a key is what was left of an interrupted start.
            createWhole(str(self._files[1]), key, 0o600)
            createWhole(str(self._files[0]), certificate, 0o644)
        except OSError as error:
            raise BadCertificate(f"{error.filename}: {error.strerror}") from None
        self.log.info("a self-signed TLS certificate was made: {path}", path=str(self._files[0]))


def _read(certificate: Path, key: Path) -> tuple[Any, Certificate]:
    """A context for connections, and what is told of the certificate."""
    from OpenSSL import crypto
    from twisted.internet.ssl import CertificateOptions, TLSVersion

    first, *chain = _pems(certificate.read_bytes())
    loaded = crypto.load_certificate(crypto.FILETYPE_PEM, first)
    options = CertificateOptions(
        privateKey=crypto.load_privatekey(crypto.FILETYPE_PEM, key.read_bytes(), lambda *_: b""),
        certificate=loaded,
        extraCertChain=[crypto.load_certificate(crypto.FILETYPE_PEM, each) for each in chain],
        raiseMinimumTo=TLSVersion.TLSv1_2,
        acceptableProtocols=[b"http/1.1"],
    )
    context = options.getContext()
    context.check_privatekey()
    der = crypto.dump_certificate(crypto.FILETYPE_ASN1, loaded)
    ends = datetime.strptime((loaded.get_notAfter() or b"").decode(), "%Y%m%d%H%M%SZ").replace(tzinfo=UTC)
    return context, Certificate(fingerprintOf(der), ends)


def fingerprintOf(der: bytes) -> str:
    """SHA-256 in the form in which browsers and openssl show it."""
    return ":".join(f"{each:02X}" for each in hashlib.sha256(der).digest())


def _pems(data: bytes) -> list[bytes]:
    end = b"-----END CERTIFICATE-----"
    found = [each + end for each in data.split(end)[:-1]]
    if not found:
        raise ValueError("there is no PEM certificate in it")
    return found


def _words(error: BaseException) -> str:
    return " ".join(str(error).split()) or type(error).__name__


def selfSigned(names: list[str], now: datetime) -> tuple[bytes, bytes]:
    """A certificate for these names and addresses, the first its subject, and its key (P-256), both PEM."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.x509 import oid

    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(oid.NameOID.COMMON_NAME, names[0][:64])])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(max(now, BEGIN) + LIFE)
        .add_extension(x509.SubjectAlternativeName([_general(each) for each in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([oid.ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return certificate.public_bytes(serialization.Encoding.PEM), key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _general(name: str) -> Any:
    from cryptography import x509

    try:
        return x509.IPAddress(ip_address(name.partition("%")[0]))
    except ValueError:
        return x509.DNSName(name)
