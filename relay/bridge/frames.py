"""The frames of the bridge protocol: one struct each, JSON in and out.

The contract is docs/reference/bridge-protocol.md; ``tests/data/bridge/frames.json`` holds examples that this module and
``extension/bridge/frames.js`` both must read and write. Unknown fields are ignored (msgspec's default).
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta

from relay.core.events import FinishReason, ReasoningKind, Usage
from relay.core.media import MediaRequest, Method
from relay.core.request import Request
from relay.core.surrogates import mend_json

PROTOCOL_VERSIONS = (1,)

Id = Annotated[str, Meta(min_length=1, max_length=128)]
Name = Annotated[str, Meta(max_length=256)]
Sentence = Annotated[str, Meta(max_length=4096)]
Count = Annotated[int, Meta(ge=0, le=2**53)]
Attempt = Annotated[int, Meta(ge=1, le=2**31)]
Seconds = Annotated[float, Meta(ge=0, le=10**9)]
Float32 = Annotated[float, Meta(ge=-3.4028234663852886e38, le=3.4028234663852886e38)]
"""What four bytes can hold, as clients are given it."""


class _Frame(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag_field="type"):
    """Base of all frames."""


class Client(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What kind of program holds the page's end; ``carried`` if another program than the page holds the socket."""

    kind: Literal["page", "extension", "headless"]
    version: Name = ""
    carried: bool = False


class ResumeOffer(msgspec.Struct, frozen=True, kw_only=True):
    """A call that the page still works on; ``sent`` counts the parts it produced."""

    call: Id
    attempt: Attempt
    sent: Count


class Hello(_Frame, frozen=True, kw_only=True, tag="hello"):
    """The first frame of a link."""

    protocols: Annotated[tuple[int, ...], Meta(min_length=1, max_length=16)]
    client: Client
    adapter: Name
    site: Name
    token: Annotated[str, Meta(max_length=256)] | None = None
    code: Annotated[str, Meta(max_length=64)] | None = None
    session: Id | None = None
    resume: Annotated[tuple[ResumeOffer, ...], Meta(max_length=256)] = ()


class Allowance(msgspec.Struct, frozen=True, kw_only=True):
    """What is left of the account's budget, in ``unit``."""

    remaining: float
    total: float | None = None
    unit: Name = ""


class Account(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """Who is signed in."""

    id: Name
    label: Name | None = None
    temporary: bool = False
    allowance: Allowance | None = None


class Capabilities(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the session can do; everything is off unless said, but chat. ``methods`` is what it can do besides."""

    tools: bool = False
    tool_choice: bool = False
    parallel_tool_calls: bool = False
    images: bool = False
    files: bool = False
    file_urls: bool = False
    audio: bool = False
    reasoning: bool = False
    reasoning_history: bool = False
    system: bool = False
    json_schema: bool = False
    cancel: bool = False
    single_prompt: bool = False
    reuse: bool = False
    prompt_file: bool = False
    methods: Annotated[tuple[Name, ...], Meta(max_length=16)] = ()
    parameters: Annotated[tuple[Name, ...], Meta(max_length=64)] = ()


class PageLimits(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What the session bears."""

    concurrency: Annotated[int, Meta(ge=1, le=64)] = 1
    max_prompt_chars: Annotated[int, Meta(ge=1)] | None = None


class Model(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A model the session offers; ``methods`` is what it is for."""

    id: Id
    name: Name | None = None
    aliases: Annotated[tuple[Id, ...], Meta(max_length=64)] = ()
    owned_by: Name | None = None
    context: Count | None = None
    max_output: Count | None = None
    methods: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=16)] = ("chat",)


SessionState: TypeAlias = Literal["starting", "ready", "login_required", "blocked", "site_changed", "unavailable"]
BlockReason: TypeAlias = Literal["captcha", "consent", "limit", "verification"]


class State(_Frame, frozen=True, kw_only=True, tag="state"):
    """What the page can do now; a field left out keeps its last value."""

    state: SessionState
    reason: BlockReason | None = None
    detail: Sentence | None = None
    account: Account | None = None
    capabilities: Capabilities | None = None
    limits: PageLimits | None = None
    models: Annotated[tuple[Model, ...], Meta(max_length=5000)] | None = None


class Accepted(_Frame, frozen=True, kw_only=True, tag="accepted"):
    """The page has the call and starts it."""

    call: Id
    attempt: Attempt


class TextPart(msgspec.Struct, frozen=True, tag_field="type", tag="text"):
    """The next piece of the answer."""

    text: str


class ReasoningPart(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="reasoning"):
    """The next piece of the reasoning."""

    text: str
    kind: ReasoningKind = "raw"


class ProofPart(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="proof"):
    """A proof of the reasoning before it, or of the tool call ``call``, which is still open."""

    kind: Name
    data: str
    call: Id | None = None


class ToolCallPart(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="tool_call"):
    """A tool call or a piece of one; the first piece has the name."""

    id: Id
    name: Annotated[str, Meta(max_length=256)] | None = None
    arguments: str = ""


class ImageOutPart(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="image"):
    """An image in the answer; with ``partial`` an unfinished one, which is only shown meanwhile."""

    url: str
    partial: Annotated[int, Meta(ge=0, le=64)] | None = None


class AudioOutPart(msgspec.Struct, frozen=True, tag_field="type", tag="audio"):
    """The next bytes of the speech, in base64, and their format."""

    data: str
    format: Name


class SegmentPart(msgspec.Struct, frozen=True, tag_field="type", tag="segment"):
    """When a piece of the transcript was said, in seconds; its text is in a text part too."""

    text: str
    start: Seconds
    end: Seconds


class RecordingPart(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type", tag="recording"):
    """What was heard of the recording as a whole."""

    language: Name | None = None
    duration: Seconds | None = None


class EmbeddingOutPart(msgspec.Struct, frozen=True, tag_field="type", tag="embedding"):
    """The embedding of text number ``index``."""

    index: Count
    values: Annotated[tuple[Float32, ...], Meta(min_length=1, max_length=65_536)]


class UnknownPart(msgspec.Struct, frozen=True, tag_field="type", tag="unknown"):
    """A part of a type that this version does not know: it counts and means nothing."""


MediaPart: TypeAlias = AudioOutPart | SegmentPart | RecordingPart | EmbeddingOutPart
Part: TypeAlias = TextPart | ReasoningPart | ProofPart | ToolCallPart | ImageOutPart | MediaPart


class Parts(_Frame, frozen=True, kw_only=True, tag="parts"):
    """Pieces of an answer; ``seq`` numbers the first one."""

    call: Id
    attempt: Attempt
    seq: Count
    parts: tuple[Part | UnknownPart, ...]


class Done(_Frame, frozen=True, kw_only=True, tag="done"):
    """The answer is complete after ``seq`` parts; ``conversation`` is open and can be gone on with."""

    call: Id
    attempt: Attempt
    seq: Count
    finish_reason: FinishReason
    usage: Usage | None = None
    conversation: Id | None = None


class Fail(_Frame, frozen=True, kw_only=True, tag="fail"):
    """The answer failed after ``seq`` parts."""

    call: Id
    attempt: Attempt
    seq: Count
    kind: Name
    message: Sentence = ""
    retry_after: Seconds | None = None


class Pong(_Frame, frozen=True, kw_only=True, tag="pong"):
    """The answer to a ping."""

    t: float


class Spoiled(msgspec.Struct, frozen=True):
    """A frame of a call with fields that cannot be read; it costs that call, not the socket."""

    call: str
    attempt: int
    problem: str


PageFrame: TypeAlias = Hello | State | Accepted | Parts | Done | Fail | Pong


class RelayLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What relay takes from a page."""

    frame_bytes: int
    unacked_bytes: int


class ResumeWanted(msgspec.Struct, frozen=True, kw_only=True):
    """A call that relay still wants: ``next`` is the first part it lacks, ``upto`` the credit."""

    call: str
    attempt: int
    next: int
    upto: int


class ClientSettings(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What a person pastes into a client; ``key`` only once, right after the first start."""

    base_url: str
    model: str
    key: str | None = None


class Welcome(_Frame, frozen=True, kw_only=True, tag="welcome"):
    """The credential is good and the link is live."""

    protocol: int
    session: str
    resumed: bool
    heartbeat_ms: int
    grace_ms: int
    limits: RelayLimits
    resume: tuple[ResumeWanted, ...]
    token: str | None = None
    settings: ClientSettings | None = None


class Call(_Frame, frozen=True, kw_only=True, tag="call"):
    """Run this request."""

    call: str
    attempt: int
    method: Literal["chat"]
    request: Request
    credit: int


class MediaCall(_Frame, frozen=True, kw_only=True, tag="call"):
    """Run this request, which is no chat."""

    call: str
    attempt: int
    method: Method
    request: MediaRequest
    credit: int


class Credit(_Frame, frozen=True, kw_only=True, tag="credit"):
    """Parts below ``ack`` have arrived; parts below ``upto`` may be sent."""

    call: str
    attempt: int
    ack: int
    upto: int


CancelReason: TypeAlias = Literal["client_gone", "stop", "timeout", "shutdown", "protocol"]


class Cancel(_Frame, frozen=True, kw_only=True, tag="cancel"):
    """Stop the call at once."""

    call: str
    attempt: int
    reason: CancelReason


class Ping(_Frame, frozen=True, kw_only=True, tag="ping"):
    """Prove that the page's code is alive."""

    t: float


class Bye(_Frame, frozen=True, kw_only=True, tag="bye"):
    """The socket closes after this, and why."""

    reason: str
    message: str
    retry_after: float | None = None


RelayFrame: TypeAlias = Welcome | Call | MediaCall | Credit | Cancel | Ping | Bye


class MalformedFrame(ValueError):
    """The text is not a frame of the protocol."""


_FRAME = msgspec.json.Decoder(PageFrame)
_FRAME_TYPES = frozenset({"hello", "state", "accepted", "parts", "done", "fail", "pong"})
_PART_TYPES = frozenset(
    {"text", "reasoning", "proof", "tool_call", "image", "audio", "segment", "recording", "embedding"}
)
_UNKNOWN_PART = {"type": "unknown"}
_ENCODER = msgspec.json.Encoder()


def decode(text: str) -> PageFrame | Spoiled | None:
    """Return the page's frame in `text`, ``None`` for a type that this version does not know.

    Half surrogate pairs, which ``JSON.stringify`` writes for text that was cut inside an emoji, are repaired.

    Raises:
        MalformedFrame: not JSON, or a frame of no certain call with wrong fields.
    """
    try:
        frame: PageFrame = _FRAME.decode(text)
    except msgspec.ValidationError as exc:
        return _decode_newer(text, exc)
    except (msgspec.DecodeError, RecursionError, UnicodeError) as exc:
        mended = mend_json(text.encode("utf-8", "surrogatepass")).decode("utf-8", "surrogatepass")
        if mended != text:
            return decode(mended)
        raise MalformedFrame(str(exc)) from exc
    return frame


def _decode_newer(text: str, refusal: msgspec.ValidationError) -> PageFrame | Spoiled | None:
    """Read a frame that may be of a later minor version: unknown frame types and part types are not errors."""
    try:
        raw = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as exc:  # what follows the first wrong field was not looked at yet
        raise MalformedFrame(str(exc)) from exc
    if isinstance(raw, dict) and isinstance(raw.get("type"), str):
        if raw["type"] not in _FRAME_TYPES:
            return None
        if raw["type"] == "parts" and isinstance(raw.get("parts"), list):
            raw["parts"] = [_UNKNOWN_PART if _is_unknown_part(part) else part for part in raw["parts"]]
            try:
                return msgspec.convert(raw, Parts)
            except msgspec.ValidationError as exc:
                refusal = exc
        if isinstance(raw.get("call"), str) and type(raw.get("attempt")) is int:
            return Spoiled(raw["call"], raw["attempt"], str(refusal))
    raise MalformedFrame(str(refusal)) from refusal


def _is_unknown_part(part: object) -> bool:
    return isinstance(part, dict) and isinstance(part.get("type"), str) and part["type"] not in _PART_TYPES


def encode(frame: RelayFrame) -> str:
    """Return the text of `frame`."""
    return _ENCODER.encode(frame).decode()
