import json
from typing import Any

import pytest

from relay.core.request import File, Image, Part, Text, UserMessage
from relay.dialects.anthropic.inbound import decode
from relay.errors import InvalidRequest, RequestError, UnsupportedFeature

PDF = {"type": "base64", "media_type": "application/pdf", "data": "JVBERi0="}


def decoded(*content: Any) -> Any:
    body = {"max_tokens": 9, "messages": [{"role": "user", "content": list(content)}]}
    return decode(json.dumps(body).encode(), version="", default_model="m")


def parts(*content: Any) -> tuple[Part, ...]:
    [message] = decoded(*content).request.messages
    assert isinstance(message, UserMessage)
    return message.content


def document(source: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "document", "source": source, **fields}


@pytest.mark.parametrize(
    ("source", "url"),
    [
        ({"type": "base64", "media_type": "image/png", "data": "AA=="}, "data:image/png;base64,AA=="),
        ({"type": "url", "url": "https://example.com/a.png"}, "https://example.com/a.png"),
        ({"type": "url", "url": "data:image/png;base64,AA=="}, "data:image/png;base64,AA=="),
    ],
)
def test_image(source, url):
    assert parts({"type": "image", "source": source, "transformations": {}}) == (Image(url=url),)


@pytest.mark.parametrize(
    ("source", "error", "param"),
    [
        ({"type": "file", "file_id": "file_1"}, UnsupportedFeature, "messages[0].content[0].source"),
        ({"type": "url", "url": "file:///etc/passwd"}, InvalidRequest, "messages[0].content[0].source.url"),
        ({"type": "base64", "data": "AA=="}, InvalidRequest, "messages[0].content[0].source.media_type"),
        (
            {"type": "base64", "media_type": "image/png\n", "data": "AA=="},
            InvalidRequest,
            "messages[0].content[0].source.media_type",
        ),
        (
            {"type": "base64", "media_type": "a,b;c", "data": "AA=="},
            InvalidRequest,
            "messages[0].content[0].source.media_type",
        ),
        ({"type": "telepathy"}, InvalidRequest, "messages[0].content[0].source.type"),
    ],
)
def test_image_that_cannot_be_had(source, error, param):
    with pytest.raises(RequestError) as caught:
        decoded({"type": "image", "source": source})
    assert (type(caught.value), caught.value.param) == (error, param)


@pytest.mark.parametrize(
    ("source", "file"),
    [
        (PDF, File(name="T", data="data:application/pdf;base64,JVBERi0=")),
        ({"type": "url", "url": "https://example.com/a.pdf"}, File(name="T", url="https://example.com/a.pdf")),
        ({"type": "file", "file_id": "file_1"}, File(name="T", id="file_1")),
    ],
)
def test_document_is_a_file(source, file):
    assert parts(document(source, title="T")) == (file,)


def test_context_of_a_file_stands_before_it():
    context = Text(text='<attached title="T">\nfrom the archive\n</attached>')
    file = File(name="T", data="data:application/pdf;base64,JVBERi0=")
    assert parts(document(PDF, title="T", context="from the archive")) == (context, file)


def test_plain_text_document_is_text():
    source = {"type": "text", "media_type": "text/plain", "data": "a\nb"}
    assert parts(document(source)) == (Text(text="<document>\na\nb\n</document>"),)
    assert parts(document(source, title='"T"', context="C")) == (
        Text(text='<document title="\\"T\\"" context="C">\na\nb\n</document>'),
    )


def test_document_of_blocks():
    image = {"type": "image", "source": {"type": "url", "url": "https://example.com/a.png"}}
    inner = [{"type": "text", "text": "a"}, image]
    assert parts(document({"type": "content", "content": inner}, title="T")) == (
        Text(text='<document title="T">'),
        Text(text="a"),
        Image(url="https://example.com/a.png"),
        Text(text="</document>"),
    )
    assert parts(document({"type": "content", "content": "a"})) == (
        Text(text="<document>"),
        Text(text="a"),
        Text(text="</document>"),
    )


def test_search_result():
    content = [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    block = {"type": "search_result", "source": "https://x", "title": "X", "content": content}
    assert parts(block) == (Text(text='<search_result title="X" source="https://x">\na\n\nb\n</search_result>'),)


@pytest.mark.parametrize(
    "block",
    [document(PDF), {"type": "search_result", "source": "s", "title": "t", "content": []}],
    ids=["document", "search_result"],
)
def test_citations_are_named_as_ignored(block):
    assert decoded({**block, "citations": {"enabled": True}}).ignored == ("citations",)
    assert decoded({**block, "citations": {"enabled": False}}).ignored == ()
    assert decoded({**block, "citations": None}).ignored == ()


def test_unknown_block_is_named_as_ignored():
    got = decoded({"type": "container_upload", "file_id": "file_1"}, {"type": "text", "text": "a"})
    assert (got.ignored, got.request.messages) == (
        ("messages.container_upload",),
        (UserMessage(content=(Text(text="a"),)),),
    )
