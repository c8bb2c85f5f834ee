"""The colour of a lamp. Its brightness and the lamp's level are one."""

from __future__ import annotations

from dataclasses import replace

from dog.drivers.simulated.behaviour import Args, Behaviour
from dog.drivers.simulated.device import SimulatedDevice
from dog.drivers.simulated.level import Level
from dog.drivers.simulated.onoff import OnOff
from dog.model.color import toHSB, toRGB
from dog.model.values import HSBColor, RGBColor, Slot


class Colour(Behaviour):
    """Changes colour at once. @ivar color: as told in ColorStateHSB."""

    __slots__ = ("color",)

    functionalities = frozenset({"ColorControlFunctionality"})
    states = frozenset({"ColorStateHSB", "ColorStateRGB"})
    notifications = frozenset({"ColorHSBNotification", "ColorRGBNotification"})
    commands = {"SetColorHSBCommand": "setHSB", "SetColorRGBCommand": "setRGB", "SetCommand": "set"}

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        dice = unit.dice
        level = unit.part(Level)
        brightness = round(254 * (level.level if level is not None else 80) / 100)
        self.color = HSBColor(round(dice.between(0, 65535)), round(dice.between(60, 254)), brightness)
        unit.put("ColorStateHSB", self.color)
        unit.put("ColorStateRGB", toRGB(self.color))

    def dimmed(self, level: int) -> None:
        if level:
            self._show(replace(self.color, brightness=round(level * 2.54)))

    def setHSB(self, args: Args) -> bool | None:
        return self._take(args.get("colorHSB"))

    def setRGB(self, args: Args) -> bool | None:
        return self._take(args.get("colorRGB"))

    def set(self, args: Args) -> bool | None:
        return self._take(args.get("value"))

    def _take(self, color: object) -> bool | None:
        if isinstance(color, RGBColor):
            color = toHSB(color)
        if not isinstance(color, HSBColor):
            return False
        self._show(color)
        level, onoff = self.unit.part(Level), self.unit.part(OnOff)
        if onoff is not None and (onoff.mode == "on") != (color.brightness > 0):
            onoff.follow("on" if color.brightness else "off")
        if level is not None:
            level.follow(min(100, round(color.brightness / 2.54)))
        return None

    def _show(self, color: HSBColor) -> None:
        self.color = color
        self.unit.put("ColorStateHSB", color)
        self.unit.put("ColorStateRGB", toRGB(color))
        self.unit.tell("ColorHSBNotification", colorHSB=color)
        self.unit.tell("ColorRGBNotification", colorRGB=toRGB(color))

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot("ColorStateHSB"),)
