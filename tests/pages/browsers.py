"""Real browsers without a window, driven over what they speak themselves: no library is needed.

Chromium through C{chromedriver} (W3C WebDriver, JSON over HTTP), Firefox through Marionette (JSON over TCP). Both are
asked for the same few things; both are made with a new profile and leave nothing behind.
"""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import urllib.request
from pathlib import Path
from typing import IO, Any

#: Seconds that a browser may take to start, and for a page to become what is expected of it.
START, PATIENCE = 60, 30

_CHROMIUM = ("chromium", "chromium-browser", "google-chrome")
_FIREFOX = ("firefox-esr", "firefox")

#: Calls back with true once the page's C{condition} holds, looked at whenever the page changes.
_UNTIL = """
const [condition, done] = [new Function("return (" + arguments[0] + ")"), arguments[arguments.length - 1]];
const look = () => { if (condition()) { observer.disconnect(); done(true); return true; } return false; };
const observer = new MutationObserver(look);
if (!look()) observer.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
"""


class BrowserMissing(Exception):
    """It is not installed; the text says what is."""


class Browser:
    """What the tests ask of a browser. Scripts are bodies of functions; C{return} gives a JSON value.

    @param trusting: take any certificate, as somebody does who clicks the warning away.
    """

    name: str

    def __init__(self, trusting: bool = False) -> None:
        raise NotImplementedError

    def open(self, url: str) -> None:
        raise NotImplementedError

    def run(self, script: str, *arguments: Any) -> Any:
        raise NotImplementedError

    def runAsync(self, script: str, *arguments: Any) -> Any:
        """The last of C{arguments} is the callback that takes the result."""
        raise NotImplementedError

    def screenshot(self) -> bytes:
        """PNG."""
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError

    def until(self, condition: str) -> None:
        """Wait for a JavaScript expression to become true; AssertionError if it does not in L{PATIENCE} seconds."""
        try:
            self.runAsync(_UNTIL, condition)
        except RuntimeError as error:
            text = self.run("return document.body.innerText")
            raise AssertionError(f"{self.name}: never true: {condition} ({error})\n{text}") from None


def _program(names: tuple[str, ...]) -> str:
    for name in names:
        found = shutil.which(name)
        if found:
            return found
    raise BrowserMissing(f"none of {', '.join(names)} is installed")


def _end(process: subprocess.Popen[Any]) -> None:
    """The process and its children, which are a group of their own."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if process.stdout is not None:
        process.stdout.close()


class Chromium(Browser):
    name = "chromium"

    def __init__(self, trusting: bool = False) -> None:
        browser, driver = _program(_CHROMIUM), _program(("chromedriver",))
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        self._driver = subprocess.Popen(
            [driver, "--port=0"],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._session = ""
        try:
            self._port = self._readPort()
            flags = [
                *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
                *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
                *("--disable-dev-shm-usage", "--window-size=1100,1000", f"--user-data-dir={self._profile.name}"),
            ]
            capabilities = {
                "acceptInsecureCerts": trusting,
                "goog:chromeOptions": {"binary": browser, "args": flags},
                "goog:loggingPrefs": {"browser": "ALL"},
            }
            begun = self._ask("POST", "/session", {"capabilities": {"alwaysMatch": capabilities}})
            self._session = f"/session/{begun['sessionId']}"
            self._ask("POST", f"{self._session}/timeouts", {"script": PATIENCE * 1000})
        except BaseException:
            self.close()
            raise

    def _readPort(self) -> int:
        assert self._driver.stdout is not None
        for line in self._driver.stdout:
            match = re.search(r"started successfully on port (\d+)", line)
            if match:
                return int(match[1])
        raise RuntimeError("chromedriver did not start")

    def _ask(self, method: str, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self._port}{path}",
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
            method=method,
        )
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(request, timeout=START + PATIENCE) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise RuntimeError(json.load(error)["value"]["message"].split("\n")[0]) from None

    def open(self, url: str) -> None:
        self._ask("POST", f"{self._session}/url", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        return self._ask("POST", f"{self._session}/execute/sync", {"script": script, "args": list(arguments)})

    def runAsync(self, script: str, *arguments: Any) -> Any:
        return self._ask("POST", f"{self._session}/execute/async", {"script": script, "args": list(arguments)})

    def screenshot(self) -> bytes:
        return base64.b64decode(self._ask("GET", f"{self._session}/screenshot"))

    def complaints(self) -> list[str]:
        """What the console said since the last call: errors of the page, violations of its policy."""
        entries = self._ask("POST", f"{self._session}/se/log", {"type": "browser"})
        return [each["message"] for each in entries if each["level"] == "SEVERE"]

    def close(self) -> None:
        if self._session:
            session, self._session = self._session, ""
            self._ask("DELETE", session)
        _end(self._driver)
        self._profile.cleanup()


class Firefox(Browser):
    name = "firefox"

    def __init__(self, trusting: bool = False) -> None:
        program = _program(_FIREFOX)
        self._profile = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        preferences = {
            "marionette.port": 0,  # a free one; Firefox writes it down in the profile
            "browser.shell.checkDefaultBrowser": False,
            "datareporting.policy.dataSubmissionEnabled": False,
            "app.update.enabled": False,
            "network.captive-portal-service.enabled": False,
            "network.connectivity-service.enabled": False,
            "browser.aboutwelcome.enabled": False,
            "toolkit.telemetry.enabled": False,
        }
        lines = [f"user_pref({json.dumps(name)}, {json.dumps(value)});" for name, value in preferences.items()]
        Path(self._profile.name, "user.js").write_text("\n".join(lines), encoding="utf-8")
        self._process = subprocess.Popen(
            [program, "--headless", "--no-remote", "--marionette", "--profile", self._profile.name],
            env={
                **os.environ,
                "HOME": self._profile.name,
                "MOZ_HEADLESS_WIDTH": "1100",
                "MOZ_HEADLESS_HEIGHT": "1000",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        self._socket: socket.socket | None = None
        self._stream: IO[bytes] | None = None
        self._number = 0
        try:
            self._socket = socket.create_connection(("127.0.0.1", self._readPort()), timeout=START)
            self._socket.settimeout(START + PATIENCE)
            self._stream = self._socket.makefile("rb")
            self._receive()  # it introduces itself
            self._ask("WebDriver:NewSession", {"acceptInsecureCerts": trusting})
            self._ask("WebDriver:SetTimeouts", {"script": PATIENCE * 1000})
        except BaseException:
            self.close()
            raise

    def _readPort(self) -> int:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            match = re.search(r"Marionette.*Listening on port (\d+)", line)
            if match:
                return int(match[1])
        raise RuntimeError("firefox did not start")

    def _receive(self) -> Any:
        """A message is its length in bytes, a colon, and JSON."""
        assert self._stream is not None
        digits = b""
        while not digits.endswith(b":"):
            byte = self._stream.read(1)
            if not byte:
                raise RuntimeError("firefox is gone")
            digits += byte
        return json.loads(self._stream.read(int(digits[:-1])))

    def _ask(self, command: str, parameters: dict[str, Any]) -> Any:
        assert self._socket is not None
        self._number += 1
        message = json.dumps([0, self._number, command, parameters]).encode()
        self._socket.sendall(b"%d:%s" % (len(message), message))
        _, number, error, result = self._receive()
        assert number == self._number, (number, self._number)
        if error is not None:
            raise RuntimeError(error["message"])
        return result

    def open(self, url: str) -> None:
        self._ask("WebDriver:Navigate", {"url": url})

    def run(self, script: str, *arguments: Any) -> Any:
        return self._ask("WebDriver:ExecuteScript", {"script": script, "args": list(arguments)})["value"]

    def runAsync(self, script: str, *arguments: Any) -> Any:
        return self._ask("WebDriver:ExecuteAsyncScript", {"script": script, "args": list(arguments)})["value"]

    def screenshot(self) -> bytes:
        return base64.b64decode(self._ask("WebDriver:TakeScreenshot", {"full": False})["value"])

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
        if self._socket is not None:
            self._socket.close()
        _end(self._process)
        self._profile.cleanup()
