"""Homes of any size."""

from __future__ import annotations

from pathlib import Path

_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<dhc:dogHomeConfiguration xmlns:dhc="http://elite.polito.it/dogHomeConfiguration">
  <dhc:buildingEnvironment>
    <dhc:building id="house" class="Building">
      <dhc:flat id="flat" class="Flat">
        <dhc:room id="living-room" class="LivingRoom"/>
      </dhc:flat>
    </dhc:building>
  </dhc:buildingEnvironment>
  <dhc:controllables>
"""

_LAMP = """    <dhc:device id="{id}" class="SimpleLamp" domoticSystem="Simulated">
      <dhc:description>{description}</dhc:description>
      <dhc:isIn>living-room</dhc:isIn>
      <dhc:controlFunctionality class="OnOffFunctionality">
        <dhc:commands>
          <dhc:command id="OffCommand_{id}" name="OffCommand_{id}" class="OffCommand">
            <dhc:param name="realCommandName" value="off"/>
          </dhc:command>
          <dhc:command id="OnCommand_{id}" name="OnCommand_{id}" class="OnCommand">
            <dhc:param name="realCommandName" value="on"/>
          </dhc:command>
        </dhc:commands>
      </dhc:controlFunctionality>
      <dhc:notificationFunctionality class="OnOffNotificationFunctionality">
        <dhc:notifications>
          <dhc:notification id="OffNotification_{id}" class="OffNotification">
            <dhc:param name="notificationName" value="off"/>
            <dhc:param name="nParams" value="0"/>
          </dhc:notification>
          <dhc:notification id="OnNotification_{id}" class="OnNotification">
            <dhc:param name="notificationName" value="on"/>
            <dhc:param name="nParams" value="0"/>
          </dhc:notification>
        </dhc:notifications>
      </dhc:notificationFunctionality>
      <dhc:state class="OnOffState">
        <dhc:statevalues>
          <dhc:statevalue class="OffStateValue" name="off"/>
          <dhc:statevalue class="OnStateValue" name="on"/>
        </dhc:statevalues>
      </dhc:state>
    </dhc:device>
"""

_TAIL = "  </dhc:controllables>\n</dhc:dogHomeConfiguration>\n"

#: What every server answers with and tells, about as long as in a real home.
DESCRIPTION = "The lamp by the window of the room"


def lamp(number: int) -> str:
    """The id of a lamp."""
    return f"first-floor-living-room-ceiling-lamp-{number:05d}"


def write(path: Path, devices: int) -> Path:
    """A home of so many lamps, which do nothing by themselves."""
    with path.open("w") as file:
        file.write(_HEAD)
        for number in range(devices):
            file.write(_LAMP.format(id=lamp(number), description=DESCRIPTION))
        file.write(_TAIL)
    return path
