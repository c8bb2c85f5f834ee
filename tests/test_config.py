"""Settings: the whole file is accepted or refused, with file and line."""

from __future__ import annotations

import re
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from dog.config import (
    KEYS,
    BadConfiguration,
    Settings,
    checkExposure,
    override,
    parseSettings,
    readSettings,
)
from dog.endpoints import interfaceOf, isLoopback, portOf
from dog.model.rights import Role

SHIPPED = Path(__file__).parent.parent / "etc" / "dog" / "dog.toml"


class SettingsTests(SynchronousTestCase):
    def problems(self, text: str) -> list[str]:
        problems: list[str] = self.assertRaises(BadConfiguration, parseSettings, text).problems
        return problems

    def test_empty(self) -> None:
        self.assertEqual(parseSettings(""), Settings())

    def test_everything(self) -> None:
        settings = parseSettings(
            """
            [house]
            home = "home.xml"
            simulate = true
            seed = 7
            [server]
            listen = ["tcp:8080"]
            anonymous = "none"
            hosts = ["dog.example", "dog_2"]
            [api]
            profile = "released"
            command_timeout = 5
            [drivers.modbus]
            pollingTimeMillis = 1000
            """,
            base=Path("/etc/dog"),
        )
        self.assertEqual(settings.home, Path("/etc/dog/home.xml"))
        self.assertEqual((settings.simulate, settings.seed, settings.listen), (True, 7, ("tcp:8080",)))
        self.assertEqual((settings.anonymous, settings.profile), (Role.NONE, "released"))
        self.assertEqual(settings.commandTimeout, 5.0)
        self.assertEqual(settings.hosts, ("dog.example", "dog_2"))
        self.assertEqual(settings.drivers, {"modbus": {"pollingTimeMillis": 1000}})

    def test_everyProblemWithItsLine(self) -> None:
        problems = self.problems(
            '[server]\nlisten = "tcp:8080"\nlitsen = []\n[api]\nprofile = "old"\n[hous]\nhome = "x"\n'
        )
        self.assertEqual(
            [each.split(": ")[0] for each in problems], ["dog.toml:2", "dog.toml:3", "dog.toml:5", "dog.toml:6"]
        )
        self.assertIn("list of texts", problems[0])
        self.assertIn("litsen", problems[1])
        self.assertIn("released", problems[2])
        self.assertIn("[hous]", problems[3])

    def test_wrongValues(self) -> None:
        for text in (
            "[house]\nsimulate = 1",
            "[house]\nhome = 5",
            '[house]\nhome = ""',
            "[house]\nseed = -1",
            "[server]\nlisten = []",
            '[server]\nanonymous = "god"',
            '[server]\nwebsocket_path = "ws"',
            '[server]\nwebsocket_path = "/api/v1"',
            '[server]\nhosts = ["http://dog.example"]',
            '[server]\nhosts = ["dog.example:8080"]',
            "[server]\nmax_body = 10",
            "[server]\nmax_body = true",
            "[api]\ncommand_timeout = 0",
            '[api]\ncommand_timeout = "2"',
            "drivers = 3",
            "[drivers]\nmodbus = 3",
            "house = 3",
        ):
            self.assertEqual(len(self.problems(text)), 1, text)

    def test_notToml(self) -> None:
        self.assertIn("line 2", self.problems("[house]\nhome = \n")[0])

    def test_unreadable(self) -> None:
        path = Path(self.mktemp())
        self.assertIn("can't be read", str(self.assertRaises(BadConfiguration, readSettings, path)))
        path.write_bytes(b"# \xff")
        self.assertIn("not UTF-8", str(self.assertRaises(BadConfiguration, readSettings, path)))

    def test_override(self) -> None:
        settings = override(Settings(seed=3), home=Path("x"), simulate=None)
        self.assertEqual((settings.home, settings.simulate, settings.seed), (Path("x"), False, 3))
        self.assertRaises(TypeError, override, Settings(), sed=1)

    def test_homeInTheStateDirectory(self) -> None:
        self.assertIsNone(Settings().homeFile)
        self.assertEqual(Settings(stateDir=Path("/s")).homeFile, Path("/s/home.xml"))
        self.assertEqual(Settings(home=Path("/h/my.xml")).planFile, Path("/h/plan.svg"))


class ShippedFileTests(SynchronousTestCase):
    """The commented file says what there is, and with which defaults."""

    def test_acceptedAsItIs(self) -> None:
        self.assertEqual(readSettings(SHIPPED), Settings())

    def test_defaultsAreTrue(self) -> None:
        """With every line uncommented but those that have no default, it is still the default."""
        text = re.sub(r"(?m)^#(\w+ = )", r"\1", SHIPPED.read_text("utf-8"))
        for key in ("home", "plan", "state_dir", "anonymous", "certificate", "key"):
            text = re.sub(rf"(?m)^{key} = .*$", "", text)
        self.assertEqual(parseSettings(text), Settings())

    def test_complete(self) -> None:
        text = SHIPPED.read_text("utf-8")
        for section, keys in KEYS.items():
            self.assertIn(f"[{section}]", text)
            for key in keys:
                self.assertRegex(text, rf"(?m)^#{key} = ")


class ExposureTests(SynchronousTestCase):
    def test_loopback(self) -> None:
        for endpoint in (
            "tcp:8080:interface=127.0.0.1",
            "tcp:8080:interface=127.0.0.5:backlog=10",
            "tcp6:8080:interface=\\:\\:1",
            "tcp:8080:interface=localhost",
            "unix:/run/dog/socket",
        ):
            self.assertTrue(isLoopback(endpoint), endpoint)

    def test_network(self) -> None:
        for endpoint in (
            "tcp:8080",
            "tcp:8080:interface=0.0.0.0",
            "tcp:8080:interface=192.168.1.2",
            "tcp6:8080",
            "tcp6:8080:interface=\\:\\:",
            "ssl:443:privateKey=k.pem",
            "systemd:domain=INET:index=0",
        ):
            self.assertFalse(isLoopback(endpoint), endpoint)

    def test_networkNeedsAWord(self) -> None:
        settings = Settings(listen=("tcp:8080",))
        self.assertIn("tcp:8080", str(self.assertRaises(BadConfiguration, checkExposure, settings)))
        checkExposure(override(settings, anonymous=Role.USER))
        checkExposure(override(settings, stateDir=Path("/s")))  # there are tokens then
        checkExposure(Settings())
        self.assertRaises(BadConfiguration, checkExposure, Settings(anonymous=Role.NONE))
        for wrong in (
            {"listen": ("tls:8443:interface=127.0.0.1",)},  # no certificate, and nowhere to keep one
            {"certificate": Path("c.pem")},
            {"certificateKey": Path("k.pem")},
            {"redirect": True},
        ):
            self.assertRaises(BadConfiguration, checkExposure, Settings(**wrong))
        secure = ("tls6:8443:interface=\\:\\:1",)
        checkExposure(Settings(listen=secure, stateDir=Path("/s"), redirect=True))
        checkExposure(Settings(listen=secure, certificate=Path("c.pem"), certificateKey=Path("k.pem")))
        self.assertEqual(interfaceOf(secure[0]), "::1")
        self.assertEqual(interfaceOf("tls:8443"), "")
        for endpoint, port in (
            (secure[0], "8443"),
            ("tls:8443", "8443"),
            ("tcp:interface=\\:\\:1:port=80", "80"),
            ("unix:", ""),
        ):
            self.assertEqual(portOf(endpoint), port, endpoint)
        checkExposure(Settings(anonymous=Role.NONE, stateDir=Path("/s")))
        checkExposure(Settings(listen=("foo:bar",)))  # no endpoint at all: said when it is bound
