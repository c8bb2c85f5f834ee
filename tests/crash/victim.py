"""Runs gateways, each in a process of its own, strikes them, and tells what the next start found.

For each number on standard input, what becomes of a gateway that is killed at that call is a JSON line on standard
output. C{count} is answered with the calls that there are, C{denied N} with what happens while the disk answers with
that error.
"""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import sys
import traceback
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.testing import MemoryReactorClock

from dog.config import Settings
from dog.core.core import Found
from dog.home import edits
from dog.model.candidate import candidateFrom
from dog.model.command import Stage
from dog.model.device import Device
from dog.model.refusal import Refusal
from dog.model.rights import ANONYMOUS, Role
from dog.service import Gateway

LAMP = Device("lamp", "SimpleLamp", "Simulated", description="A lamp")
OTHER = Device("other", "SimpleLamp", "Simulated", description="Another one")
CANDIDATE = {"key": "7", "class": "Button", "params": {"address": "7"}}

#: Says what is done: a name, and what there is to know of it.
Done = Callable[..., object]


def result(deferred: Deferred[Any]) -> Any:
    """What it has fired with; raises what it has failed with."""
    found: list[Any] = []
    deferred.addBoth(found.append)
    if hasattr(found[0], "raiseException"):
        found[0].raiseException()
    return found[0]


def gateway(folder: Path, tls: bool) -> Gateway:
    listen = ("tls:8443:interface=127.0.0.1",) if tls else ("tcp:8080:interface=127.0.0.1",)
    settings = Settings(stateDir=folder, listen=listen, blockedAfter=0)
    made = Gateway(settings, MemoryReactorClock(), maybeDeferred)
    made.privilegedStartService()
    made.startService()
    return made


def live(folder: Path, tls: bool, done: Done) -> None:
    """A gateway's life, from an empty folder to its end in good order; a deed is told once it is promised to last."""
    made = gateway(folder, tls)
    clock = made._reactor
    done("started", epoch=made.stepper.core.log.epoch)
    result(made.homes.edit(lambda home, data: edits.addDevice(data, LAMP)))
    done("lamp")
    _, token = result(made.tokens.create("panel", Role.USER))
    done("token", id=token.id)
    entry = result(made.commands.send(made.stepper.core.home.devices["lamp"], "on", None, ANONYMOUS, key="k"))
    assert entry.stage is Stage.CONFIRMED
    done("command", id=entry.command.id)
    made.stepper.step(Found(candidateFrom(CANDIDATE, "simulated", "Simulated", None, datetime.now(UTC))))
    made.discovery.judge("simulated-7", True)
    clock.pump([1.0] * 15)
    done("written")
    result(made.homes.edit(lambda home, data: edits.addDevice(data, OTHER)))
    done("other")
    result(made.tokens.revoke(token.id))
    done("revoked")
    result(made.stopService())
    done("stopped", last=made.stepper.core.log.lastId)


def look(folder: Path, tls: bool, done: Done) -> None:
    """The next start: what is there, and whether it is a gateway that works."""
    made = gateway(folder, tls)
    core = made.stepper.core
    secret = (folder / "admin.token").read_text().strip()
    principal = made.tokens.principal(secret)
    entry = core.ledger.withKey("anonymous", "k", made.stepper.now())
    candidate = core.inbox.get("simulated-7")
    before = core.log.before
    done(
        "found",
        problems=[str(each) for each in core.home.problems],
        devices=sorted(core.home.devices),
        online=sorted(each for each in core.home.devices if core.presence(each).online),
        tokens=[each.id for each in made.tokens if each.principal.name == "panel"],
        admin=principal is not None and principal.role is Role.ADMIN,
        command=None if entry is None else entry.command.id,
        ignored=candidate is not None and candidate.ignored,
        value={slot.state: str(held.value) for slot, held in core.values.of("lamp").items()},
        before=None if before is None else [before.epoch, before.lastId, before.closed],
        remembers=made.memory is not None and made.memory.file is not None,
        certificate=made.certificates is not None and made.certificates.current is not None,
        leftOver=sorted(each.name for each in folder.iterdir() if each.name.endswith(".unreadable")),
    )
    result(made.homes.edit(lambda home, data: edits.addDevice(data, Device("last", "SimpleLamp", description="x"))))
    result(made.tokens.create("last", Role.USER))
    result(made.stopService())
    done("worked")


def suffer(folder: Path, deny: Callable[[], object], allow: Callable[[], object], done: Done) -> None:
    """The disk takes nothing for a while, and then it does again."""
    made = gateway(folder, False)
    clock, home = made._reactor, folder / "home.xml"
    result(made.homes.edit(lambda home, data: edits.addDevice(data, LAMP)))
    before = home.read_bytes()
    deny()
    try:
        result(made.homes.edit(lambda home, data: edits.addDevice(data, OTHER)))
    except Refusal as refusal:
        done("home", code=refusal.refused.code, whole=home.read_bytes() == before)
    try:
        result(made.tokens.create("panel", Role.USER))
    except Refusal as refusal:
        done("token", code=refusal.refused.code, known=[each.principal.name for each in made.tokens])
    entry = result(made.commands.send(made.stepper.core.home.devices["lamp"], "on", None, ANONYMOUS))
    done("command", stage=entry.stage)
    clock.pump([1.0] * 30)
    allow()
    result(made.homes.edit(lambda home, data: edits.addDevice(data, OTHER)))
    result(made.tokens.create("panel", Role.USER))
    clock.pump([1.0] * 30)
    result(made.stopService())
    done("allowed")


def begin(folder: Path, deny: Callable[[], object], done: Done) -> None:
    """A start on a disk that takes nothing."""
    deny()
    made = gateway(folder, False)
    core = made.stepper.core
    entry = result(made.commands.send(core.home.devices["lamp"], "off", None, ANONYMOUS))
    done("begun", devices=sorted(core.home.devices), stage=entry.stage)
    made._reactor.pump([1.0] * 30)
    result(made.stopService())
    done("ended")


def apart(deed: Callable[[Done], object]) -> tuple[list[dict[str, Any]], int]:
    """Do it in a process of its own; what it has told, and how it ended."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reading)

            def done(name: str, **more: Any) -> None:
                os.write(writing, json.dumps({"what": name, **more}).encode() + b"\n")

            deed(done)
            os._exit(0)
        except BaseException:
            os.write(writing, json.dumps({"what": "failed", "why": traceback.format_exc()}).encode() + b"\n")
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        told = [json.loads(line) for line in pipe]
    return told, os.waitpid(child, 0)[1]


def main(folder: Path, tls: bool) -> None:
    library = ctypes.CDLL(None)
    library.counted.restype = ctypes.c_char_p
    gateway_, count = folder / "state", folder / "count"
    live(gateway_, tls, lambda name, **more: None)  # so that everything is loaded, and each process begins at once

    def struck(number: int) -> dict[str, Any]:
        shutil.rmtree(gateway_, ignore_errors=True)

        def deed(done: Done) -> None:
            library.strike(number, 0)
            live(gateway_, tls, done)
            count.write_bytes(library.counted())

        told, ended = apart(deed)
        found, _ = apart(lambda done: look(gateway_, tls, done))
        return {"number": number, "told": told, "killed": ended == 9, "found": found}

    def denied(error: int) -> list[dict[str, Any]]:
        shutil.rmtree(gateway_, ignore_errors=True)
        told = apart(lambda done: suffer(gateway_, lambda: library.strike(0, error), library.peace, done))[0]
        told += apart(lambda done: begin(gateway_, lambda: library.strike(0, error), done))[0]
        return told + apart(lambda done: look(gateway_, tls, done))[0]

    for line in sys.stdin:
        if line.strip() == "count":
            answer: Any = {**struck(-1), "kinds": count.read_text()}
        elif line.startswith("denied"):
            answer = {"told": denied(int(line.split()[1]))}
        else:
            answer = struck(int(line))
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2] == "tls")
