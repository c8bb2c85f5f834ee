"""Where what stands in an installation, and its configuration files read. Blocks."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from dog.moving.bundles import Bundle, bundleOf
from dog.moving.properties import MAX_BYTES, BadProperties, Entry, parse
from dog.moving.report import Item, Report
from dog.moving.tree import NotTaken, Tree

#: Folders of an installation that hold its bundles.
_JARS = ("communication", "bundles", "plugins", "lib")
_PORT = re.compile(r"-Dorg\.osgi\.service\.http\.port=[\"']?(\d{1,5})\b|^\s*HTTP_PORT=[\"']?(\d{1,5})\b", re.MULTILINE)
_API = re.compile(r"it\.polito\.elite\.dog\.communication\.rest\.device\.api[_-](\d+(?:\.\d+){0,3})", re.IGNORECASE)
_LOOKED_UP = re.compile(r"\$\{|\$\[")


@dataclass
class Configuration:
    """One configuration file.

    @ivar entries: lower-case key -> the last entry of it.
    """

    file: str
    bundle: Bundle
    entries: dict[str, Entry] = field(default_factory=dict)

    def take(self, key: str) -> tuple[Entry, str] | None:
        """An entry, whatever its case, and its value as text without blanks around it; it is gone from here then."""
        entry = self.entries.pop(key.lower(), None)
        return None if entry is None else (entry, plain(entry.value))


def plain(value: str | tuple[str, ...]) -> str:
    return (value if isinstance(value, str) else ",".join(value)).strip()


class Installation:
    """@param given: the C{configuration} folder, the C{config} folder in it, or the whole installation.

    @ivar config: the folder of the configuration files, from the root of the tree.
    @ivar files: those under it that nobody has taken yet, and what each is.
    @ivar isCut: there are more, which are not among them.
    @raise OSError: it is no folder, or can't be read.
    """

    def __init__(self, given: str, report: Report) -> None:
        root, self.config = _locate(os.path.realpath(given))
        self.tree = Tree(root)
        self._report = report
        self.files = {each.path: each.kind for each in self.tree.walk(self.config)}
        self.isCut = self.tree.cut
        self._launcher = ""
        self._launcherData = b""
        self._findLauncher(self.config, posixpath.dirname(self.config))
        self.configurations = list(self._configurations())

    def close(self) -> None:
        self.tree.close()

    def of(self, pid: str) -> Configuration | None:
        return next((each for each in self.configurations if each.bundle.pid.lower() == pid.lower()), None)

    def resolve(self, name: str) -> str:
        """The path of a file that a configuration names. Raises L{NotTaken}."""
        return self.tree.resolve(self.config, name)

    # -- configuration files --------------------------------------------------------------------------------------

    def _configurations(self) -> Iterable[Configuration]:
        known: dict[str, str] = {}
        folder = "" if self.config == "." else self.config
        for path in [each for each in self.files if posixpath.dirname(each) == folder]:
            bundle = bundleOf(posixpath.basename(path))
            if bundle is None or self.files[path] != "file":
                continue
            del self.files[path]
            first = known.setdefault(bundle.pid.lower(), path)
            if first != path:
                self._report.left.append(Item(path, why=f"{first} is for the same bundle, and came first"))
                continue
            read = self._read(path, bundle)
            if read is not None:
                yield read

    def _read(self, path: str, bundle: Bundle) -> Configuration | None:
        left = self._report.left
        try:
            entries = parse(self.tree.read(path, MAX_BYTES).data, path.lower().endswith(".config"))
        except (NotTaken, BadProperties) as bad:
            left.append(Item(path, why=str(bad)))
            return None
        found = Configuration(path, bundle)
        for entry in entries:
            before = found.entries.get(entry.key.lower())
            if before is not None:
                left.append(Item(path, before.key, before.line, why=f"it is given again in line {entry.line}"))
            found.entries[entry.key.lower()] = entry
        for key, entry in list(found.entries.items()):
            if _LOOKED_UP.search(plain(entry.value)):
                del found.entries[key]
                why = "it stands for something that Java Dog looked up when it started: give the value itself"
                left.append(Item(path, entry.key, entry.line, why=why))
        return found

    # -- what is around them ---------------------------------------------------------------------------------------

    def _findLauncher(self, *folders: str) -> None:
        for folder in folders:
            path = posixpath.normpath(posixpath.join(folder, "config.ini"))
            try:
                self._launcherData = self.tree.read(path, MAX_BYTES).data
            except NotTaken:
                continue
            self.files.pop(path, None)
            self._launcher = path
            return

    def ports(self) -> list[tuple[str, str | None, str]]:
        """Where an HTTP port is said, the key, and what: C{config.ini}, then scripts and units that start Dog."""
        found: list[tuple[str, str | None, str]] = []
        if self._launcher:
            try:
                entries = parse(self._launcherData)
            except BadProperties as bad:
                self._report.left.append(Item(self._launcher, why=str(bad)))
            else:
                found += [
                    (self._launcher, each.key, plain(each.value))
                    for each in entries
                    if each.key.lower() == "org.osgi.service.http.port"
                ]
                why = "it is about the Java framework" + (", but for the port" if found else "")
                self._report.left.append(Item(self._launcher, why=why))
        names = [each.path for each in self.tree.walk("service", 2) if each.kind == "file"]
        names += [
            each.path for each in self.tree.walk(".", 1) if each.path.lower().endswith((".sh", ".bat", ".service"))
        ]
        for path in names:
            try:
                text = self.tree.read(path, MAX_BYTES).data.decode("utf-8", "replace")
            except NotTaken:
                continue
            match = _PORT.search(text)
            if match:
                self.files.pop(path, None)
                found.append((path, None, match[1] or match[2]))
        return found

    def deviceApi(self) -> str | None:
        """The version of the bundle device.api, by its file's name; the newest of several."""
        names = [each.path for folder in _JARS for each in self.tree.walk(folder, 4) if each.path.endswith(".jar")]
        names.append(self._launcherData.decode("utf-8", "replace"))
        versions = [match for name in names for match in _API.findall(name)]
        return max(versions, key=lambda each: [int(part) for part in each.split(".")], default=None)


def _locate(given: str) -> tuple[str, str]:
    """The root of an installation, and the folder of the configuration files from there."""
    for inside in ("configuration/config", "config"):
        if os.path.isdir(os.path.join(given, inside)) and not _hasFiles(given):
            return _rootOf(os.path.join(given, inside), given)
    return _rootOf(given, given)


def _rootOf(config: str, least: str) -> tuple[str, str]:
    root = least
    for _ in range(2):
        above = os.path.dirname(root)
        if os.path.basename(root) not in ("config", "configuration") or not os.path.isdir(os.path.join(above)):
            break
        root = above
    if not any(os.path.isdir(os.path.join(root, each)) for each in ("communication", "core", "drivers", "bundles")):
        # It is no installation that these folders are in: nothing outside of what was named is looked at.
        root = least
    return root, os.path.relpath(config, root)


def _hasFiles(folder: str) -> bool:
    with os.scandir(folder) as entries:
        return any(bundleOf(each.name) for each in entries)
