"""C{dogctl restore FILE --state-dir DIR}: puts a backup where a gateway will find it. Needs no gateway."""

from __future__ import annotations

import argparse
import fcntl
import os
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dog.cli.options import DONE, FAILED, common

if TYPE_CHECKING:
    from dog.cli.console import Console

#: What others may read, as far as the folder lets them.
_OPEN = frozenset({"home.xml", "home.yaml", "plan.svg", "tls.crt"})

#: What SQLite keeps beside a file: of another file than the one that comes, it would spoil that.
_BESIDE = ("-wal", "-shm", "-journal")

#: The bytes on which SQLite holds a lock while a file is open (its "shared" ones; os_unix.c).
_LOCKED_AT, _LOCKED = 0x40000002, 510


class Unfit(Exception):
    """It can't be restored; the text says why, in one line."""


def addTo(commands: Any) -> None:
    parser = commands.add_parser(
        "restore",
        parents=[common(connects=False)],
        help="put a backup where a gateway will find it",
        description="Puts what is in a backup into a state directory, after all of it was checked. No gateway may run "
        "there. Its dog.toml is put there, too: where the gateway takes it from is for you to say.",
    )
    parser.add_argument("file", metavar="FILE", help="what dogctl backup has made")
    parser.add_argument("--state-dir", dest="folder", metavar="DIR", required=True, help="the gateway's state_dir")
    parser.add_argument("--force", action="store_true", help="also where there is something already: replace it")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace, console: Console) -> int:
    from dog.live.archive import MAX_PACKED, BadArchive, unpack

    folder = Path(arguments.folder)
    try:
        with open(arguments.file, "rb") as file:
            manifest, files = unpack(file.read(MAX_PACKED + 1))
    except OSError as error:
        console.fail(f"{arguments.file}: {error.strerror}", code="storage")
        return FAILED
    except BadArchive as bad:
        console.fail(f"{arguments.file}: {bad}", code="bad_value")
        return FAILED
    try:
        check(files)
        prepare(folder, arguments.force)
        put(folder, files)
    except Unfit as unfit:
        console.fail(str(unfit), code="in_use")
        return FAILED
    except OSError as error:
        console.fail(f"{error.filename or folder}: {error.strerror}", code="storage")
        return FAILED
    if console.json:
        console.document({"folder": str(folder), "at": manifest["at"], "files": sorted(files)})
    else:
        console.line(f"{folder}: {', '.join(sorted(files))}, as of {manifest['at']}")
    if "dog.toml" in files:
        config = folder / "dog.toml"
        console.note(
            f"the configuration is {config}: look at its paths, and start the gateway with it", file=str(config)
        )
    return DONE


def check(files: Mapping[str, bytes]) -> None:
    """Whether this Dog can use what is in it. Raises L{Unfit}."""
    from dog.live.state import SCHEMA

    if "state.db" not in files:
        return
    database = sqlite3.connect(":memory:")
    try:
        data = bytearray(files["state.db"])
        data[18:20] = b"\1\1"  # not with a write-ahead log, which there can't be in memory
        database.deserialize(bytes(data))
        [whole], [version] = (
            database.execute(f"PRAGMA {each}").fetchone() for each in ("quick_check", "user_version")
        )
    except (sqlite3.Error, IndexError) as error:
        raise Unfit(f"its state.db is no database: {error}") from None
    finally:
        database.close()
    if whole != "ok":
        raise Unfit(f"its state.db is damaged: {whole}")
    if version > len(SCHEMA):
        raise Unfit("its state.db is of a later Dog: take that one")


def prepare(folder: Path, force: bool) -> None:
    """Whether this can be restored there. Raises L{Unfit}, and OSError."""
    folder.mkdir(mode=0o750, parents=True, exist_ok=True)
    if isInUse(folder / "state.db"):
        raise Unfit(f"a gateway runs in {folder}: stop it first")
    if not force and any(folder.iterdir()):
        raise Unfit(f"{folder} is not empty (--force replaces what is there)")


def isInUse(database: Path) -> bool:
    """Whether somebody has it open."""
    try:
        file = os.open(database, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, _LOCKED, _LOCKED_AT)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False


def put(folder: Path, files: Mapping[str, bytes]) -> None:
    """Each of them whole, for the folder's owner."""
    from dog.home.disk import createWhole

    owner = folder.stat()
    for each in _BESIDE:
        (folder / f"state.db{each}").unlink(missing_ok=True)
    for name, data in files.items():
        path = folder / name
        createWhole(str(path), data, 0o644 if name in _OPEN else 0o600)
        if os.geteuid() == 0:
            os.chown(path, owner.st_uid, owner.st_gid)
