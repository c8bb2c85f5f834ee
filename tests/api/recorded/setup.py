"""What was so when an exchange was recorded: the buses of its session, and the requests before it that show in it.

The recordings are of three sessions, each from a fresh home: A (001-397) with a Modbus slave and without any driver
for Z-Wave and EnOcean, B (400-543) with mock drivers for those two, H (600-677) like A. Some of the requests between
the recorded ones are missing: what they must have been is what the neighbours show.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from dog.interfaces import LinkFailed
from dog.model.command import Command, Outcome
from dog.model.measure import Measure
from dog.model.values import Reading, Slot, Value, features
from dog.testing.scripted import ScriptedDriver, confirm

#: What the values of a state are: the value, or (phase, value) for each.
Held = str | int | float | list[tuple[str, str]]

#: What the Modbus slave held all through session A. A reactive energy of 0 and the like are the driver's own.
MODBUS: dict[str, dict[str, Held]] = {
    "SimpleLamp_mb1": {"OnOffState": "off"},
    "Outlet_mb1": {"OnOffState": "off"},
    "Temp_mb1": {"TemperatureState": "21.5 C"},
    "Hum_mb1": {"HumidityMeasurementState": "48.7 %"},
    "Lux_mb1": {"LightIntensityState": "320 lx"},
    "Power_mb1": {"SinglePhaseActivePowerMeasurementState": "75 W"},
    "Meter_mb1": {
        "ThreePhaseActivePowerMeasurementState": [("L1", "1100.5 W"), ("L2", "200.25 W"), ("L3", "0.0 W")],
        "SinglePhaseReactiveEnergyState": "0 var·h",
        "FrequencyMeasurementState": "50.0 Hz",
        "ThreePhaseVoltageState": [
            ("L12", "0 V"),
            ("L23", "0 V"),
            ("L31", "0 V"),
            ("L1", "230.1 V"),
            ("L2", "229.8 V"),
            ("L3", "231.0 V"),
        ],
        "ThreePhaseReactivePowerMeasurementState": [("L1", "0 var"), ("L2", "0 var"), ("L3", "0 var")],
        "SinglePhaseActiveEnergyState": "1234567 Wh",
        "ThreePhaseApparentPowerMeasurementState": [("L1", "0 VA"), ("L2", "0 VA"), ("L3", "0 VA")],
        "ThreePhaseCurrentState": [("L1", "4.8 A"), ("L2", "0.9 A"), ("L3", "0.0 A")],
        "PowerFactorMeasurementState": "0.97",
    },
}

#: What the mock drivers of session B held at its beginning. The humidity was never reported.
MOCKED: dict[str, dict[str, Held]] = {
    "Lamp_Holder": {"OnOffState": "off"},
    "DimmerLamp_l4": {"OnOffState": "off", "LevelState": 0},
    "TempHum_1": {"TemperatureState": "21.3 C"},
    "Shutter_1": {"ShutterState": "rest"},
    "DoorSensor_1": {"OpenCloseState": "close"},
}

#: What a command did to the state of its device, as the statuses after it show.
EFFECTS: dict[str, tuple[str, Callable[[Command], Value]]] = {
    "on": ("OnOffState", lambda command: "on"),
    "off": ("OnOffState", lambda command: "off"),
    "set": ("LevelState", lambda command: command.args["value"]),
    "setTemperatureAt": ("TemperatureState", lambda command: command.args["temperature"]),
    "setDailyClimateSchedule": ("ClimateScheduleState", lambda command: command.args["daySchedule"]),
    "setClimateSchedule": ("ClimateScheduleState", lambda command: command.args["dailySchedules"]),
    "up": ("ShutterState", lambda command: "raising"),
    "down": ("ShutterState", lambda command: "lowering"),
    "rest": ("ShutterState", lambda command: "rest"),
}

PLAN = b'<svg xmlns="http://www.w3.org/2000/svg" width="10" height="10"><rect width="10" height="10"/></svg>'


@dataclass(frozen=True)
class Earlier:
    """A request before the recorded one. C{status}: what ours answers, so that no set-up fails unseen."""

    method: str
    path: str
    body: Any = None
    status: int = 200


def readings(device: str, held: Mapping[str, Held]) -> Iterable[Reading]:
    for state, values in held.items():
        if isinstance(values, list):
            for phase, value in values:
                yield Reading(Slot(device, state, features(phaseID=phase)), _value(value))
        else:
            yield Reading(Slot(device, state), _value(values))


def _value(written: str | int | float) -> Value:
    if isinstance(written, str) and written[0].isdigit():
        return Measure.parse(written)
    return written


def obey(command: Command) -> Outcome:
    """Confirm a command, with what it did to the state."""
    if command.name not in EFFECTS:
        return confirm()
    state, value = EFFECTS[command.name]
    return confirm(Reading(Slot(command.device, state), value(command)))


def drivers(id: str) -> list[ScriptedDriver]:
    """The drivers of the session that the exchange belongs to."""
    if 400 <= int(id[:3]) < 600:
        found = [ScriptedDriver("zwave", ("ZWave",)), ScriptedDriver("enocean", ("EnOcean",))]
        held = MOCKED
    else:
        # The first link is that of modbus-gw, the second that of the gateway that nobody answers for.
        modbus = ScriptedDriver("modbus", ("Modbus",))
        modbus.onStart(None, LinkFailed("refused", "127.0.0.1:15999 refuses connections"))
        found, held = [modbus], MODBUS
    for driver in found:
        driver.script(None, None, obey)
    for device, states in held.items():
        found[0].hold(*readings(device, states))
    return found


# -- requests -------------------------------------------------------------------------------------------------------

FLATS = "/api/v1/environment/flats"
LAMP = "/api/v1/devices/Lamp_Holder"
DIMMER = "/api/v1/devices/DimmerLamp_l4/commands/set"
VALVE = "/api/v1/devices/ThermostaticRadiatorValve_1/commands"

BATHROOM = {
    "id": "bathroom",
    "class": "Bathroom",
    "description": "The bathroom",
    "ceiling": {"id": "ceiling_b", "class": "Ceiling"},
    "floor": {"id": "floor_b", "class": "Floor"},
    "walls": [{"id": "wall_b", "class": "Wall"}],
}
FLAT3 = {
    "id": "flat3",
    "class": "Flat",
    "description": "New flat",
    "svgfootprint": "f3.svg",
    "rooms": [{"id": "r31", "class": "Bedroom"}],
}
ODD = 'Caffè ☕ <&>\t\n"x'


def _day(weekDay: int | str) -> dict[str, Any]:
    points = (("2013-10-22T20:45:00.000+02:00", "17.5 C"), ("2013-10-22T15:55:00.000+02:00", "20.5 C"))
    return {
        "weekDay": weekDay,
        "switchPoints": [{"timeAt": at, "desiredTemperature": temperature} for at, temperature in points],
    }


def _set(value: Any, status: int = 200) -> Earlier:
    return Earlier("PUT", DIMMER, {"value": value}, status)


_LAMP_ON = Earlier("PUT", "/api/v1/devices/SimpleLamp_mb1/commands/on")
_BATHROOM = Earlier("POST", f"{FLATS}/flat/rooms", BATHROOM, 201)
_BATHROOM_AGAIN = Earlier("POST", f"{FLATS}/flat/rooms", BATHROOM, 409)
_CELLAR = Earlier("POST", f"{FLATS}/flat/rooms", {"id": "cellar"}, 201)
_WINE = Earlier("PUT", f"{FLATS}/flat/rooms/cellar", {"id": "cellar", "class": "StorageRoom", "description": "Wine"})
_NO_CELLAR = Earlier("DELETE", f"{FLATS}/flat/rooms/cellar", status=204)
_NO_KITCHEN = Earlier("DELETE", f"{FLATS}/flat/rooms/kitchen", status=409)
_NO_KITCHEN_AT_ALL = Earlier("DELETE", f"{FLATS}/flat/rooms/kitchen?force=true", status=204)
_FLAT3 = Earlier("POST", FLATS, FLAT3, 201)
_FLAT3_AGAIN = Earlier("POST", FLATS, FLAT3, 409)
_RENAMED = Earlier("PUT", f"{FLATS}/flat3", {"id": "flat3", "class": "Flat", "description": "Renamed"})
_NO_FLAT3 = Earlier("DELETE", f"{FLATS}/flat3", status=204)
_NAMELESS = Earlier("POST", FLATS, {"class": "Flat"}, 400)
_TO_KITCHEN = Earlier("PUT", f"{LAMP}/location", {"isIn": "kitchen", "description": "both"})
_ROOMS = (_BATHROOM, _BATHROOM_AGAIN, _CELLAR, _WINE, _NO_CELLAR, _NO_KITCHEN_AT_ALL)

#: Exchange -> the requests before it that show in its answer.
EARLIER: dict[str, tuple[Earlier, ...]] = {
    "101-status-after-on-immediately": (_LAMP_ON,),
    "102-status-after-on-2.5s": (_LAMP_ON,),
    "145-status-after-forged-notify": (
        Earlier("PUT", "/api/v1/devices/Temp_mb1/commands/notifyNewTemperatureValue", {"value": "55 C"}, 404),
    ),
    "162-location-unicode-get": (Earlier("PUT", f"{LAMP}/location", {"isIn": ODD}, 422),),
    "163-location-unicode-get-xml": (Earlier("PUT", f"{LAMP}/location", {"isIn": ODD}, 422),),
    "171-description-get-after": (_TO_KITCHEN, Earlier("PUT", f"{LAMP}/description", {"description": "Portalampada"})),
    "182-description-unicode-get": (_TO_KITCHEN, Earlier("PUT", f"{LAMP}/description", {"description": ODD})),
    "183-description-unicode-get-xml": (_TO_KITCHEN, Earlier("PUT", f"{LAMP}/description", {"description": ODD})),
    "185-description-get-after-two": (
        _TO_KITCHEN,
        Earlier("PUT", f"{LAMP}/description", {"isIn": "kitchen", "description": "both"}),
    ),
    "231-room-get-created": (_BATHROOM,),
    "232-room-post-duplicate": (_BATHROOM,),
    "240-room-get-minimal": (_CELLAR,),
    "241-room-put-ok": (_CELLAR,),
    "242-room-get-updated": (_CELLAR, _WINE),
    "243-room-put-id-mismatch": (_CELLAR,),
    "246-room-put-bad-json": (_CELLAR,),
    "248-room-delete-ok": (_CELLAR,),
    "252-device-after-room-delete": (_NO_KITCHEN,),
    "261-flat-get-created": (_FLAT3,),
    "263-flats-after-duplicate": (*_ROOMS, _FLAT3, _FLAT3_AGAIN),
    "268-flat-put-ok": (_FLAT3,),
    "269-flat-get-updated": (_FLAT3, _RENAMED),
    "270-flat-put-id-mismatch": (_FLAT3,),
    "272-flat-put-no-id": (_FLAT3,),
    "273-flat-put-bad-json": (_FLAT3,),
    "275-flat-delete-ok": (_FLAT3,),
    "276-flats-after-delete": (*_ROOMS, _FLAT3, _FLAT3_AGAIN, _RENAMED, _NO_FLAT3),
    "392-flats-poisoned": (*_ROOMS, _FLAT3, _FLAT3_AGAIN, _RENAMED, _NO_FLAT3, _NAMELESS),
    "394-room-get-poisoned": (_NAMELESS,),
    "433-dimmer-status-after-string": (_set("63"),),
    "436-dimmer-status-after-measure": (_set("40 %"),),
    "439-dimmer-status-after-word": (_set("40 %"), _set("bright", 422)),
    "444-dimmer-status-after-object": (_set("40 %"), _set({"weekDay": 0}, 400)),
    "448-dimmer-status-nan": (_set("40 %"), _set("NaN", 422)),
    "468-dimmer-status-W": (_set("40 %"), _set("21.50 W", 422)),
    "471-trv-status": (Earlier("PUT", f"{VALVE}/setTemperatureAt", {"value": "20 C"}),),
    "474-trv-status-2": (Earlier("PUT", f"{VALVE}/setTemperatureAt", {"value": "20.5 ℃"}),),
    "481-trv-status-daily": (
        Earlier("PUT", f"{VALVE}/setTemperatureAt", {"value": "20"}),
        Earlier("PUT", f"{VALVE}/setDailyClimateSchedule", {"value": _day(1)}),
    ),
    "483-trv-status-weekly": (
        Earlier("PUT", f"{VALVE}/setTemperatureAt", {"value": "20"}),
        Earlier("PUT", f"{VALVE}/setClimateSchedule", {"value": [_day(1), _day("2")]}),
    ),
    "531-shutter-status-up": (Earlier("PUT", "/api/v1/devices/Shutter_1/commands/up"),),
    "534-shutter-status": (
        Earlier("PUT", "/api/v1/devices/Shutter_1/commands/down"),
        Earlier("PUT", "/api/v1/devices/Shutter_1/commands/rest"),
    ),
    "539-door-status": (Earlier("PUT", "/api/v1/devices/DoorSensor_1/commands/notifyOpen", {}, 404),),
    "542-status-after-location": (Earlier("PUT", f"{LAMP}/location", {"isIn": "lobby"}),),
}
