"""A real browser for tests: Debian's chromium without a window, spoken to over its DevTools protocol."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

from tests.effort import HANG

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
LOOKS = 240
"""Looks at a page, 50 ms apart in its own time, before it is given up."""
STILL = 4
"""Looks during which an element must not have moved before it is clicked."""


def find() -> str | None:
    """The browser's path, or None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


@contextmanager
def browser(profile: Path) -> Iterator[str]:
    """Run a browser; gives the address of its DevTools."""
    path = find()
    assert path is not None
    sandbox = ["--no-sandbox"] if os.geteuid() == 0 else []
    process = subprocess.Popen(
        [
            *(path, "--headless=new", "--remote-debugging-port=0", f"--user-data-dir={profile}"),
            *("--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--hide-scrollbars"),
            *("--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1", *sandbox, "about:blank"),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stderr is not None
        line = next((line for line in process.stderr if "DevTools listening on" in line), "")
        if not line:
            raise RuntimeError("the browser ended before it could be spoken to")
        yield line.split("ws://")[1].split("/")[0]
    finally:
        process.terminate()
        process.communicate(timeout=HANG)


class Tab:
    """One page in the browser."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._asked = 0
        self.complaints: list[str] = []
        """What the page wrote on its console, and the addresses it asked for beyond its own file."""

    def ask(self, method: str, **params: Any) -> Any:
        """Send a command and wait for its answer."""
        self._asked += 1
        self._socket.send(json.dumps({"id": self._asked, "method": method, "params": params}))
        return self._until(lambda message: message.get("id") == self._asked)["result"]

    def _until(self, wanted: Any) -> dict[str, Any]:
        while True:
            message: dict[str, Any] = json.loads(self._socket.recv(timeout=HANG))
            if "error" in message:
                raise RuntimeError(f"the browser refused: {message['error']}")
            self._note(message)
            if wanted(message):
                return message

    def _note(self, message: dict[str, Any]) -> None:
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif method in ("Log.entryAdded", "Runtime.consoleAPICalled"):
            self.complaints.append(json.dumps(params.get("entry", params)))
        elif method == "Network.requestWillBeSent" and not params["request"]["url"].startswith("file:"):
            self.complaints.append(f"asked for {params['request']['url']}")

    def open(self, address: str) -> None:
        """Load a page and wait until its script has run."""
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.ask(f"{domain}.enable")
        self.ask("Page.navigate", url=address)
        self._until(lambda message: message.get("method") == "Page.loadEventFired")

    def run(self, script: str) -> Any:
        """The value of an expression on the page."""
        answer = self.ask("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(str(answer["exceptionDetails"]))
        return answer["result"].get("value")

    def texts(self, selector: str) -> list[str]:
        """The text of every visible element that the selector finds."""
        found = self.run(
            f"[...document.querySelectorAll({json.dumps(selector)})]"
            ".filter(e => e.getClientRects().length).map(e => e.textContent)"
        )
        return [str(text) for text in found]

    def until(self, selector: str, wanted: str) -> None:
        """Wait until an element says something, in the page's own time."""
        found = f"[...document.querySelectorAll({json.dumps(selector)})]"
        look = f"{found}.some(e => e.textContent.includes(wanted))"
        script = f"""new Promise(done => {{
            const wanted = {json.dumps(wanted)};
            const look = left => {look} || !left ? done(left > 0) : setTimeout(look, 50, left - 1);
            look({LOOKS});
        }})"""
        assert self.run(script), (selector, wanted, self.run("document.body.innerText"))

    def press(self, key: str) -> None:
        """Press a key, as a user would."""
        text = {"text": key} if len(key) == 1 else {"text": "\r"} if key == "Enter" else {}
        self.ask("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.ask("Input.dispatchKeyEvent", type="keyUp", key=key)

    def click(self, selector: str, nth: int = 0) -> None:
        """Click in the middle of an element, once it has stopped moving: news on the page push it down."""
        script = f"""new Promise(done => {{
            const e = document.querySelectorAll({json.dumps(selector)})[{nth}];
            e.scrollIntoView({{block: 'center'}});
            const place = () => {{
                const r = e.getBoundingClientRect();
                return [r.x + r.width / 2, r.y + r.height / 2];
            }};
            const look = (before, still, left) => {{
                const now = place();
                const same = now[0] === before[0] && now[1] === before[1];
                if ((same && still === 0) || !left) return done(now);
                setTimeout(look, 50, now, same ? still - 1 : {STILL}, left - 1);
            }};
            look(place(), {STILL}, {LOOKS});
        }})"""
        x, y = self.run(script)
        for kind in ("mousePressed", "mouseReleased"):
            self.ask("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def scheme(self, name: str) -> None:
        """Prefer `light` or `dark`."""
        self.ask("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": name}])

    def picture(self, width: int, height: int) -> bytes:
        """The page as a PNG."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.ask("Emulation.setDeviceMetricsOverride", **size)
        return base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])


@contextmanager
def tab(devtools: str) -> Iterator[Tab]:
    """A new, empty page."""
    request = urllib.request.Request(f"http://{devtools}/json/new?about:blank", method="PUT")
    with urllib.request.urlopen(request, timeout=HANG) as answer:
        address = json.load(answer)["webSocketDebuggerUrl"]
    with connect(address, max_size=None, compression=None) as socket:
        yield Tab(socket)
