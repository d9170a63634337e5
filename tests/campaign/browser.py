"""A page in headless Chromium, by its debugging protocol over a websocket of tornado."""

import asyncio
import base64
import itertools
import json
import shutil
import subprocess
import urllib.request
from contextlib import asynccontextmanager

import pytest

FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--remote-debugging-port=0",
)  # fmt: skip


def chromium():
    """The program, or the test is skipped."""
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        pytest.skip("no Chromium on this machine")
    pytest.importorskip("tornado", reason="needs tornado (comes with the extra dask)")
    return found


class Page:
    """One page of a browser."""

    def __init__(self, socket):
        self.socket, self.numbers = socket, itertools.count(1)

    async def call(self, method, **parameters):
        """A method of the protocol and its result; events in between are passed over."""
        number = next(self.numbers)
        await self.socket.write_message(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(await asyncio.wait_for(self.socket.read_message(), 60))
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    async def run(self, code):
        """The value of an expression of JavaScript."""
        found = await self.call("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def open(self, address, width, height=900):
        """Show an address in a window of a width, as a phone does where it is narrow."""
        shape = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 640}
        await self.call("Emulation.setDeviceMetricsOverride", **shape)
        still = [{"name": "prefers-reduced-motion", "value": "reduce"}]
        await self.call("Emulation.setEmulatedMedia", features=still)
        await self.call("Page.navigate", url=address)
        while await self.run("document.readyState") != "complete" or await self.run("location.href") == "about:blank":
            await asyncio.sleep(0.05)

    async def click(self, selector, number=0):
        """Press and release the mouse on the first line of an element."""
        element = f"document.querySelectorAll({json.dumps(selector)})[{number}]"
        place = await self.run(
            f"(() => {{ const e = {element}; e.scrollIntoView({{block: 'center'}}); "
            "const r = e.getClientRects()[0]; return [r.x + Math.min(r.width / 2, 20), r.y + r.height / 2]; })()"
        )
        for kind in ("mousePressed", "mouseReleased"):
            where = {"x": place[0], "y": place[1], "button": "left", "clickCount": 1}
            await self.call("Input.dispatchMouseEvent", type=kind, **where)

    async def picture(self):
        """The whole page as PNG."""
        found = await self.call("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(found["data"])


@asynccontextmanager
async def page(profile):
    """A page of a browser that keeps its files in a folder."""
    from tornado.websocket import websocket_connect

    command = [chromium(), *FLAGS, f"--user-data-dir={profile}", "about:blank"]
    browser = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        ready = profile / "DevToolsActivePort"
        for _ in range(600):
            if ready.exists() and len(ready.read_text().splitlines()) == 2:
                break
            await asyncio.sleep(0.1)
        port = ready.read_text().splitlines()[0]
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/json/list", timeout=60) as answer:
            target = next(t for t in json.load(answer) if t["type"] == "page")
        socket = await websocket_connect(target["webSocketDebuggerUrl"], max_message_size=2**28)
        try:
            yield Page(socket)
        finally:
            socket.close()
            # the connection is closed when the browser has answered
            while await asyncio.wait_for(socket.read_message(), 60) is not None:
                pass
            await asyncio.sleep(0.1)
    finally:
        browser.terminate()
        browser.wait(timeout=60)
