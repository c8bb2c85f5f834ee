"""Appliances, entertainment, gateways, groups and scenes, cameras, watches."""

from __future__ import annotations

from twisted.trial.unittest import SynchronousTestCase

from dog.model.device import Device
from dog.model.measure import Measure
from dog.model.reflection import NEITHER
from dog.model.values import ExplicitTeachInData, Pulse, Reading, Slot
from tests.drivers.simulated.house import House


def seconds(number: int) -> Measure:
    return Measure.of(number, "s")


class WashingMachineTests(SynchronousTestCase):
    def setUp(self) -> None:
        # Seed 5 starts nothing by itself in the first seconds.
        self.house = House(Device("it", "WashingMachine"), seed=5)
        self.house.send("it", "OffCommand")
        self.house.forget()

    def test_program(self) -> None:
        """It washes, heats, washes, rinses and ends; on the way it heats with all its power."""
        self.house.send("it", "StartCommand")
        self.house.run(2 * 3600)
        self.assertEqual(self.house.history("it", "RunState")[:2], ["running", "idle"])
        self.assertEqual(self.house.history("it", "ProgramState")[:2], ["programmed", "endProgrammed"])
        self.assertEqual(
            self.house.history("it", "WashingApplianceState")[:5],
            ["washOrRinse", "heating", "washOrRinse", "rinseHold", "washOrRinse"],
        )

    def test_power(self) -> None:
        house = House(Device("outlet", "PowerMeteringPowerOutlet"), Device("it", "WashingMachine", pluggedIn="outlet"))
        house.send("outlet", "OnCommand")
        house.send("it", "StopCommand")
        house.send("it", "StartCommand")
        house.run(2 * 3600)
        watts = [
            float(each.number)
            for each in house.history("outlet", "SinglePhaseActivePowerMeasurementState")
            if isinstance(each, Measure)
        ]
        self.assertEqual(max(watts), 2000.0)
        self.assertLess(min(watts), 20.0)

    def test_pause(self) -> None:
        """Paused it waits for as long as one likes, and goes on where it was."""
        self.house.send("it", "StartCommand")
        self.house.run(60)
        self.house.send("it", "PauseCommand")
        self.assertEqual(self.house.value("it", "RunState"), "pause")
        self.house.run(5 * 3600)
        self.assertEqual(self.house.value("it", "RunState"), "pause")
        outcome = self.house.send("it", "StartCommand")
        times = {each.notification: each.params for each in outcome.seen if isinstance(each, Pulse)}
        self.house.run(60)
        remaining = times["RemainingTimeChangedNotification"]["remainingTime"]
        assert isinstance(remaining, Measure)
        self.house.run(float(remaining.number) - 62)
        self.assertEqual(self.house.value("it", "RunState"), "running")
        self.house.run(4)
        self.assertEqual(self.house.value("it", "RunState"), "idle")

    def test_stop(self) -> None:
        self.house.send("it", "StartCommand")
        self.house.run(60)
        self.house.send("it", "StopCommand")
        self.assertEqual(self.house.value("it", "RunState"), "idle")
        self.assertEqual(self.house.value("it", "ProgramState"), "programInterrupted")

    def test_off(self) -> None:
        """Switched off, it stops."""
        self.house.send("it", "StartCommand")
        self.house.send("it", "OffCommand")
        self.assertEqual(self.house.value("it", "RunState"), "idle")

    def test_delayedStart(self) -> None:
        """Told to start in ten minutes it waits, says so, and starts; endTime counts back from the end."""
        outcome = self.house.send("it", "SetStartTimeCommand", startTime=seconds(600))
        self.assertIn(Pulse("it", "StartTimeChangedNotification", {"startTime": seconds(600)}), outcome.seen)
        self.assertEqual(self.house.value("it", "ProgramState"), "programmedAndWaitingToStart")
        self.house.run(599)
        self.assertNotIn("running", self.house.history("it", "RunState"))
        self.house.run(2)
        self.assertEqual(self.house.value("it", "RunState"), "running")

    def test_endTime(self) -> None:
        outcome = self.house.send("it", "SetEndTimeCommand", endTime=seconds(36000))
        self.assertIn(Pulse("it", "EndTimeChangedNotification", {"endTime": seconds(36000)}), outcome.seen)
        self.house.run(36000 - 10)
        self.assertEqual(self.house.value("it", "RunState"), "running")
        self.house.run(20)
        self.assertEqual(self.house.value("it", "RunState"), "idle")

    def test_remainingTime(self) -> None:
        """A run that is under way is stretched or shortened."""
        self.house.send("it", "StartCommand")
        self.house.run(60)
        self.house.send("it", "SetRemainingTimeCommand", remainingTime=seconds(600))
        self.house.run(590)
        self.assertEqual(self.house.value("it", "RunState"), "running")
        self.house.run(20)
        self.assertEqual(self.house.value("it", "RunState"), "idle")

    def test_somebody(self) -> None:
        """People use it: a few times in two days, unless it is switched off."""
        self.house.run(2 * 86400)
        self.assertNotIn("running", self.house.history("it", "RunState"))
        self.house.send("it", "OnCommand")
        self.house.run(2 * 86400)
        self.assertTrue(4 < self.house.history("it", "RunState").count("running") < 30)

    def test_fault(self) -> None:
        """A fault has an alert, and passes."""
        self.house.run(86400)
        faults = self.house.history("it", "FaultState")
        self.assertIn("failure", faults)
        alerts = [each for each in self.house.pulses("it") if each.notification == "AlertNotification"]
        self.assertEqual(len(alerts), faults.count("failure"))
        self.house.run(900)
        self.assertEqual(self.house.history("it", "FaultState")[-1], "noFailure")


class OvenTests(SynchronousTestCase):
    def test_super(self) -> None:
        """Super heating ends by itself after an hour; a state of one value is idle otherwise."""
        house = House(Device("it", "Oven"))
        self.assertEqual(house.value("it", "HeatingApplianceState"), NEITHER)
        house.send("it", "StartSuperHeatingCommand")
        house.run(3599)
        self.assertEqual(house.value("it", "HeatingApplianceState"), "superHeating")
        house.run(2)
        self.assertEqual(house.value("it", "HeatingApplianceState"), NEITHER)

    def test_gas(self) -> None:
        """Both of the ontology's commands are called disableGas; what was done is told."""
        house = House(Device("it", "GasCooker"))
        for command, event in (("DisableGasCommand", "gasDisabled"), ("EnableGasCommand", "gasEnabled")):
            seen = house.send("it", command).seen
            self.assertIn(Pulse("it", "EventNotification", {"event": event}), seen)


class MediaTests(SynchronousTestCase):
    def setUp(self) -> None:
        self.house = House(Device("it", "HiFi"))
        self.house.send("it", "OnCommand")
        self.house.forget()

    def test_plays(self) -> None:
        """Track after track, to the last."""
        self.house.send("it", "GoToTrackCommand", trackNumber=10)
        self.house.send("it", "PlayCommand")
        self.house.run(3600)
        self.assertEqual(self.house.history("it", "PlayState"), ["playing", "stop"])
        tracks = [each.params for each in self.house.pulses("it") if each.notification == "TrackControlNotification"]
        self.assertEqual(tracks, [{"trackId": id} for id in ("10", "11", "12", "1")])

    def test_pauses(self) -> None:
        self.house.send("it", "PlayCommand")
        self.house.send("it", "PauseCommand")
        self.house.run(3600)
        self.assertEqual(self.house.value("it", "PlayState"), "pause")

    def test_rewinds(self) -> None:
        """For ten seconds, then it plays on."""
        self.house.send("it", "RewindCommand")
        self.house.run(11)
        self.assertEqual(self.house.history("it", "PlayState"), ["rewind", "playing"])

    def test_off(self) -> None:
        self.house.send("it", "PlayCommand")
        self.house.send("it", "StandBy")
        self.assertEqual(self.house.value("it", "PlayState"), "stop")

    def test_playingSwitchesOn(self) -> None:
        self.house.send("it", "OffCommand")
        self.house.send("it", "PlayCommand")
        self.assertEqual(self.house.value("it", "StandByOnOffState"), "on")

    def test_volume(self) -> None:
        self.house.send("it", "SetVolumeCommand", volume=98)
        self.house.send("it", "IncreaseVolumeCommand")
        self.assertEqual(self.house.value("it", "VolumeLevelState"), 100)
        self.house.send("it", "DecreaseVolumeCommand")
        self.assertEqual(self.house.value("it", "VolumeLevelState"), 95)

    def test_tuner(self) -> None:
        """set is the channel here. Up tells channelStepUp, the wire name of the ontology's TuningStepDown."""
        self.house.send("it", "SetCommand", value=7)
        outcome = self.house.send("it", "UpCommand")
        self.assertEqual(
            outcome.seen, (Reading(Slot("it", "TunerState"), 8), Pulse("it", "TuningStepDownNotification"))
        )
        kind = self.house.devices["it"].notifications["TuningStepDownNotification"]
        self.assertEqual(kind.name, "channelStepUp")

    def test_source(self) -> None:
        self.house.send("it", "SelectSourceCommand", source="CD")
        self.assertEqual(self.house.value("it", "SourceSelectionState"), "cd")
        outcome = self.house.send("it", "SelectSourceCommand", source="gramophone")
        self.assertEqual(outcome.code, "bus_refused")
        self.assertIn("gramophone", outcome.reason or "")
        self.assertEqual(self.house.value("it", "SourceSelectionState"), "cd")


class NetworkTests(SynchronousTestCase):
    def test_teachIn(self) -> None:
        house = House(Device("it", "EnOceanGateway"))
        house.send("it", "TeachInCommand")
        house.run(59)
        self.assertEqual(house.value("it", "TeachInState"), "teachingIn")
        house.run(2)
        self.assertEqual(house.value("it", "TeachInState"), "idle")
        house.send("it", "ExplicitTeachIn", teachInData=ExplicitTeachInData("A5-02-05", "0181A2B3"))
        house.run(2.1)
        self.assertEqual(house.history("it", "TeachInState"), ["idle", "teachingIn", "idle", "teachingIn", "idle"])

    def test_discovery(self) -> None:
        """What it finds are three neighbours; a search that is stopped finds no more."""
        house = House(Device("it", "BluetoothAdapter"))
        house.send("it", "StartDiscoveryCommand")
        house.run(30)
        names = [each.params["discoveredDeviceName"] for each in house.pulses("it")]
        self.assertEqual(len(set(names)), 3)
        self.assertEqual(house.value("it", "DiscoveryState"), "idle")
        house.forget()
        house.send("it", "StartDiscoveryCommand")
        house.run(3)
        house.send("it", "StopDiscoveryCommand")
        house.run(30)
        self.assertEqual(len(house.pulses("it")), 1)

    def test_pushLink(self) -> None:
        house = House(Device("it", "HueBridge"))
        house.send("it", "StartPushLinkAuthenticationCommand")
        house.run(60)
        house.send("it", "StopPushLinkAuthenticationCommand")
        self.assertEqual(
            house.history("it", "PushLinkAuthenticationState"),
            ["needsAuthentication", "authenticating", "authenticated", "needsAuthentication"],
        )

    def test_network(self) -> None:
        house = House(Device("it", "ZigBeeGateway"))
        house.send("it", "InstallApplianceCommand", applianceId="7")
        self.assertEqual(house.value("it", "NetworkManagementState"), "open")
        house.run(61)
        self.assertEqual(house.value("it", "NetworkManagementState"), "close")
        outcome = house.send("it", "DeleteApplianceCommand", applianceId="7")
        self.assertEqual(outcome.seen, (Reading(Slot("it", "NetworkManagementState"), "close", forced=True),))

    def test_association(self) -> None:
        house = House(Device("it", "ZWaveGateway"))
        house.send("it", "AssociateCommand")
        house.run(10)
        house.send("it", "DisassociateCommand")
        house.run(61)
        self.assertEqual(
            house.history("it", "DeviceAssociationState"), ["idle", "associating", "disassociating", "idle"]
        )


class OthersTests(SynchronousTestCase):
    def test_groupsAndScenes(self) -> None:
        house = House(Device("it", "LampHolder"))
        for command, name, notification, param in (
            ("StoreGroupCommand", "groupID", "JoinGroupNotification", "groupNumber"),
            ("DeleteGroupCommand", "groupID", "LeaveGroupNotification", "groupNumber"),
            ("StoreSceneCommand", "sceneNumber", "StoreSceneNotification", "sceneNumber"),
            ("DeleteSceneCommand", "sceneNumber", "DeleteSceneNotification", "sceneNumber"),
        ):
            outcome = house.send("it", command, **{name: 4})
            self.assertEqual(outcome.seen, (Pulse("it", notification, {param: 4}),))

    def test_camera(self) -> None:
        """Nothing in the class shows where a camera looks: its state is told anew."""
        house = House(Device("it", "SnapshotCamera"))
        for command in ("PanLeftCommand", "ZoomInCommand", "GrabPictureCommand"):
            outcome = house.send("it", command)
            self.assertEqual([each.forced for each in outcome.seen], [True], command)  # type: ignore[union-attr]

    def test_watch(self) -> None:
        """It is on while it shows a text."""
        house = House(Device("it", "eZ430Chronos"))
        house.run(100)
        house.forget()
        house.send("it", "DisplayCommand", msg="hello")
        house.run(11)
        self.assertEqual(house.history("it", "OnOffState"), ["on", "off"])

    def test_declaredCommand(self) -> None:
        """A command that home.xml declares beyond the class, under a name nobody knows, is obeyed as far as can be."""
        from dog.model.device import Command, ConfigParam, ControlFunctionality

        declared = Command("LaunchCommand", None, None, (ConfigParam("realCommandName", "launch"),))
        house = House(
            Device(
                "it", "SimpleLamp", controlFunctionalities=(ControlFunctionality("LaunchFunctionality", (declared,)),)
            )
        )
        outcome = house.send("it", "LaunchCommand")
        self.assertEqual([each.forced for each in outcome.seen], [True])  # type: ignore[union-attr]
