"""Figures for Prometheus, in its text format 0.0.4."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from dog.api.call import Answer, Call, Media, RawView, Result
from dog.api.counts import Counts
from dog.api.memory import processMemory
from dog.api.routes import On, route
from dog.api.shapes import String
from dog.core.core import Core
from dog.core.events import Kind
from dog.core.ledger import FINAL
from dog.live.attachments import Attachments
from dog.live.commands import Commands
from dog.live.guard import Tally
from dog.model.command import Stage
from dog.model.rights import Right

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Samples = Iterable[tuple[Mapping[str, str], float]]


@route("GET", "/metrics", root="", right=Right.VIEW, on=On.HOUSE, answers={200: String()}, media=(Media.TEXT,))
def metrics(
    call: Call, core: Core, commands: Commands, attachments: Attachments, counts: Counts, about: Mapping[str, Any]
) -> Result:
    """Figures for Prometheus."""
    presences = [core.presence(each.id) for each in call.house.devices()]
    conduct = attachments.conduct
    names = sorted(attachments.drivers.byName)
    blocked = [({"driver": name}, conduct.blocked.get(name, Tally())) for name in names]
    blocked += [({"module": name}, tally) for name, tally in sorted(conduct.blockedElsewhere.items())]
    links = Counter((key[0], link.state.value) for key, link in attachments.links().items())
    text = "".join(
        (
            _metric("dog_info", "gauge", "The gateway's version.", [({"version": str(about["version"])}, 1)]),
            _metric("dog_devices", "gauge", "Devices of the home.", [({}, len(presences))]),
            _metric(
                "dog_devices_active",
                "gauge",
                "Devices that a driver serves.",
                [({}, sum(p.active for p in presences))],
            ),
            _metric("dog_devices_online", "gauge", "Devices that answer.", [({}, sum(p.online for p in presences))]),
            _metric(
                "dog_links",
                "gauge",
                "Links of drivers, by state.",
                [({"driver": driver, "state": state}, count) for (driver, state), count in sorted(links.items())],
            ),
            _metric(
                "dog_driver_crashes_total",
                "counter",
                "Bugs of drivers that were caught.",
                [({"driver": name}, conduct.crashes[name]) for name in names],
            ),
            _metric(
                "dog_blocked_total",
                "counter",
                "How often the gateway stood still, by what it stood still in.",
                [(labels, tally.count) for labels, tally in blocked],
            ),
            _metric(
                "dog_blocked_seconds_total",
                "counter",
                "For how long the gateway stood still.",
                [(labels, tally.seconds) for labels, tally in blocked],
            ),
            _metric(
                "dog_events_total",
                "counter",
                "Events, by kind.",
                [({"kind": kind.value}, counts.events[kind]) for kind in Kind],
            ),
            _metric(
                "dog_commands_total",
                "counter",
                "Settled commands, by their last stage.",
                [({"stage": stage.value}, counts.commands[stage.value]) for stage in Stage if stage in FINAL],
            ),
            _metric("dog_commands_open", "gauge", "Commands that are not settled.", [({}, commands.pending())]),
            _metric("dog_websocket_connections", "gauge", "WebSocket clients.", [({}, counts.connections())]),
            _metric("process_start_time_seconds", "gauge", "When it started.", [({}, about["started"].timestamp())]),
            _metric("process_cpu_seconds_total", "counter", "CPU time used.", [({}, time.process_time())]),
            _metric("process_resident_memory_bytes", "gauge", "Resident memory.", [({}, processMemory())]),
        )
    )
    return Answer(RawView(Media.TEXT, text.encode()), headers={"Content-Type": CONTENT_TYPE})


def _metric(name: str, kind: str, about: str, samples: Samples) -> str:
    lines = [f"# HELP {name} {about}", f"# TYPE {name} {kind}"]
    for labels, value in samples:
        inside = ",".join(f'{key}="{_escaped(each)}"' for key, each in labels.items())
        lines.append(f"{name}{{{inside}}} {value!r}" if inside else f"{name} {value!r}")
    return "\n".join(lines) + "\n"


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
