"""Entertainment: playing, tuning, volume, sources. Switched off, it plays nothing."""

from __future__ import annotations

from dog.drivers.simulated.behaviour import Args, Behaviour, isColor, numberOf
from dog.drivers.simulated.device import Refuses, SimulatedDevice
from dog.drivers.simulated.level import levelOf
from dog.drivers.simulated.onoff import OnOff
from dog.drivers.simulated.timers import Timer
from dog.model.measure import Measure
from dog.model.values import Slot


class Player(Behaviour):
    """Plays tracks 1..12, one every few minutes, and stops after the last. @ivar track: the current one."""

    __slots__ = ("_timer", "track")

    functionalities = frozenset({"PlayFunctionality"})
    states = frozenset({"PlayState"})
    notifications = frozenset({"TrackControlNotification"})
    commands = {
        "PlayCommand": "play",
        "StopPlayingCommand": "stop",
        "PauseCommand": "pause",
        "ForwardCommand": "forward",
        "RewindCommand": "rewind",
        "NextTrackCommand": "next",
        "PreviousTrackCommand": "previous",
        "GoToTrackCommand": "goTo",
    }
    _tracks = 12

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self.track = 1
        self._timer: Timer | None = None
        unit.put("PlayState", "stop")

    def _show(self, state: str) -> None:
        self._wait(None)
        onoff = self.unit.part(OnOff)
        if onoff is not None and onoff.mode != "on" and state != "stop":
            onoff.follow("on")
            self.unit.loaded()
        self.unit.put("PlayState", state)
        name = {"playing": "Play", "stop": "StopPlayback", "pause": "PausePlayback"}.get(state, state.capitalize())
        self.unit.tell(f"{name}Notification")
        if state == "playing":
            self._wait(self.unit.after(self.unit.dice.between(150.0, 420.0), self._ended))
        elif state in ("forward", "rewind"):
            self._wait(self.unit.after(10.0, self.play, {}))

    def _wait(self, timer: Timer | None) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer = timer

    def _ended(self) -> None:
        if self.track < self._tracks:
            self._goTo(self.track + 1)
        else:
            self._show("stop")
            self._goTo(1)

    def _goTo(self, track: int) -> None:
        self.track = track
        self.unit.tell("TrackControlNotification", trackId=str(track))
        if self.unit.get("PlayState") == "playing":
            self._wait(self.unit.after(self.unit.dice.between(150.0, 420.0), self._ended))

    def turned(self, on: bool) -> None:
        if not on:
            self._show("stop")

    def play(self, args: Args) -> None:
        self._show("playing")

    def stop(self, args: Args) -> None:
        self._show("stop")

    def pause(self, args: Args) -> None:
        self._show("pause")

    def forward(self, args: Args) -> None:
        self._show("forward")

    def rewind(self, args: Args) -> None:
        self._show("rewind")

    def next(self, args: Args) -> None:
        self._goTo(self.track % self._tracks + 1)

    def previous(self, args: Args) -> None:
        self._goTo((self.track - 2) % self._tracks + 1)

    def goTo(self, args: Args) -> None:
        track = numberOf(args.get("trackNumber"))
        if track is None or track < 0:
            raise Refuses(f"expected the number of a track, got {args.get('trackNumber')}")
        self._goTo(round(track))

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot("PlayState"),)


class Volume(Behaviour):
    """The volume in per cent, changed at once. @ivar volume: 0..100."""

    __slots__ = ("volume",)

    functionalities = frozenset({"VolumeRegulationFunctionality"})
    states = frozenset({"VolumeLevelState"})
    commands = {"SetVolumeCommand": "set", "IncreaseVolumeCommand": "up", "DecreaseVolumeCommand": "down"}

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self.volume = 0
        self._to(5 * round(unit.dice.between(3, 10)))

    def _to(self, volume: int) -> None:
        self.volume = min(100, max(0, volume))
        self.unit.put("VolumeLevelState", self.volume)
        self.unit.tell("LevelControlNotification", newLevel=Measure.of(self.volume))

    def set(self, args: Args) -> None:
        self._to(levelOf(args, "volume"))

    def up(self, args: Args) -> None:
        self._to(self.volume + 5)

    def down(self, args: Args) -> None:
        self._to(self.volume - 5)

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot("VolumeLevelState"),)


class Tuner(Behaviour):
    """The channel. @ivar channel: from 1 on."""

    __slots__ = ("channel",)

    functionalities = frozenset({"TunerFunctionality"})
    states = frozenset({"TunerState"})
    commands = {"SetChannelCommand": "setChannel", "SetCommand": "set", "UpCommand": "up", "DownCommand": "down"}

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self.channel = 1 + unit.dice.bits() % 20
        unit.put("TunerState", self.channel)

    def _to(self, channel: float | None) -> None:
        if channel is None or channel < 0:
            raise Refuses("expected the number of a channel")
        self.channel = round(channel)
        self.unit.put("TunerState", self.channel)
        self.unit.tell("ChannelControlNotification", channelId=str(self.channel))

    def setChannel(self, args: Args) -> None:
        self._to(numberOf(args.get("channel")))

    def set(self, args: Args) -> bool | None:
        if isColor(args.get("value")):
            return False
        self._to(numberOf(args.get("value")))
        return None

    def up(self, args: Args) -> None:
        """The ontology has the two notifications the other way round; their names on the wire are right."""
        self.unit.tell("TuningStepDownNotification")
        self._to(self.channel + 1)

    def down(self, args: Args) -> None:
        self.unit.tell("TuningStepUpNotification")
        self._to(max(1, self.channel - 1))

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot("TunerState"),)


class Source(Behaviour):
    """Where the sound comes from, one of the values of SourceSelectionState."""

    __slots__ = ()

    functionalities = frozenset({"SourceSelectionFunctionality"})
    states = frozenset({"SourceSelectionState"})
    commands = {"SelectSourceCommand": "select"}

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        unit.put("SourceSelectionState", "tuner")

    def select(self, args: Args) -> None:
        state = self.unit.device.states.get("SourceSelectionState")
        wanted = str(args.get("source")).strip().lower()
        if state is not None and wanted not in state.values:
            raise Refuses(f"no source {args.get('source')}, only {', '.join(state.values)}")
        self.unit.put("SourceSelectionState", wanted)
        self.unit.tell("SourceSelectionNotification", sourceId=wanted)

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot("SourceSelectionState"),)
