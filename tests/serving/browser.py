"""Headless Chromium by its own DevTools pipe: no driver, no download, no package."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"),
    *("--disable-quic", "--disable-sync", "--disable-background-networking"),
    *("--disable-component-update", "--no-first-run", "--remote-debugging-pipe"),
    *("--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"),
)
PATIENCE_S = 30


class Page:
    """One tab. `run` evaluates JavaScript, `until` waits for an expression to be true."""

    def __init__(self, to: int, of: Any):
        self._to, self._of = to, of
        self._numbers = itertools.count(1)
        self.events: list[dict[str, Any]] = []
        (page,) = (
            target
            for target in self._call("Target.getTargets")["targetInfos"]
            if target["type"] == "page"
        )
        attach = {"targetId": page["targetId"], "flatten": True}
        self._session = self._call("Target.attachToTarget", **attach)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network", "DOM"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        return self._call(method, self._session, **parameters)

    def _call(self, method: str, session: str | None = None, **parameters: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if session:
            message["sessionId"] = session
        os.write(self._to, json.dumps(message).encode() + b"\0")
        while True:
            said = json.loads(self._read())
            if said.get("id") == number:
                assert "error" not in said, said["error"]
                return said["result"]
            self.events.append(said)

    def _read(self) -> bytes:
        letters = bytearray()
        while (letter := self._of.read(1)) != b"\0":
            assert letter, "Chromium is gone"
            letters += letter
        return bytes(letters)

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)

    def run(self, script: str) -> Any:
        said = self.call(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True
        )
        assert "exceptionDetails" not in said, said["exceptionDetails"]
        return said["result"].get("value")

    def until(self, script: str) -> None:
        end = monotonic() + PATIENCE_S
        while not self.run(
            f"(() => {{ try {{ return !!({script}) }} catch {{ return false }} }})()"
        ):
            assert monotonic() < end, f"never true: {script}; {self.run('document.body.innerText')}"
            sleep(0.05)

    def give_file(self, selector: str, path: Path) -> None:
        root = self.call("DOM.getDocument")["root"]["nodeId"]
        node = self.call("DOM.querySelector", nodeId=root, selector=selector)["nodeId"]
        self.call("DOM.setFileInputFiles", files=[str(path)], nodeId=node)

    def size(self, width_px: int, height_px: int, scheme: str = "light") -> None:
        """As on a screen of that size, in a "light" or "dark" scheme."""
        metrics = {"width": width_px, "height": height_px, "deviceScaleFactor": 1, "mobile": True}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        feature = {"name": "prefers-color-scheme", "value": scheme}
        self.call("Emulation.setEmulatedMedia", features=[feature])

    def picture(self, path: Path) -> None:
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def errors(self) -> list[str]:
        """What the console and the content policy complained of since the page was made."""
        self.run("1")  # what was said before is read by now
        bad = [e["params"]["entry"]["text"] for e in self.events if e["method"] == "Log.entryAdded"]
        thrown = [e for e in self.events if e["method"] == "Runtime.exceptionThrown"]
        return bad + [str(e["params"]) for e in thrown]

    def addresses(self) -> set[str]:
        """Everything that the page asked for."""
        urls = [
            e["params"]["request"]["url"]
            for e in self.events
            if e["method"] == "Network.requestWillBeSent"
        ]
        return set(urls)


@contextlib.contextmanager
def chromium(profile: Path) -> Iterator[Page]:
    """A fresh browser with a camera and a microphone that are not real."""
    assert PROGRAM is not None
    there, to = os.pipe()
    of, here = os.pipe()

    def wire() -> None:  # Chromium reads commands from 3 and writes answers to 4
        os.dup2(there, 63)
        os.dup2(here, 64)
        os.dup2(63, 3)
        os.dup2(64, 4)

    process = subprocess.Popen(
        [PROGRAM, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=wire,
        pass_fds=(3, 4),
    )
    os.close(there)
    os.close(here)
    try:
        with os.fdopen(of, "rb") as answers:
            yield Page(to, answers)
    finally:
        os.close(to)
        process.terminate()
        process.wait(PATIENCE_S)
