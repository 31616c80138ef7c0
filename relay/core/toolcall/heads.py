"""What may begin on a line of an answer: a tool call, a code fence of something else, reasoning in tags.

All functions look at ``text`` from ``pos`` on and decide by the shortest beginning that is decisive, so that it does
not matter how much of the text is there already: what is not decided yet is :data:`MORE`. With ``final`` the text is at
its end and everything is decided. Fences are those of https://spec.commonmark.org/0.31.2/#fenced-code-blocks, but
indented as far as one likes, because models put them into lists.
"""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, Literal, NamedTuple, TypeAlias

FORM: Final = "tool_call"
RESULT: Final = "tool_result"

_MARKS: Final = ('{"tool_call":', '{"tool_calls":', '[{"tool_call":')
_MARK_ROOM: Final = 80
_HEAD_ROOM: Final = 400
_LINE_ROOM: Final = 200
_LABEL_ROOM: Final = 25
_LABELS: Final = 3

_SPACE: Final = re.compile(r"\s*")
_INDENT: Final = re.compile(r"[ \t]*")
_SAME_LINE: Final = re.compile(r"[ \t]{0,20}tool_calls?[ \t]{0,20}(?=[{\[])", re.IGNORECASE)
_RUNS: Final = {char: re.compile(f"{char}{{0,{_LINE_ROOM}}}") for char in "`~"}
_LABEL: Final = re.compile(r"[^\W\d]+(?: [^\W\d]*)?")
_WORDS: Final = re.compile(r"(?:[^\W\d_]|[ \t\r])*")
_OWN_WORDS: Final = ("tool_call", "tool_calls")
_OWN_TAGS: Final = ("<tool_call>", "<tool_calls>")
_THINK_TAGS: Final = tuple(
    f"<{name}>" for name in ("thinking", "think", "reasoning", "reason", "thought", "antthinking")
)


class Verdict(Enum):
    """What is no head: text, or not to be told yet."""

    MORE = "more"
    TEXT = "text"


MORE: Final = Verdict.MORE
TEXT: Final = Verdict.TEXT


class Fence(NamedTuple):
    """A code block of something else begins; its first line ends at ``end``."""

    char: str
    size: int
    end: int


class Head(NamedTuple):
    """A call begins; its JSON, if it is that, begins at ``start``.

    ``own`` tells that the block calls itself one, by its info string or its tag: then whatever it holds is meant as a
    call. Else only the JSON says so.
    """

    start: int
    own: bool = False
    fence: Fence | None = None


class Thinking(NamedTuple):
    """Reasoning begins that ends with the tag ``closer``."""

    closer: str


class Close(NamedTuple):
    """The block is closed; what follows begins at ``end``."""

    end: int


Found: TypeAlias = Head | Fence | Thinking | Close | Verdict


def at_line(text: str, pos: int, *, final: bool) -> Found:
    """Return what begins with the line at `pos`."""
    start = end_of(_INDENT, text, pos)
    if start == len(text) or start - pos > _LINE_ROOM:
        return _unless(final or start - pos > _LINE_ROOM)
    match text[start]:
        case "`" | "~":
            return _fence(text, start, final=final)
        case "{" | "[":
            return _marked(text, start, Head(start), TEXT, final=final)
        case "<":
            return _tag(text, start, final=final)
        case "t" | "T":
            return _label(text, start, final=final)
        case _:
            return TEXT


def in_fence(text: str, pos: int, fence: Fence, *, final: bool) -> Found:
    """Return what begins with the line at `pos` of a code block.

    That is its end or a call whose fence is no shorter: models forget to close a block.
    """
    start = end_of(_INDENT, text, pos)
    if start == len(text) or start - pos > _LINE_ROOM:
        return _unless(final or start - pos > _LINE_ROOM)
    if text[start] not in _RUNS:
        return TEXT
    closed = closing_fence(text, start, final=final)
    if isinstance(closed, Close):
        return closed if text.startswith(fence.char * fence.size, start) else TEXT
    if closed is MORE:
        return MORE
    head = _fence(text, start, final=final)
    if isinstance(head, Head):
        return head if head.own and head.fence is not None and head.fence.size >= fence.size else TEXT
    return MORE if head is MORE else TEXT


def closing_fence(text: str, pos: int, *, final: bool) -> Close | Verdict:
    """Return whether a fence without info string stands at `pos`."""
    end = _run(text, pos)
    if end == len(text) and end - pos < _LINE_ROOM and not final:
        return MORE
    if not 3 <= end - pos < _LINE_ROOM:
        return TEXT
    after = end_of(_INDENT, text, end)
    if after - end > _LINE_ROOM:
        return TEXT
    if text.startswith("\r", after):
        after += 1
    if after == len(text):
        return Close(after) if final else MORE
    return Close(after + 1) if text[after] == "\n" else TEXT


def closing_tag(text: str, pos: int, *, final: bool) -> Close | Verdict:
    """Return whether the closing tag of a call stands at `pos`."""
    there = text[pos : pos + 16].lower()
    for tag in ("</tool_call>", "</tool_calls>"):
        if there.startswith(tag):
            return Close(pos + len(tag))
        if tag.startswith(there) and not final:
            return MORE
    return TEXT


def marked(text: str, pos: int, *, final: bool) -> bool | None:
    """Return whether the JSON at `pos` begins as a call, ``None`` if that is not certain yet."""
    window = text[pos : pos + _MARK_ROOM]
    begun = "".join(window.split())
    if begun.startswith(_MARKS):
        return True
    if not final and len(window) < _MARK_ROOM and any(mark.startswith(begun) for mark in _MARKS):
        return None
    return False


def end_of(pattern: re.Pattern[str], text: str, pos: int) -> int:
    """Return where `pattern`, which matches everywhere, ends at `pos`."""
    match = pattern.match(text, pos)
    return match.end() if match is not None else pos


def _unless(final: bool) -> Verdict:
    return TEXT if final else MORE


def _run(text: str, pos: int) -> int:
    """Return the end of the run of fence characters at `pos`, as far as one may be long."""
    return end_of(_RUNS[text[pos]], text, pos)


def _fence(text: str, start: int, *, final: bool) -> Found:
    end = _run(text, start)
    if end == len(text) or not 3 <= end - start < _LINE_ROOM:
        return _unless(final or end < len(text) or end - start == _LINE_ROOM)
    newline = text.find("\n", end, end + _LINE_ROOM)
    if match := _SAME_LINE.match(text, end):
        return Head(match.end(), own=True, fence=Fence(text[start], end - start, match.end()))
    if newline < 0:
        return _unless(final or len(text) >= end + _LINE_ROOM)
    info = text[end:newline]
    if text[start] == "`" and "`" in info:
        return TEXT
    fence = Fence(text[start], end - start, newline + 1)
    words = info.lower().split()
    if words and words[0] in _OWN_WORDS:
        return _content(text, fence.end, Head(fence.end, own=True, fence=fence), fence, final=final)
    return _content(text, fence.end, Head(fence.end, fence=fence), fence, final=final)


def _tag(text: str, start: int, *, final: bool) -> Found:
    there = text[start : start + 16].lower()
    for tag in _OWN_TAGS:
        if there.startswith(tag):
            inner = start + len(tag)
            return _content(text, inner, Head(inner, own=True), TEXT, final=final)
    for tag in _THINK_TAGS:
        if there.startswith(tag):
            return Thinking(f"</{tag[1:]}")
    begun = any(tag.startswith(there) for tag in (*_OWN_TAGS, *_THINK_TAGS))
    return MORE if begun and not final else TEXT


def _label(text: str, start: int, *, final: bool) -> Found:
    """Look for a code block whose fence was lost and whose language was left as a word, as web pages show it."""
    there = text[start : start + len(FORM)].lower()
    if there != FORM:
        return MORE if FORM.startswith(there) and not final else TEXT
    end = start + len(FORM)
    glued = text[end : end + _LABEL_ROOM]
    stop = end + end_of(_WORDS, glued, 0)
    if stop - end >= _LABEL_ROOM:
        return TEXT
    if stop == len(text):
        return _unless(final)
    if text[stop] == "\n":
        return _content(text, stop, Head(stop), TEXT, final=final)
    if text[stop] in "{[":
        return _marked(text, stop, Head(stop), TEXT, final=final)
    return TEXT


def _content(text: str, pos: int, head: Head, miss: Fence | Literal[Verdict.TEXT], *, final: bool) -> Found:
    """Look for the JSON of a call, behind a few words at most: the language or the button that a page shows there."""
    begin = pos
    for _ in range(_LABELS + 1):
        pos = end_of(_SPACE, text, pos)
        if pos - begin > _HEAD_ROOM:
            return miss
        if pos == len(text):
            return miss if final else MORE
        if text[pos] in "{[":
            found = head._replace(start=pos)
            return found if head.own else _marked(text, pos, found, miss, final=final)
        window = text[pos : pos + _LABEL_ROOM]
        label, newline, _rest = window.partition("\n")
        if not _LABEL.fullmatch(label.rstrip()):
            break
        if not newline:
            if len(window) == _LABEL_ROOM or final:
                break
            return MORE
        pos += len(label)
    return head._replace(start=end_of(_SPACE, text, begin)) if head.own else miss


def _marked(text: str, pos: int, head: Head, miss: Fence | Literal[Verdict.TEXT], *, final: bool) -> Found:
    verdict = marked(text, pos, final=final)
    if verdict is None:
        return MORE
    return head if verdict else miss
