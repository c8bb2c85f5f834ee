"""C{dogctl} as its users run it, before a real gateway: separate processes, a free port, the demo home."""

import json
import os
import pty
import select
import signal
import subprocess
import sys
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.cli.running import ENVIRONMENT, PATIENCE, RunningGateway
from tests.source import ROOT

LAMP = "lake-kitchen-lamp"


class ProcessCase(SynchronousTestCase):
    environment: dict[str, str]

    def start(self, *arguments: str, **more: Any) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-m", "dog.cli", *arguments],
            cwd=ROOT,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            text=True,
            **{"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more},
        )
        self.addCleanup(self.end, process)
        return process

    def end(self, process: subprocess.Popen[str]) -> None:
        if process.poll() is None:
            process.kill()
            process.wait()
        for stream in (process.stdout, process.stderr):
            if stream is not None:
                stream.close()

    def dogctl(self, *arguments: str) -> tuple[int, str, str]:
        process = self.start(*arguments)
        out, err = process.communicate(timeout=PATIENCE)
        return process.returncode, out, err


class GatewayTests(ProcessCase):
    def setUp(self) -> None:
        self.gateway = RunningGateway()
        self.addCleanup(self.stop)
        self.environment = {**ENVIRONMENT, "DOG_GATEWAY": self.gateway.url}

    def stop(self) -> None:
        self.gateway.stop()

    def stateOf(self, device: str) -> str:
        status, out, err = self.dogctl("status", device, "--json")
        self.assertEqual((status, err), (0, ""))
        value: str = json.loads(out)["status"]["OnOffState"][0]["value"]
        return value

    def test_devices_status_send(self) -> None:
        status, out, err = self.dogctl("devices")
        self.assertEqual((status, err), (0, ""))
        self.assertTrue(out.startswith("ID "))
        lines = {line.split()[0]: line for line in out.splitlines()[1:]}
        self.assertIn("SimpleLamp", lines[LAMP])
        self.assertIn(" yes ", lines[LAMP])

        status, out, _ = self.dogctl("devices", "--json")
        self.assertEqual((status, {each["id"] for each in json.loads(out)["devices"]}), (0, lines.keys()))

        status, out, err = self.dogctl("status")
        self.assertEqual((status, err), (0, ""))
        self.assertEqual({line.split()[0] for line in out.splitlines()[1:]}, lines.keys())

        other = "off" if self.stateOf(LAMP) == "on" else "on"
        self.assertEqual(self.dogctl("send", LAMP, other), (0, f"{LAMP}: {other} done\n", ""))
        self.assertEqual(self.stateOf(LAMP), other)

        self.assertEqual(self.dogctl("send", "lake-ceiling-lamp", "set", "37")[0], 0)
        status, out, err = self.dogctl("send", "lake-ceiling-lamp", "set", "137")
        self.assertEqual((status, out), (1, ""))
        self.assertIn("[out_of_range, 422]", err)
        status, out, err = self.dogctl("send", "no-such-lamp", "on", "--json")
        self.assertEqual((status, out, json.loads(err)["error"]["code"]), (1, "", "not_found"))
        self.assertEqual(self.dogctl("status", "no-such-lamp")[0], 1)

        self.environment["DOGCTL_LINE"] = f"dogctl send {LAMP} "
        self.assertGreaterEqual(set(self.dogctl("_words", "bash")[1].split()), {"on", "off"})

    def test_watch(self) -> None:
        """Events come within seconds; a gateway that was away is met again; Ctrl-C is an ordinary end."""
        watch = self.start("watch", "--json")
        assert watch.stdout is not None and watch.stderr is not None
        for _ in range(3):
            event = json.loads(watch.stdout.readline())
            self.assertIn("deviceUri", event["notification"])
            self.assertRegex(event["at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")

        port = self.gateway.port
        self.gateway.stop()
        lost = json.loads(watch.stderr.readline())
        self.assertEqual(lost["event"], "lost")
        self.gateway = RunningGateway(port=port)
        said = lost
        while said["event"] != "connected":
            said = json.loads(watch.stderr.readline())
        self.assertIn("notification", json.loads(watch.stdout.readline()))

        watch.send_signal(signal.SIGINT)
        _, err = watch.communicate(timeout=PATIENCE)
        self.assertEqual((watch.returncode, err), (0, ""))

    def test_watch_with_filter(self) -> None:
        watch = self.start("watch", "--count", "1", "--json", f"id:{LAMP}")
        other = "off" if self.stateOf(LAMP) == "on" else "on"
        while watch.poll() is None:
            self.assertEqual(self.dogctl("send", LAMP, other)[0], 0)
            other = "off" if other == "on" else "on"
        assert watch.stdout is not None
        notification = json.loads(watch.stdout.read())["notification"]
        self.assertEqual(notification["deviceUri"], LAMP)
        self.assertIn(notification["notificationName"], ("on", "off"))
        self.assertEqual(watch.returncode, 0)

    def test_watch_head(self) -> None:
        """Whoever reads the output has read enough: a quiet end."""
        for command in (("watch",), ("devices",)):
            process = self.start(*command)
            assert process.stdout is not None and process.stderr is not None
            self.assertTrue(process.stdout.readline())
            process.stdout.close()
            self.assertEqual(process.wait(PATIENCE), 0)
            self.assertEqual(process.stderr.read(), "")

    def test_watch_on_a_terminal(self) -> None:
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        watch = self.start("watch", "-n", "2", stdout=slave, stderr=slave)
        os.close(slave)
        written = b""
        while written.count(b"\n") < 2:
            ready, _, _ = select.select([master], [], [], PATIENCE)
            self.assertTrue(ready, "nothing came")
            written += os.read(master, 65536)
        self.assertEqual(watch.wait(PATIENCE), 0)
        self.assertIn(b"\x1b[2m", written)


class NoGatewayTests(ProcessCase):
    environment = {**ENVIRONMENT, "DOG_GATEWAY": "http://127.0.0.1:1"}

    def test_not_reachable(self) -> None:
        for command in (("devices",), ("status",), ("send", LAMP, "on"), ("watch",)):
            status, out, err = self.dogctl(*command)
            self.assertEqual((status, out), (3, ""), command)
            self.assertRegex(err, r"^dogctl: cannot reach the gateway: \S+: nothing listens there\n$")
