"""The shapes of what clients send and get, for checking and for openapi.json. Both profiles where they differ."""

from __future__ import annotations

from dog.api.shapes import Anything, Array, Boolean, Integer, Map, Named, Nullable, Object, OneOf, Shape, String

_ID = String(minLength=1)
_OPTIONAL = Nullable(String())


def _text(description: str) -> String:
    return String(description=description)


# -- devices ----------------------------------------------------------------------------------------------

PARAM = Named(
    "Param",
    Object({"name": String()}, {"value": String(), "type": String()}),
    "A configuration parameter. Those of type network are shown by /dog/configuration only.",
)

COMMAND = Named(
    "Command",
    Object({"class": String()}, {"param": Array(PARAM), "name": String(), "returnType": String(), "id": String()}),
    "A command as the home file declares it; the param realCommandName is what clients call it.",
)

NOTIFICATION = Named(
    "Notification",
    Object({"class": String()}, {"generatesCommand": Array(String()), "param": Array(PARAM), "id": String()}),
)

STATE = Named(
    "State",
    Object(
        {"class": String()},
        {"statevalues": Array(Object({"class": String()}, {"param": Array(PARAM), "name": String()}))},
    ),
)


def _functionality(name: str, key: str, item: Shape) -> Named:
    listed = OneOf(
        Array(item), Object({key[:-1]: Array(item)}), description="A list; wrapped in the released profile."
    )
    return Named(name, Object({"class": String()}, {key: listed}))


CONTROL = _functionality("ControlFunctionality", "commands", COMMAND)
NOTIFYING = _functionality("NotificationFunctionality", "notifications", NOTIFICATION)

_DEVICE: dict[str, Shape] = {
    "description": String(),
    "isIn": _text("The id of the room, or of another place, that it is in."),
    "actuatorOf": String(),
    "sensorOf": String(),
    "pluggedIn": String(),
    "meterOf": Array(String()),
    "controls": Array(String()),
    "hasMeter": String(),
    "param": Array(PARAM),
    "controlFunctionality": Array(CONTROL),
    "notificationFunctionality": Array(NOTIFYING),
    "state": Array(STATE),
    "domoticSystem": _text("The bus."),
    "gateway": _text("The id of the gateway device that it is behind."),
}

_PRESENCE: dict[str, Shape] = {
    "active": Boolean(description="A driver serves it."),
    "online": Boolean(description="It answers, as far as is known."),
    "code": _text("Why it is not active: no_driver, unknown_class, misconfigured, ..."),
    "reason": _text("The same in words, or why it is not online."),
}

DEVICE = Named(
    "Device",
    Object({"id": _ID, "class": _text("The device class.")}, {**_DEVICE, **_PRESENCE}),
    "A device as the home file describes it. active, online, code and reason come with ?detail=full.",
)

DEVICES = Named("Devices", Object({"devices": Array(DEVICE)}))

#: Devices as a client may send them: in either profile, without what only the gateway knows.
DEVICES_BODY = Named(
    "DevicesToSet",
    Object(
        {"devices": Array(Object({"id": _ID, "class": _ID}, {key: Nullable(each) for key, each in _DEVICE.items()}))}
    ),
)

_ANY_DEVICE_KEY: dict[str, Shape] = {key: Anything() for key in (*_DEVICE, "id", "class")}

LOCATION = Named(
    "Location",
    Object({"isIn": String()}, {key: each for key, each in _ANY_DEVICE_KEY.items() if key != "isIn"}),
    "Any key of a device may be there; isIn alone counts.",
)

DESCRIPTION = Named(
    "Description",
    Object({"description": String()}, {key: each for key, each in _ANY_DEVICE_KEY.items() if key != "description"}),
    "Any key of a device may be there; description alone counts.",
)

ENTRY = Named(
    "StateEntry",
    Object(
        {"value": Anything()},
        {
            "online": Boolean(),
            "quality": String("good", "stale", "restored"),
            "changedAt": String(format="date-time"),
            "heardAt": String(format="date-time"),
            "expiresAt": String(format="date-time"),
        },
        extra=String(),
    ),
    "A value: a number, a measure (number, space, unit), a text or an object; further keys say of which phase, sensor "
    "or button. What it is worth comes with ?detail=full.",
)

STATUS = Named(
    "Status",
    Object(
        {"id": _ID, "active": Boolean()},
        {"description": String(), **_PRESENCE, "status": Map(Array(ENTRY))},
    ),
    "State class -> its values. What was not heard yet is left out (the released profile presumes it).",
)

DEVICES_STATUS = Named("DevicesStatus", Object({"devicesStatus": Array(STATUS)}))

#: What a command takes depends on its class; L{dog.model.arguments} checks it.
COMMAND_BODY = Named(
    "CommandBody",
    Object(optional={"value": Anything()}, extra=Anything()),
    'Nothing, {} or {"value": null} for a command without parameter; {"value": ...} or one key per parameter else.',
)

# -- environment --------------------------------------------------------------------------------------------

SURFACE = Named("Surface", Object(optional={"id": _OPTIONAL, "class": _OPTIONAL}))

OPENING = Named("Opening", Object(optional={"id": _OPTIONAL, "class": _OPTIONAL, "ref": _OPTIONAL}))

WALL = Named(
    "Wall",
    Object(
        optional={
            "id": _OPTIONAL,
            "class": _OPTIONAL,
            "length": _OPTIONAL,
            "height": _OPTIONAL,
            "ref": _OPTIONAL,
            "hasWallOpening": Nullable(Array(OPENING)),
        }
    ),
)

_ROOM: dict[str, Shape] = {
    "class": _OPTIONAL,
    "description": _OPTIONAL,
    "ceiling": Nullable(SURFACE),
    "floor": Nullable(SURFACE),
    "walls": Nullable(Array(WALL)),
}

ROOM = Named("Room", Object({"id": _ID}, _ROOM))

ROOMS = Named("Rooms", Object({"rooms": Array(ROOM)}))

FLAT = Named(
    "Flat",
    Object(
        {"id": _ID},
        {
            "class": _OPTIONAL,
            "description": _OPTIONAL,
            "svgfootprint": _OPTIONAL,
            "rooms": Nullable(Array(ROOM)),
        },
    ),
    "A PUT without rooms keeps them.",
)

FLATS = Named("Flats", Object({"flats": Array(FLAT)}))

_GROUND = Object(optional={"id": String(), "description": String()})

STOREY = Named(
    "Storey",
    Object(
        optional={
            "id": String(),
            "class": String(),
            "description": String(),
            "levelFromGround": OneOf(Integer(), String()),
            "flats": Array(FLAT),
            "rooms": Array(ROOM),
        }
    ),
)

ENVIRONMENT = Named(
    "Environment",
    Object(
        {
            "building": Array(
                Object(
                    optional={
                        "id": String(),
                        "class": String(),
                        "storey": Array(STOREY),
                        "flats": Array(FLAT),
                        "garden": Array(_GROUND),
                        "garage": Array(_GROUND),
                    }
                )
            )
        }
    ),
)
