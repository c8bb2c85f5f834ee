"""A blocked reactor is noticed, and its culprit is named."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from queue import Queue
from types import FrameType
from typing import Any

from twisted.internet.task import Clock
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import SynchronousTestCase

from dog.core.core import Core
from dog.core.events import Event, Kind
from dog.live import watchdog
from dog.live.guard import Conduct, Guard, Where
from dog.live.stepper import Stepper
from dog.live.watchdog import Culprit, Place, Watchdog, culpritOf, isIdle, stackOf

PACKAGES = {"blinker": "blinker", "modbus": "dog.drivers.modbus"}

#: Seconds for anything that does happen.
PATIENCE = 30.0


def places(*modules: str) -> list[Place]:
    return [Place(each, "f", 1) for each in modules]


class CulpritTests(SynchronousTestCase):
    """The innermost frame of a driver's package, or of ours, is whose code it is."""

    def found(self, *modules: str, where: Where | None = None) -> Culprit:
        return culpritOf(places(*modules), where, PACKAGES)

    def test_driver(self) -> None:
        where = Where("blinker", "bus1", "send")
        stack = ("time", "requests.api", "blinker.codec", "dog.live.guard", "dog.live.commands", "dog.api.http")
        self.assertEqual(self.found(*stack, where=where), Culprit("blinker.codec", "blinker", "bus1"))
        self.assertEqual(self.found(*stack), Culprit("blinker.codec", "blinker"))
        self.assertEqual(self.found("dog.drivers.modbus.link").driver, "modbus")
        self.assertEqual(self.found("blinkers.codec").driver, None, "a name that begins likewise is another's")

    def test_driversThatCallEachOther(self) -> None:
        """The link is told only where it is that driver's."""
        found = self.found("blinker.codec", "dog.live.guard", where=Where("modbus", "tcp", "timer"))
        self.assertEqual(found, Culprit("blinker.codec", "blinker", None))

    def test_what_it_led_to(self) -> None:
        """A driver that reports a value is not to blame for what we do with it."""
        found = self.found(
            "json.encoder", "dog.api.jsontext", "dog.live.stepper", "blinker.codec", where=Where("blinker", "b", "t")
        )
        self.assertEqual(found, Culprit("dog.api.jsontext"))

    def test_shared(self) -> None:
        """What drivers share, and what live does for them, is theirs."""
        where = Where("modbus", "tcp", "start")
        for module in ("dog.drivers.link", "dog.live.serial"):
            self.assertEqual(self.found("serial.posix", module, "dog.live.guard", where=where).driver, "modbus")
        self.assertEqual(self.found("time", "dog.live.memory", "twisted.internet.base"), Culprit("dog.live.memory"))

    def test_nobodyOfOurs(self) -> None:
        self.assertEqual(self.found("ssl", "paho.mqtt.client", "twisted.internet.base"), Culprit("paho.mqtt.client"))
        self.assertEqual(self.found("ssl", "twisted.internet.base"), Culprit("ssl"))
        self.assertEqual(self.found(), Culprit("?"))

    def test_idle(self) -> None:
        self.assertTrue(isIdle(Place("twisted.internet.epollreactor", "doPoll", 1)))
        self.assertTrue(isIdle(Place("selectors", "select", 1)))
        self.assertFalse(isIdle(Place("twisted.internet.tcp", "doRead", 1)))

    def test_stack(self) -> None:
        frame: FrameType | None = sys._getframe()
        first, second, *_ = stackOf(frame)
        self.assertEqual((first.module, first.function), (__name__, "test_stack"))
        self.assertNotEqual(second.module, "")
        self.assertEqual(stackOf(None), ())


class Reactor(Clock):
    """What comes from threads waits for the test."""

    def __init__(self) -> None:
        super().__init__()
        self.threads: Queue[Callable[[], Any]] = Queue()

    def callWhenRunning(self, call: Callable[[], object]) -> None:
        call()

    def callFromThread(self, call: Callable[..., object], *args: Any) -> None:
        self.threads.put(lambda: call(*args))

    def turn(self) -> None:
        """One call from a thread."""
        self.threads.get(timeout=PATIENCE)()


class WatchdogTests(SynchronousTestCase):
    """This thread is the one that is watched."""

    def setUp(self) -> None:
        self.reactor = Reactor()
        self.conduct = Conduct()
        stepper = Stepper(Core("epoch"), self.reactor)
        self.events: list[Event] = []
        stepper.listen(self.events.extend)
        self.seen = threading.Event()
        self.logged: list[str] = []
        self.told = threading.Event()
        self.dog = Watchdog(self.reactor, stepper, self.conduct, self.packages, 0.05)
        self.dog.period = 0.01
        self.addCleanup(self.dog.stopService)

        def keep(event: dict[str, Any]) -> None:
            if str(event.get("log_namespace")).startswith("dog.live.watchdog"):
                self.logged.append(event["log_format"].format(**event))
                self.told.set()

        observer: Any = keep
        globalLogPublisher.addObserver(observer)
        self.addCleanup(globalLogPublisher.removeObserver, observer)

    def packages(self) -> dict[str, str]:
        """Asked for by the thread once it has seen the stack."""
        self.seen.set()
        return PACKAGES

    def block(self, module: str) -> None:
        """Stand still in this module until that was noticed."""
        code = "def stand(event, seconds):\n    assert event.wait(seconds)\n"
        space: dict[str, Any] = {"__name__": module}
        exec(code, space)  # noqa: S102 - a module of that name
        guard = Guard(self.conduct, "blinker", "bus1", lambda *_: None)
        guard.enter("send", space["stand"], self.seen, PATIENCE)

    def test_named(self) -> None:
        self.dog.startService()
        self.block("blinker.driver")
        self.assertEqual(self.logged, [], "told once it is over")
        self.reactor.turn()  # the sign of life
        self.reactor.turn()  # what was seen
        self.dog.stopService()
        [line] = self.logged
        self.assertRegex(line, r"^the gateway stood still for \d\.\d\d s in driver blinker, link bus1: threading:\d+ ")
        self.assertIn("< blinker.driver:2 stand", line)
        for tally in (self.conduct.blocked["blinker"], self.conduct.blockedLinks["blinker", "bus1"]):
            self.assertEqual(tally.count, 1)
            self.assertGreaterEqual(tally.seconds, 0.05)
        [event] = self.events
        self.assertEqual((event.kind, event.device), (Kind.DRIVER_BLOCKED, None))
        self.assertEqual((event.details["driver"], event.details["link"]), ("blinker", "bus1"))

    def test_elsewhere(self) -> None:
        """What is no driver is counted by its module, and is no event."""
        self.dog.startService()
        self.block("dog.home.store")
        self.reactor.turn()
        self.reactor.turn()
        self.assertEqual(self.conduct.blockedElsewhere["dog.home.store"].count, 1)
        self.assertEqual((self.conduct.blocked, self.events), ({}, []))

    def test_forLong(self) -> None:
        """What may never be over is told while it lasts, from the thread."""
        self.dog.alarm = 0.0
        self.dog.startService()
        self.block("blinker.driver")
        self.assertTrue(self.told.wait(PATIENCE))
        self.assertIn("has been standing still for 0 s in driver blinker, link bus1", self.logged[0])
        self.assertEqual(self.conduct.blocked, {})

    def test_alive(self) -> None:
        """A reactor that gives a sign of life in time is busy, not blocked."""
        self.dog._after = PATIENCE
        self.dog.startService()
        for _ in range(5):
            self.reactor.turn()
        self.dog.stopService()
        self.assertEqual((self.logged, self.seen.is_set()), ([], False))

    def idle(self, released: threading.Lock) -> None:
        """Stand still as a reactor does that waits for something to happen."""
        space: dict[str, Any] = {"__name__": "selectors"}
        exec("def select(lock, seconds):\n    assert lock.acquire(True, seconds)\n", space)  # noqa: S102
        space["select"](released, PATIENCE)

    def locked(self) -> threading.Lock:
        lock = threading.Lock()
        lock.acquire()
        return lock

    def test_idle(self) -> None:
        """A reactor that waits is not even asked for a sign of life."""
        done, looks = self.locked(), iter(range(1000))
        me = self.dog._watched = threading.get_ident()

        def look(place: Place) -> bool:
            if next(looks) == 3:
                self.dog._ended.set()
            return isIdle(place)

        def watch() -> None:
            while sys._current_frames()[me].f_code.co_name != "select":
                pass
            self.dog._watch()
            done.release()

        self.patch(watchdog, "isIdle", look)
        threading.Thread(target=watch, daemon=True).start()
        self.idle(done)
        self.assertTrue(self.reactor.threads.empty())

    def test_heldUpFromOutside(self) -> None:
        """No sign of life, yet the reactor waits: the machine was busy with something else."""
        me = self.dog._watched = threading.get_ident()
        done = self.locked()

        def ask() -> None:
            while sys._current_frames()[me].f_code.co_name != "select":
                pass
            self.dog._ask()
            done.release()

        threading.Thread(target=ask, daemon=True).start()
        self.idle(done)
        self.assertEqual((self.reactor.threads.qsize(), self.seen.is_set()), (1, False))

    def test_stops(self) -> None:
        """Also while something is blocked."""
        self.dog.startService()
        thread = self.dog._thread
        assert thread is not None
        self.block("blinker.driver")
        self.dog.stopService()
        thread.join(PATIENCE)
        self.assertFalse(thread.is_alive())

    def test_notRunningAnyMore(self) -> None:
        """Stopped before the reactor ran: no thread."""
        begun: list[Callable[[], object]] = []
        self.reactor.callWhenRunning = begun.append  # type: ignore[method-assign, assignment]
        self.dog.startService()
        self.dog.stopService()
        begun[0]()
        self.assertIsNone(self.dog._thread)
