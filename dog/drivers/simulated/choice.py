"""Every behaviour there is, in the order in which devices are put together: what others build on comes first."""

from __future__ import annotations

from dog.drivers.simulated.appliances import Condition, Gas, Program, Super
from dog.drivers.simulated.behaviour import Behaviour
from dog.drivers.simulated.buttons import Button, Buttons
from dog.drivers.simulated.camera import Camera
from dog.drivers.simulated.colour import Colour
from dog.drivers.simulated.counters import Counter, HotWater
from dog.drivers.simulated.doors import Contact, Door
from dog.drivers.simulated.generic import Display, GenericValue
from dog.drivers.simulated.groups import Groups, Panel, Scenes
from dog.drivers.simulated.level import Fan, Level
from dog.drivers.simulated.measures import Sampler
from dog.drivers.simulated.media import Player, Source, Tuner, Volume
from dog.drivers.simulated.meters import Electricity
from dog.drivers.simulated.motion import Alarm, Infrared, Movement, Occupancy, Presence
from dog.drivers.simulated.networks import Association, Discovery, Network, PushLink, TeachIn
from dog.drivers.simulated.onoff import OnOff
from dog.drivers.simulated.schedule import ClimateSchedule
from dog.drivers.simulated.shutter import Shade, Shutter, ShutterButton
from dog.drivers.simulated.thermostat import Furnace, Thermostat

BEHAVIOURS: tuple[type[Behaviour], ...] = (
    OnOff,
    Level,
    Fan,
    Colour,
    Shutter,
    Shade,
    ShutterButton,
    Door,
    Contact,
    Movement,
    Presence,
    Occupancy,
    Infrared,
    Alarm,
    Button,
    Buttons,
    Thermostat,
    ClimateSchedule,
    Furnace,
    Program,
    Super,
    Condition,
    Gas,
    Player,
    Volume,
    Tuner,
    Source,
    TeachIn,
    Association,
    Discovery,
    PushLink,
    Network,
    Groups,
    Scenes,
    Panel,
    Camera,
    GenericValue,
    Display,
    Sampler,
    Counter,
    HotWater,
    Electricity,
)
