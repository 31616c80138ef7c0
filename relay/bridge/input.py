"""What a person does to a page on a remote screen: mouse, wheel, fingers, keys; and the DevTools command for each.

https://chromedevtools.github.io/devtools-protocol/tot/Input/
"""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta

Place = Annotated[float, Meta(ge=-100_000, le=100_000)]
Modifiers = Annotated[int, Meta(ge=0, le=15)]
KeyName = Annotated[str, Meta(max_length=32)]


class _Input(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of what a person does; places are CSS pixels of the page, modifiers 1 Alt, 2 Ctrl, 4 Meta, 8 Shift."""


class Mouse(_Input, frozen=True, kw_only=True, tag="mouse"):
    """The mouse moved, or a button went down or up; ``clicks`` counts 2 for the second of a double click."""

    action: Literal["move", "down", "up"]
    x: Place
    y: Place
    button: Literal["none", "left", "middle", "right", "back", "forward"] = "none"
    buttons: Annotated[int, Meta(ge=0, le=31)] = 0
    clicks: Annotated[int, Meta(ge=0, le=3)] = 0
    modifiers: Modifiers = 0


class Wheel(_Input, frozen=True, kw_only=True, tag="wheel"):
    """The wheel turned at a place."""

    x: Place
    y: Place
    dx: Place = 0.0
    dy: Place = 0.0
    modifiers: Modifiers = 0


class Finger(msgspec.Struct, frozen=True, kw_only=True):
    """One finger on the screen."""

    id: Annotated[int, Meta(ge=0, le=2**31)]
    x: Place
    y: Place


class Touch(_Input, frozen=True, kw_only=True, tag="touch"):
    """Fingers came, moved or went; ``points`` are those on the screen now."""

    action: Literal["start", "move", "end", "cancel"]
    points: Annotated[tuple[Finger, ...], Meta(max_length=10)] = ()
    modifiers: Modifiers = 0


class Key(_Input, frozen=True, kw_only=True, tag="key"):
    """A key went down or up, as a browser's keyboard event has it."""

    action: Literal["down", "up"]
    key: KeyName
    code: KeyName = ""
    key_code: Annotated[int, Meta(ge=0, le=255)] = 0
    location: Annotated[int, Meta(ge=0, le=3)] = 0
    repeat: bool = False
    modifiers: Modifiers = 0


class Paste(_Input, frozen=True, kw_only=True, tag="paste"):
    """Text that no single key makes: from an input method, a phone's keyboard or a clipboard."""

    text: Annotated[str, Meta(max_length=100_000)]


class Navigate(_Input, frozen=True, kw_only=True, tag="navigate"):
    """Walk the page's history, or load it again."""

    action: Literal["back", "forward", "reload"]


class Resize(_Input, frozen=True, kw_only=True, tag="resize"):
    """Give the page another size, in CSS pixels: that of the screen it is looked at on."""

    width: Annotated[int, Meta(ge=200, le=4000)]
    height: Annotated[int, Meta(ge=200, le=4000)]


Pointing: TypeAlias = Mouse | Wheel | Touch
Input: TypeAlias = Pointing | Key | Paste | Navigate | Resize
Command: TypeAlias = tuple[str, dict[str, Any]]

_MOUSE: Final = {"move": "mouseMoved", "down": "mousePressed", "up": "mouseReleased"}
_TOUCH: Final = {"start": "touchStart", "move": "touchMove", "end": "touchEnd", "cancel": "touchCancel"}
_CTRL_OR_META: Final = 2 | 4
_KEYPAD: Final = 3


def command(event: Pointing | Key | Paste | Resize) -> Command:
    """Return the DevTools command that does `event`."""
    match event:
        case Mouse() | Wheel() | Touch():
            return _pointing(event)
        case Key():
            return "Input.dispatchKeyEvent", _key(event)
        case Paste():
            return "Input.insertText", {"text": event.text}
        case Resize():
            size = {"width": event.width, "height": event.height}
            return "Emulation.setDeviceMetricsOverride", {**size, "deviceScaleFactor": 0, "mobile": False}


def _pointing(event: Pointing) -> Command:
    match event:
        case Mouse():
            return "Input.dispatchMouseEvent", {
                "type": _MOUSE[event.action],
                "x": event.x,
                "y": event.y,
                "button": event.button,
                "buttons": event.buttons,
                "clickCount": event.clicks,
                "modifiers": event.modifiers,
            }
        case Wheel():
            return "Input.dispatchMouseEvent", {
                "type": "mouseWheel",
                "x": event.x,
                "y": event.y,
                "deltaX": event.dx,
                "deltaY": event.dy,
                "modifiers": event.modifiers,
            }
        case Touch():
            return "Input.dispatchTouchEvent", {
                "type": _TOUCH[event.action],
                "touchPoints": [{"id": point.id, "x": point.x, "y": point.y} for point in event.points],
                "modifiers": event.modifiers,
            }


def _key(event: Key) -> dict[str, Any]:
    text = _typed(event)
    down = "keyDown" if text else "rawKeyDown"
    return {
        "type": down if event.action == "down" else "keyUp",
        "key": event.key,
        "code": event.code,
        "windowsVirtualKeyCode": event.key_code,
        "location": event.location if event.location != _KEYPAD else 0,
        "isKeypad": event.location == _KEYPAD,
        "autoRepeat": event.repeat,
        "modifiers": event.modifiers,
        **({"text": text} if text else {}),
    }


def _typed(event: Key) -> str:
    """Return what the key types: itself if it is one character, and nothing in a shortcut."""
    if event.action == "up" or event.modifiers & _CTRL_OR_META:
        return ""
    if event.key == "Enter":
        return "\r"
    return event.key if len(event.key) == 1 else ""
