"""The files of a moved installation -> a folder. Blocks."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping

from dog.home.disk import createWhole
from dog.moving.tree import Contents


class InTheWay(Exception):
    """There is something already; the text says what."""


def write(folder: str, files: Mapping[str, Contents], force: bool = False) -> None:
    """A folder that is not there yet is there with everything or not at all. In one that is there each file is whole,
    and C{dog.toml} comes last.

    Nobody may read what he could not read before. Files that are of nobody's concern here stay.

    @param force: replace files that are there; without, the folder has to be empty.
    @raise InTheWay: it is not. @raise OSError: it can't be written.
    """
    last = sorted(files, key=lambda name: (name == "dog.toml", name))
    if os.path.islink(folder) and not os.path.exists(folder):
        raise InTheWay(f"{folder} is a link to nowhere")
    if not os.path.lexists(folder):
        aside = os.path.join(os.path.dirname(folder) or ".", f".{os.path.basename(folder)}.new")
        os.mkdir(aside, 0o750)
        try:
            _fill(aside, last, files)
            os.rename(aside, folder)
        except BaseException:
            shutil.rmtree(aside, ignore_errors=True)
            raise
        return
    if not force and os.listdir(folder):
        raise InTheWay(f"{folder} is not empty (--force replaces what is there)")
    _fill(folder, last, files)


def _fill(folder: str, names: list[str], files: Mapping[str, Contents]) -> None:
    owner = os.stat(folder)
    for name in names:
        path = os.path.join(folder, name)
        made = _makeFolders(folder, os.path.dirname(name))
        contents = files[name]
        createWhole(path, contents.data, 0o600 | (contents.mode & 0o044))
        if os.geteuid() == 0:
            for each in (*made, path):
                os.chown(each, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _makeFolders(folder: str, below: str) -> list[str]:
    made = []
    for part in below.split("/") if below else ():
        folder = os.path.join(folder, part)
        if os.path.islink(folder):
            raise InTheWay(f"{folder} is a symbolic link")
        if not os.path.isdir(folder):
            os.mkdir(folder, 0o750)
            made.append(folder)
    return made
