"""The gateway as twistd runs it, and beside it a source of events in place of a bus: a datagram with the number of a
lamp switches that lamp, as its driver would report it."""

import os
from pathlib import Path

from twisted.application.service import Application, Service

from bench.home import lamp
from dog.config import Settings, override
from dog.core.core import Observed
from dog.model.values import Reading, Slot
from dog.service import gateway


class Source(Service):
    def __init__(self, gateway):
        self._gateway = gateway

    def startService(self):
        from twisted.internet import reactor

        reactor.callWhenRunning(self._begin, reactor)

    def _begin(self, reactor):
        from twisted.internet.protocol import DatagramProtocol

        source = self

        class Events(DatagramProtocol):
            def datagramReceived(self, datagram, addr):
                source.switch(int(datagram))

        udp = reactor.listenUDP(0, Events(), interface="127.0.0.1")
        port = self._gateway.listeners.addresses[0].rpartition(":")[2]
        print(f"bench ready {port} {udp.getHost().port}", flush=True)

    def switch(self, number):
        id = lamp(number)
        slot = Slot(id, "OnOffState")
        stepper = self._gateway.stepper
        on = stepper.core.values.value(slot) == "on"
        stepper.step(Observed(id, (Reading(slot, "off" if on else "on"),)))


settings = override(
    Settings(),
    home=Path(os.environ["BENCH_HOME"]),
    listen=("tcp:0:interface=127.0.0.1",),
    simulate=True,
    slowFor=float(os.environ.get("BENCH_SLOW_FOR", 30)),
)
application = Application("dog")
service = gateway(settings)
service.setServiceParent(application)
Source(service).setServiceParent(application)
