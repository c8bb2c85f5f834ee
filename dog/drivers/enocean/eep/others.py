"""Profiles of switches, meters and actuators: F6-02, F6-10, D5-00, A5-12, A5-20, D2-01, D2-05.

Source: EnOcean Equipment Profiles 2.6, sections of these names.
"""

from __future__ import annotations

from dog.drivers.enocean.eep.fields import Case, Field, Profile
from dog.drivers.enocean.eep.make import LEARN, flag, fourBytes, linear, named, temperature

# -- switches -------------------------------------------------------------------------------------------

#: The buttons of two rockers: A or B, I or O. Raw values 0 to 3 in both styles.
BUTTONS = ("AI", "AO", "BI", "BO")

_ROCKER = (
    Case(
        "pressed",
        (
            named("R1", 0, 3, *BUTTONS),
            named("EB", 3, 1, "released", "pressed"),
            named("R2", 4, 3, *BUTTONS),
            named("SA", 7, 1, "no", "yes"),
        ),
        1,
        status=(0x30, 0x30),
    ),
    Case(
        "number",
        (Field("R1", 0, 3), named("EB", 3, 1, "released", "pressed")),
        1,
        status=(0x30, 0x20),
    ),
)

_SWITCHES = (
    Profile("F6-02-01", "Light and blind control, style 1", _ROCKER),
    Profile("F6-02-02", "Light and blind control, style 2", _ROCKER),
    Profile(
        "F6-10-00",
        "Window handle",
        (
            Case(
                "handle",
                # The lower four bits are not specified. Up is tilted, sideways (from up or from down) open.
                (
                    Field(
                        "WIN",
                        0,
                        4,
                        quantity="contact",
                        meanings=((0xC, 0xC, "open"), (0xE, 0xE, "open"), (0xD, 0xD, "tilt"), (0xF, 0xF, "closed")),
                    ),
                ),
                1,
                status=(0x30, 0x20),
            ),
        ),
    ),
    Profile(
        "D5-00-01",
        "Contact",
        (
            Case(
                "data",
                (
                    named("CO", 7, 1, "open", "closed", quantity="contact"),
                    named("LRN", 4, 1, "pressed", "not pressed"),
                ),
                1,
                match=(4, 1, 1),
            ),
        ),
    ),
)

# -- meters -----------------------------------------------------------------------------------------------


def _meter(eep: str, title: str, channel: str, total: tuple[str, str | None], now: tuple[str, str | None]) -> Profile:
    """Three bytes of a total or a current value, told apart by DT, divided by ten to the power of DIV."""
    return fourBytes(
        eep,
        title,
        Field("MR", 0, 24, unit=total[0], quantity=total[1], only=("DT", 0), power=("DIV", -1, 0)),
        Field("MR", 0, 24, unit=now[0], quantity=now[1], only=("DT", 1), power=("DIV", -1, 0)),
        Field(channel, 24, 4),
        named("DT", 29, 1, "total", "now"),
        Field("DIV", 30, 2),
    )


_BATTERY = named("BL", 30, 2, "100-75%", "75-50%", "50-25%", "25-0%")

_METERS = (
    _meter("A5-12-00", "Counter", "CH", ("", "count"), ("1/s", "rate")),
    _meter("A5-12-01", "Electricity meter", "TI", ("kWh", "active_energy"), ("W", "active_power")),
    _meter("A5-12-02", "Gas meter", "TI", ("m³", "gas_volume"), ("l/s", "gas_flow")),
    _meter("A5-12-03", "Water meter", "TI", ("m³", "water_volume"), ("l/s", "water_flow")),
    fourBytes(
        "A5-12-04",
        "Temperature and load",
        linear("MR", 0, 14, (0, 16383), ("0", "16383"), "g", "load"),
        temperature(16, (0, 255), "-40", "40"),
        _BATTERY,
    ),
    fourBytes(
        "A5-12-05",
        "Temperature and container",
        *(named(f"PS{each}", each, 1, "not possessed", "possessed") for each in range(10)),
        temperature(16, (0, 255), "-40", "40"),
        _BATTERY,
    ),
    _meter("A5-12-10", "Current meter, 16 channels", "CH", ("mAh", "charge"), ("mA", "milliamperes")),
)

# -- actuators ----------------------------------------------------------------------------------------------

_VALVE = Profile(
    "A5-20-01",
    "Battery powered actuator",
    (
        Case(
            "status",
            (
                linear("CV", 0, 8, (0, 100), ("0", "100"), "%", "valve"),
                flag("SO", 8),
                flag("ENIE", 9),
                flag("ES", 10),
                named("BCAP", 11, 1, "yes", "no"),
                flag("CCO", 12),
                flag("FTS", 13),
                flag("DWO", 14),
                flag("ACO", 15),
                temperature(16, (0, 255), "0", "40", only=("FTS", 0)),
                LEARN,
            ),
            4,
            match=(28, 1, 1),
        ),
        Case(
            "set",
            (
                linear("SP", 0, 8, (0, 100), ("0", "100"), "%", None, only=("SPS", 0)),
                linear("SP", 0, 8, (0, 255), ("0", "40"), "C", None, only=("SPS", 1)),
                linear("TMP", 8, 8, (255, 0), ("0", "40"), "C", None, only=("RCU", 0)),
                flag("RIN", 16),
                flag("LFS", 17),
                flag("VO", 18),
                flag("VC", 19),
                flag("SB", 20),
                named("SPS", 21, 1, "valve", "temperature"),
                flag("SPN", 22),
                named("RCU", 23, 1, "room", "service"),
                LEARN,
            ),
            4,
            match=(28, 1, 1),
            fromDevice=False,
        ),
    ),
    # "The actuator wakes every 10 minutes"; twice that and a bit, since one telegram may be lost.
    cycle=600.0,
)

#: Output channels: 0 to 29; 30 means all of them, 31 the input from the mains.
ALL_CHANNELS = 30
_CHANNEL = Field("IO", 11, 5)
_COMMAND = Field("CMD", 4, 4)
_OUTPUT = linear("OV", 17, 7, (0, 100), ("0", "100"), "%", "output")


def _measured(unit: int, name: str, quantity: str) -> Field:
    return Field("MV", 16, 32, unit=name, quantity=quantity, only=("UN", unit))


_SWITCH_CASES = (
    Case(
        "set output",
        (_COMMAND, named("DV", 8, 3, "switch", "timer 1", "timer 2", "timer 3", "stop"), _CHANNEL, _OUTPUT),
        3,
        match=(4, 4, 1),
        fromDevice=False,
    ),
    Case("query status", (_COMMAND, _CHANNEL), 2, match=(4, 4, 3), fromDevice=False),
    Case(
        "status",
        (
            flag("PF", 0),
            flag("PFD", 1),
            _COMMAND,
            flag("OC", 8),
            named("EL", 9, 2, "ok", "warning", "failure", "not supported"),
            _CHANNEL,
            flag("LC", 16),
            _OUTPUT,
        ),
        3,
        match=(4, 4, 4),
    ),
    Case(
        "query measurement",
        (_COMMAND, named("qu", 10, 1, "energy", "power"), _CHANNEL),
        2,
        match=(4, 4, 6),
        fromDevice=False,
    ),
    Case(
        "measurement",
        (
            _COMMAND,
            named("UN", 8, 3, "Ws", "Wh", "kWh", "W", "kW"),
            _CHANNEL,
            _measured(0, "Ws", "active_energy"),
            _measured(1, "Wh", "active_energy"),
            _measured(2, "kWh", "active_energy"),
            _measured(3, "W", "active_power"),
            _measured(4, "kW", "active_power"),
        ),
        6,
        match=(4, 4, 7),
    ),
)

#: D2-01 has one set of telegrams; the types say which of them an actuator knows, and how many channels it has.
_ACTUATORS = tuple(
    Profile(f"D2-01-{type:02X}", f"Electronic switch or dimmer, type {type:02X}", _SWITCH_CASES)
    for type in range(0x13)
)

_POSITION = linear("POS", 1, 7, (0, 100), ("0", "100"), "%", "position")
_ANGLE = linear("ANG", 9, 7, (0, 100), ("0", "100"), "%", "angle")

_BLIND = Profile(
    "D2-05-00",
    "Blinds, position and angle",
    (
        # 127 in POS or ANG leaves it as it is: a raw value without a meaning, see UNCHANGED.
        Case(
            "go to",
            (
                _POSITION,
                _ANGLE,
                named("REPO", 17, 3, "directly", "up first", "down first"),
                named("LOCK", 21, 3, "unchanged", "blockage", "alarm", "", "", "", "", "release"),
                Field("CHN", 24, 4),
            ),
            4,
            match=(28, 4, 1),
            fromDevice=False,
        ),
        Case("stop", (Field("CHN", 0, 4),), 1, match=(4, 4, 2), fromDevice=False),
        Case("query", (Field("CHN", 0, 4),), 1, match=(4, 4, 3), fromDevice=False),
        Case(
            "reply",
            (_POSITION, _ANGLE, named("LOCK", 21, 3, "normal", "blockage", "alarm"), Field("CHN", 24, 4)),
            4,
            match=(28, 4, 4),
        ),
    ),
)

#: Raw value of POS and ANG: do not change.
UNCHANGED = 127

PROFILES = (*_SWITCHES, *_METERS, _VALVE, *_ACTUATORS, _BLIND)
