"""Which bundle a configuration file is for, and what becomes of the bundles that have no driver and no counterpart."""

from __future__ import annotations

import re
from typing import NamedTuple

HOUSE = "it.polito.elite.dog.core.housemodel.simple"
WEBSOCKET = "it.polito.elite.dog.communication.websocket.connector"
REST = "com.eclipsesource.jaxrs.connector"
HTTP = ("org.apache.felix.http", "org.eclipse.equinox.http.jetty.config")
RULES = "it.polito.elite.dog.addons.rules"
MODBUS = "it.polito.elite.dog.drivers.modbus.network"
ENOCEAN = "org.doggateway.drivers.enocean.network"
ZWAVE_GATEWAY = "it.polito.elite.dog.drivers.zwave.gateway"
VALVES = "it.polito.elite.dog.drivers.zwave.thermostaticradiatorvalve"

#: Names from before files were called as the bundle.
_FORMER = {"simplehousemodel": HOUSE, "modbusnetworkdriver": MODBUS}

_DRIVER = re.compile(r"(?:.+\.)?drivers\.([a-z0-9_]+)\.([a-z0-9_.]+)", re.IGNORECASE | re.ASCII)


class Bundle(NamedTuple):
    """@ivar pid: of the service. @ivar name: of its configuration, where there may be several."""

    pid: str
    name: str | None


def bundleOf(fileName: str) -> Bundle | None:
    """As Felix File Install names them: C{PID.cfg}, C{FACTORY-NAME.cfg} or C{FACTORY~NAME.cfg}; None: it is none."""
    stem, dot, kind = fileName.rpartition(".")
    if not dot or not stem or kind.lower() not in ("cfg", "config"):
        return None
    pid, mark, name = re.match(r"([^-~]*)([-~]?)(.*)", stem, re.DOTALL).groups()  # type: ignore[union-attr]
    return Bundle(_FORMER.get(pid.lower(), pid), name if mark else None)


def driverOf(pid: str) -> tuple[str, str] | None:
    """Bus and part (C{network}, or what kind of device) of a driver's bundle; None: it is no driver's."""
    match = _DRIVER.fullmatch(pid)
    if match is None:
        return None
    part = match[2].lower()
    return match[1].lower(), "network" if part.endswith(".network") else part.replace(".", "_")


class Addon(NamedTuple):
    """What a bundle was for, and who misses it (None: nobody)."""

    why: str
    who: str | None = None


#: Lower-case start of the PID -> what becomes of it.
ADDONS: dict[str, Addon] = {
    "it.polito.elite.dog.core.log.console": Addon("the log goes to standard output, or the journal"),
    "it.polito.elite.core.log.console": Addon("the log goes to standard output, or the journal"),
    "it.polito.elite.dog.addons.mqtt.bridge": Addon(
        "there is no MQTT bridge yet", "MQTT subscribers to notifications and states"
    ),
    "it.polito.elite.dog.addons.h2eventstore": Addon(
        "no history is kept yet, and its database is not read", "readers of the history (/api/v1/history)"
    ),
    "it.polito.elite.dog.addons.streamprocessor": Addon(
        "streams are not computed", "whoever takes the streams and alerts of the stream processors"
    ),
    "it.polito.elite.dog.addons.xively": Addon("the service of Xively is no more"),
    "it.polito.elite.dog.addons.upnp": Addon("there is no UPnP advertiser", "those who find the gateway by UPnP"),
    "org.doggateway.addons.upnp": Addon("there is no UPnP advertiser", "those who find the gateway by UPnP"),
    "org.doggateway.addons.xbmc.notifier": Addon(
        "there is no notifier for XBMC (Kodi)", "media centres that show notifications"
    ),
}

#: Keys that Java Dog's drivers did not read (any more), by lower-case PID and key.
UNREAD: dict[str, dict[str, str]] = {
    "it.polito.elite.dog.drivers.zwave.network": {
        "loginurl": "it was not read any more: home.xml has the address",
        "betweentrialtimemillis": "it was not read any more",
        "numtry": "it was not read any more",
    },
    "it.polito.elite.dog.drivers.bticino.network": {
        "sleelptime": "it was never read: the key is sleeptime, this one is misspelt in the sample file"
    },
    MODBUS: {
        "pollinggapmillis": "it was never read",
        "betweentrialtimemillis": "it is that of an old version; connecting is tried for ever, with growing delays",
        "numtry": "it is that of an old version; connecting is tried for ever",
    },
}


def addonOf(pid: str) -> Addon | None:
    lower = pid.lower()
    return next((addon for start, addon in ADDONS.items() if lower == start or lower.startswith(start + ".")), None)
