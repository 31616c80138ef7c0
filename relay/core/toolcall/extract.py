"""Finding the blocks of tool calls in streamed text."""

from __future__ import annotations

import re
from enum import Enum
from typing import Final, NamedTuple, TypeAlias

from relay.core.toolcall import heads
from relay.core.toolcall.heads import MORE, Close, Fence, Head, Thinking


class Block(NamedTuple):
    """A piece of the answer that is meant as one or more calls.

    Attributes:
        raw: everything that belongs to it, with fences and the white space around.
        json: what should be its JSON.
        own: it is called a tool call by its info string or tag.
        missing: the brackets that are open at the end of the JSON; ``None`` inside a string.
        closed: a fence or a tag says that the block is complete.
    """

    raw: str
    json: str
    own: bool
    missing: str | None
    closed: bool


Item: TypeAlias = str | Block


class _Mode(Enum):
    LINE = "at the beginning of a line"
    PROSE = "within a line"
    THINKING = "within reasoning"
    JSON = "within the JSON of a call"
    TAIL = "behind the JSON of a call"


_OUTSIDE: Final = re.compile(r'["{}\[\]`<]')
_INSIDE: Final = re.compile(r'["\\]')
_CLOSERS: Final = {"{": "}", "[": "]"}
_JUNK: Final = re.compile(r"[\s,;}\]]{0,1000}")
_JUNK_ROOM: Final = 1000


class _JsonScanner:
    """Find the end of one JSON value that begins with a bracket.

    Only brackets and strings are looked at. A backtick or ``<`` outside a string cannot be JSON: the value ends there.
    """

    def __init__(self) -> None:
        self._open: list[str] = []
        self._string = False
        self._escaped = False

    @property
    def missing(self) -> str | None:
        return None if self._string else "".join(reversed(self._open))

    def scan(self, text: str, pos: int) -> int | None:
        """Return where the value ends, ``None`` if it goes on behind `text`."""
        if self._escaped and pos < len(text):
            pos, self._escaped = pos + 1, False
        while match := (_INSIDE if self._string else _OUTSIDE).search(text, pos):
            pos = match.end()
            char = match[0]
            if char == "\\":
                self._escaped = pos == len(text)
                pos += 1
            elif char == '"':
                self._string = not self._string
            elif char in _CLOSERS:
                self._open.append(_CLOSERS[char])
            elif char in "`<":
                return match.start()
            else:
                self._open.pop()
                if not self._open:
                    return pos
        return None


class CallExtractor:
    """Separate the blocks of tool calls from the text around them.

    Text streams on at once, but for the shortest tail that may begin a block, and the line breaks before it. All that
    goes in comes out: the texts and the ``raw`` of the blocks, joined, are the answer. Code blocks, reasoning in tags
    and lines that merely mention a call are text.
    """

    def __init__(self) -> None:
        self._mode = _Mode.LINE
        self._text = ""
        self._pos = 0
        self._fence: Fence | None = None
        self._closer = ""
        self._head = Head(0)
        self._scanner = _JsonScanner()
        self._lead = ""
        self._json: list[str] = []
        self._said: list[str] = []
        self._space: list[str] = []

    def feed(self, text: str) -> list[Item]:
        """Return the items that `text` settles, in order."""
        return self._run(text, final=False)

    def flush(self) -> list[Item]:
        """Return what was held back; the text is at its end."""
        out = self._run("", final=True)
        if self._mode is _Mode.JSON:
            self._end_block(out, "", closed=False)
        self._said += [*self._space, self._text]
        self._space, self._text = [], ""
        self._settle(out)
        return out

    def _run(self, text: str, *, final: bool) -> list[Item]:
        out: list[Item] = []
        self._text, self._pos = self._text[self._pos :] + text, 0
        while self._pos < len(self._text) and self._step(out, final=final):
            pass
        if final and self._mode is _Mode.TAIL:
            self._tail(out, final=True)
        self._settle(out)
        self._text, self._pos = self._text[self._pos :], 0
        return out

    def _step(self, out: list[Item], *, final: bool) -> bool:
        """Go on as far as one thing reaches; ``False``: more text is needed."""
        match self._mode:
            case _Mode.LINE:
                return self._line(final=final)
            case _Mode.PROSE:
                return self._prose()
            case _Mode.THINKING:
                return self._thinking()
            case _Mode.JSON:
                return self._value()
            case _Mode.TAIL:
                return self._tail(out, final=final)

    def _line(self, *, final: bool) -> bool:
        if self._fence is None:
            found = heads.at_line(self._text, self._pos, final=final)
        else:
            found = heads.in_fence(self._text, self._pos, self._fence, final=final)
        match found:
            case heads.Verdict.MORE:
                return False
            case heads.Verdict.TEXT:
                self._mode = _Mode.PROSE
            case Fence():
                self._fence = found
                self._say(found.end)
            case Close(end=end):
                self._fence = None
                self._say(end)
            case Thinking(closer=closer):
                self._mode, self._closer = _Mode.THINKING, closer
            case Head():
                self._begin_block(found)
        return True

    def _prose(self) -> bool:
        newline = self._text.find("\n", self._pos)
        if newline >= 0:
            self._mode = _Mode.LINE
        self._say(newline + 1 if newline >= 0 else len(self._text))
        return True

    def _thinking(self) -> bool:
        match = re.compile(re.escape(self._closer), re.IGNORECASE | re.ASCII).search(self._text, self._pos)
        if match:
            self._mode = _Mode.PROSE
            self._say(match.end())
            return True
        room = min(len(self._closer) - 1, len(self._text) - self._pos)
        held = next((n for n in range(room, 0, -1) if self._text[-n:].lower() == self._closer[:n]), 0)
        self._say(len(self._text) - held)
        return False

    def _begin_block(self, head: Head) -> None:
        self._head, self._fence = head, None
        self._lead = "".join(self._space) + self._text[self._pos : head.start]
        self._space = []
        self._begin_value(head.start)

    def _begin_value(self, start: int) -> None:
        self._scanner, self._json = _JsonScanner(), []
        self._mode = _Mode.JSON if self._text[start] in _CLOSERS else _Mode.TAIL
        self._pos = start

    def _value(self) -> bool:
        end = self._scanner.scan(self._text, self._pos)
        stop = len(self._text) if end is None else end
        self._json.append(self._text[self._pos : stop])
        self._pos = stop
        if end is not None:
            self._mode = _Mode.TAIL
        return end is not None

    def _tail(self, out: list[Item], *, final: bool) -> bool:
        """Find out how the block ends: with its fence or tag, with the next call, or with other text."""
        start = heads.end_of(_JUNK, self._text, self._pos)
        if start == len(self._text):
            if start - self._pos < _JUNK_ROOM and not final:
                return False
            self._end_block(out, self._take(start), closed=False)
            self._fence = self._head.fence
            return True
        found = self._end_at(start, final=final)
        if found is MORE:
            return False
        match found:
            case Close(end=end):
                self._end_block(out, self._take(end), closed=True)
            case Head():
                self._end_block(out, self._take(start), closed=False)
                self._lead = ""
                self._begin_value(start)
            case _:
                fenced = self._text.startswith(("```", "~~~"), start)
                self._end_block(out, self._take(start), closed=fenced)
                self._fence = None if fenced else self._head.fence
        return True

    def _end_at(self, start: int, *, final: bool) -> Close | Head | heads.Verdict:
        match self._text[start]:
            case "`" | "~":
                # Without a fence before it, only one on the next line can be its end and not the beginning of another.
                if self._head.fence is None and self._text.count("\n", self._pos, start) > 1:
                    return heads.TEXT if final or len(self._text) - start >= 3 else MORE
                return heads.closing_fence(self._text, start, final=final)
            case "<":
                return heads.closing_tag(self._text, start, final=final)
            case "{" | "[":
                sure = True if self._head.own else heads.marked(self._text, start, final=final)
                return MORE if sure is None else self._head if sure else heads.TEXT
            case _:
                return heads.TEXT

    def _take(self, end: int) -> str:
        taken = self._text[self._pos : end]
        self._pos = end
        return taken

    def _end_block(self, out: list[Item], tail: str, *, closed: bool) -> None:
        self._settle(out)
        json = "".join(self._json)
        out.append(Block(self._lead + json + tail, json, self._head.own, self._scanner.missing, closed))
        self._json, self._mode = [], _Mode.LINE

    def _say(self, end: int) -> None:
        """Pass on the text up to `end`, but for line breaks that may belong to a block."""
        text = self._take(end)
        solid = len(text.rstrip())
        if not solid and self._space:
            self._space.append(text)
            return
        newline = text.find("\n", solid)
        cut = newline if newline >= 0 else len(text)
        self._said += [*self._space, text[:cut]]
        self._space = [text[cut:]] if cut < len(text) else []

    def _settle(self, out: list[Item]) -> None:
        if text := "".join(self._said):
            out.append(text)
        self._said = []
