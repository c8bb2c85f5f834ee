"""Tests for L{dog.model.tell}, L{dog.model.reflection}: every state of every class, and who tells it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

from twisted.trial.unittest import SynchronousTestCase

from dog.model.catalogue import StateType, catalogue
from dog.model.device import Device, Notification, NotificationFunctionality
from dog.model.measure import Measure
from dog.model.tell import Told, discreteNotifications, stateOf, told
from dog.model.values import (
    DailyClimateSchedule,
    HSBColor,
    RGBColor,
    Slot,
    SwitchPoint,
    Value,
    features,
)

#: Notifications that reflect no state in any class.
PULSES = {
    "AlertNotification",
    "DeleteSceneNotification",
    "DeviceDiscoveredNotification",
    "EndTimeChangedNotification",
    "HotWaterM3MeasurementNotification",
    "IdentifyNotification",
    "JoinGroupNotification",
    "LeaveGroupNotification",
    "LevelStepDownNotification",
    "LevelStepUpNotification",
    "MultipleAlertNotification",
    "RemainingTimeChangedNotification",
    "SpeedControlNotification",
    "SpeedStepDownNotification",
    "SpeedStepUpNotification",
    "StartTimeChangedNotification",
    "StoreSceneNotification",
    "TrackControlNotification",
    "TuningStepDownNotification",
    "TuningStepUpNotification",
}

WHITE_GOODS = {
    "Boiler",
    "Cooker",
    "DeepFreezer",
    "Dishwasher",
    "ElectricalCooker",
    "ElectricalOven",
    "Fridge",
    "GasCooker",
    "Hotplate",
    "MicrowaveOven",
    "Oven",
    "Stove",
    "WashingMachine",
    "WhiteGoods",
}

HEATED = {"AirConditioningSystem", "CompositeThermostat", "Fridge", "Thermostat", "ThermostatTemperatureSensor"}

#: Notifications that reflect a state elsewhere, but not in these classes, which have no such state.
PULSES_OF = {
    "ChangedDesiredTemperatureNotification": HEATED | {"HeatingAndCoolingUnit"},
    "Co2MeasurementNotification": {"AircarePRO"},
    "CoolNotification": HEATED | {"ThermostaticRadiatorValve"},
    "EventNotification": WHITE_GOODS,
    "FlowRateMeasurementNotification": {"PumpController"},
    "HeatNotification": HEATED | {"ThermostaticRadiatorValve"},
    "HumidityMeasurementNotification": {"CompositeThermostat"},
    "LevelControlNotification": {"HeatingAndCoolingUnit", "Pump", "PumpController", "ShadeController"},
    "MultipleEventNotification": WHITE_GOODS,
    "OffNotification": {"ShadeActuator"},
    "OnNotification": {"ShadeActuator"},
    "PressedMNotification": {"eZ430Chronos"},
    "PressureMeasurementNotification": {"AircarePRO", "PumpController"},
    "ReleasedMNotification": {"eZ430Chronos"},
    "StartedSuperCoolingNotification": {"Fridge"},
    "StopHeatingCoolingNotification": HEATED | {"ThermostaticRadiatorValve"},
    "StoppedSuperCoolingNotification": {"Fridge"},
    "TemperatureMeasurementNotification": {"PumpController"},
    "TridimensionalAccelerationNotification": {"eZ430Chronos"},
}

#: (discrete state, value; None: any) -> the classes in which no notification tells it.
UNTOLD: Mapping[tuple[str, str | None], set[str]] = {
    ("ConnectionState", None): WHITE_GOODS | {"HueBridge"},
    ("FaultState", None): WHITE_GOODS,
    ("ProgramState", None): WHITE_GOODS,
    ("RunState", None): WHITE_GOODS - {"Dishwasher", "ElectricalOven", "MicrowaveOven", "Oven", "WashingMachine"},
    ("OnOffState", None): {"CompositeThermostat", "SceneSelector", "eZ430Chronos"},
    ("HeatingApplianceState", None): {"Stove"},
    ("HeatingAndCoolingUnitState", "auto"): {"HeatingAndCoolingUnit"},
    ("UpDownRestState", "rest"): {"ShutterButton"},
    ("WashingApplianceState", "rinseHold"): {"WashingMachine"},
}

KEYS: Mapping[str, tuple[str, ...]] = {
    "phaseID": ("L1", "L2", "L3"),
    "sensorID": ("0", "1"),
    "tariffID": ("T1", "T2"),
    "buttonID": ("0", "1"),
    "axisID": ("X", "Y", "Z"),
}


def day(weekDay: int, *temperatures: str) -> DailyClimateSchedule:
    at = datetime(2013, 10, 22, 16, 45, tzinfo=UTC)
    return DailyClimateSchedule(weekDay, tuple(SwitchPoint(at, Measure.parse(each)) for each in temperatures))


def slotsOf(device: Device, state: StateType) -> list[Slot]:
    """A slot for each of the sources that such a state has."""
    found = [Slot(device.id, state.cls)]
    for name in state.features:
        values = KEYS[name] + (("L12", "L23", "L31") if state.quantity == "voltage" and name == "phaseID" else ())
        found = [
            Slot(device.id, state.cls, tuple(sorted((*each.features, (name, value)))))
            for each in found
            for value in values
        ]
    return found


def valuesOf(state: StateType) -> list[Value]:
    if state.cls == "ColorStateHSB":
        return [HSBColor(1000, 254, 254)]
    if state.cls == "ClimateScheduleState":
        return [(day(1, "20 C"), day(2, "20 C")), (day(1, "21 C"), day(2, "20 C"))]
    if state.cls in ("GenericDiscreteState", "MultipleGenericDiscreteState"):
        return ["something"]
    if state.values:
        return [*state.values, "idle", *state.values] if len(state.values) == 1 else [*state.values, *state.values]
    return [Measure(Decimal("12.5"), catalogue().unit(state.quantity))]


class House:
    """The values of one device, and what was told of them."""

    def __init__(self, cls: str, **kwargs: object) -> None:
        self.device = Device("d", cls, **kwargs)  # type: ignore[arg-type]
        self.values: dict[Slot, Value] = {}

    def step(self, values: Mapping[Slot, Value], *, previous: bool = True) -> list[Told]:
        before = dict(self.values)
        self.values.update(values)
        return told(self.device, list(values), self.values.get, previous=before.get if previous else None)

    def set(self, state: str, value: Value, **keys: str) -> list[tuple[str, dict[str, Value]]]:
        return [
            (each.notification.cls.removesuffix("Notification"), each.params)
            for each in self.step({Slot("d", state, features(**keys)): value})
        ]


class EveryClassTests(SynchronousTestCase):
    def test_everyNotificationIsReflectedOrAPulse(self) -> None:
        for name in catalogue():
            device = Device("d", name)
            for cls in device.notifications:
                pulse = cls in PULSES or name in PULSES_OF.get(cls, ())
                self.assertEqual(stateOf(device, cls) is None, pulse, f"{cls} of {name}")

    def test_everyReflectedNotificationIsTold(self) -> None:
        """Going through all values of all slots tells exactly the notifications that reflect a state."""
        for name in catalogue():
            house = House(name)
            heard = set()
            for state in house.device.states.values():
                for value in valuesOf(state):
                    for slot in slotsOf(house.device, state):
                        heard |= {each.notification.cls for each in house.step({slot: value})}
            expected = {cls for cls in house.device.notifications if stateOf(house.device, cls)}
            self.assertEqual(heard, expected, name)

    def test_stateOfNamesTheValueThatTells(self) -> None:
        for name in catalogue():
            house = House(name)
            for cls in house.device.notifications:
                found = stateOf(house.device, cls)
                if found is not None:
                    state, value = found
                    if value is None:
                        continue
                    slot = slotsOf(house.device, house.device.states[state])[0]
                    heard = set()
                    for before in house.device.states[state].values:
                        house.values = {}
                        house.step({slot: before})
                        heard |= {each.notification.cls for each in house.step({slot: value})}
                    self.assertIn(cls, heard, name)

    def test_everyDiscreteValueIsTold(self) -> None:
        """Each value of each discrete state is told by one discrete notification, unless it is named above."""
        for name in catalogue():
            house = House(name)
            for state in house.device.states.values():
                for value in () if state.cls == "SourceSelectionState" else state.values:
                    untold = UNTOLD.get((state.cls, None), set()) | UNTOLD.get((state.cls, value), set())
                    for slot in slotsOf(house.device, state):
                        house.values = {}
                        found = [(each.slots, each.discrete) for each in house.step({slot: value})]
                        expected = [] if name in untold else [((slot,), True)]
                        self.assertEqual(found, expected, f"{state.cls} {value} of {name}")

    def test_paramsAreThoseOfTheClass(self) -> None:
        """Every parameter of the notification is there, in its type."""
        types = {"Measure": Measure, "String": str, "Object": (Measure, str)}
        types |= {"HSBColor": HSBColor, "RGBColor": RGBColor}
        types |= {"DailyClimateSchedule": DailyClimateSchedule, "DailyClimateSchedule[]": tuple}
        for name in catalogue():
            house = House(name)
            for state in house.device.states.values():
                for value in valuesOf(state):
                    for slot in slotsOf(house.device, state):
                        for each in house.step({slot: value}):
                            params = {param.name: param for param in each.notification.params}
                            self.assertEqual(each.params.keys(), params.keys())
                            for param, given in each.params.items():
                                self.assertIsInstance(given, types[params[param].type])

    def test_discreteNotifications(self) -> None:
        for name in catalogue():
            device = Device("d", name)
            for cls in device.notifications:
                found = stateOf(device, cls)
                discrete = found is not None and device.states[found[0]].discrete
                if cls in ("EventNotification", "MultipleEventNotification") and found is not None:
                    discrete = True  # of the discrete state beside the continuous one
                self.assertEqual(cls in discreteNotifications(device), discrete, f"{cls} of {name}")


class DiscreteTests(SynchronousTestCase):
    def test_onOff(self) -> None:
        house = House("SimpleLamp")
        self.assertEqual(house.set("OnOffState", "on"), [("On", {})])
        self.assertEqual(house.set("OnOffState", "off"), [("Off", {})])

    def test_unknownValueIsToldByNone(self) -> None:
        self.assertEqual(House("SimpleLamp").set("OnOffState", "purple"), [])

    def test_unknownStateIsToldByNone(self) -> None:
        self.assertEqual(House("SimpleLamp").set("MoodState", "good"), [])

    def test_nothingHeardIsNotTold(self) -> None:
        device = Device("d", "SimpleLamp")
        self.assertEqual(told(device, [Slot("d", "OnOffState")], lambda slot: None), [])

    def test_unknownDeviceClass(self) -> None:
        device = Device("d", "NoSuchClass")
        self.assertEqual(told(device, [Slot("d", "OnOffState")], lambda slot: "on"), [])
        self.assertIsNone(stateOf(device, "OnNotification"))
        self.assertEqual(discreteNotifications(device), frozenset())

    def test_declaredNotification(self) -> None:
        """A notification that only home.xml declares is told too."""
        declared = NotificationFunctionality("OnOff", (Notification("OnNotification"),))
        house = House("DoorSensor", notificationFunctionalities=(declared,))
        self.assertEqual(house.set("OnOffState", "on"), [("On", {})])

    def test_words(self) -> None:
        """What each class calls what it does."""
        cases = [
            ("SmokeSensor", "SensingState", {"detected": "On", "notDetected": "Off"}),
            ("InfraredSensor", "SensingState", {"detected": "Detected", "notDetected": "NotDetected"}),
            ("PresenceSensor", "PresenceState", {"present": "IsPresent", "notPresent": "NotPresent"}),
            ("OccupancySensor", "OccupancyState", {"personInside": "IsPresent", "noPersonInside": "NotPresent"}),
            ("MovementSensor", "MovementState", {"isMoving": "SimpleMovement", "notMoving": "SimpleNoMovement"}),
            ("DoorSensor", "OpenCloseState", {"open": "Open", "close": "Close"}),
            ("ZigBeeGateway", "NetworkManagementState", {"open": "NetworkOpened", "close": "NetworkClosed"}),
            ("EnOceanGateway", "TeachInState", {"teachingIn": "TeachInActive", "idle": "TeachInEnded"}),
            ("HueManager", "DiscoveryState", {"searching": "DiscoveryActive", "idle": "DiscoveryIdle"}),
            ("Tv", "StandByOnOffState", {"standBy": "StandBy", "on": "On", "off": "Off"}),
            ("Dishwasher", "RunState", {"running": "StartAppliance", "pause": "PauseAppliance"}),
            ("Dishwasher", "RunState", {"idle": "StopAppliance"}),
            ("PelletHeater", "HeaterState", {"firingUp": "FiringUp", "heating": "Heat", "cooling": "Cool"}),
            ("ShutterButton", "UpDownRestState", {"up": "PressedUp", "down": "PressedDown"}),
            ("ShutterActuator", "ShutterState", {"raising": "MovingUp", "up": "RestUp", "rest": "Rest"}),
            ("ShutterActuator", "ShutterState", {"lowering": "MovingDown", "down": "RestDown"}),
            ("Button", "OnOffState", {"on": "Pressed", "off": "Released"}),
            ("Dvd", "PlayState", {"playing": "Play", "pause": "PausePlayback", "stop": "StopPlayback"}),
            ("Dvd", "PlayState", {"forward": "Forward", "rewind": "Rewind"}),
            ("MicrowaveOven", "MicrowaveEmissionState", {"emittingMicrowaves": "EmittingMicrowaves"}),
            ("HueBridge", "PushLinkAuthenticationState", {"authenticating": "PushLinkAuthenticationActive"}),
            ("HueBridge", "PushLinkAuthenticationState", {"authenticated": "PushLinkAuthenticationIdle"}),
            ("HueBridge", "PushLinkAuthenticationState", {"needsAuthentication": "PushLinkAuthenticationIdle"}),
            ("ZWaveGateway", "DeviceAssociationState", {"associating": "AssociatingDevice", "idle": "Idle"}),
            ("ZWaveGateway", "DeviceAssociationState", {"disassociating": "DisassociatingDevice"}),
        ]
        for cls, state, values in cases:
            house = House(cls)
            for value, notification in values.items():
                self.assertEqual(house.set(state, value), [(notification, {})], f"{cls} {value}")

    def test_buttons(self) -> None:
        house = House("RockerSwitch")
        self.assertEqual(house.set("MultipleOnOffState", "on", buttonID="2"), [("PressedM", {"buttonID": "2"})])
        self.assertEqual(house.set("MultipleOnOffState", "off", buttonID="3"), [("ReleasedM", {"buttonID": "3"})])

    def test_buttonWithoutItsNumberIsNotTold(self) -> None:
        self.assertEqual(House("RockerSwitch").set("MultipleOnOffState", "on"), [])

    def test_source(self) -> None:
        self.assertEqual(House("HiFi").set("SourceSelectionState", "cd"), [("SourceSelection", {"sourceId": "cd"})])

    def test_washing(self) -> None:
        """What was left is told before what was entered."""
        house = House("WashingMachine")
        self.assertEqual(house.set("WashingApplianceState", "heating"), [("StartedHeatingCycle", {})])
        self.assertEqual(
            house.set("WashingApplianceState", "washOrRinse"), [("StoppedHeatingCycle", {}), ("StartedWashing", {})]
        )
        self.assertEqual(house.set("WashingApplianceState", "rinseHold"), [("StoppedWashing", {})])

    def test_stopHeatingOrCooling(self) -> None:
        house = House("HeatingAndCoolingUnit")
        house.set("HeatingAndCoolingUnitState", "heating")
        self.assertEqual(house.set("HeatingAndCoolingUnitState", "cooling"), [("Cool", {})])
        self.assertEqual(house.set("HeatingAndCoolingUnitState", "off"), [("StopHeatingCooling", {}), ("Off", {})])

    def test_singleValuedStateIsLeft(self) -> None:
        house = House("Boiler")
        self.assertEqual(house.set("HeatingApplianceState", "superHeating"), [("StartedSuperHeating", {})])
        self.assertEqual(house.set("HeatingApplianceState", "idle"), [("StoppedSuperHeating", {})])

    def test_leftWithoutKnowingWhatWas(self) -> None:
        """Without the value before, only a state of one value is known to be left."""
        boiler = House("Boiler")
        [each] = boiler.step({Slot("d", "HeatingApplianceState"): "idle"}, previous=False)
        self.assertEqual(each.notification.cls, "StoppedSuperHeatingNotification")
        washing = House("WashingMachine")
        self.assertEqual(washing.step({Slot("d", "WashingApplianceState"): "rinseHold"}, previous=False), [])

    def test_saidAgainLeavesNothing(self) -> None:
        """A forced reading of the same value tells that value again, and no end."""
        house = House("Boiler")
        house.set("HeatingApplianceState", "superHeating")
        self.assertEqual(house.set("HeatingApplianceState", "superHeating"), [("StartedSuperHeating", {})])

    def test_measureInDiscreteStateIsABug(self) -> None:
        self.assertRaises(TypeError, House("SimpleLamp").set, "OnOffState", Measure(Decimal(1)))


class MeasurementTests(SynchronousTestCase):
    def test_measure(self) -> None:
        value = Measure.parse("21.50 C")
        [each] = House("SingleTemperatureSensor").step({Slot("d", "TemperatureState"): value})
        self.assertEqual(each.notification.cls, "TemperatureMeasurementNotification")
        self.assertEqual(each.params, {"temperatureValue": value})
        self.assertEqual(each.slots, (Slot("d", "TemperatureState"),))
        self.assertFalse(each.discrete)

    def test_unitIsKept(self) -> None:
        house = House("SinglePhaseActiveEnergyMeter")
        found = house.set("SinglePhaseActiveEnergyState", Measure.parse("12 Wh"))
        self.assertEqual(found, [("SinglePhaseActiveEnergyMeasurement", {"value": Measure.parse("12 Wh")})])

    def test_plainNumberGetsTheUnit(self) -> None:
        found = House("SingleTemperatureSensor").set("TemperatureState", 21.5)
        self.assertEqual(found, [("TemperatureMeasurement", {"temperatureValue": Measure.parse("21.5 C")})])

    def test_levels(self) -> None:
        """Every level is told without unit, rendered with the trailing space."""
        cases: list[tuple[str, str, Value, str]] = [
            ("DimmerLamp", "LevelState", 40, "40 "),
            ("DimmerLamp", "LevelState", 12.5, "12.5 "),
            ("FillLevelSensor", "FillLevelState", Measure.parse("41.0 %"), "41.0 "),
            ("ShadeActuator", "ShadeState", 7, "7 "),
            ("Tv", "VolumeLevelState", Measure.parse("63"), "63 "),
        ]
        for cls, state, value, text in cases:
            [(name, params)] = House(cls).set(state, value)
            self.assertEqual((name, str(params["newLevel"])), ("LevelControl", text), cls)

    def test_phases(self) -> None:
        house = House("ThreePhaseElectricityMeter")
        power = Measure.parse("75 W")
        self.assertEqual(
            house.set("ThreePhaseActivePowerMeasurementState", power, phaseID="L2"),
            [("ThreePhaseActivePowerMeasurement", {"phaseID": "L2", "value": power})],
        )
        energy = Measure.parse("7 kWh")
        self.assertEqual(
            house.set("SinglePhaseActiveEnergyState", energy),
            [("SinglePhaseActiveEnergyMeasurement", {"value": energy})],
        )

    def test_totalOfThreePhasesIsNotOneOfThem(self) -> None:
        """A device without the three-phase notification does not tell each phase as if it were the total."""
        house = House("ThreePhaseElectricityMeter")
        self.assertEqual(house.set("ThreePhaseActiveEnergyState", Measure.parse("7 kWh"), phaseID="L1"), [])

    def test_voltages(self) -> None:
        house = House("ThreePhaseVoltageMeter")
        value = Measure.parse("230 V")
        for phase, kind in [("L1", "LN"), ("L3", "LN"), ("L12", "LL"), ("L23", "LL"), ("L31", "LL"), ("L1-L2", "LL")]:
            self.assertEqual(
                house.set("ThreePhaseVoltageState", value, phaseID=phase),
                [(f"ThreePhase{kind}VoltageMeasurement", {"phaseID": phase, "value": value})],
            )

    def test_tariffs(self) -> None:
        value = Measure.parse("1 kWh")
        self.assertEqual(
            House("MultiTariffThreePhaseEnergyMeter").set(
                "MultiTariffThreePhaseActiveEnergyState", value, phaseID="L1", tariffID="F2"
            ),
            [
                (
                    "MultiTariffThreePhaseActiveEnergyMeasurement",
                    {"phaseID": "L1", "tariffID": "F2", "value": value},
                )
            ],
        )

    def test_sensors(self) -> None:
        value = Measure.parse("1 C")
        self.assertEqual(
            House("MultipleTemperatureSensor").set("MultipleTemperatureState", value, sensorID="3"),
            [("TemperatureMeasurementM", {"temperatureValue": value, "sensorID": "3"})],
        )
        self.assertEqual(
            House("MultiplePressureSensor").set("PressureState", Measure.parse("1 Pa"), sensorID="3"),
            [("PressureMeasurementM", {"pressureValue": Measure.parse("1 Pa"), "sensorID": "3"})],
        )

    def test_moreFeaturesThanParameters(self) -> None:
        found = House("SingleTemperatureSensor").set("TemperatureState", Measure.parse("1 C"), sensorID="3")
        self.assertEqual(found, [("TemperatureMeasurement", {"temperatureValue": Measure.parse("1 C")})])

    def test_stateOfAnOlderName(self) -> None:
        """Drivers report PowerFactorMeasurementState where the class declares the single-phase one."""
        house = House("MeteringPowerOutlet")
        value = Measure.parse("0.9")
        expected = [("SinglePhasePowerFactorMeasurement", {"powerFactor": value})]
        self.assertEqual(house.set("PowerFactorMeasurementState", value), expected)

    def test_bothNamesAtOnceAreToldOnce(self) -> None:
        house = House("MeteringPowerOutlet")
        value = Measure.parse("0.9")
        old, new = Slot("d", "PowerFactorMeasurementState"), Slot("d", "SinglePhasePowerFactorMeasurementState")
        [each] = house.step({new: value, old: value})
        self.assertEqual(each.slots, (new, old))

    def test_luminosity(self) -> None:
        value = Measure.parse("120 lx")
        for cls in ("LightSensor", "QuadSensor", "TripleSensor", "CC2650SensorTag", "AircarePRO"):
            found = House(cls).set("LightIntensityState", value)
            self.assertEqual(found, [("LuminosityMeasurement", {"luminosityValue": value})], cls)

    def test_setPoint(self) -> None:
        """A valve's temperature is its set point, a sensor's is not, though both could say so."""
        value = Measure.parse("20 C")
        self.assertEqual(
            House("ThermostaticRadiatorValve").set("TemperatureState", value),
            [("ChangedDesiredTemperature", {"newTemperatureValue": value})],
        )
        self.assertEqual(
            House("ThermostatTemperatureSensor").set("TemperatureState", value),
            [("TemperatureMeasurement", {"temperatureValue": value})],
        )

    def test_setPointBesideAMeasurement(self) -> None:
        """A valve whose home.xml says that it also tells temperatures tells its temperature as one."""
        declared = NotificationFunctionality("T", (Notification("TemperatureMeasurementNotification"),))
        value = Measure.parse("20 C")
        self.assertEqual(
            House("ThermostaticRadiatorValve", notificationFunctionalities=(declared,)).set("TemperatureState", value),
            [("TemperatureMeasurement", {"temperatureValue": value})],
        )

    def test_water(self) -> None:
        house = House("WaterConsumptionMeter")
        value = Measure.parse("3 m³")
        self.assertEqual(
            house.set("WaterMeasurementState", value), [("ColdWaterM3Measurement", {"m3OfColdWater": value})]
        )
        self.assertEqual(
            house.set("WaterMeasurementState", value, sensorID="hot"),
            [("HotWaterM3Measurement", {"m3OfHotWater": value})],
        )

    def test_channel(self) -> None:
        for value in (5, Measure.parse("5"), "5"):
            self.assertEqual(House("Tv").set("TunerState", value), [("ChannelControl", {"channelId": "5"})])

    def test_events(self) -> None:
        value = Measure.parse("5 V")
        self.assertEqual(House("GenericSensor").set("GenericContinuousState", value), [("Event", {"event": value})])
        self.assertEqual(House("GenericSensor").set("GenericDiscreteState", "ajar"), [("Event", {"event": "ajar"})])
        self.assertEqual(
            House("MultipleGenericSensor").set("MultipleGenericDiscreteState", "ajar", sensorID="2"),
            [("MultipleEvent", {"event": "ajar", "sensorId": "2"})],
        )

    def test_genericDiscreteIsDiscrete(self) -> None:
        [each] = House("GenericSensor").step({Slot("d", "GenericDiscreteState"): "ajar"})
        self.assertTrue(each.discrete)

    def test_textInMeasuredStateIsABug(self) -> None:
        error = self.assertRaises(TypeError, House("SingleTemperatureSensor").set, "TemperatureState", "warm")
        self.assertIn("TemperatureState of d", str(error))

    def test_truthIsNoNumber(self) -> None:
        self.assertRaises(TypeError, House("DimmerLamp").set, "LevelState", True)

    def test_orderIsThatOfTheChanges(self) -> None:
        house = House("DimmerLamp")
        found = house.step({Slot("d", "LevelState"): 3, Slot("d", "OnOffState"): "on"})
        self.assertEqual([each.notification.name for each in found], ["changedLevel", "on"])


class JoinedTests(SynchronousTestCase):
    """Several slots in one notification, or one slot in several."""

    def axis(self, axis: str, state: str = "TridimensionalAccelerationState") -> Slot:
        return Slot("d", state, features(axisID=axis))

    def test_axes(self) -> None:
        house = House("CC2650SensorTag")
        [each] = house.step({self.axis(axis): Measure.parse(f"{n} grav") for n, axis in enumerate("ZXY")})
        self.assertEqual(each.notification.cls, "TridimensionalAccelerationNotification")
        self.assertEqual(
            {name: str(value) for name, value in each.params.items()},
            {"accX": "1 grav", "accY": "2 grav", "accZ": "0 grav"},
        )
        self.assertEqual(each.slots, tuple(self.axis(axis) for axis in "XYZ"))

    def test_oneAxisIsToldWithTheOthers(self) -> None:
        house = House("CC2650SensorTag")
        house.step({self.axis(axis): Measure.parse("0 grav") for axis in "XYZ"})
        [each] = house.step({self.axis("Y"): Measure.parse("1 grav")})
        self.assertEqual([str(each.params[name]) for name in ("accX", "accY", "accZ")], ["0 grav", "1 grav", "0 grav"])
        self.assertEqual(each.slots, tuple(self.axis(axis) for axis in "XYZ"))

    def test_notBeforeAllAxesAreKnown(self) -> None:
        house = House("CC2650SensorTag")
        self.assertEqual(house.step({self.axis(axis): Measure.parse("0 grav") for axis in "XY"}), [])

    def test_axesThatNobodyTells(self) -> None:
        house = House("SimpleLamp")
        self.assertEqual(house.step({self.axis(axis): Measure.parse("0 grav") for axis in "XYZ"}), [])

    def test_unknownAxis(self) -> None:
        """An axis that the notification has no parameter for is not told, nor a value without its axis."""
        house = House("CC2650SensorTag")
        house.step({self.axis(axis): Measure.parse("0 grav") for axis in "XYZ"})
        self.assertEqual(house.step({self.axis("W"): Measure.parse("1 grav")}), [])
        self.assertEqual(house.step({Slot("d", "TridimensionalAccelerationState"): Measure.parse("1 grav")}), [])

    def test_axesOfOtherKinds(self) -> None:
        for cls, state, unit, names in [
            ("CC2650SensorTag", "TridimensionalGyroscopeState", "°", ["gyroX", "gyroY", "gyroZ"]),
            ("CC2650SensorTag", "TridimensionalMagnetometerState", "µT", ["magX", "magY", "magZ"]),
            ("LocalizationTag", "XYZLocationState", "m", ["x", "y", "z"]),
        ]:
            [each] = House(cls).step({self.axis(axis, state): Measure.parse(f"1 {unit}") for axis in "XYZ"})
            self.assertEqual(sorted(each.params), names)

    def test_colour(self) -> None:
        house = House("ColorDimmableLight")
        self.assertEqual(
            house.set("ColorStateHSB", HSBColor(0, 254, 254)),
            [("ColorHSB", {"colorHSB": HSBColor(0, 254, 254)}), ("ColorRGB", {"colorRGB": RGBColor(255, 0, 0)})],
        )
        self.assertEqual(
            house.set("ColorStateRGB", RGBColor(0, 255, 0)),
            [("ColorHSB", {"colorHSB": HSBColor(21845, 254, 254)}), ("ColorRGB", {"colorRGB": RGBColor(0, 255, 0)})],
        )

    def test_noColour(self) -> None:
        self.assertRaises(TypeError, House("ColorDimmableLight").set, "ColorStateHSB", 3)


class ScheduleTests(SynchronousTestCase):
    state = "ClimateScheduleState"

    def test_week(self) -> None:
        week = tuple(day(n, "20 C") for n in range(1, 8))
        house = House("ThermostaticRadiatorValve")
        self.assertEqual(house.set(self.state, week), [("WeeklyClimateSchedule", {"dailySchedules": week})])

    def test_oneDayChanges(self) -> None:
        week = tuple(day(n, "20 C") for n in range(1, 8))
        house = House("ThermostaticRadiatorValve")
        house.set(self.state, week)
        changed = (*week[:3], day(4, "17 C"), *week[4:])
        self.assertEqual(house.set(self.state, changed), [("DailyClimateSchedule", {"daySchedule": day(4, "17 C")})])

    def test_daysChangeOrVanish(self) -> None:
        week = tuple(day(n, "20 C") for n in range(1, 8))
        house = House("ThermostaticRadiatorValve")
        house.set(self.state, week)
        [(name, _)] = house.set(self.state, (day(1, "17 C"), day(2, "17 C"), *week[2:]))
        self.assertEqual(name, "WeeklyClimateSchedule")
        [(name, params)] = house.set(self.state, week[:1])
        self.assertEqual((name, params), ("WeeklyClimateSchedule", {"dailySchedules": week[:1]}))

    def test_toldAgainUnchanged(self) -> None:
        week = tuple(day(n, "20 C") for n in range(1, 8))
        house = House("ThermostaticRadiatorValve")
        house.set(self.state, week)
        self.assertEqual(house.set(self.state, week), [("WeeklyClimateSchedule", {"dailySchedules": week})])

    def test_withoutKnowingWhatWas(self) -> None:
        slot = Slot("d", self.state)
        house = House("ThermostaticRadiatorValve")
        [each] = house.step({slot: (day(3, "20 C"),)}, previous=False)
        self.assertEqual(each.params, {"daySchedule": day(3, "20 C")})
        [each] = house.step({slot: day(3, "20 C")}, previous=False)
        self.assertEqual(each.params, {"daySchedule": day(3, "20 C")})
        [each] = house.step({slot: (day(3, "20 C"), day(4, "20 C"))}, previous=False)
        self.assertEqual(each.notification.cls, "WeeklyClimateScheduleNotification")

    def test_discrete(self) -> None:
        [each] = House("ThermostaticRadiatorValve").step({Slot("d", self.state): (day(3, "20 C"),)})
        self.assertTrue(each.discrete)

    def test_noSchedule(self) -> None:
        self.assertRaises(TypeError, House("ThermostaticRadiatorValve").set, self.state, "never")
