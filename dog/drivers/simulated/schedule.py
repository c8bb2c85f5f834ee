"""A thermostat's week: from each switch point on, another set point. Days and times are UTC."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from dog.drivers.simulated.behaviour import Args, Behaviour
from dog.drivers.simulated.device import Refuses, SimulatedDevice
from dog.drivers.simulated.thermostat import Thermostat
from dog.drivers.simulated.timers import Timer
from dog.model.measure import Measure
from dog.model.values import DailyClimateSchedule, Slot, SwitchPoint

#: Warm from .. to, on working days and at the weekend: (hour, minute, degrees Celsius).
_WORKDAY = ((6, 30, "20.5"), (8, 30, "18.0"), (16, 30, "20.5"), (22, 30, "17.0"))
_WEEKEND = ((7, 30, "20.5"), (23, 0, "17.0"))


class ClimateSchedule(Behaviour):
    """Holds a week of switch points and sets the thermostat by them.

    @ivar days: weekDay (1 = Sunday .. 7 = Saturday) -> what is to be done on that day.
    """

    __slots__ = ("_timer", "days")

    functionalities = frozenset({"ClimateScheduleFunctionality"})
    states = frozenset({"ClimateScheduleState"})
    notifications = frozenset({"DailyClimateScheduleNotification", "WeeklyClimateScheduleNotification"})
    commands = {"SetClimateScheduleCommand": "setWeek", "SetDailyClimateScheduleCommand": "setDay"}
    queries = frozenset({"GetClimateScheduleCommand"})

    def __init__(self, unit: SimulatedDevice) -> None:
        super().__init__(unit)
        self._timer: Timer | None = None
        midnight = datetime.fromtimestamp(unit.now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        self.days: dict[int, DailyClimateSchedule] = {}
        for day in range(1, 8):
            points = _WEEKEND if day in (1, 7) else _WORKDAY
            self.days[day] = DailyClimateSchedule(
                day,
                tuple(
                    SwitchPoint(midnight.replace(hour=hour, minute=minute), Measure.of(degrees, "C"))
                    for hour, minute, degrees in points
                ),
            )
        self._show()

    def _show(self) -> None:
        self.unit.put("ClimateScheduleState", tuple(self.days[day] for day in sorted(self.days)))

    def begin(self) -> None:
        self._follow()

    # -- following it -----------------------------------------------------------------------------

    def _points(self, day: datetime) -> list[tuple[datetime, float]]:
        """The switch points of the day that begins at C{day}, in order."""
        schedule = self.days.get(day.isoweekday() % 7 + 1)
        if schedule is None:
            return []
        found = []
        for point in schedule.switchPoints:
            at = point.timeAt.astimezone(UTC)
            found.append((day + (at - at.replace(hour=0, minute=0, second=0, microsecond=0)), _degrees(point)))
        return sorted(found)

    def _follow(self) -> None:
        """Set what is due now, and wait for the next switch point."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        now = datetime.fromtimestamp(self.unit.now, UTC)
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        points = [each for offset in range(-7, 8) for each in self._points(today + timedelta(days=offset))]
        due = [degrees for at, degrees in points if at <= now]
        thermostat = self.unit.part(Thermostat)
        if due and thermostat is not None and thermostat.desired != due[-1]:
            thermostat.to(due[-1])
        following = next((at for at, _ in points if at > now), None)
        if following is not None:
            self._timer = self.unit.after((following - now).total_seconds(), self._follow)

    # -- commands ---------------------------------------------------------------------------------

    def setWeek(self, args: Args) -> None:
        week = args.get("dailySchedules")
        if isinstance(week, DailyClimateSchedule):
            week = (week,)
        if not isinstance(week, tuple):
            raise Refuses("expected a list of daily schedules")
        self._take(*week)

    def setDay(self, args: Args) -> None:
        day = args.get("daySchedule")
        if not isinstance(day, DailyClimateSchedule):
            raise Refuses("expected a daily schedule")
        self._take(day)

    def _take(self, *days: DailyClimateSchedule) -> None:
        """These days are as given from now on, the others stay."""
        for day in days:
            if not 1 <= day.weekDay <= 7:
                raise Refuses(f"weekDay {day.weekDay}: expected 1 (Sunday) to 7 (Saturday)")
        for day in days:
            self.days[day.weekDay] = day
        self._show()
        self._follow()

    def slots(self, query: str = "") -> tuple[Slot, ...]:
        return (self.unit.slot("ClimateScheduleState"),)


def _degrees(point: SwitchPoint) -> float:
    return float(point.desiredTemperature.number)
