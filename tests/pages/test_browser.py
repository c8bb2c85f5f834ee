"""The page in real browsers, before a real gateway."""

import json
import os
import re
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from dog.testing.process import GatewayProcess
from tests.cli.running import RunningGateway
from tests.pages.browsers import Browser, BrowserMissing, Chromium, Firefox
from tests.source import ROOT
from tests.test_certificates import missing

LAMP = "lake-kitchen-lamp"
ROW = f"tr[data-device='{LAMP}']"
VALUE = f"document.querySelector(\"{ROW} [data-state='OnOffState'] .value\")?.textContent"

SAID = "document.getElementById('connection').textContent"
WHY_TEXT = "document.getElementById('why').textContent"
WHY = f"return {WHY_TEXT}"

#: What a description must not become: markup, script, style.
HOSTILE = "</th><img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>&amp;${1}"

HOSTILE_HOME = f"""<?xml version="1.0" encoding="UTF-8"?>
<dhc:dogHomeConfiguration xmlns:dhc="http://elite.polito.it/dogHomeConfiguration">
  <dhc:buildingEnvironment><dhc:building id="b" class="Building"><dhc:flat id="f" class="Flat">
    <dhc:room id="r" class="Kitchen"><dhc:description><![CDATA[{HOSTILE}]]></dhc:description></dhc:room>
  </dhc:flat></dhc:building></dhc:buildingEnvironment>
  <dhc:controllables>
    <dhc:device id="a&quot;]/b?c%20&lt;i&gt;" class="SimpleLamp" domoticSystem="Demo">
      <dhc:description><![CDATA[{HOSTILE}]]></dhc:description><dhc:isIn>r</dhc:isIn>
      <dhc:controlFunctionality class="OnOffFunctionality"><dhc:commands>
        <dhc:command id="1" class="OnCommand" name="on"><dhc:param name="realCommandName" value="on"/></dhc:command>
      </dhc:commands></dhc:controlFunctionality>
    </dhc:device>
    <dhc:device id="odd" class="&lt;b&gt;NoClass&lt;/b&gt;" domoticSystem="Demo"/>
  </dhc:controllables>
</dhc:dogHomeConfiguration>
"""

#: What the gateway says and the page does not show: asked until it is nothing, since values move.
_DIFFERENCES = """
const done = arguments[arguments.length - 1];
const shown = () => [...document.querySelectorAll("tr")].flatMap((row) => (
  [...row.querySelectorAll(".state")].map((each) => (
    `${row.dataset.device} ${each.dataset.state} ${each.querySelector(".value").textContent}`)))).sort();
const told = ({ devicesStatus }) => devicesStatus.flatMap(({ id, status }) => (
  Object.entries(status).flatMap(([state, entries]) => entries.map(({ value }) => (
    typeof value === "string" ? `${id} ${state} ${value.trim()}` : null))))).filter(Boolean);
const look = async (left) => {
  const asked = told(await (await fetch("/api/v1/devices/status")).json());
  const there = new Set(shown());
  const missing = asked.filter((each) => !there.has(each));
  if (!missing.length && asked.length || !left) done(asked.length ? missing : ["nothing was told"]);
  else setTimeout(() => look(left - 1), 200);
};
look(100);
"""


class PageMixin:
    """The same for every browser."""

    make: type[Browser]

    def setUp(self: Any) -> None:
        self.browser = self.begin()

    def begin(self: Any, **options: Any) -> Browser:
        try:
            browser: Browser = self.make(**options)
        except BrowserMissing as missing:
            raise SkipTest(str(missing)) from None
        self.addCleanup(browser.close)
        return browser

    def start(self: Any, *arguments: Any, **options: Any) -> RunningGateway:
        gateway = RunningGateway(*arguments, **options)
        self.addCleanup(gateway.stop)
        return gateway

    def put(self, url: str) -> None:
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(url, method="PUT"), timeout=30) as answer:
            assert answer.status == 200

    def other(self) -> str:
        """The command that changes the lamp."""
        return "off" if self.browser.run(f"return {VALUE}") == "on" else "on"

    def test_live(self: Any) -> None:
        """Devices appear, values follow commands of others and our buttons, a gateway that was away is met again."""
        stateDir = Path(self.mktemp()).resolve()
        stateDir.mkdir()
        browser, gateway = self.browser, self.start(stateDir=stateDir)
        browser.open(f"{gateway.url}/")
        self._readGuide(gateway.url)
        browser.open(f"{gateway.url}/")
        browser.until("document.getElementById('connection').textContent === 'connected'")
        browser.until(f"{VALUE} !== undefined")
        with urllib.request.urlopen(f"{gateway.url}/api/v1/devices", timeout=30) as answer:
            ids = sorted(each["id"] for each in json.load(answer)["devices"])
        shown = browser.run("return [...document.querySelectorAll('tr')].map((each) => each.dataset.device)")
        self.assertEqual(sorted(shown), ids)
        headings = browser.run("return [...document.querySelectorAll('h2')].map((each) => each.textContent)")
        self.assertIn("Kitchen · The flat towards the lake", headings)

        command = self.other()
        self.put(f"{gateway.url}/api/v1/devices/{LAMP}/commands/{command}")
        browser.until(f"{VALUE} === '{command}'")
        browser.until(f"document.querySelector(\"{ROW} .events\").textContent.endsWith(' {command}')")

        command = self.other()
        browser.run(f"document.querySelector(\"{ROW} [data-command='{command}']\").click()")
        browser.until(f"{VALUE} === '{command}'")
        self.assertEqual(browser.run(f'return document.querySelector("{ROW} .problem").textContent'), "")

        picture = Path(self.mktemp())
        picture.mkdir()
        (picture / "page.png").write_bytes(browser.screenshot())
        self.assertTrue((picture / "page.png").read_bytes().startswith(b"\x89PNG"))
        self.assertEqual(self.complaints(), [])

        self._restart(gateway, stateDir)

    def _restart(self: Any, gateway: RunningGateway, stateDir: Path) -> None:
        """Ended in order or in a power cut: the page says so, comes back, and shows what happened meanwhile."""
        browser = self.browser
        browser.run("window.same = true")
        for end in (gateway.stop, None):
            said = "document.getElementById('connection')"
            event = f'document.querySelector("{ROW} .events").textContent'
            before = self.other()
            self.put(f"{gateway.url}/api/v1/devices/{LAMP}/commands/{before}")
            browser.until(f"{VALUE} === '{before}' && {event}.endsWith(' {before}')")
            (end or gateway.kill)()
            browser.until(f"{said}.dataset.state === 'waiting'")
            self.picture("gone")
            self.assertIn("reconnecting", browser.run(f"return {said}.textContent"))
            self.assertTrue(browser.run("return document.getElementById('rooms').hasAttribute('data-stale')"))
            gateway = self.start(gateway.home, gateway.port, stateDir=stateDir)
            after = "off" if before == "on" else "on"
            self.put(f"{gateway.url}/api/v1/devices/{LAMP}/commands/{after}")
            browser.until(f"{said}.textContent === 'connected' && {VALUE} === '{after}'")
            if end is not None:
                # The event itself is replayed, although nobody was connected when it happened.
                browser.until(f"{event}.endsWith(' {after}')")
            self.assertEqual(browser.runAsync(_DIFFERENCES), [])
            self.picture("back")
        self.assertTrue(browser.run("return window.same"), "the page was loaded again")

    def test_hostile_texts(self: Any) -> None:
        """Whatever stands in the home file is text on the page, and its ids survive the way to the gateway."""
        folder = Path(self.mktemp())
        folder.mkdir()
        home = folder / "home.xml"
        home.write_text(HOSTILE_HOME, encoding="utf-8")
        browser, gateway = self.browser, self.start(home.resolve())
        browser.open(f"{gateway.url}/")
        browser.until("document.querySelectorAll('tr').length === 2")
        browser.until("document.querySelector(\"[data-state='OnOffState']\") !== null")
        row = "document.querySelector('tr')"
        self.assertEqual(browser.run(f"return {row}.dataset.device"), 'a"]/b?c%20<i>')
        self.assertTrue(browser.run(f"return {row}.querySelector('th').textContent").startswith(HOSTILE))
        self.assertIn(HOSTILE, browser.run("return document.querySelector('h2').textContent"))
        self.assertEqual(
            browser.run("return document.querySelectorAll('main img, main script, main i, main b').length"), 0
        )
        self.assertEqual(browser.run("return document.title"), "Dog")
        odd = browser.run("return document.querySelector(\"tr[data-device='odd']\").textContent")
        self.assertIn("inactive: unknown device class '<b>NoClass</b>'", odd)

        value = "document.querySelector(\"[data-state='OnOffState'] .value\").textContent"
        browser.run("document.querySelector(\"[data-command='on']\").click()")
        browser.until(f"{value} === 'on'")
        self.assertEqual(browser.run("return document.querySelector('.problem').textContent"), "")
        self.assertEqual(self.complaints(), [])

    def test_signIn(self: Any) -> None:
        """Where a token is needed the page asks for it, says what is wrong with one, and forgets it again."""
        stateDir = Path(self.mktemp()).resolve()
        stateDir.mkdir()
        config = '[server]\nanonymous = "none"\n'
        browser, gateway = self.browser, self.start(stateDir=stateDir, config=config)
        admin = (stateDir / "admin.token").read_text().strip()
        browser.open(f"{gateway.url}/")
        browser.until("!document.getElementById('token').hidden")
        self.assertEqual(browser.run(WHY), "This gateway asks for a token.")
        self.picture("sign-in")

        self.signIn("dog_" + "x" * 43)
        browser.until(f"{WHY_TEXT}.includes('not valid')")
        self.assertEqual(browser.run("return document.querySelectorAll('tr').length"), 0)
        self.picture("wrong-token")

        self.signIn(admin)
        browser.until(f"{SAID} === 'connected' && {VALUE} !== undefined")
        self.assertTrue(browser.run("return document.getElementById('token').hidden"))
        self.assertEqual(browser.run("return [location.href, document.cookie]"), [f"{gateway.url}/", ""])
        self.picture("signed-in")
        browser.open(f"{gateway.url}/")
        browser.until(f"{SAID} === 'connected' && {VALUE} !== undefined")  # it is kept by the tab, and by it alone
        self.assertEqual(browser.run("return [sessionStorage.getItem('dog.token'), localStorage.length]"), [admin, 0])

        # Another one, of somebody who sees one room, kept by the browser; revoked while the page is open.
        wish = {"name": "panel", "role": "user", "view": {"rooms": ["lake-kitchen"]}}
        made = self.ask(f"{gateway.url}/api/v1/tokens", admin, wish)
        browser.run("document.getElementById('sign-out').click()")
        browser.until("!document.getElementById('token').hidden")
        self.assertEqual(browser.run("return document.querySelectorAll('tr').length"), 0)
        self.assertEqual(browser.run("return [sessionStorage.length, localStorage.length]"), [0, 0])
        self.signIn(made["token"], stay=True)
        browser.until(f"{SAID} === 'connected' && {VALUE} !== undefined")
        self.assertEqual(browser.run("return document.querySelectorAll('section').length"), 1)
        self.assertEqual(
            browser.run("return [sessionStorage.length, localStorage.getItem('dog.token')]"), [0, made["token"]]
        )
        browser.run(f"document.querySelector(\"{ROW} [data-command='{self.other()}']\").click()")
        self.ask(f"{gateway.url}/api/v1/tokens/{made['id']}", admin, method="DELETE")
        browser.until(f"{WHY_TEXT}.includes('revoked')")
        self.assertEqual(browser.run("return document.querySelectorAll('tr').length"), 0)
        self.assertEqual(browser.run("return [sessionStorage.length, localStorage.length]"), [0, 0])
        self.picture("revoked")
        self.assertEqual(self.complaints(), [])
        self.assertNotIn(admin, gateway.log)

    def test_tls(self: Any) -> None:
        """With the gateway's own certificate: nothing before somebody takes it, and then the WebSocket as well."""
        if missing is not None:
            raise SkipTest(missing)
        stateDir = Path(self.mktemp()).resolve()
        stateDir.mkdir()
        config = '[server]\nanonymous = "none"\n'
        gateway = self.start(stateDir=stateDir, config=config, listen=["tls:0:interface=127.0.0.1"])
        self.assertTrue(gateway.url.startswith("https://"))
        try:
            self.browser.open(f"{gateway.url}/")
        except RuntimeError:
            pass  # so says Firefox; Chromium shows its warning instead
        self.assertTrue(self.browser.run("return document.getElementById('token') === null"), "it warns")
        browser = self.browser = self.begin(trusting=True)
        browser.open(f"{gateway.url}/")
        browser.until("!document.getElementById('token').hidden")
        self.assertTrue(browser.run("return document.getElementById('open').hidden"), "it is encrypted")
        self.signIn((stateDir / "admin.token").read_text().strip())
        browser.until(f"{SAID} === 'connected' && {VALUE} !== undefined")
        command = self.other()
        browser.run(f"document.querySelector(\"{ROW} [data-command='{command}']\").click()")
        browser.until(f"{VALUE} === '{command}'")
        self.assertEqual(self.complaints(), [])

    def test_viewer(self: Any) -> None:
        """Who may look without a token is not asked for one, and may bring one."""
        stateDir = Path(self.mktemp()).resolve()
        stateDir.mkdir()
        browser = self.browser
        gateway = self.start(stateDir=stateDir, config='[server]\nanonymous = "viewer"\n')
        browser.open(f"{gateway.url}/")
        browser.until(f"{SAID} === 'connected' && {VALUE} !== undefined")
        self.assertTrue(browser.run("return document.getElementById('token').hidden"))
        problem = f'document.querySelector("{ROW} .problem").textContent'
        click = f"document.querySelector(\"{ROW} [data-command='on']\").click()"
        browser.run(click)
        browser.until(f"{problem} !== ''")
        browser.run("document.getElementById('sign-in').click()")
        self.signIn((stateDir / "admin.token").read_text().strip())
        browser.until(f"{SAID} === 'connected' && {VALUE} !== undefined")
        browser.run(click)
        browser.until(f"{VALUE} === 'on' && {problem} === ''")

    def test_stale(self: Any) -> None:
        """What is not true any more looks like it at once, without anybody asking; and what is new appears."""
        folder = Path(self.mktemp()).resolve()
        folder.mkdir()
        unit = Unit(folder)
        self.addCleanup(unit.stop)
        unit.start()
        gateway = GatewayProcess("--config", str(folder / "dog.toml"), cwd=str(folder))
        self.addCleanup(gateway.kill)
        gateway.start(60)
        browser = self.browser
        browser.open(f"{gateway.url}/")
        value = "document.querySelector(\"[data-device='hall-thermometer'] .state\")"
        browser.until(f"{value}?.textContent.includes('21.5') && {value}.dataset.quality !== 'stale'")
        unit.stop()
        browser.until(f"{value}.dataset.quality === 'stale'")
        self.picture("stale")
        unit.start()
        browser.until(f"{value}.dataset.quality !== 'stale'")

        home = (folder / "home.xml").read_text(encoding="utf-8")
        aside = folder / "aside.xml"
        aside.write_text(re.sub(r'<dhc:device id="hall-lamp".*?</dhc:device>', "", home, flags=re.S), encoding="utf-8")
        aside.rename(folder / "home.xml")
        browser.until("document.querySelector(\"[data-device='hall-lamp']\") === null")
        self.assertIsNotNone(browser.run(f"return {value}.textContent"))

    def signIn(self, token: str, stay: bool = False) -> None:
        self.browser.run(
            """
            const [token, stay] = arguments, form = document.getElementById("token");
            form.elements.token.value = token;
            form.elements.stay.checked = stay;
            form.querySelector("button").click();
            """,
            token,
            stay,
        )

    def ask(self, url: str, token: str | None, body: Any = None, method: str | None = None) -> Any:
        headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
        data = None if body is None else json.dumps(body).encode()
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(urllib.request.Request(url, data, headers, method=method), timeout=30) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def picture(self: Any, name: str) -> None:
        """What it looks like, for people who want to see that; in the folder of DOG_PICTURES, if that is set."""
        folder = os.environ.get("DOG_PICTURES")
        if folder:
            Path(folder, f"{self.browser.name}-{name}.png").write_bytes(self.browser.screenshot())

    def _readGuide(self: Any, url: str) -> None:
        """The documentation is there, and so is everything that it links to."""
        browser = self.browser
        browser.open(browser.run("return document.querySelector('nav a').href"))
        self.assertIn("Talking to this gateway", browser.run("return document.querySelector('article').textContent"))
        links = browser.run("return [...document.querySelectorAll('a')].map((each) => each.href)")
        self.assertIn(f"{url}/api/v1/openapi.json", links)
        for link in links:
            with urllib.request.urlopen(link, timeout=30) as answer:
                self.assertEqual(answer.status, 200, link)

    def complaints(self: Any) -> Any:
        """Errors on the console, where the browser tells them."""
        return self.browser.complaints() if isinstance(self.browser, Chromium) else []


class Unit:
    """The Modbus unit and the home of the tutorial.

    @param folder: where their files go.
    """

    def __init__(self, folder: Path) -> None:
        text = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
        for name, contents in re.findall(r"^```\w+ (\S+)\n(.*?)^```$", text, re.M | re.S):
            (folder / name).write_text(contents, encoding="utf-8")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self._port = str(free.getsockname()[1])
        self._program = folder / "unit.py"
        home = folder / "home.xml"
        home.write_text(home.read_text(encoding="utf-8").replace("15020", self._port), encoding="utf-8")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen([sys.executable, str(self._program), self._port], stdout=subprocess.DEVNULL)

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


class ChromiumTests(PageMixin, SynchronousTestCase):
    make = Chromium


class FirefoxTests(PageMixin, SynchronousTestCase):
    make = Firefox
