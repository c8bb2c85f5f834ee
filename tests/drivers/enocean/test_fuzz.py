"""Anything at all on the air and on the line: a link with devices of every kind takes it, and goes on."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from dog.drivers.enocean.erp import Rorg, Telegram
from dog.drivers.enocean.esp3 import Packet
from dog.model.bounds import within
from dog.model.measure import Measure
from dog.model.values import Reading
from tests.drivers.enocean.air import BASE, device
from tests.drivers.enocean.test_link import GATEWAY_DEVICE, Case

#: Address -> class and profile of the device there.
KINDS = {
    1: ("RockerSwitch", "f6-02-01"),
    2: ("Button", "f6-02-02"),
    3: ("WindowSensor", "f6-10-00"),
    4: ("DoorSensor", "d5-00-01"),
    5: ("TemperatureAndHumiditySensor", "a5-04-01"),
    6: ("TripleSensor", "a5-08-01"),
    7: ("EnergyAndPowerMeter", "a5-12-01"),
    8: ("ThermostaticRadiatorValve", "a5-20-01"),
    9: ("MeteringPowerOutlet", "d2-01-0a"),
    10: ("ShutterActuator", "d2-05-00"),
}

_SIZES = {Rorg.RPS: (1, 1), Rorg.BS1: (1, 1), Rorg.BS4: (4, 4), Rorg.UTE: (7, 7)}
telegrams = st.sampled_from(Rorg).flatmap(
    lambda rorg: st.builds(
        Telegram,
        st.just(rorg),
        st.binary(min_size=_SIZES.get(rorg, (0, 14))[0], max_size=_SIZES.get(rorg, (0, 14))[1]),
        st.one_of(st.sampled_from(sorted(KINDS)), st.just(BASE + 3), st.integers(0, 0xFFFFFFFF)),
        st.sampled_from((0, 0x20, 0x30, 0x31, 0x0F, 0xFF)),
    )
)
packets = st.builds(Packet, st.integers(1, 12), st.binary(min_size=1, max_size=30), st.binary(max_size=9))
line = st.one_of(
    telegrams.map(lambda telegram: telegram.packet().encode()),
    packets.filter(lambda packet: packet.type != 2).map(Packet.encode),
    st.binary(max_size=30),
)


class Fuzz(Case):
    @settings(max_examples=25, deadline=None)
    @given(st.lists(line, max_size=20), st.sampled_from(("", "teachIn", "smartTeachIn")))
    def test_anything(self, heard: list[bytes], how: str) -> None:
        """No exception (trial fails a test that logs one), no loss, only values that the device's class can have."""
        devices = [device(f"d{address}", *kind, f"{address:08X}") for address, kind in KINDS.items()]
        self.house(GATEWAY_DEVICE, *devices)
        self.start()
        if how:
            self.begin("gw", how)
        for each in heard:
            self.air.line(each)
            self.air.pump(0.05)
        self.air.pump(2)
        self.assertEqual(self.linkPort.losses, [])
        for here in devices:
            for seen in self.ports[here.id].seen:
                if isinstance(seen, Reading):
                    state = here.states[seen.slot.state]
                    if state.discrete:
                        self.assertIn(seen.value, state.values)
                    elif isinstance(seen.value, Measure):
                        self.assertTrue(within(seen.value, state.quantity), seen)
        # It still hears.
        self.ports["d4"].clear()
        for contact in (8, 9):
            self.air.say(Telegram(Rorg.BS1, bytes([contact]), 4))
        self.assertEqual([each.value for each in self.ports["d4"].seen], ["open", "close"])  # type: ignore[union-attr]
        stopping = self.link.stop()
        self.kit.run(2)
        self.successResultOf(stopping)
        self.assertEqual(self.kit.clock.getDelayedCalls(), [])
