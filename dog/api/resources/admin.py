"""What the old console reads at the root: its keys, our values (rest-api.md, "Deliberately different").

A bundle is a driver: Active with a link, Installed without one, Failed where it did not load.
"""

from __future__ import annotations

from dog import __version__
from dog.api.call import Answer, Call, Result
from dog.api.memory import MachineMemory, machineMemory, processMemory
from dog.api.routes import On, route
from dog.api.shapes import Array, Integer, Object, String
from dog.core.core import Core
from dog.live.attachments import Attachments
from dog.model.rights import Right

_RATIO = String(examples=["0.72"])

BUNDLES = Array(Object({"name": String(), "state": String("Active", "Installed", "Failed")}))
BUNDLE_STATISTICS = Object({"active": Integer(), "installed": Integer(), "activeRatio": _RATIO})
DEVICE_STATISTICS = Object({"active": Integer(), "idle": Integer(), "activeRatio": _RATIO})
RUNTIME = Object({"value": String(examples=["54 MB"])})
MEMORY = Object({"value": String(examples=["39 MB"]), "ratio": _RATIO})


@route("GET", "/admin/system/bundlemanager/bundles", root="", right=Right.ADMIN, on=On.HOUSE, answers={200: BUNDLES})
def bundles(call: Call, attachments: Attachments) -> Result:
    """Drivers, as the old console's bundles."""
    return Answer(
        [
            {"name": f"{name} ({__version__})" if state != "Failed" else name, "state": state}
            for name, state in _bundles(attachments).items()
        ]
    )


@route(
    "GET",
    "/admin/system/bundlemanager/bundles/statistics",
    root="",
    right=Right.ADMIN,
    on=On.HOUSE,
    answers={200: BUNDLE_STATISTICS},
)
def bundleStatistics(call: Call, attachments: Attachments) -> Result:
    """How many drivers are in use."""
    states = list(_bundles(attachments).values())
    active = states.count("Active")
    return Answer({"active": active, "installed": len(states) - active, "activeRatio": _ratio(active, len(states))})


def _bundles(attachments: Attachments) -> dict[str, str]:
    linked = {name for name, _ in attachments.links()}
    found = {name: "Active" if name in linked else "Installed" for name in attachments.drivers.byName}
    found |= dict.fromkeys(attachments.drivers.failed, "Failed")
    return dict(sorted(found.items()))


@route("GET", "/admin/framework/memory/runtime", root="", right=Right.ADMIN, on=On.HOUSE, answers={200: RUNTIME})
def runtimeMemory(call: Call) -> Result:
    """The machine's memory."""
    return Answer({"value": _megabytes(_machine().total)})


@route("GET", "/admin/framework/memory/free", root="", right=Right.ADMIN, on=On.HOUSE, answers={200: MEMORY})
def freeMemory(call: Call) -> Result:
    """What is available of the machine's memory."""
    machine = _machine()
    return Answer({"value": _megabytes(machine.available), "ratio": _ratio(machine.available, machine.total)})


@route("GET", "/admin/framework/memory/used", root="", right=Right.ADMIN, on=On.HOUSE, answers={200: MEMORY})
def usedMemory(call: Call) -> Result:
    """What the gateway uses of the machine's memory."""
    used = processMemory()
    return Answer({"value": _megabytes(used), "ratio": _ratio(used, _machine().total)})


@route(
    "GET",
    "/admin/framework/devices/statistics",
    root="",
    right=Right.ADMIN,
    on=On.HOUSE,
    answers={200: DEVICE_STATISTICS},
)
def deviceStatistics(call: Call, core: Core) -> Result:
    """How many devices a driver serves."""
    active = [core.presence(each.id).active for each in call.house.devices()]
    return Answer(
        {
            "active": sum(active),
            "idle": len(active) - sum(active),
            "activeRatio": _ratio(sum(active), len(active)),
        }
    )


def _machine() -> MachineMemory:
    """Where the machine does not tell, it is as large as what the gateway uses."""
    used = processMemory()
    return machineMemory() or MachineMemory(used, 0)


def _megabytes(bytes: int) -> str:
    return f"{round(bytes / 1024 / 1024)} MB"


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.2f}" if whole else "0.00"
