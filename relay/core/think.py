"""Separating reasoning that a model writes as tags inside its answer.

Models and chat sites without a reasoning field mark it in the text. The tags known here are the ones that Open WebUI
detects by default (https://docs.openwebui.com/features/chat-conversations/chat-features/reasoning-models), the
``[THINK]`` of Mistral and the ``analysis`` channel of gpt-oss (https://cookbook.openai.com/articles/openai-harmony).

A tag counts only where reasoning can begin: at the start of the answer or directly after another block, with nothing
but white space before it. So an answer that merely talks about ``<think>`` stays as it is.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple, TypeAlias

from relay.core.events import ReasoningDelta, TextDelta

Delta: TypeAlias = TextDelta | ReasoningDelta


class _Closer(NamedTuple):
    """How a block ends: the tag itself, a beginning of it at the end of the text, and how long that may be."""

    whole: re.Pattern[str]
    begun: re.Pattern[str]
    longest: int


def _beginnings(literal: str) -> str:
    """Return a pattern for every non-empty beginning of `literal` that lacks something."""
    pattern = ""
    for char in reversed(literal[:-1]):
        pattern = f"{re.escape(char)}(?:{pattern})?" if pattern else re.escape(char)
    return pattern


def _closer(*literals: str) -> _Closer:
    # ASCII: without it, IGNORECASE takes the Kelvin sign for a k.
    flags = re.IGNORECASE | re.ASCII
    return _Closer(
        whole=re.compile("|".join(map(re.escape, literals)), flags),
        begun=re.compile(rf"(?:{'|'.join(map(_beginnings, literals))})\Z", flags),
        longest=max(map(len, literals)) - 1,
    )


_NAMES: Final = ("thinking", "think", "reasoning", "reason", "thought", "antthinking")
_LITERALS: Final = {
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "◁think▷": "◁/think▷",
    "[think]": "[/think]",
    "<|channel|>analysis<|message|>": "<|end|>",
}
_HEADERS: Final = ("<|start|>assistant", "<|channel|>final<|message|>")
"""What gpt-oss writes before an answer; it is neither answer nor reasoning."""

_CLOSERS: Final = {f"<{name}": _closer(f"</{name}>") for name in _NAMES} | {
    opening: _closer(closing) for opening, closing in _LITERALS.items()
}
_ANY_CLOSER: Final = _closer(*(f"</{name}>" for name in _NAMES), *_LITERALS.values())

_FIRST_CHARS: Final = ("<", "◁", "[")
_NO_SPACE: Final = re.compile(r"\S")
_MOST_BLOCKS: Final = 1000
"""Of one text. No model thinks so often before it answers; what is made to have more must not cost seconds."""
_XML: Final = rf"<(?:{'|'.join(_NAMES)})"
_ATTRIBUTES: Final = r"\s[^<>]{0,200}"
_OPENING: Final = re.compile(
    rf"(?P<xml>{_XML})(?:{_ATTRIBUTES})?(?<!/)>"
    rf"|(?P<literal>{'|'.join(map(re.escape, _LITERALS))})"
    rf"|{'|'.join(map(re.escape, _HEADERS))}",
    re.IGNORECASE | re.ASCII,
)
_BEGINNINGS: Final = "|".join(map(_beginnings, (*(f"<{name}>" for name in _NAMES), *_LITERALS, *_HEADERS)))
_OPENING_BEGUN: Final = re.compile(
    rf"(?:{_XML}{_ATTRIBUTES}|{_BEGINNINGS})\Z",
    re.IGNORECASE | re.ASCII,
)


class ThinkSplitter:
    """Separate tagged reasoning from the answer in streamed text.

    A tag may be cut anywhere between two pieces, so the shortest tail that could still become the awaited tag is held
    back until the next call. White space before a tag is dropped, and after a block everything up to the last line
    break before the answer. A block that never ends is reasoning.

    Some models (DeepSeek-R1 behind a template that writes the opening tag itself) send **only the closing tag**. A
    stream cannot tell that apart from an answer until it is too late, so it has to be known beforehand:
    ``starts_inside`` says that the text begins within a block, which any closing tag ends. If such a model does not
    reason for once, its whole answer counts as reasoning; so set it only for models known to need it.

    Attributes:
        passthrough: the answer has begun; from here on ``feed`` changes nothing and may be left out.
    """

    def __init__(self, *, starts_inside: bool = False) -> None:
        self.passthrough = False
        self._starts_inside = starts_inside
        self._closer: _Closer | None = None
        self._after_block = False
        self._blocks = _MOST_BLOCKS
        self._space: list[str] = []
        self._held = ""

    def feed(self, text: str) -> list[Delta]:
        """Return the deltas that `text` settles, in order."""
        if self.passthrough:
            return [TextDelta(text)] if text else []
        out: list[Delta] = []
        text, at = self._held + text, 0
        self._held = ""
        while at < len(text):  # by position: cutting off what was read would copy the rest for every block
            at = self._at_head(text, at, out) if self._closer is None else self._inside(text, at, self._closer, out)
        return out

    def told_apart(self) -> None:
        """The reasoning came beside the text, so the text does not start inside it after all."""
        self._starts_inside = False

    def flush(self) -> list[Delta]:
        """Return what was held back; the text is at its end."""
        held = "".join(self._space) + self._held
        inside = self._closer is not None
        self._space, self._held, self.passthrough = [], "", True
        if not held:
            return []
        return [ReasoningDelta(held, source="tags") if inside else TextDelta(held)]

    def _at_head(self, text: str, at: int, out: list[Delta]) -> int:
        """Look for an opening tag from `at` on; return where to go on reading."""
        found = _NO_SPACE.search(text, at)
        start = len(text) if found is None else found.start()
        self._keep_space(text[at:start])
        if found is None:
            return start
        if self._blocks and text.startswith(_FIRST_CHARS, start):
            if match := _OPENING.match(text, start):
                return self._open(match)
            if _OPENING_BEGUN.match(text, start):
                self._held = text[start:]
                return len(text)
        if self._starts_inside and not self._after_block:
            self._closer = _ANY_CLOSER
            return self._inside(text, start, _ANY_CLOSER, out)
        self.passthrough = True
        out.append(TextDelta(self._take_space() + text[start:]))
        return len(text)

    def _open(self, match: re.Match[str]) -> int:
        self._space.clear()
        self._blocks -= 1
        if opening := match["xml"] or match["literal"]:
            self._closer = _CLOSERS[opening.lower()]
        return match.end()

    def _inside(self, text: str, at: int, closer: _Closer, out: list[Delta]) -> int:
        """Look for the closing tag from `at` on; return where to go on reading."""
        if match := closer.whole.search(text, at):
            cut, after = match.start(), match.end()
            self._closer = None
            self._after_block = True
        else:
            begun = closer.begun.search(text, max(at, len(text) - closer.longest))
            cut, after = begun.start() if begun else len(text), len(text)
            self._held = text[cut:]
        if reasoning := self._take_space() + text[at:cut]:
            out.append(ReasoningDelta(reasoning, source="tags"))
        return after

    def _keep_space(self, space: str) -> None:
        if self._after_block and "\n" in space:
            self._space.clear()
            space = space[space.rindex("\n") + 1 :]
        if space:
            self._space.append(space)

    def _take_space(self) -> str:
        space = "".join(self._space)
        self._space.clear()
        return space


def split(text: str) -> tuple[str, str]:
    """Return (reasoning, answer) of a whole text."""
    if not text.lstrip().startswith(_FIRST_CHARS):
        return "", text
    splitter = ThinkSplitter()
    deltas = splitter.feed(text) + splitter.flush()
    reasoning = "".join(delta.text for delta in deltas if isinstance(delta, ReasoningDelta))
    return reasoning, "".join(delta.text for delta in deltas if isinstance(delta, TextDelta))


def split_unopened(text: str) -> tuple[str, str]:
    """Return (reasoning, answer) of a whole text whose reasoning has a closing tag but no opening one.

    Only the first closing tag counts, only at the end of its line, and not inside a code fence: what an answer says
    *about* the tag is no reasoning. Without such a tag the reasoning is empty and the answer is `text`.
    """
    match = _ANY_CLOSER.whole.search(text)
    if match is None or text.count("```", 0, match.start()) % 2:
        return "", text
    after = text[match.end() :]
    if after and not after.startswith(("\n", "\r\n")):
        return "", text
    return text[: match.start()], after.lstrip("\r\n")
