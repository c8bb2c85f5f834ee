"""When two answers say the same: as data, with units by the fixed table.

Compared are the status code and a 2xx body: JSON (objects unordered, C{devicesStatus} by id), XML by element,
attribute and text. Of the headers, the media type of a 2xx answer.
"""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

from dog.model.measure import unitNamed

_MEASURE = re.compile(r"(-?[0-9.]+(?:E[+-]?\d+)?) (\S*)")

#: A state that the old gateway had not heard of yet.
UNHEARD = "0.0 "

#: State -> the unit that the old gateway lost on the way, where no driver had registered it: as home.xml has it.
LOST = {"SinglePhaseActiveEnergyState": "Wh", "TemperatureState": "C"}


def dataOf(body: bytes | str, media: str | None) -> Any:
    """A body as data."""
    text = body.decode() if isinstance(body, bytes) else body
    if not text.strip():
        return None
    if media == "application/json":
        return byId(json.loads(text))
    if media in ("application/xml", "image/svg+xml"):
        return _element(ET.fromstring(text))
    return text


def byId(value: Any) -> Any:
    """Statuses by id: their order was random."""
    if isinstance(value, dict) and isinstance(value.get("devicesStatus"), list):
        return value | {"devicesStatus": {each["id"]: each for each in value["devicesStatus"]}}
    return value


def ourUnits(value: Any) -> Any:
    """Recorded data with the units of its statuses as the fixed table has them."""
    if isinstance(value, dict) and "devicesStatus" in value:
        return {"devicesStatus": {id: ourUnits(each) for id, each in value["devicesStatus"].items()}}
    if isinstance(value, dict) and "status" in value:
        states = {state: _ourUnit(entries, LOST.get(state, "")) for state, entries in value["status"].items()}
        return value | {"status": states}
    return value


def _ourUnit(value: Any, lost: str) -> Any:
    """The value with its unit spelled as in the table; one that has none gets the unit that it lost."""
    if isinstance(value, dict):
        return {key: _ourUnit(each, lost) for key, each in value.items()}
    if isinstance(value, list):
        return [_ourUnit(each, lost) for each in value]
    found = _MEASURE.fullmatch(value) if isinstance(value, str) else None
    if found is None or value == UNHEARD:
        return value
    return f"{found[1]} {unitNamed(found[2]) if found[2] else lost}"


def form(value: Any) -> Any:
    """The keys and types of a value; of a list, those that occur in it."""
    if isinstance(value, dict):
        return {key: form(each) for key, each in value.items()}
    if isinstance(value, list):
        return sorted({repr(form(each)) for each in value})
    return type(value).__name__


def _element(element: ET.Element) -> Any:
    return element.tag, dict(element.attrib), element.text or "", [_element(each) for each in element]
