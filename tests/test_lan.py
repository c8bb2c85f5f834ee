"""A client on the LAN: in a network namespace of its own, over IPv4 and IPv6, against a real gateway."""

from __future__ import annotations

import hashlib
import json
import secrets
import ssl
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dog.testing.process import GatewayProcess
from tests.api.ws.test_half_open import ip, why
from tests.source import ROOT
from tests.test_certificates import missing

#: Seconds after which something is taken for broken; the machine may be busy.
PATIENCE = 60

#: Asks for a path, with a token where one is given; prints status and body.
ASK = """
import http.client, json, ssl, sys
host, port, method, path, token, body, ca = sys.argv[1:]
headers = {"Authorization": f"Bearer {token}"} if token else {}
connection = http.client.HTTPConnection(host, int(port), timeout=30)
if ca:
    context = ssl.create_default_context(cafile=ca)
    connection = http.client.HTTPSConnection(host, int(port), timeout=30, context=context)
connection.request(method, path, body or None, headers)
answer = connection.getresponse()
print(json.dumps([answer.status, answer.read().decode()]))
"""

#: Over wss. Prints what became of a client with the certificate, with its fingerprint, with another one, and with no
#: reason to trust.
WSS = """
import json, sys
from twisted.internet import reactor
from twisted.internet.defer import inlineCallbacks
from dog.client import Client, Trust
url, token, ca, fingerprint = sys.argv[1:]
found = []
@inlineCallbacks
def main():
    for trust in (Trust(ca=ca), Trust(fingerprint=fingerprint), Trust(fingerprint="AB" * 32), Trust()):
        told = []
        client = Client(url, reactor, token=token, trust=trust, resume=True, onSnapshot=told.append)
        try:
            yield client.connect()
            yield client.subscribe(devices="lake-kitchen-lamp")
            answer = yield client.request("PUT", "/api/v1/devices/lake-kitchen-lamp/commands/on")
            found.append([answer.status, [each["id"] for each in told[0]]])
        except Exception as error:
            found.append(type(error).__name__)
        yield client.close()
    reactor.stop()
reactor.callWhenRunning(lambda: main().addErrback(lambda failure: (failure.printTraceback(), reactor.stop())))
reactor.run()
print(json.dumps(found))
"""

#: As the published test client does it, on ws4py: subscribes at //ws, switches a lamp, prints what it is told.
OLD_CLIENT = """
import json, queue, sys
from ws4py.client.threadedclient import WebSocketClient
heard = queue.Queue()
class Client(WebSocketClient):
    def received_message(self, message):
        heard.put(json.loads(message.data))
client = Client(f"ws://{sys.argv[1]}//ws")
client.connect()
id = heard.get(timeout=30)["clientId"]
def ask(number, action, endPoint, parameters):
    client.send(json.dumps({"clientId": id, "sequenceNumber": number, "messageType": "request", "action": action,
                            "endPoint": endPoint, "parameters": parameters}))
ask("1", "POST", "/api/v1/subscriptions/devices/notifications", "*")
ask("2", "PUT", "/api/v1/devices/lake-kitchen-lamp/commands/on", "")
ask("3", "PUT", "/api/v1/devices/lake-kitchen-lamp/commands/off", "")
found = []
while len([each for each in found if each["messageType"] == "response"]) < 3:
    found.append(heard.get(timeout=30))
client.close()
print(json.dumps(found))
"""


class LanTests(SynchronousTestCase):
    skip = why()

    def setUp(self) -> None:
        # 198.18.0.0/15 is set aside for tests like this one (RFC 2544), fd00::/8 for anybody (RFC 4193).
        self.name = secrets.token_hex(3)
        net, last = f"198.18.{secrets.randbelow(256)}", 4 * secrets.randbelow(64)
        net6 = f"fd{secrets.token_hex(1)}:{secrets.token_hex(2)}:{secrets.token_hex(2)}:1"
        self.addresses = f"{net}.{last + 1}", f"{net6}::1"
        ip("netns", "add", f"dog-{self.name}")
        self.addCleanup(ip, "netns", "delete", f"dog-{self.name}")
        ip("link", "add", f"v{self.name}", "type", "veth", "peer", "name", "inside", "netns", f"dog-{self.name}")
        try:
            for where, device, host in (([], f"v{self.name}", 1), (["-netns", f"dog-{self.name}"], "inside", 2)):
                ip(*where, "address", "add", f"{net}.{last + host}/30", "dev", device)
                ip(*where, "address", "add", f"{net6}::{host}/64", "dev", device, "nodad")
                ip(*where, "link", "set", device, "up")
        except subprocess.CalledProcessError as error:
            raise SkipTest(f"no IPv6 here: {error.stderr.decode(errors='replace').strip()}") from None
        self.folder = Path(tempfile.mkdtemp(dir=Path(self.mktemp()).parent.absolute()))

    def gateway(self, settings: str = "", state: bool = True, tls: bool = False) -> GatewayProcess:
        """One that listens on the LAN, IPv4 and IPv6, with these settings in [server]."""
        config = self.folder / "dog.toml"
        config.write_text(f"[server]\n{settings}\n")
        four, six = self.addresses
        kind = "tls" if tls else "tcp"
        listen = f"{kind}:0:interface={four}", f"{kind}6:0:interface=" + six.replace(":", "\\:")
        options = [each for endpoint in listen for each in ("--listen", endpoint)]
        if state:
            options += ["--state-dir", str(self.folder / "state")]
        gateway = GatewayProcess(
            *("--config", str(config), "--simulate", "--home", str(ROOT / "dog/demo/home.xml")), *options
        )
        self.addCleanup(gateway.kill)
        return gateway.start(PATIENCE)

    def inside(self, program: str, *arguments: str) -> Any:
        """What a program in the other namespace prints."""
        done = subprocess.run(
            ["ip", "netns", "exec", f"dog-{self.name}", sys.executable, "-c", program, *arguments],
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
            cwd=ROOT,
        )
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def ask(
        self, url: str, path: str, token: str = "", method: str = "GET", body: str = "", ca: str = ""
    ) -> tuple[int, str]:
        host, _, port = url.partition("://")[2].rpartition(":")
        status, text = self.inside(ASK, host.strip("[]"), port, method, path, token, body, ca)
        return status, text

    def test_tokens(self) -> None:
        """Without a word in the configuration who comes from elsewhere needs a token; there is one to begin with."""
        gateway = self.gateway()
        admin = (self.folder / "state" / "admin.token").read_text().strip()
        self.assertEqual(len(gateway.addresses), 2)
        for url in gateway.addresses:
            self.assertEqual(self.ask(url, "/api/v1/ping")[0], 200)
            self.assertEqual(self.ask(url, "/api/v1/devices")[0], 401)
            self.assertEqual(self.ask(url, "/api/v1/devices", "dog_wrong")[0], 401)
            self.assertEqual(self.ask(url, "/api/v1/devices", admin)[0], 200)
            wish = json.dumps({"name": url, "role": "user", "view": {"rooms": ["lake-kitchen"]}})
            status, text = self.ask(url, "/api/v1/tokens", admin, "POST", wish)
            self.assertEqual(status, 201, text)
            status, text = self.ask(url, "/api/v1/devices", json.loads(text)["token"])
            self.assertEqual({each["isIn"] for each in json.loads(text)["devices"]}, {"lake-kitchen"})
        self.assertNotIn("dog_", "".join(gateway.output))

    def test_tls(self) -> None:
        """Over https and wss, with the certificate that the gateway has made for the addresses it listens on."""
        if missing is not None:
            raise SkipTest(missing)
        gateway = self.gateway(tls=True)
        state = self.folder / "state"
        admin, ca = (state / "admin.token").read_text().strip(), str(state / "tls.crt")
        fingerprint = hashlib.sha256(ssl.PEM_cert_to_DER_cert((state / "tls.crt").read_text())).hexdigest()
        self.assertEqual([url.partition(":")[0] for url in gateway.addresses], ["https", "https"])
        for url in gateway.addresses:
            self.assertEqual(self.ask(url, "/api/v1/devices", ca=ca)[0], 401)
            self.assertEqual(self.ask(url, "/api/v1/devices", admin, ca=ca)[0], 200)
            status, page = self.ask(url, "/", ca=ca)
            self.assertEqual((status, "<title>Dog</title>" in page), (200, True))
            found = self.inside(WSS, url.replace("https://", "wss://") + "/ws", admin, ca, fingerprint)
            trusted = [200, ["lake-kitchen-lamp"]]
            self.assertEqual(found, [trusted, trusted, "NotReachable", "NotReachable"])
        self.assertNotIn("dog_", "".join(gateway.output))

    def test_oldClients(self) -> None:
        """With C{anonymous = "user"} and nothing else the published test client works unchanged from another host."""
        if find_spec("ws4py") is None:
            raise SkipTest("PyPI ws4py is not installed")
        gateway = self.gateway('anonymous = "user"', state=False)
        for url in gateway.addresses:
            found = self.inside(OLD_CLIENT, url.removeprefix("http://"))
            answers = [each for each in found if each["messageType"] == "response"]
            self.assertEqual([each["status"] for each in answers], [200, 200, 200])
            told = [
                each["notification"]["notificationName"] for each in found if each["messageType"] == "notification"
            ]
            self.assertIn("off", told)
            self.assertEqual(self.ask(url, "/api/v1/drivers")[0], 403, "and may no more than a user")

    def test_refused(self) -> None:
        """Neither tokens nor a word: it does not start."""
        self.assertRaises(RuntimeError, self.gateway, state=False)
