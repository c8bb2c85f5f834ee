"""A camera's picture: pan, zoom, quality, colours. The catalogue has no state for them."""

from __future__ import annotations

from dog.drivers.simulated.behaviour import Args, Behaviour
from dog.drivers.simulated.device import SimulatedDevice

#: Command class -> (what it moves, by how much, lowest, highest).
_MOVES = {
    "PanLeftCommand": ("pan", -10, -170, 170),
    "PanRightCommand": ("pan", 10, -170, 170),
    "PanUpCommand": ("tilt", 5, -45, 45),
    "PanDownCommand": ("tilt", -5, -45, 45),
    "ZoomInCommand": ("zoom", 1, 1, 10),
    "ZoomOutCommand": ("zoom", -1, 1, 10),
    "IncreaseQualityCommand": ("quality", 10, 10, 100),
    "DecreaseQualityCommand": ("quality", -10, 10, 100),
    "IncreaseColorCommand": ("color", 5, 0, 100),
    "DecreaseColorCommand": ("color", -5, 0, 100),
    "IncreaseContrastCommand": ("contrast", 5, 0, 100),
    "DecreaseContrastCommand": ("contrast", -5, 0, 100),
    "IncreaseLuminosityCommand": ("luminosity", 5, 0, 100),
    "DecreaseLuminosityCommand": ("luminosity", -5, 0, 100),
}


class Camera(Behaviour):
    """Keeps where it looks. What shows that a command was obeyed is the camera's state, told anew.

    @ivar settings: pan and tilt in degrees, zoom, and the picture's settings in per cent.
    """

    __slots__ = ("settings",)

    functionalities = frozenset(
        {
            "CameraPictureImageControlFunctionality",
            "CameraPictureQualityControlFunctionality",
            "CameraPictureZoomPanControlFunctionality",
        }
    )
    commands = dict.fromkeys(_MOVES, "move")

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self.settings = {
            "pan": 0,
            "tilt": 0,
            "zoom": 1,
            "quality": 80,
            "color": 50,
            "contrast": 50,
            "luminosity": 50,
        }

    def move(self, args: Args) -> None:
        return
