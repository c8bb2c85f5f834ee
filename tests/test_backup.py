"""A gateway is backed up while it runs, and restored on an empty machine: the same house."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest import mock

from twisted.internet.defer import maybeDeferred
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dog.cli.main import main
from dog.config import Source
from dog.core.core import Found
from dog.core.events import Resume
from dog.home import edits
from dog.live.archive import pack, unpack
from dog.model.candidate import candidateFrom
from dog.model.device import Device
from dog.model.rights import ANONYMOUS, Role
from dog.service import Gateway
from dog.testing.process import GatewayProcess
from tests.cli.fakes import CliCase, Pipe

LAMP = Device("lamp", "SimpleLamp", "Simulated", description="A lamp")
PATH = "/api/v1/admin/backup"


class BackupCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.config = self.folder / "dog.toml"
        self.config.write_text("[api]\ncommand_timeout = 7\n")

    def gateway(self, state: Path, config: Path) -> Gateway:
        source = Source(config, {"stateDir": state})
        self.reactor = MemoryReactorClock()
        gateway = Gateway(source.read(), self.reactor, maybeDeferred, source)
        gateway.privilegedStartService()
        gateway.startService()
        self.addCleanup(lambda: self.successResultOf(gateway.stopService()) if gateway.running else None)
        return gateway

    def fetch(self, gateway: Gateway) -> bytes:
        """The backup, over HTTP."""
        transport: Any = StringTransport()
        site: Any = self.reactor.tcpServers[0][1]
        transport.protocol = site.buildProtocol(transport.getPeer())
        transport.protocol.makeConnection(transport)
        secret = (gateway.tokens._folder / "admin.token").read_text().strip()  # type: ignore[operator]
        transport.protocol.dataReceived(
            f"POST {PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n"
            f"Authorization: Bearer {secret}\r\n\r\n".encode()
        )
        head, _, body = transport.value().partition(b"\r\n\r\n")
        transport.protocol.connectionLost(Failure(ConnectionError()))
        self.assertIn(b" 200 ", head)
        self.assertIn(b"Content-Type: application/gzip", head)
        self.assertIn(b"Cache-Control: no-store", head)
        self.assertEqual(transport.value().count(b"Cache-Control"), 1)
        return bytes(body)

    def dogctl(self, *arguments: str) -> tuple[int, str, str]:
        out, err = Pipe(), Pipe()
        with mock.patch.object(sys, "stdout", out), mock.patch.object(sys, "stderr", err):
            status = main(arguments)
        return status, out.getvalue(), err.getvalue()


class RestoreTests(BackupCase):
    def lived(self) -> tuple[Gateway, dict[str, Any]]:
        """A gateway in which something has happened, and what there is to know of it."""
        gateway = self.gateway(self.folder / "old", self.config)
        (self.folder / "old" / "plan.svg").write_bytes(b"<svg/>")
        self.successResultOf(gateway.homes.edit(lambda home, data: edits.addDevice(data, LAMP)))
        secret, _ = self.successResultOf(gateway.tokens.create("panel", Role.USER))
        device = gateway.stepper.core.home.devices["lamp"]
        entry = self.successResultOf(gateway.commands.send(device, "on", None, ANONYMOUS, key="k"))
        given = {"key": "7", "class": "Button", "params": {"address": "7"}}
        gateway.stepper.step(Found(candidateFrom(given, "simulated", "Simulated", None, datetime.now(UTC))))
        gateway.discovery.judge("simulated-7", True)
        log = gateway.stepper.core.log
        return gateway, {"secret": secret, "command": entry.command.id, "epoch": log.epoch, "last": log.lastId}

    def test_onAnEmptyMachine(self) -> None:
        gateway, known = self.lived()
        admin = (self.folder / "old" / "admin.token").read_text().strip()
        backup = self.folder / "house.tar.gz"
        backup.write_bytes(self.fetch(gateway))
        # What happens after it, is not in it.
        self.successResultOf(gateway.tokens.create("later", Role.USER))
        self.successResultOf(gateway.stopService())
        new = self.folder / "elsewhere" / "new"
        status, out, err = self.dogctl("restore", str(backup), "--state-dir", str(new))
        self.assertEqual(status, 0, err)
        self.assertIn("home.xml", out)
        self.assertIn(str(new / "dog.toml"), err)
        modes = {each.name: stat.S_IMODE(each.stat().st_mode) & 0o077 for each in new.iterdir()}
        self.assertEqual([modes[each] for each in ("state.db", "admin.token", "dog.toml")], [0, 0, 0])

        again = self.gateway(new, new / "dog.toml")
        core = again.stepper.core
        self.assertEqual(core.home.problems, ())
        self.assertTrue(core.presence("lamp").online)
        self.assertEqual([str(each.value) for each in core.values.of("lamp").values()], ["on"])
        self.assertEqual([each.principal.name for each in again.tokens], ["admin", "panel"])
        for secret, role in ((admin, Role.ADMIN), (known["secret"], Role.USER)):
            principal = again.tokens.principal(secret)
            assert principal is not None
            self.assertIs(principal.role, role)
        candidate = core.inbox.get("simulated-7")
        assert candidate is not None
        self.assertTrue(candidate.ignored)
        assert core.log.before is not None
        self.assertEqual((core.log.before.epoch, core.log.before.lastId), (known["epoch"], known["last"]))
        self.assertEqual(len(core.log.before.events), known["last"], "every event up to the backup")
        self.assertIs(
            core.log.resume(known["epoch"], 1).how, Resume.GAP, "what came after it is lost, and that is told"
        )
        self.assertGreater(core.log.lastId, known["last"] - 1)
        entry = core.ledger.get(known["command"])
        assert entry is not None
        self.assertEqual(entry.command.key, "k")
        self.assertEqual(again.commands.timeout, 7)
        self.assertEqual((new / "plan.svg").read_bytes(), b"<svg/>")
        self.successResultOf(again.homes.edit(lambda home, data: edits.setLocation(data, "lamp", None)))

    def test_refused(self) -> None:
        """A gateway that runs there, a folder with something in it, what is no backup."""
        gateway, _ = self.lived()
        backup = self.folder / "house.tar.gz"
        backup.write_bytes(self.fetch(gateway))
        before = (self.folder / "old" / "home.xml").read_bytes()
        with mock.patch("dog.cli.restore.isInUse", return_value=True):
            status, _, err = self.dogctl("restore", str(backup), "--state-dir", str(self.folder / "old"), "--force")
        self.assertEqual(status, 1)
        self.assertIn("runs in", err)
        self.successResultOf(gateway.stopService())
        status, _, err = self.dogctl("restore", str(backup), "--state-dir", str(self.folder / "old"))
        self.assertEqual(status, 1)
        self.assertIn("not empty", err)
        whole = backup.read_bytes()
        empty = self.folder / "empty"
        for data in (whole[:-100], b"nonsense"):
            backup.write_bytes(data)
            self.assertEqual(self.dogctl("restore", str(backup), "--state-dir", str(empty))[0], 1)
        self.assertEqual(self.dogctl("restore", str(self.folder / "none"), "--state-dir", str(empty))[0], 1)
        self.assertFalse(empty.exists())
        self.assertEqual((self.folder / "old" / "home.xml").read_bytes(), before)

    def test_force(self) -> None:
        """What was there is replaced, and nothing of its state gets into the one that comes."""
        gateway, known = self.lived()
        backup = self.folder / "house.tar.gz"
        backup.write_bytes(self.fetch(gateway))
        self.successResultOf(gateway.stopService())
        other = self.folder / "other"
        self.successResultOf(self.gateway(other, self.config).stopService())
        (other / "state.db-wal").write_bytes(b"of another file")
        status, out, err = self.dogctl("restore", str(backup), "--state-dir", str(other), "--force", "--json")
        self.assertEqual(status, 0, err)
        self.assertIn("state.db", json.loads(out)["files"])
        self.assertFalse((other / "state.db-wal").exists())
        again = self.gateway(other, self.config)
        self.assertIsNotNone(again.tokens.principal(known["secret"]))

    def test_unfitState(self) -> None:
        """A state.db that is none, or a later Dog's."""
        later = sqlite3.connect(":memory:")
        later.execute("PRAGMA user_version=99")
        later.execute("CREATE TABLE x (y)")
        for data, word in (
            (b"nonsense" * 1000, "no database"),
            (b"", "no database"),
            (later.serialize(), "later Dog"),
        ):
            backup = self.folder / "house.tar.gz"
            backup.write_bytes(pack({"state.db": data}, "1", datetime.now(UTC)))
            status, _, err = self.dogctl("restore", str(backup), "--state-dir", str(self.folder / "new"))
            self.assertEqual(status, 1)
            self.assertIn(word, err)
        self.assertFalse((self.folder / "new").exists())

    def test_withoutState(self) -> None:
        """A gateway without a state directory has a home and a configuration."""
        home = self.folder / "home.xml"
        home.write_text("<dogHomeConfiguration><controllables/></dogHomeConfiguration>")
        source = Source(self.config, {"home": home})
        gateway = Gateway(source.read(), MemoryReactorClock(), maybeDeferred, source)
        gateway.privilegedStartService()
        gateway.startService()
        call = gateway.sockets.api._ports.backup  # type: ignore[attr-defined]
        _, files = unpack(self.successResultOf(call()))
        self.assertEqual(dict(files), {"dog.toml": self.config.read_bytes(), "home.xml": home.read_bytes()})
        self.successResultOf(gateway.stopService())


class CommandTests(CliCase):
    def setUp(self) -> None:
        super().setUp()
        self.folder = Path(self.mktemp()).absolute()
        self.folder.mkdir()
        self.file = self.folder / "house.tar.gz"
        self.packed = pack({"home.xml": b"<home/>"}, "1", datetime(2026, 1, 2, tzinfo=UTC))
        self.rest.answers["POST", PATH] = self.packed

    def test_backup(self) -> None:
        """Only its owner can read it; it says that there are secrets in it."""
        status, out, err = self.dogctl("backup", str(self.file))
        self.assertEqual(status, 0)
        self.assertIn("home.xml", out)
        self.assertIn("secrets", err)
        self.assertEqual(self.file.read_bytes(), self.packed)
        self.assertEqual(stat.S_IMODE(self.file.stat().st_mode), 0o600)
        status, out, _ = self.dogctl("backup", str(self.file), "--json")
        self.assertEqual((status, json.loads(out)["files"]), (0, ["home.xml"]))
        self.assertEqual(os.listdir(self.folder), ["house.tar.gz"])

    def test_somethingElseIsThere(self) -> None:
        self.file.write_text("my diary")
        self.assertEqual(self.dogctl("backup", str(self.file))[0], 1)
        self.assertEqual(self.file.read_text(), "my diary")
        self.assertEqual(self.dogctl("backup", str(self.folder))[0], 1)
        self.assertEqual(self.dogctl("backup", str(self.folder / "none" / "x"))[0], 1)

    def test_broken(self) -> None:
        """What comes is looked at before it takes the place of one that is good."""
        self.dogctl("backup", str(self.file))
        self.rest.answers["POST", PATH] = self.packed[: len(self.packed) // 2]
        self.assertEqual(self.dogctl("backup", str(self.file))[0], 1)
        self.assertEqual(self.file.read_bytes(), self.packed)


class ProcessTests(BackupCase):
    def test_whileItRuns(self) -> None:
        """dogctl against a gateway in its own process, which a restore does not get under."""
        state, backup = self.folder / "state", self.folder / "house.tar.gz"
        process = GatewayProcess("--config", str(self.config), "--state-dir", str(state))
        self.addCleanup(process.kill)
        process.start()
        status, _, err = self.dogctl("--gateway", process.url, "backup", str(backup))
        self.assertEqual(status, 0, err)
        _, files = unpack(backup.read_bytes())
        self.assertEqual(set(files), {"home.xml", "state.db", "dog.toml", "admin.token"})
        status, _, err = self.dogctl("restore", str(backup), "--state-dir", str(state), "--force")
        self.assertEqual(status, 1)
        self.assertIn("a gateway runs", err)
        process.stop()
        self.assertEqual(self.dogctl("restore", str(backup), "--state-dir", str(state), "--force")[0], 0)
