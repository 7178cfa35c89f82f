"""A real browser without a window: Chromium, told what to do by its DevTools protocol over two pipes.

https://chromedevtools.github.io/devtools-protocol/; messages are JSON, each ended by a zero byte.
"""

from __future__ import annotations

import io
import json
import os
import select
import shutil
import subprocess
import tempfile
import time
from base64 import b64decode
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Literal

from PIL import Image

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

NAMES = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
LIMIT_S = 120
Point = tuple[float, float]
"""Where something is in the window, in CSS pixels from its upper left corner."""

# What a key is besides its name: its code, and what it types.
_KEYS = {
    "Enter": (13, "\r"),
    "Tab": (9, ""),
    "Escape": (27, ""),
    "Backspace": (8, ""),
    " ": (32, " "),
    "ArrowLeft": (37, ""),
    "ArrowUp": (38, ""),
    "ArrowRight": (39, ""),
    "ArrowDown": (40, ""),
}
_CONTROL, _SHIFT = 2, 8
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--remote-debugging-pipe",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--hide-scrollbars",
)


def find() -> str | None:
    """The browser's command, where this machine has one."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One tab. `complaints` are what the browser did not like: exceptions, errors, what its policy forbade."""

    def __init__(self, written: int, read: int) -> None:
        self._written, self._read = written, read
        self._buffer = b""
        self._id = 0
        self._session: str | None = None
        self._choosers: list[int] = []
        self.complaints: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "DOM"):
            self.call(f"{domain}.enable")

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        self.wait_for("document.readyState === 'complete'")

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """One command, and its result."""
        self._id += 1
        message: dict[str, object] = {"id": self._id, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._written, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._receive()
            if answer.get("id") == self._id:
                assert "error" not in answer, answer
                result: dict[str, Any] = answer["result"]
                return result
            self._notice(answer)

    def evaluate(self, script: str) -> Any:
        """A script's value, as JSON has it."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def wait_for(self, script: str) -> Any:
        """The script's value once it is true."""
        deadline_s = time.monotonic() + LIMIT_S
        while not (value := self.evaluate(script)):
            assert time.monotonic() < deadline_s, f"{script} never came true; the browser says {self.complaints}"
        return value

    def show_as(
        self,
        width: int = 800,
        height: int = 600,
        scheme: Literal["light", "dark"] = "light",
        *,
        phone: bool = False,
        scale: float = 1,
    ) -> None:
        """The window's size in CSS pixels, the colours that the reader likes, and whether it is a phone, with touch.

        `scale` is how many pixels a CSS pixel has.
        """
        self.call(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=scale, mobile=phone
        )
        self.call("Emulation.setTouchEmulationEnabled", enabled=phone)
        self.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])

    def screenshot(self, file: Path, *, colours: int = 256) -> None:
        """Writes what the window shows as a PNG, with so many colours that its file is small."""
        taken = b64decode(self.call("Page.captureScreenshot", format="png")["data"])
        picture = Image.open(io.BytesIO(taken)).convert("RGB")
        picture.quantize(colours, dither=Image.Dither.NONE).save(file, optimize=True)

    def press(self, key: str, *, shift: bool = False) -> None:
        """A key, at whatever has the focus."""
        code, text = _KEYS[key]
        modifiers = _SHIFT if shift else 0
        for kind in ("keyDown", "keyUp"):
            self.call(
                "Input.dispatchKeyEvent",
                type=kind,
                key=key,
                code="Space" if key == " " else key,
                windowsVirtualKeyCode=code,
                text=text if kind == "keyDown" else "",
                modifiers=modifiers,
            )

    def write(self, selector: str, text: str) -> None:
        """Puts text in the place of what a field has, as if it were pasted: with an `input` event."""
        self.evaluate(f"{{ const field = document.querySelector({selector!r}); field.focus(); field.select(); }}")
        if text:
            self.call("Input.insertText", text=text)
        else:
            self.press("Backspace")

    def middle_of(self, selector: str) -> Point:
        """The middle of an element, scrolled to where one sees it."""
        left, top = self.evaluate(
            f"(() => {{ const found = document.querySelector({selector!r});"
            "found.scrollIntoView({block: 'center', behavior: 'instant'}); const box = found.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
        )
        return left, top

    def click(self, selector: str) -> None:
        """A click of the mouse in the middle of an element."""
        self.drag([self.middle_of(selector)])

    def drag(self, points: Sequence[Point]) -> None:
        """Moves the mouse to the first point, presses, goes along the others, and lets go at the last one."""
        self._mouse("mouseMoved", points[0], held=False)
        self._mouse("mousePressed", points[0], held=True)
        for point in points[1:]:
            self._mouse("mouseMoved", point, held=True)
        self._mouse("mouseReleased", points[-1], held=False)

    def drop_file(self, selector: str, file: Path) -> None:
        """Drags a file from outside of the browser over an element, and lets it go there."""
        left, top = self.middle_of(selector)
        dragged = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=left, y=top, data=dragged)

    def allow(self, *permissions: str) -> None:
        """What pages may do without asking, and nothing else: `clipboardReadWrite`, `geolocation`..."""
        self.call("Browser.resetPermissions")
        self.call("Browser.grantPermissions", permissions=list(permissions))

    def names(self) -> list[tuple[str, str]]:
        """Role and name of all that a screen reader is told of, in its order."""
        nodes = self.call("Accessibility.getFullAXTree")["nodes"]
        return [(node["role"]["value"], node.get("name", {}).get("value", "")) for node in nodes if not node["ignored"]]

    def choose_file(self, selector: str, file: Path) -> None:
        """Puts a file into an input."""
        handle = self.call("Runtime.evaluate", expression=f"document.querySelector({selector!r})")
        self.call("DOM.setFileInputFiles", files=[str(file)], objectId=handle["result"]["objectId"])

    def paste(self) -> None:
        """What the clipboard has, at whatever has the focus."""
        self.call(
            "Input.dispatchKeyEvent", type="keyDown", key="v", code="KeyV", modifiers=_CONTROL, commands=["paste"]
        )
        self.call("Input.dispatchKeyEvent", type="keyUp", key="v", code="KeyV", modifiers=_CONTROL)

    def expect_file_chooser(self) -> None:
        """Has `answer_file_chooser` answer where the page asks the person for a file, in place of a dialog."""
        self._choosers.clear()
        self.call("Page.setInterceptFileChooserDialog", enabled=True)

    def answer_file_chooser(self, file: Path) -> None:
        """Gives the file that the page asks for, once it does."""
        while not self._choosers:
            self._notice(self._receive())
        self.call("DOM.setFileInputFiles", files=[str(file)], backendNodeId=self._choosers.pop())
        self.call("Page.setInterceptFileChooserDialog", enabled=False)

    def _mouse(self, kind: str, point: Point, *, held: bool) -> None:
        left, top = point
        button = "none" if kind == "mouseMoved" and not held else "left"
        self.call("Input.dispatchMouseEvent", type=kind, x=left, y=top, button=button, buttons=int(held), clickCount=1)

    def _receive(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            assert select.select([self._read], [], [], LIMIT_S)[0], "the browser is silent"
            received = os.read(self._read, 65536)
            assert received, "the browser has ended"
            self._buffer += received
        message, _, self._buffer = self._buffer.partition(b"\0")
        loaded: dict[str, Any] = json.loads(message)
        return loaded

    def _notice(self, event: dict[str, Any]) -> None:
        if event.get("method") == "Runtime.exceptionThrown":
            self.complaints.append(str(event["params"]["exceptionDetails"]))
        elif event.get("method") == "Log.entryAdded" and event["params"]["entry"]["level"] == "error":
            self.complaints.append(str(event["params"]["entry"]["text"]))
        elif event.get("method") == "Page.fileChooserOpened":
            self._choosers.append(event["params"]["backendNodeId"])


@contextmanager
def browsing(command: str, *flags: str) -> Iterator[Page]:
    """Starts the browser with one tab, and ends it. It has a camera that pages may use, with a pattern that moves.

    `flags` are more of its own: `--use-file-for-fake-video-capture=FILE.mjpeg` is what the camera sees,
    `--use-fake-ui-for-media-stream=deny` forbids it.
    """
    to_browser, written = os.pipe()
    read, from_browser = os.pipe()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        # The protocol's pipes are file descriptors 3 and 4.
        line = f'exec "$@" 3<&{to_browser} 4>&{from_browser}'
        process = subprocess.Popen(
            ["bash", "-c", line, "browser", command, *_FLAGS, *flags, f"--user-data-dir={profile}"],
            pass_fds=(to_browser, from_browser),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_browser)
        os.close(from_browser)
        try:
            yield Page(written, read)
        finally:
            os.close(written)
            os.close(read)
            process.terminate()
            process.wait(LIMIT_S)
