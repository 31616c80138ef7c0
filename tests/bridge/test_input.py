"""What a person does on a remote screen, as DevTools commands."""

import json
from typing import Any

import msgspec
import pytest

from relay.bridge.input import Finger, Input, Key, Mouse, Navigate, Paste, Resize, Touch, Wheel, command

decode = msgspec.json.Decoder(tuple[Input, ...]).decode

EVERYTHING = (
    Mouse(action="down", x=1.5, y=2, button="left", buttons=1, clicks=2, modifiers=8),
    Wheel(x=1, y=2, dx=-3, dy=4),
    Touch(action="start", points=(Finger(id=7, x=1, y=2),)),
    Key(action="down", key="a", code="KeyA", key_code=65),
    Paste(text="日本"),
    Navigate(action="reload"),
    Resize(width=390, height=844),
)


def test_events_are_read_in_order():
    data = [
        {
            "type": "mouse",
            "action": "down",
            "x": 1.5,
            "y": 2,
            "button": "left",
            "buttons": 1,
            "clicks": 2,
            "modifiers": 8,
        },
        {"type": "wheel", "x": 1, "y": 2, "dx": -3, "dy": 4},
        {"type": "touch", "action": "start", "points": [{"id": 7, "x": 1, "y": 2}]},
        {"type": "key", "action": "down", "key": "a", "code": "KeyA", "key_code": 65},
        {"type": "paste", "text": "日本"},
        {"type": "navigate", "action": "reload"},
        {"type": "resize", "width": 390, "height": 844},
    ]
    assert decode(json.dumps(data).encode()) == EVERYTHING


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"[1]",
        b'[{"type":"shell"}]',
        b'[{"type":"mouse","action":"down"}]',
        b'[{"type":"mouse","action":"move","x":1e9,"y":0}]',
        b'[{"type":"mouse","action":"move","x":NaN,"y":0}]',
        b'[{"type":"mouse","action":"bite","x":1,"y":0}]',
        b'[{"type":"key","action":"down","key":"%s"}]' % (b"a" * 33),
        b'[{"type":"paste","text":"%s"}]' % (b"a" * 100_001),
        b'[{"type":"resize","width":1,"height":1}]',
        b'[{"type":"navigate","action":"goto","url":"file:///etc/passwd"}]',
    ],
)
def test_anything_else_is_refused(data: bytes):
    with pytest.raises(msgspec.DecodeError):
        decode(data)


@pytest.mark.parametrize(
    ("action", "kind"), [("move", "mouseMoved"), ("down", "mousePressed"), ("up", "mouseReleased")]
)
def test_mouse(action: Any, kind: str):
    event = Mouse(action=action, x=1, y=2, button="right", buttons=2, clicks=1, modifiers=4)
    assert command(event) == (
        "Input.dispatchMouseEvent",
        {"type": kind, "x": 1, "y": 2, "button": "right", "buttons": 2, "clickCount": 1, "modifiers": 4},
    )


def test_wheel():
    assert command(Wheel(x=1, y=2, dx=3, dy=-4, modifiers=2)) == (
        "Input.dispatchMouseEvent",
        {"type": "mouseWheel", "x": 1, "y": 2, "deltaX": 3, "deltaY": -4, "modifiers": 2},
    )


@pytest.mark.parametrize(
    ("action", "kind"),
    [("start", "touchStart"), ("move", "touchMove"), ("end", "touchEnd"), ("cancel", "touchCancel")],
)
def test_touch(action: Any, kind: str):
    points = (Finger(id=0, x=1, y=2), Finger(id=5, x=3, y=4))
    assert command(Touch(action=action, points=points, modifiers=1)) == (
        "Input.dispatchTouchEvent",
        {"type": kind, "touchPoints": [{"id": 0, "x": 1, "y": 2}, {"id": 5, "x": 3, "y": 4}], "modifiers": 1},
    )


def test_key_that_types():
    event = Key(action="down", key="A", code="KeyA", key_code=65, repeat=True, modifiers=8)
    assert command(event) == (
        "Input.dispatchKeyEvent",
        {
            "type": "keyDown",
            "key": "A",
            "code": "KeyA",
            "windowsVirtualKeyCode": 65,
            "location": 0,
            "isKeypad": False,
            "autoRepeat": True,
            "modifiers": 8,
            "text": "A",
        },
    )


@pytest.mark.parametrize(
    ("event", "kind", "text"),
    [
        (Key(action="up", key="a"), "keyUp", None),
        (Key(action="down", key="Enter"), "keyDown", "\r"),
        (Key(action="down", key="Backspace"), "rawKeyDown", None),
        (Key(action="down", key="a", modifiers=2), "rawKeyDown", None),
        (Key(action="down", key="a", modifiers=4), "rawKeyDown", None),
        (Key(action="down", key="é", modifiers=1), "keyDown", "é"),
        (Key(action="down", key="😀"), "keyDown", "😀"),
    ],
)
def test_what_keys_type(event: Key, kind: str, text: str | None):
    params = command(event)[1]
    assert (params["type"], params.get("text")) == (kind, text)


def test_keypad_is_told_apart():
    params = command(Key(action="down", key="1", code="Numpad1", key_code=97, location=3))[1]
    assert (params["isKeypad"], params["location"]) == (True, 0)


def test_text_and_size():
    assert command(Paste(text="päste")) == ("Input.insertText", {"text": "päste"})
    assert command(Resize(width=390, height=844)) == (
        "Emulation.setDeviceMetricsOverride",
        {"width": 390, "height": 844, "deviceScaleFactor": 0, "mobile": False},
    )
