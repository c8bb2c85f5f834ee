"""The device classes of DogOnt: one page per category, and one with all that is in them by name."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dog.model.catalogue import CommandType, DeviceClass, NotificationType, Param, StateType, catalogue
from tools.reference.markdown import anchor, code, codes, page, plain, table

#: Of a class in several categories, or in none, the page it is on.
_ALONE = "Other"


def cataloguePages() -> dict[str, str]:
    """File name -> page."""
    found = [each for name in sorted(catalogue()) if (each := catalogue().deviceClass(name)) is not None]
    categories: dict[str, list[DeviceClass]] = {}
    for each in found:
        categories.setdefault(each.category[0] if each.category else _ALONE, []).append(each)
    pages = {f"{name.lower()}.md": _category(name, classes) for name, classes in sorted(categories.items())}
    return {"index.md": _index(found, [name.removesuffix(".md") for name in pages]), **pages}


def _index(found: list[DeviceClass], pages: list[str]) -> str:
    names = ((f"[{each.name}](class-{each.name.lower()})", plain(each.description)) for each in found)
    return page(
        "Device classes",
        f"The {len(found)} device classes that `home.xml` may name, in the words of the DogOnt ontology: what one "
        "can be told (commands, by the name that clients use), what it tells (notifications) and what is known of it "
        "(states). Inherited ones are included.\n",
        "```{toctree}\n:maxdepth: 1\n\n" + "\n".join(pages) + "\n```\n",
        table(("class", ""), names),
    )


def _category(name: str, classes: list[DeviceClass]) -> str:
    return page(name, f"{len(classes)} classes.\n", *map(_class, classes))


def _class(found: DeviceClass) -> str:
    functionalities = (*found.control, *found.notification, *found.query)
    about = [
        plain(found.description) + ".",
        f"Is a {_links(found.ancestors)}." if found.ancestors else "",
        f"Functionalities: {codes(functionalities)}." if functionalities else "",
    ]
    commands = [(name, each) for name, same in found.commands.items() for each in same]
    return "\n".join(
        each
        for each in (
            f"{anchor('class-' + found.name.lower())}\n## {found.name}\n",
            " ".join(each for each in about if each) + "\n",
            table(("command", "class", "parameters"), (_command(name, each) for name, each in commands)),
            table(("notification", "class", "parameters"), map(_notification, found.notifications.values())),
            table(("state", "values", "by"), map(_state, found.states.values())),
        )
        if each
    )


def _links(names: Iterable[str]) -> str:
    known = catalogue()
    return ", ".join(f"[{each}](class-{each.lower()})" if each in known else each for each in names)


def _command(name: str, command: CommandType) -> tuple[str, ...]:
    called = code(name) if name == command.name else f"{code(name)} (or {code(command.name)})"
    return called, command.cls, _params(command.params)


def _notification(notification: NotificationType) -> tuple[str, ...]:
    return code(notification.name), notification.cls, _params(notification.params)


def _params(params: Iterable[Param]) -> str:
    return ", ".join(f"{code(each.name)}: {plain(each.type)}{_quantity(each.quantity)}" for each in params)


def _quantity(name: str | None) -> str:
    if name is None:
        return ""
    unit = catalogue().unit(name)
    return f" ({plain(name.replace('_', ' '))}{', ' + plain(unit) if unit else ''})"


def _state(state: StateType) -> tuple[str, ...]:
    return code(state.cls), "".join(_values(state)), codes(state.features)


def _values(state: StateType) -> Iterator[str]:
    if state.discrete:
        yield codes(state.values)
    elif state.quantity is not None:
        yield _quantity(state.quantity).strip().strip("()")
    else:
        yield ", ".join(f"{plain(cls)}" + (f" (×{count})" if count > 1 else "") for cls, count in state.components)
