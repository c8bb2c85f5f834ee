from __future__ import annotations

from typing import Any

from dog.config import LOOPBACK, parseSettings
from dog.moving import toml
from dog.moving.report import Report
from dog.moving.server import Choices, server
from tests.moving.trees import TreeCase, why

WEBSOCKET = "it.polito.elite.dog.communication.websocket.connector.cfg"
BUNDLE = "communication/it.polito.elite.dog.communication.rest.device.api_"


class ServerTests(TreeCase):
    def server(self, choices: Choices | None = None) -> tuple[dict[str, Any], Report]:
        old, report = self.installation()
        sections = server(old, choices or Choices(), report)
        text = "\n".join(line for name, entries in sections.items() for line in toml.table((name,), entries))
        settings = parseSettings(text)
        found = {"listen": settings.listen, "path": settings.websocketPath, "profile": settings.profile}
        return {**found, "anonymous": settings.anonymous, "origins": settings.origins}, report

    def codes(self, choices: Choices | None = None) -> list[str]:
        return [each.code for each in self.server(choices)[1].stops]

    def test_closed(self) -> None:
        """This machine only; whoever loses by it is told."""
        found, report = self.server()
        self.assertEqual(found["listen"], LOOPBACK)
        self.assertEqual((found["anonymous"], found["origins"]), (None, ()))
        self.assertEqual(
            [each.code for each in report.stops], ["listeners", "authentication", "origins", "hosts", "profile"]
        )
        self.assertTrue(all(each.who and each.why and each.instead for each in report.stops))

    def test_open(self) -> None:
        """In so many words; then nobody loses by it but those who use names."""
        found, report = self.server(Choices(keepOpen=True))
        self.assertEqual(found["listen"], ("tcp:8080", "tcp6:8080"))
        self.assertEqual((found["anonymous"], found["origins"]), ("admin", ("*",)))
        self.assertEqual([each.code for each in report.stops], ["hosts", "profile"])
        self.assertIn("everything", why(report.changed, "--keep-open") or "")

    def test_withoutIPv6(self) -> None:
        self.assertEqual(self.server(Choices(keepOpen=True, ipv6=False))[0]["listen"], ("tcp:8080",))
        self.assertEqual(self.server(Choices(ipv6=False))[0]["listen"], LOOPBACK)
        self.assertEqual(self.server(Choices(port=81, ipv6=False))[0]["listen"], ("tcp:81:interface=127.0.0.1",))

    def test_port(self) -> None:
        """That of C{config.ini} before that of a configuration, before that of a script; the others are told."""
        self.put({"start.sh": "-Dorg.osgi.service.http.port=8083", "config.ini": "org.osgi.service.http.port=8081"})
        self.put({"org.apache.felix.http.cfg": "org.osgi.service.http.port=8082"})
        found, report = self.server()
        self.assertEqual(found["listen"][0], "tcp:8081:interface=127.0.0.1")
        self.assertEqual([each.file for each in report.taken], ["config.ini"])
        self.assertIn("8081 already", why(report.left, "start.sh") or "")
        key = "org.osgi.service.http.port"
        self.assertIn("8081 already", why(report.left, "org.apache.felix.http.cfg", key) or "")

    def test_portOfAConfiguration(self) -> None:
        self.put({"org.apache.felix.http.cfg": 'org.osgi.service.http.port=I"8082"'})
        found, report = self.server()
        self.assertEqual(found["listen"][0], "tcp:8082:interface=127.0.0.1")
        self.assertEqual(report.taken[0].value, "8082")

    def test_portGiven(self) -> None:
        self.put({"config.ini": "org.osgi.service.http.port=8081"})
        found, report = self.server(Choices(port=9999))
        self.assertEqual(found["listen"][0], "tcp:9999:interface=127.0.0.1")
        self.assertIn("9999 already", why(report.left, "config.ini", "org.osgi.service.http.port") or "")

    def test_noPort(self) -> None:
        for text in ("0", "65536", "x", "", "-1", "٣"):
            self.put({"config.ini": f"org.osgi.service.http.port={text}"})
            found, report = self.server()
            self.assertEqual(found["listen"], LOOPBACK)
            self.assertIn("is no port", why(report.left, "config.ini", "org.osgi.service.http.port") or "")
            self.assertIn("no configuration", why(report.changed, "(nowhere)") or "")

    def test_lowPort(self) -> None:
        self.assertIn("port", self.codes(Choices(port=80)))
        self.assertNotIn("port", self.codes(Choices(port=1024)))

    def test_webSocket(self) -> None:
        for text, path in (("/dog", "/dog"), ("dog", "/dog"), ("/a/b/", "/a/b")):
            self.put({WEBSOCKET: f"websocketPath={text}"})
            found, report = self.server()
            self.assertEqual(found["path"], path)
            where = report.taken if path == text else report.changed
            self.assertEqual([each.value for each in where if each.to == "server.websocket_path"], [path])

    def test_webSocketNotPossible(self) -> None:
        for text in ("/", "", "/api/v1/ws"):
            self.put({WEBSOCKET: f"WEBSOCKETPATH={text}"})
            found, report = self.server()
            self.assertEqual(found["path"], "/ws")
            self.assertIn("websocket", [each.code for each in report.stops])
            self.assertIn("outside /api", why(report.left, WEBSOCKET, "WEBSOCKETPATH") or "")

    def test_prefix(self) -> None:
        self.put({"com.eclipsesource.jaxrs.connector.cfg": "root=/"})
        self.assertNotIn("rest", self.codes())
        self.put({"com.eclipsesource.jaxrs.connector.cfg": "root=/dog"})
        self.assertIn("/dog/api/v1", next(each.who for each in self.server()[1].stops if each.code == "rest"))

    def test_profile(self) -> None:
        """Released from device.api 1.2.0 on; then those who were written for the other one are told."""
        for version, profile, stops in (
            ("1.2.0", "released", True),
            ("1.10.1", "released", True),
            ("1.2", "released", True),
            ("2.0", "released", True),
            ("1.1.9", "documented", False),
        ):
            for old in (self.folder / "communication").glob("*"):
                old.unlink()
            self.put({f"{BUNDLE}{version}.jar": ""})
            found, report = self.server()
            self.assertEqual(found["profile"], profile, version)
            self.assertIs("profile" in [each.code for each in report.stops], stops, version)

    def test_profileGiven(self) -> None:
        self.put({f"{BUNDLE}1.2.0.jar": ""})
        self.assertEqual(self.server(Choices(profile="documented"))[0]["profile"], "documented")
        self.assertNotIn("profile", self.codes(Choices(profile="documented")))
