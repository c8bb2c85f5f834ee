"""What the log looks like, whoever had something said in it."""

from __future__ import annotations

import io
import os
import secrets
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

from twisted.internet.address import IPv4Address
from twisted.internet.defer import maybeDeferred
from twisted.internet.error import ConnectionDone
from twisted.internet.task import Clock
from twisted.internet.testing import MemoryReactorClock, StringTransport
from twisted.logger import ILogObserver, Logger, LogLevel, LogPublisher, globalLogPublisher
from twisted.python import log as legacy
from twisted.python.failure import Failure
from twisted.python.syslog import SyslogObserver
from twisted.trial.unittest import SynchronousTestCase

from dog.config import Settings
from dog.live.home import report
from dog.live.tokens import ADMIN_FILE
from dog.logs import FIRST_LINES, HIDDEN, LAST_LINES, MAX_LINE, Tidy, asTwistd, classic, file, journal, syslog
from dog.model.rights import Role
from dog.service import Gateway
from tests.cli.running import ENVIRONMENT

#: What nobody wants in his log: second lines of every kind, escapes, a bell, changes of direction, half a character.
NASTY = "a\n2026-01-01 [dog.service#info] ready\r\x0b\x0c\x85\u2028\u2029b\x1b[2J\x07\x9b31m\u202ec\u2066d\ud800\x00e"

#: The same for the log of the whole process, in which trial listens, too: it takes no half characters.
PUBLIC = NASTY.replace("\ud800", "")

TOKEN = f"dog_{secrets.token_urlsafe(32)}"


class LogCase(SynchronousTestCase):
    def setUp(self) -> None:
        self.clock = Clock()
        self.out = io.StringIO()
        self.log = self.logger(classic(self.out))

    def logger(self, tidy: Tidy) -> Logger:
        self.tidy = tidy
        self.tidy._seconds = self.clock.seconds
        return Logger("dog.room", observer=LogPublisher(tidy))

    def lines(self) -> list[str]:
        return self.out.getvalue().split("\n")[:-1]


class LineTests(LogCase):
    def test_classic(self) -> None:
        """As twistd writes them."""
        self.log.info("ready {addresses}", addresses="http://127.0.0.1:8080")
        self.assertRegex(self.lines()[0], r"^\d{4}-\d\d-\d\dT\S+ \[dog.room#info\] ready http://127.0.0.1:8080$")

    def test_oneLine(self) -> None:
        self.log.info("said {text}", text=NASTY)
        [line] = self.lines()
        self.assertTrue(line.isprintable())
        self.assertIn(r"said a\n2026-01-01 [dog.service#info] ready\r\x0b", line)
        self.assertIn(r"\u202ec\u2066d\ud800\x00e", line)

    def test_legacy(self) -> None:
        """So are those that come through the old interface."""
        observer = cast(ILogObserver, self.tidy)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        legacy.msg(PUBLIC, system=PUBLIC)
        self.assertEqual([each.isprintable() for each in self.lines()], [True])

    def test_bounded(self) -> None:
        self.log.info("said {text}", text="x" * 10 * MAX_LINE)
        self.log.info("said {text}", text="\x00" * MAX_LINE)
        for line in self.lines():
            self.assertLess(len(line), MAX_LINE + 100)
            self.assertIn("… (", line)

    def test_token(self) -> None:
        """Wherever it stands, also in an exception, also where its end is missing."""
        self.log.info("{a} {b!r}", a=f"Bearer {TOKEN}", b={"token": TOKEN})
        self.log.failure("with {token}", Failure(ValueError(f"no {TOKEN[:30]}")), token=TOKEN)
        text = self.out.getvalue()
        self.assertNotIn(TOKEN[:20], text)
        self.assertEqual(text.count(HIDDEN), 4)

    def test_traceback(self) -> None:
        """It has several lines, none of which looks like the beginning of another event."""
        try:
            raise ValueError(NASTY)
        except ValueError:
            self.log.failure("{what} failed", what="it")
        head, *trace = self.lines()
        self.assertIn("it failed", head)
        self.assertGreater(len(trace), 2)
        self.assertEqual({each[0] for each in trace}, {"\t"})
        self.assertTrue(all(each[1:].isprintable() for each in trace))

    def test_deep(self) -> None:
        def deeper(depth: int) -> None:
            if not depth:
                raise ValueError("the end")
            deeper(depth - 1)

        try:
            deeper(300)
        except ValueError:
            self.log.failure("it failed")
        lines = self.lines()
        self.assertLess(len(lines), FIRST_LINES + LAST_LINES + 5)
        self.assertIn("lines are left out", self.out.getvalue())
        self.assertIn("the end", lines[-1])

    def test_nothing(self) -> None:
        self.log.info("")
        self.assertEqual(self.out.getvalue(), "")

    def test_unformattable(self) -> None:
        """What can't be said is no reason to say nothing."""

        class Bad:
            def __repr__(self) -> str:
                raise ValueError("no")

        self.log.info("it is {bad}", bad=Bad())
        self.log.info("it is {nothing}")
        self.assertEqual(len(self.lines()), 2)

    def test_anyLocale(self) -> None:
        """A log in ASCII takes what is not."""
        raw = io.BytesIO()
        out = io.TextIOWrapper(raw, encoding="ascii")
        self.logger(classic(out)).info("caf\xe9")
        out.flush()
        self.assertIn(rb"caf\xe9", raw.getvalue())


class JournalTests(LogCase):
    def setUp(self) -> None:
        super().setUp()
        self.log = self.logger(journal(self.out))

    def test_levels(self) -> None:
        """Each level has its priority; the journal knows the time itself."""
        for level in ("debug", "info", "warn", "error", "critical"):
            self.log.emit(LogLevel.levelWithName(level), "{what} happened", what="it")
        self.assertEqual(
            self.lines(),
            [
                f"<{each}>[dog.room#{name}] it happened"
                for each, name in zip((7, 6, 4, 3, 2), ("debug", "info", "warn", "error", "critical"), strict=True)
            ],
        )

    def test_lines(self) -> None:
        """Every line of a traceback has its priority: the journal takes lines."""
        try:
            raise ValueError("two\nlines")
        except ValueError:
            self.log.failure("{what} failed", what="it")
        head, *trace = self.lines()
        self.assertEqual(head, "<2>[dog.room#critical] it failed")
        self.assertEqual({each[:4] for each in trace}, {"<2>\t"})
        self.assertIn("ValueError: two", self.out.getvalue())


class VolumeTests(LogCase):
    def test_many(self) -> None:
        """Of one kind so many; the rest is counted, and told of with whatever comes next."""
        for number in range(1000):
            self.log.warn("{peer} dribbles", peer=f"192.0.2.1:{number}")
        self.assertEqual(len(self.lines()), self.tidy.burst)
        self.log.info("something else")
        self.assertIn("something else", self.lines()[-1])
        self.clock.advance(60)
        self.log.info("something else")
        self.assertIn("... 800 more like: 192.0.2.1:200 dribbles", self.lines()[-2])
        self.assertIn("#warn]", self.lines()[-2])

    def test_slowly(self) -> None:
        """One that comes now and then is always told."""
        for number in range(1000):
            self.log.warn("{number} again", number=number)
            self.clock.advance(self.tidy.every)
        self.assertEqual(len(self.lines()), 1000)

    def test_day(self) -> None:
        """Whoever has something logged a hundred times a second gets a line or two a minute more; none is lost."""
        for _ in range(24 * 60):
            for _ in range(1000):
                self.log.warn("it dribbles")
            self.clock.advance(60)
        self.tidy.flush()
        lines = self.lines()
        self.assertLess(len(lines), 24 * 60 * 35)
        counted = sum(int(each.split("... ")[1].split()[0]) if "... " in each else 1 for each in lines)
        self.assertEqual(counted, 24 * 60 * 1000)

    def test_failures(self) -> None:
        """The same failure at the same place is one kind, another one is not hidden by it."""

        def fail(error: Exception) -> None:
            try:
                raise error
            except Exception:
                self.log.failure("it failed")

        for _ in range(500):
            fail(ValueError("a"))
        count = self.out.getvalue().count("it failed")
        self.assertEqual(count, self.tidy.burst)
        fail(KeyError("b"))
        self.assertEqual(self.out.getvalue().count("it failed"), count + 1)

    def test_kinds(self) -> None:
        """Those that are remembered are bounded, and what is forgotten of them is told."""
        for _ in range(300):
            self.log.info("first")
        for number in range(2 * self.tidy.kinds):
            self.log.emit(LogLevel.info, f"kind {number}")
        self.assertEqual(len(self.tidy._kinds), self.tidy.kinds)
        self.assertIn("... 100 more like: first", self.out.getvalue())


class FileTests(LogCase):
    def test_rotated(self) -> None:
        """A log file has a bound, and so has their number."""
        path = Path(self.mktemp())
        before = signal.getsignal(signal.SIGUSR1)
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        signal.signal(signal.SIGUSR1, signal.SIG_DFL)
        soon: list[Any] = []
        tidy = file(os.path.abspath(path), soon.append)
        log = self.logger(tidy)
        self.patch(tidy, "burst", 10**9)
        for _ in range(7000):
            log.info("x" * MAX_LINE)
        signal.raise_signal(signal.SIGUSR1)
        [rotate] = soon
        rotate()
        log.info("after")
        found = list(path.parent.glob(f"{path.name}*"))
        self.assertEqual(len(found), 10)
        self.assertLess(max(each.stat().st_size for each in found), 1_010_000)
        self.assertIn("after", path.read_text())

    def test_options(self) -> None:
        """What twistd was told about its log is kept to."""
        soon: Any = None
        self.assertIs(asTwistd({"nodaemon": True, "logfile": None}, soon), classic)
        self.assertIs(asTwistd({"nodaemon": True, "logfile": "-"}, soon), classic)
        self.assertIsNone(asTwistd({"nodaemon": False, "logfile": "-"}, soon))
        self.assertIsNone(asTwistd({"nodaemon": True, "logger": journal}, soon))
        for each in ({"nodaemon": True, "logfile": "x.log"}, {"nodaemon": False}, {"nodaemon": True, "syslog": True}):
            found = asTwistd(each, soon)
            self.assertNotIn(found, (None, classic))

    def test_syslog(self) -> None:
        said: list[str] = []
        self.patch(SyslogObserver, "syslog", staticmethod(lambda priority, text: said.append(text)))
        self.patch(SyslogObserver, "openlog", staticmethod(lambda *args: None))
        self.logger(syslog("dog")).info("said {text}", text=PUBLIC + TOKEN)
        [text] = said
        self.assertTrue(text.isprintable())
        self.assertIn(HIDDEN, text)

    def test_twistd(self) -> None:
        """What twistd itself makes of it: standard output, a file, another observer."""
        for options, where in (
            (["-n"], None),
            (["-n", "--logfile=own.log"], "own.log"),
            (["-n", "--logger=dog.logs.journal"], ""),
        ):
            folder = Path(self.mktemp())
            folder.mkdir()
            command = [sys.executable, "-c", STOPPING, *options, "--pidfile=", "dog", "--simulate"]
            command += ["--listen", "tcp:0:interface=127.0.0.1"]
            done = subprocess.run(
                command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=60, check=False
            )
            said = done.stdout if where is None else done.stderr if where == "" else (folder / where).read_text()
            self.assertRegex(said, r"\] a\\nb\n", done.stderr)
            self.assertRegex(said, r"\[dog.service#info\] ready http://127.0.0.1:")


#: twistd, that says something and stops once it is ready.
STOPPING = """
from twisted.internet import reactor
from twisted.logger import Logger
from twisted.scripts.twistd import run
reactor.callWhenRunning(lambda: Logger("x").info("a\\nb"))
reactor.callWhenRunning(reactor.callLater, 0, reactor.stop)
run()
"""

HOME = f"""<?xml version="1.0" encoding="UTF-8"?>
<dhc:dogHomeConfiguration xmlns:dhc="http://elite.polito.it/dogHomeConfiguration">
  <dhc:buildingEnvironment/>
  <dhc:controllables>
    <dhc:device id="&#x202e;a&#10;b {TOKEN}" domoticSystem="&#x9b;31m&#10;x" class="No&#x2028;thing"/>
    <dhc:device id="&#x202e;a&#10;b {TOKEN}" domoticSystem="x" class="Lamp"/>
  </dhc:controllables>
</dhc:dogHomeConfiguration>
"""


class SourceTests(LogCase):
    """Whoever has something to say, through the real log."""

    def setUp(self) -> None:
        super().setUp()
        observer = cast(ILogObserver, self.tidy)
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)
        self.folder = Path(self.mktemp())
        self.folder.mkdir()
        home = self.folder / "home.xml"
        home.write_text(HOME, encoding="utf-8")
        self.reactor = MemoryReactorClock()
        settings = Settings(home=home, stateDir=self.folder, simulate=True, anonymous=Role.ADMIN)
        self.gateway = Gateway(settings, self.reactor, maybeDeferred)
        self.gateway.privilegedStartService()
        self.gateway.startService()
        self.addCleanup(lambda: self.successResultOf(self.gateway.stopService()))

    def check(self, *said: str) -> None:
        """Something was logged, and nothing of it does harm."""
        text = self.out.getvalue()
        for each in said:
            self.assertIn(each, text)
        for line in text.split("\n")[:-1]:
            self.assertTrue(line.removeprefix("\t").isprintable(), line)
            self.assertLess(len(line), MAX_LINE + 200)
            self.assertRegex(line, r"^(\t|\S+ \[)")
        self.assertNotIn(TOKEN[:24], text)
        admin = (self.folder / ADMIN_FILE).read_text().strip()
        self.assertNotIn(admin, text)

    def ask(self, *lines: str, body: bytes = b"") -> bytes:
        transport: Any = StringTransport(peerAddress=IPv4Address("TCP", "192.0.2.7", 40000))
        channel: Any = self.reactor.tcpServers[0][1].buildProtocol(transport.getPeer())
        channel.makeConnection(transport)
        head = [lines[0], *(("Host: localhost",) if not any("Host:" in each for each in lines) else ()), *lines[1:]]
        channel.dataReceived("\r\n".join([*head, f"Content-Length: {len(body)}", "", ""]).encode() + body)
        self.reactor.advance(1)
        answer: bytes = transport.value()
        channel.connectionLost(Failure(ConnectionDone()))
        return answer

    def test_home(self) -> None:
        """Ids, classes and systems out of the home file, read at the start."""
        report(self.gateway.homes.home)
        self.check(r"\u202ea")

    def test_http(self) -> None:
        path = "%0aready%1b[2J%E2%80%AE%c2%9b" + TOKEN
        self.ask(f"PUT /api/v1/devices/x/commands/{path} HTTP/1.1")
        self.ask(f"PUT /api/v1/tokens/{path} HTTP/1.1", f"Origin: http://\x1b[2J{TOKEN}\u202e.example")
        self.ask("GET /api/v1/devices HTTP/1.1", f"Host: \x1b[2J{TOKEN}\u202e")
        self.ask("GET /api/v1/devices HTTP/1.1", f"Authorization: Bearer {TOKEN}")
        self.ask(f"DELETE /api/v1/tokens/{path} HTTP/1.1", "X-Forwarded-For: \x1b[2J\u202e")
        self.check(r"\x1b[2J", r"\u202e")

    def test_bug(self) -> None:
        """An exception that repeats what it was given."""

        def broken(*args: object, **keywords: object) -> None:
            raise ValueError(PUBLIC + TOKEN)

        self.patch(self.gateway.tokens, "create", broken)
        answer = self.ask("POST /api/v1/tokens HTTP/1.1", body=b'{"name": "x", "role": "user"}')
        self.assertIn(b" 500 ", answer)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.check("ValueError: a", r"\x1b[2J", HIDDEN)

    def test_driver(self) -> None:
        """Why a link was lost, in its own words; what a bus offers."""
        log = Logger("dog.drivers.some")
        log.warn("Modbus unit {unit} does not answer: {why}", unit=PUBLIC, why=TOKEN)
        self.gateway.audit.tell(NASTY, TOKEN, PUBLIC, "done")
        self.check(r"\x1b[2J")
