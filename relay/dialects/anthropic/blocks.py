"""Content blocks of a request to hub parts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final

from relay.core.request import File, Image, Part, Text
from relay.dialects.anthropic import wire
from relay.dialects.anthropic.notes import Notes
from relay.dialects.reading import typed
from relay.errors import InvalidRequest, UnsupportedFeature

_URL_SCHEMES: Final = ("https:", "http:", "data:")


def read(content: str | list[dict[str, Any]], where: str) -> Iterator[tuple[str, wire.Block]]:
    """Yield the blocks of `content` with the place of each; a string is short for one text block.

    Raises:
        InvalidRequest: a block is malformed; ``param`` names the place.
    """
    if isinstance(content, str):
        if content:
            yield where, wire.TextBlock(content)
        return
    for index, block in enumerate(content):
        place = f"{where}[{index}]"
        kind = block.get("type")
        known = wire.BLOCKS.get(kind) if isinstance(kind, str) else None
        yield place, typed(block, known or wire.UnknownBlock, place)


def parts(block: wire.Block, where: str, notes: Notes) -> Iterator[Part]:
    """Yield what `block` is in the hub; one that has no place among parts goes to `notes`.

    Plain texts stay texts, so that a session that takes no files can read them.

    Raises:
        RequestError: it cannot be expressed, or its URL is none.
    """
    match block:
        case wire.TextBlock(text=text):
            yield Text(text=text)
        case wire.ImageBlock():
            yield _image(block, f"{where}.source")
        case wire.DocumentBlock(citations=citations):
            _note_citations(citations, notes)
            yield from _document(block, f"{where}.source")
        case wire.SearchResultBlock(citations=citations):
            _note_citations(citations, notes)
            yield Text(text=_search_result(block))
        case wire.ToolReferenceBlock(tool_name=name):
            notes.refer(name)
            yield Text(text=f"The tool {name} is there to be called.")
        case wire.UnknownBlock(type=kind):
            notes.ignore(f"messages.{kind}")
        case wire.ThinkingBlock() | wire.RedactedThinkingBlock() | wire.ToolUseBlock() | wire.ToolResultBlock():
            raise InvalidRequest(f"{where}: A block of this type cannot stand here.", param=where)


def _note_citations(citations: wire.Citations | None, notes: Notes) -> None:
    if citations is not None and citations.enabled:
        notes.ignore("citations")


def _image(block: wire.ImageBlock, where: str) -> Image:
    match block.source:
        case wire.Base64Source():
            return Image(url=_data_url(block.source))
        case wire.UrlSource(url=url):
            return Image(url=_checked(url, where))
        case wire.FileSource():
            raise UnsupportedFeature(f"{where}: relay keeps no files; send the image itself.", param=where)


def _document(block: wire.DocumentBlock, where: str) -> Iterator[Part]:
    about = {"title": block.title, "context": block.context}
    match block.source:
        case wire.TextSource(data=text):
            yield Text(text=_tagged("document", text, about))
        case wire.ContentSource(content=content):
            inner = [wire.TextBlock(content)] if isinstance(content, str) else content
            yield Text(text=_tag("document", about))
            for index, part in enumerate(inner):
                yield _simple(part, f"{where}.content[{index}]")
            yield Text(text="</document>")
        case wire.Base64Source() | wire.UrlSource() | wire.FileSource() as source:
            if block.context:
                yield Text(text=_tagged("attached", block.context, {"title": block.title}))
            yield _file(block.title, source, where)


def _simple(part: wire.TextBlock | wire.ImageBlock, where: str) -> Part:
    match part:
        case wire.TextBlock(text=text):
            return Text(text=text)
        case wire.ImageBlock():
            return _image(part, f"{where}.source")


def _file(name: str | None, source: wire.Base64Source | wire.UrlSource | wire.FileSource, where: str) -> File:
    match source:
        case wire.Base64Source():
            return File(name=name, data=_data_url(source))
        case wire.UrlSource(url=url):
            return File(name=name, url=_checked(url, where))
        case wire.FileSource(file_id=file_id):
            return File(name=name, id=file_id)


def _search_result(block: wire.SearchResultBlock) -> str:
    text = "\n\n".join(piece.text for piece in block.content)
    return _tagged("search_result", text, {"title": block.title, "source": block.source})


def _tagged(word: str, text: str, attributes: dict[str, str | None]) -> str:
    return f"{_tag(word, attributes)}\n{text}\n</{word}>"


def _tag(word: str, attributes: dict[str, str | None]) -> str:
    said = [f" {name}={json.dumps(value, ensure_ascii=False)}" for name, value in attributes.items() if value]
    return f"<{word}{''.join(said)}>"


def _data_url(source: wire.Base64Source) -> str:
    return f"data:{source.media_type};base64,{source.data}"


def _checked(url: str, where: str) -> str:
    if not url.lower().startswith(_URL_SCHEMES):
        param = f"{where}.url"
        raise InvalidRequest(f"{param} must be an https:, http: or data: URL.", param=param)
    return url
