"""The form of a backup: a tar.gz whose first member, C{manifest.json}, has the size and the SHA-256 of every other."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

MANIFEST = "manifest.json"

#: What may be in it. Those that are secret, or have secrets in them, are for their owner only.
NAMES = ("home.xml", "home.yaml", "plan.svg", "state.db", "dog.toml", "tls.crt", "tls.key", "admin.token")

#: The form's version.
FORMAT = 1

#: Bytes of everything in it, unpacked, and of one that is packed.
MAX_BYTES = 256 * 1024 * 1024
MAX_PACKED = 64 * 1024 * 1024


class BadArchive(Exception):
    """It is no backup, or not whole; the text says why, in one line."""


def pack(files: Mapping[str, bytes], version: str, at: datetime) -> bytes:
    """Everything as one file. C{version}: of the Dog that makes it."""
    assert set(files) <= set(NAMES), files.keys()
    manifest = {
        "format": FORMAT,
        "dog": version,
        "at": at.isoformat(),
        "files": {name: {"size": len(data), "sha256": _hash(data)} for name, data in files.items()},
    }
    found = io.BytesIO()
    with tarfile.open(fileobj=found, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        for name, data in ((MANIFEST, json.dumps(manifest, indent=1).encode()), *files.items()):
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(data), 0o600, int(at.timestamp())
            tar.addfile(member, io.BytesIO(data))
    return found.getvalue()


def unpack(data: bytes) -> tuple[Mapping[str, Any], Mapping[str, bytes]]:
    """The manifest, and what is in it. Nothing of it is written anywhere, whatever its members are called.

    @raise BadArchive: also for members that the manifest does not have, or has otherwise.
    """
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(fileobj=_Bounded(data), mode="r|gz") as tar:
            for member in tar:
                if member.name in files or not member.isreg() or member.name not in (MANIFEST, *NAMES):
                    raise BadArchive(f"{member.name[:80]!r} does not belong into a backup")
                if member.size > MAX_BYTES - sum(map(len, files.values())):
                    raise BadArchive(f"it has more than {MAX_BYTES} bytes unpacked")
                content = tar.extractfile(member)
                assert content is not None
                files[member.name] = content.read()
        manifest = json.loads(files.pop(MANIFEST))
        listed = {name: (each["size"], each["sha256"]) for name, each in manifest["files"].items()}
        format = int(manifest["format"])
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise BadArchive(f"it is no backup, or not all of it: {error}") from None
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError):
        raise BadArchive("it has no manifest of a backup") from None
    if format > FORMAT:
        raise BadArchive(f"it was made by a later Dog ({manifest.get('dog')})")
    if {name: (len(each), _hash(each)) for name, each in files.items()} != listed:
        raise BadArchive("what is in it is not what was put into it")
    return manifest, files


class _Bounded(io.BytesIO):
    """Reads no more than a backup can have."""

    def __init__(self, data: bytes) -> None:
        if len(data) > MAX_PACKED:
            raise BadArchive(f"it has more than {MAX_PACKED} bytes")
        super().__init__(data)


def _hash(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
