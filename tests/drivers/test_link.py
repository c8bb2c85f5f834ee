"""Wires: opened, closed, lost, and each failure with its typed reason."""

from __future__ import annotations

import errno
from typing import Any

from serial import SerialException
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, DNSLookupError, TimeoutError
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from dog.drivers.link import SerialSettings, Wire, isNetwork, placeOf, portEndpoint, tcpEndpoint, udpEndpoint
from dog.interfaces import LinkFailed
from dog.live.rfc2217 import parseServer
from dog.live.serial import Port, parse
from dog.testing.links import FakeKit

TCP = tcpEndpoint("192.0.2.1", 502)
PORT = portEndpoint("/dev/ttyUSB0", SerialSettings())


class EndpointTests(SynchronousTestCase):
    def test_tcp(self) -> None:
        self.assertEqual(TCP, "tcp:192.0.2.1:502:timeout=5")
        self.assertEqual(tcpEndpoint("fe80::1", 502), r"tcp:fe80\:\:1:502:timeout=5")
        self.assertEqual(udpEndpoint("fe80::1", 502), r"udp:fe80\:\:1:502")
        for host, port in (("", 502), ("a b", 502), ("host", 0), ("host", 65536)):
            for endpoint in (tcpEndpoint, udpEndpoint):
                self.assertRaises(ValueError, endpoint, host, port)

    def test_ports(self) -> None:
        """A path or a server behind which there is a serial port; and it is read back as it was meant."""
        path = "/dev/serial/by-id/usb-FTDI:1"
        endpoint = portEndpoint(path, SerialSettings(19200, 7, "even", 1.5))
        self.assertEqual(parse(endpoint), Port(path, 19200, 7, "E", 1.5))
        self.assertEqual(placeOf(endpoint), path)
        self.assertEqual(portEndpoint("tcp:ser2net:3001", SerialSettings()), tcpEndpoint("ser2net", 3001))
        self.assertEqual(portEndpoint("tcp:[fe80::1]:3001", SerialSettings()), tcpEndpoint("fe80::1", 3001))
        for server in ("rfc2217:[fe80::1]:2217", "rfc2217://fe80::1:2217"):
            endpoint = portEndpoint(server, SerialSettings(19200, 7, "odd", 2))
            self.assertEqual(endpoint, r"rfc2217:fe80\:\:1:2217:baudRate=19200:dataBits=7:parity=odd:stopBits=2")
            self.assertEqual(parseServer(endpoint), (tcpEndpoint("fe80::1", 2217), Port("port", 19200, 7, "O", 2)))
        for bad in ("ttyUSB0", "tcp:host", "tcp:host:x", "udp:host:1", "rfc2217:host", ""):
            self.assertRaises(ValueError, portEndpoint, bad, SerialSettings())

    def test_badSerialEndpoints(self) -> None:
        for bad in ("serial:", "serial:/dev/x:speed=1", "serial:/dev/x:parity=odd-ish", "serial:/dev/x:baudRate=fast"):
            self.assertRaises(ValueError, parse, bad)

    def test_bitsPerByte(self) -> None:
        self.assertEqual(SerialSettings(9600, 8, "even", 1).bitsPerByte, 11)
        self.assertEqual(SerialSettings(9600, 8, "none", 1).bitsPerByte, 10)

    def test_places(self) -> None:
        server = portEndpoint("rfc2217:[fe80::1]:2217", SerialSettings())
        for endpoint, place in (
            (TCP, "192.0.2.1:502"),
            (PORT, "/dev/ttyUSB0"),
            (server, "fe80::1:2217"),
            (udpEndpoint("plc", 502), "plc:502"),
        ):
            self.assertEqual((placeOf(endpoint), isNetwork(endpoint)), (place, endpoint != PORT))


class WireTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.kit = FakeKit()
        self.heard: list[bytes] = []
        self.losses: list[LinkFailed] = []

    def wire(self, endpoint: str = TCP) -> Wire:
        return Wire(self.kit, endpoint, self.heard.append, self.losses.append)

    def failed(self, opening: Deferred[Any]) -> tuple[str, str]:
        error: LinkFailed = self.failureResultOf(opening, LinkFailed).value
        return error.code, str(error)

    def up(self) -> Wire:
        self.kit.accept(TCP)
        wire = self.wire()
        self.assertIsNone(self.successResultOf(wire.open()))
        return wire

    def test_bytesBothWays(self) -> None:
        wire = self.up()
        connection = self.kit.connections[0]
        wire.write(b"ask")
        connection.protocol.dataReceived(b"answer")
        self.assertEqual((connection.transport.value(), self.heard), (b"ask", [b"answer"]))

    def test_reasons(self) -> None:
        for why, endpoint, wanted in (
            (None, TCP, ("refused", "192.0.2.1:502 refuses connections")),
            (TimeoutError(), TCP, ("timeout", "192.0.2.1:502 does not answer")),
            (DNSLookupError(), TCP, ("unreachable", "192.0.2.1:502: there is no host of that name")),
            (OSError(errno.EACCES, "no"), PORT, ("refused", "/dev/ttyUSB0: no permission to open it")),
            (ValueError("parity"), PORT, ("misconfigured", "/dev/ttyUSB0: parity")),
            (SerialException("odd"), PORT, ("unreachable", "/dev/ttyUSB0: odd")),
            (KeyError("bug"), PORT, ("internal", "/dev/ttyUSB0: KeyError: 'bug'")),
        ):
            self.kit.refuse(endpoint, why)
            self.assertEqual(self.failed(self.wire(endpoint).open()), wanted)
        self.assertEqual(self.losses, [])

    def test_waitsForThePort(self) -> None:
        """A port that is not plugged in is waited for, and opened as soon as it appears."""
        self.kit.refuse(PORT, SerialException(errno.ENOENT, "could not open port"))
        opening = self.wire(PORT).open()
        self.kit.run(3.0)
        self.assertNoResult(opening)
        self.kit.accept(PORT)
        self.kit.run(0.6)
        self.assertIsNone(self.successResultOf(opening))

    def test_doesNotWaitForEver(self) -> None:
        self.kit.refuse(PORT, SerialException(errno.ENOENT, "could not open port"))
        opening = self.wire(PORT).open()
        self.kit.run(10.0)
        self.assertEqual(self.failed(opening), ("unreachable", "/dev/ttyUSB0 is not there"))
        self.assertEqual(self.kit.clock.getDelayedCalls(), [])

    def test_lost(self) -> None:
        """An end that nobody asked for is a loss, however clean it was; told once."""
        wire = self.up()
        wire.connectionLost(Failure(ConnectionDone()))
        wire.connectionLost(Failure(ConnectionDone()))
        self.assertEqual([each.code for each in self.losses], ["closed"])
        wire.write(b"too late")
        self.assertEqual(self.kit.connections[0].transport.value(), b"")
        self.assertIsNone(self.successResultOf(wire.close()))

    def test_close(self) -> None:
        """Closing waits for the end of the connection, which is no loss; nothing is heard any more."""
        wire = self.up()
        closing = [wire.close(), wire.close()]
        self.assertTrue(self.kit.connections[0].transport.disconnecting)
        self.kit.connections[0].protocol.dataReceived(b"late")
        self.assertNoResult(closing[0])
        wire.connectionLost(Failure(ConnectionDone()))
        for each in closing:
            self.assertIsNone(self.successResultOf(each))
        self.assertEqual((self.heard, self.losses, self.kit.clock.getDelayedCalls()), ([], [], []))

    def test_closeThatHangs(self) -> None:
        wire = self.up()
        closing = wire.close()
        self.kit.run(1.1)
        self.assertIsNone(self.successResultOf(closing))
        self.assertIsNone(self.successResultOf(wire.close()))
        self.assertEqual(self.kit.clock.getDelayedCalls(), [])

    def test_closedTwiceWhileItHangs(self) -> None:
        wire = self.up()
        closing = [wire.close(), wire.close()]
        self.kit.run(1.5)
        for each in closing:
            self.successResultOf(each)

    def test_closeWhileOpening(self) -> None:
        self.kit.hang(TCP)
        wire = self.wire()
        opening = wire.open()
        self.assertIsNone(self.successResultOf(wire.close()))
        self.assertEqual(self.failed(opening)[0], "closed")

    def test_cancelOpening(self) -> None:
        for endpoint, prepare in ((TCP, self.kit.hang), (PORT, lambda each: self.kit.refuse(each, OSError(2, "no")))):
            prepare(endpoint)
            opening = self.wire(endpoint).open()
            opening.cancel()
            self.assertEqual(self.failed(opening)[0], "closed")
            self.assertEqual(self.kit.clock.getDelayedCalls(), [])
