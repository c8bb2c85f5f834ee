"""The seams that other people implement: drivers and what they are handed.

A driver package names a provider of L{IDriver} in the entry point group C{dog.drivers} (or
C{dog.drivers.asyncio} if it needs the asyncio reactor). C{dog.testing.DriverContract} is a test mixin that
every driver passes.

B{live owns}: start deadline, restart, back-off, crash budget, staleness, command deadlines, order per
device, validation of arguments, refusing at once while a link is down, one log line per change.

B{a driver owns}: framing, line timing, retries within the deadline, its poll plan, the mapping to DogOnt, and
honesty about SENT and CONFIRMED.
"""

from __future__ import annotations

from random import Random

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger
from zope.interface import Attribute, Interface

from dog.model.linkreason import LinkReason as LinkReason  # noqa: PLC0414 - for drivers to find it here


class Unsupported(Exception):
    """Raised by L{ILink.attach}: this driver can't serve that device. The text is shown to the installer."""


class LinkFailed(Exception):
    """The typed reason a link could not start or was lost.

    @ivar code: a L{LinkReason}; what is none is L{LinkReason.OTHER}.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = LinkReason(code)


class IDriver(Interface):
    """Our code for one bus."""

    name: str = Attribute("The driver's name: settings are read under [drivers.NAME].")
    systems: tuple[str, ...] = Attribute("Tuple of the domoticSystem names it serves.")

    def check(settings, gateway, devices):
        """Pure. A list of texts, each one problem with this configuration.

        @param settings: the mapping under [drivers.NAME], may be empty.
        @param gateway: the gateway device (L{dog.model.device.Device}) or None.
        @param devices: the devices behind it.
        """

    def linkKey(settings, gateway, device):
        """A hashable; devices with equal keys share one link. Raises L{Unsupported}."""

    def link(key, settings, gateway, port, kit):
        """An L{ILink}; no I/O yet.

        @param port: the L{ILinkPort} to report to.
        @param kit: an L{IKit}.
        """


class ILink(Interface):
    """One live connection of a driver (a serial port, a TCP connection): the unit of supervision."""

    def start():
        """Deferred that fires with None once the link is usable, or fails with L{LinkFailed}. May be cancelled.

        Called at most once per link: after a loss, live asks the driver for a new link.
        """

    def stop():
        """Deferred that fires with None when everything is closed. Idempotent, in any state, never fails."""

    def attach(device, port):
        """An L{IDeviceDriver} for this device, or raises L{Unsupported}. Valid before start.

        @param port: the L{IDevicePort} to report to.
        """

    def detach(deviceId):
        """Forget this device; nothing more is reported for it. Unknown ids are ignored."""


class IDeviceDriver(Interface):
    """A driver's side of one device."""

    def send(command):
        """Deferred of L{dog.model.command.Outcome}; cancelled at the deadline.

        A bus's refusal is an Outcome (FAILED, C{bus_refused}); only a bug is a failure.
        """

    def refresh():
        """Report every state soon. Returns None."""


class IFinds(Interface):
    """Optional, on an L{ILink}: teach-in, permit join, inclusion."""

    ways: tuple[str, ...] = Attribute("Tuple of the words that C{how} may be, the usual one first.")

    def search(how, seconds):
        """Search for that long, from 1 to 600 s; what is found goes to L{ILinkPort.found}.

        Deferred of None, at the end; when it is cancelled, or the link ends, the search ends. Live asks for one search
        at a time, and only while the link is up.
        """


class ILinkPort(Interface):
    """What a link reports to."""

    def lost(reason):
        """The link is gone (L{LinkFailed}). Reported once; the link is stopped and replaced by live."""

    def found(candidate):
        """The bus has a device that is not attached to this link; to be said each time it is heard.

        C{candidate} is a mapping, which is looked at with distrust (sizes, characters, classes that nobody knows):

          - C{key}: which device it is on its bus, for good. Letters, digits, C{_.:-}; of one driver, all keys differ.
          - C{params}: name -> text: what home.xml has to say of it.
          - C{identity}: the names of those params that tell which device it is (all, where it is absent).
          - C{class}, C{classes}: the device class that suits it best, and all that it could be served as.
          - C{id}, C{description}: proposals for the home. C{domoticSystem}: where the driver has several.
          - C{guessed}: true where it did not say what it is. C{signal}: in dBm. C{about}: name -> text, for people.

        Only C{key} and C{params} must be there.
        """


class IDevicePort(Interface):
    """What a device's driver reports to."""

    def observed(*seen):
        """Readings and Pulses (L{dog.model.values}) that belong together: one atomic step."""

    def reachable(yes, reason=None):
        """The device answers, or has stopped answering, while its link is up. Values turn stale at once."""


class IKit(Interface):
    """What a driver may use of the outside world; everything is replaceable in tests."""

    clock: IReactorTime = Attribute("IReactorTime: timers and monotonic time.")
    random: Random = Attribute("random.Random, seeded per link.")
    log: Logger = Attribute("twisted.logger.Logger, its namespace naming the driver and the link.")

    def utcNow():
        """The aware UTC datetime."""

    def connect(endpoint, factory):
        """Deferred of a connected protocol. C{endpoint} is a Twisted client endpoint string, or one of (C{:} in a
        path or an address is written C{\\:}):

          - C{serial:/dev/ttyUSB0:baudRate=9600:dataBits=8:parity=even:stopBits=1}: a serial port of this machine.
          - C{rfc2217:HOST:PORT:baudRate=9600:dataBits=8:parity=even:stopBits=1}: one on the network, set over it.
            Connected once the server has acknowledged every setting, else L{LinkFailed}.
          - C{udp:HOST:PORT}: each C{write} is one datagram, each C{dataReceived} is one from that address. Connected
            says nothing about the peer; the connection is lost where its host says that nobody listens.
        """
