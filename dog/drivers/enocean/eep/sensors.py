"""4BS profiles of sensors for temperature, humidity, light, occupancy, gas and contacts.

Source: EnOcean Equipment Profiles 2.6, sections A5-02, A5-04, A5-06, A5-07, A5-08, A5-09, A5-14. Names of fields are
the specification's; temperatures are written C.
"""

from __future__ import annotations

from dog.drivers.enocean.eep.fields import Field, Profile
from dog.drivers.enocean.eep.make import flag, fourBytes, linear, named, temperature

_DOWN = (255, 0)
_BYTE = (0, 255)
_PERCENT = ("0", "100")

#: A5-02: type -> the two ends of an 8-bit range in degrees; raw 255 is the colder.
_RANGES = {
    **{0x01 + n: (-40 + 10 * n, 10 * n) for n in range(11)},
    **{0x10 + n: (-60 + 10 * n, 20 + 10 * n) for n in range(12)},
}

_TEMPERATURE = (
    *(
        fourBytes(
            f"A5-02-{type:02X}",
            f"Temperature sensor, {low} to {high} C",
            temperature(16, _DOWN, str(low), str(high)),
        )
        for type, (low, high) in _RANGES.items()
    ),
    fourBytes(
        "A5-02-20", "Temperature sensor, 10 bit, -10 to 41.2 C", temperature(14, (1023, 0), "-10", "41.2", size=10)
    ),
    fourBytes(
        "A5-02-30", "Temperature sensor, 10 bit, -40 to 62.3 C", temperature(14, (1023, 0), "-40", "62.3", size=10)
    ),
)


def _humidity(offset: int, raw: tuple[int, int], only: tuple[str, int] | None = None) -> Field:
    return linear("HUM", offset, 8, raw, _PERCENT, "%", "relative_humidity", only)


_TSN = named("TSN", 30, 1, "not available", "available")

_HUMIDITY = (
    fourBytes(
        "A5-04-01",
        "Temperature 0 to 40 C and humidity",
        _humidity(8, (0, 250)),
        temperature(16, (0, 250), "0", "40", only=("TSN", 1)),
        _TSN,
    ),
    fourBytes(
        "A5-04-02",
        "Temperature -20 to 60 C and humidity",
        _humidity(8, (0, 250)),
        temperature(16, (0, 250), "-20", "60", only=("TSN", 1)),
        _TSN,
    ),
    fourBytes(
        "A5-04-03",
        "Temperature -20 to 60 C, 10 bit, and humidity",
        _humidity(0, _BYTE),
        temperature(14, (0, 1023), "-20", "60", size=10),
        named("TTP", 31, 1, "heartbeat", "event"),
    ),
)


def _supply(raw: tuple[int, int] = _BYTE, high: str = "5.1", only: tuple[str, int] | None = None) -> Field:
    """Supply voltage. Where the range ends at 250, 251 to 255 are error codes and no voltage."""
    return linear("SVC", 0, 8, raw, ("0", high), "V", "supply", only)


_SUPPLY5 = _supply((0, 250), "5.0")


def _light(name: str, offset: int, low: str, high: str, only: tuple[str, int] | None = None) -> Field:
    return linear(name, offset, 8, _BYTE, (low, high), "lx", "illuminance", only)


#: Ten bits, of which 1001 to 1023 are reserved or an error.
_LIGHT10 = linear("ILL", 8, 10, (0, 1000), ("0", "1000"), "lx", "illuminance")
_RS = named("RS", 31, 1, "ILL1", "ILL2")


def _twoRanges(eep: str, title: str, second: tuple[str, str], first: tuple[str, str]) -> Profile:
    """The finer range ILL2 where it reaches, else ILL1: bit RS says which one counts."""
    return fourBytes(
        eep,
        title,
        _supply(),
        _light("ILL2", 8, *second, only=("RS", 1)),
        _light("ILL1", 16, *first, only=("RS", 0)),
        _RS,
    )


_LIGHT = (
    _twoRanges("A5-06-01", "Light 300 to 60000 lx", ("300", "30000"), ("600", "60000")),
    _twoRanges("A5-06-02", "Light 0 to 1020 lx", ("0", "510"), ("0", "1020")),
    fourBytes("A5-06-03", "Light 0 to 1000 lx, 10 bit", _SUPPLY5, _LIGHT10),
    fourBytes(
        "A5-06-04",
        "Curtain wall brightness sensor",
        temperature(0, _BYTE, "-20", "60", only=("TMPAV", 1)),
        linear("ILL", 8, 16, (0, 65535), ("0", "65535"), "lx", "illuminance"),
        linear("SV", 24, 4, (0, 15), _PERCENT, "%", None, only=("ENAV", 1)),
        flag("TMPAV", 30),
        flag("ENAV", 31),
    ),
    _twoRanges("A5-06-05", "Light 0 to 10200 lx", ("0", "5100"), ("0", "10200")),
)

_MOTION = named("PIRS", 24, 1, "off", "on", quantity="motion")

_OCCUPANCY = (
    fourBytes(
        "A5-07-01",
        "Occupancy, supply voltage",
        _supply((0, 250), "5.0", only=("SVA", 1)),
        Field("PIRS", 16, 8, quantity="motion", meanings=((0, 127, "off"), (128, 255, "on"))),
        flag("SVA", 31),
    ),
    fourBytes("A5-07-02", "Occupancy, supply voltage, bit", _SUPPLY5, _MOTION),
    fourBytes("A5-07-03", "Occupancy, supply voltage, light", _SUPPLY5, _LIGHT10, _MOTION),
)


def _threefold(eep: str, title: str, light: str, low: str, high: str) -> Profile:
    return fourBytes(
        eep,
        title,
        _supply(),
        _light("ILL", 8, "0", light),
        temperature(16, _BYTE, low, high),
        named("PIRS", 30, 1, "on", "off", quantity="motion"),
        named("OCC", 31, 1, "pressed", "released"),
    )


_THREEFOLD = (
    _threefold("A5-08-01", "Light 0 to 510 lx, temperature 0 to 51 C, occupancy", "510", "0", "51"),
    _threefold("A5-08-02", "Light 0 to 1020 lx, temperature 0 to 51 C, occupancy", "1020", "0", "51"),
    _threefold("A5-08-03", "Light 0 to 1530 lx, temperature -30 to 50 C, occupancy", "1530", "-30", "50"),
)

#: Number -> gas, of A5-09-05.
_GASES = {
    **dict(
        enumerate(
            "VOCT (total),Formaldehyde,Benzene,Styrene,Toluene,Tetrachloroethylene,Xylene,n-Hexane,n-Octane,"
            "Cyclopentane,Methanol,Ethanol,1-Pentanol,Acetone,Ethylene oxide,Acetaldehyde,Acetic acid,"
            "Propionic acid,Valeric acid,Butyric acid,Ammonia".split(",")
        )
    ),
    22: "Hydrogen sulfide",
    23: "Dimethyl sulfide",
    24: "2-Butanol",
    25: "2-Methylpropanol",
    26: "Diethyl ether",
    255: "Ozone",
}


def _dust(name: str, offset: int, only: int, quantity: str | None) -> Field:
    return linear(name, offset, 9, (0, 511), ("0", "511"), "µg/m³", quantity, only=(f"{name}a", only))


_CO2 = linear("CO2", 16, 8, _BYTE, ("0", "2000"), "ppm", "co2")
_SVA = flag("SVA", 31)

_GAS = (
    fourBytes(
        "A5-09-02",
        "CO sensor 0 to 1020 ppm",
        _supply(),
        linear("Conc", 8, 8, _BYTE, ("0", "1020"), "ppm", "co"),
        temperature(16, _BYTE, "0", "51", only=("TSN", 1)),
        _TSN,
    ),
    fourBytes(
        "A5-09-04",
        "CO2, temperature and humidity",
        _humidity(0, (0, 200), only=("HSN", 1)),
        linear("Conc", 8, 8, _BYTE, ("0", "2550"), "ppm", "co2"),
        temperature(16, _BYTE, "0", "51", only=("TSN", 1)),
        named("HSN", 29, 1, "not available", "available"),
        _TSN,
    ),
    fourBytes(
        "A5-09-05",
        "VOC sensor",
        Field("Conc", 0, 16, unit="ppb", quantity="voc", power=("SCM", 1, -2)),
        Field("VOC_ID", 16, 8, meanings=tuple((raw, raw, text) for raw, text in _GASES.items())),
        Field("SCM", 30, 2),
    ),
    fourBytes("A5-09-06", "Radon", linear("Act", 0, 10, (0, 1023), ("0", "1023"), "Bq/m³", "radon")),
    fourBytes(
        "A5-09-07",
        "Particles",
        _dust("PM10", 0, 1, "pm10"),
        _dust("PM2.5", 9, 1, "pm25"),
        _dust("PM1", 18, 1, None),
        flag("PM10a", 29),
        flag("PM2.5a", 30),
        flag("PM1a", 31),
    ),
    fourBytes("A5-09-08", "Pure CO2", _CO2),
    fourBytes("A5-09-09", "Pure CO2, power failure detection", _CO2, flag("PFD", 29)),
    fourBytes(
        "A5-09-0A",
        "Hydrogen",
        linear("Conc", 0, 16, (0, 65535), ("0", "65535"), "ppm", "h2"),
        temperature(16, _BYTE, "-20", "60", only=("TSA", 1)),
        linear("SV", 24, 4, (0, 15), ("2.0", "5.0"), "V", "supply", only=("SVA", 1)),
        flag("TSA", 30),
        _SVA,
    ),
    fourBytes(
        "A5-09-0B",
        "Radioactivity",
        linear("SV", 0, 4, (0, 15), ("2.0", "5.0"), "V", "supply", only=("SVA", 1)),
        Field("Ract", 8, 16, quantity="radioactivity", power=("SCM", 1, -3)),
        Field("SCM", 24, 4, raw=(0, 8)),
        named("VUNIT", 29, 2, "µSv/h", "cpm", "Bq/L", "Bq/kg"),
        _SVA,
    ),
)

_OPEN = named("CT", 31, 1, "closed", "open", quantity="contact")
_VIBRATION = named("VIB", 30, 1, "no vibration", "vibration", quantity="vibration")
_LIGHT250 = linear("ILL", 8, 8, (0, 250), ("0", "1000"), "lx", "illuminance")

_CONTACT = (
    fourBytes("A5-14-01", "Contact, supply voltage", _SUPPLY5, _OPEN),
    fourBytes("A5-14-02", "Contact, light", _SUPPLY5, _LIGHT250, _OPEN),
    fourBytes("A5-14-03", "Contact, vibration", _SUPPLY5, _VIBRATION, _OPEN),
    fourBytes("A5-14-04", "Contact, vibration, light", _SUPPLY5, _LIGHT250, _VIBRATION, _OPEN),
    fourBytes("A5-14-05", "Vibration or tilt", _SUPPLY5, _VIBRATION),
    fourBytes("A5-14-06", "Vibration or tilt, light", _SUPPLY5, _LIGHT250, _VIBRATION),
    fourBytes(
        "A5-14-0A",
        "Contact with tilt, vibration",
        _SUPPLY5,
        named("CT", 29, 2, "closed", "tilt", "", "open", quantity="contact"),
        named("VIB", 31, 1, "no vibration", "vibration", quantity="vibration"),
    ),
)

PROFILES = (*_TEMPERATURE, *_HUMIDITY, *_LIGHT, *_OCCUPANCY, *_THREEFOLD, *_GAS, *_CONTACT)
