"""The home and its plan."""

from __future__ import annotations

import posixpath

from dog.home.document import MAX_BYTES
from dog.home.reader import readHome
from dog.home.write import isSame, writeHome
from dog.home.yaml import MAX_BYTES as MAX_YAML_BYTES
from dog.home.yaml import readYaml
from dog.model.home import Home
from dog.model.refusal import Refusal
from dog.moving.bundles import HOUSE
from dog.moving.installation import Installation
from dog.moving.report import Item, Report
from dog.moving.tree import Contents, NotTaken

MAX_PLAN = 8 * 1024 * 1024
_YAML = (".yaml", ".yml")


def house(old: Installation, report: Report) -> dict[str, Contents]:
    """C{home.xml} (or C{home.yaml}) and C{plan.svg}. What keeps the home from being taken is in C{report.failed}."""
    files: dict[str, Contents] = {}
    configuration = old.of(HOUSE)
    file, name = (None, "") if configuration is None else (configuration.file, "")
    line = key = None
    if configuration is not None and (taken := configuration.take("devices")):
        key, line, name = taken[0].key, taken[0].line, taken[1]
    try:
        path = old.resolve(name) if name else _only(old)
        files = _home(old, path, Item(file or path, key, line), report)
    except NotTaken as no:
        report.failed = f"there is no home to take: {name or 'home.xml'}: {no}"
        if file:
            report.left.append(Item(file, key, line, why=str(no)))
    if configuration is None:
        return files
    if taken := configuration.take("svgplan"):
        entry, name = taken
        try:
            path = old.resolve(name)
            files["plan.svg"] = old.tree.read(path, MAX_PLAN)
        except NotTaken as no:
            why = f"{name}: {no}; there will be no plan"
            report.left.append(Item(configuration.file, entry.key, entry.line, why=why))
        else:
            old.files.pop(path, None)
            report.taken.append(Item(configuration.file, entry.key, entry.line, "plan.svg", name))
    if taken := configuration.take("enableYamlMigration"):
        why = "a home in YAML becomes home.xml here; that is what is edited"
        report.left.append(Item(configuration.file, taken[0].key, taken[0].line, why=why))
    return files


def _only(old: Installation) -> str:
    """The one home that lies there, where no configuration names any. Raises L{NotTaken}."""
    found = []
    for path, kind in old.files.items():
        if kind == "file" and path.lower().endswith(".xml"):
            try:
                data = old.tree.read(path, MAX_BYTES).data
            except NotTaken:
                continue
            if b"dogHomeConfiguration" in data[:4096]:
                found.append(path)
    if len(found) != 1:
        raise NotTaken(f"no configuration names one (devices), and there are {len(found)} files that could be it")
    return found[0]


def _home(old: Installation, path: str, item: Item, report: Report) -> dict[str, Contents]:
    isYaml = path.lower().endswith(_YAML)
    contents = old.tree.read(path, MAX_YAML_BYTES if isYaml else MAX_BYTES)
    name = posixpath.basename(path)
    home = readYaml(contents.data, name) if isYaml else readHome(contents.data, name)
    report.home, report.homeName = home, name
    fatal = next((each for each in home.problems if each.fatal), None)
    if fatal is not None:
        report.failed = f"the home can't be read: {fatal}"
        report.left.append(Item(path, why=str(fatal)))
        return {}
    old.files.pop(path, None)
    if not isYaml:
        report.taken.append(Item(item.file, item.key, item.line, "home.xml", f"{path}, unchanged"))
        return {"home.xml": contents}
    return _fromYaml(home, path, contents, item, report)


def _fromYaml(home: Home, path: str, contents: Contents, item: Item, report: Report) -> dict[str, Contents]:
    try:
        data = writeHome(home)
        back = readHome(data, "home.xml")
        if not isSame(home, back):
            raise ValueError("it would not be the same home")
    except (Refusal, ValueError) as no:
        why = f"as home.xml: {no}; it is taken as it is, and can't be edited through the API"
        report.changed.append(Item(item.file, item.key, item.line, "home.yaml", path, why))
        return {"home.yaml": contents}
    report.home, report.homeName = back, "home.xml"
    why = "it was YAML; comments are not in it any more"
    report.changed.append(Item(item.file, item.key, item.line, "home.xml", path, why))
    return {"home.xml": Contents(data, contents.mode)}
