import json
from typing import Any

import pytest

from relay.core.media import EmbeddingRequest
from relay.dialects.base import Limits
from relay.dialects.gemini.embeddings import EmbeddingCall, batch_body, decode_batch, decode_one, one_body
from relay.errors import RequestError

HI = {"parts": [{"text": "Hi"}]}


def batch(*requests: Any) -> EmbeddingCall:
    return decode_batch(json.dumps({"requests": requests}).encode(), model="m")


def test_one():
    body = {
        "model": "models/m",
        "content": {"parts": [{"text": "Hi "}, {"text": "there"}]},
        "output_dimensionality": 8.0,
    }
    assert decode_one(json.dumps(body).encode(), model="m") == EmbeddingCall(
        request=EmbeddingRequest(model="m", texts=("Hi there",), dimensions=8), ignored=()
    )


def test_batch_of_googles_sdk():
    asked = [{"content": {"parts": [{"text": text}], "role": "user"}, "model": "models/m"} for text in ("a", "b")]
    assert batch(*asked) == EmbeddingCall(request=EmbeddingRequest(model="m", texts=("a", "b")), ignored=())


@pytest.mark.parametrize(
    ("fields", "ignored"),
    [
        ({}, ()),
        ({"taskType": "TASK_TYPE_UNSPECIFIED", "title": ""}, ()),
        ({"task_type": "RETRIEVAL_DOCUMENT", "title": "Book"}, ("taskType", "title")),
        ({"taskType": ["odd"]}, ("taskType",)),
    ],
)
def test_what_cannot_be_honoured_is_named(fields: Any, ignored: tuple[str, ...]):
    assert batch({"content": HI}, {"content": HI, **fields}).ignored == ignored


@pytest.mark.parametrize(
    ("requests", "param"),
    [
        ([], "requests"),
        ([{}], "requests[0].content"),
        ([{"content": {}}], "requests[0].content.parts"),
        (
            [{"content": HI}, {"content": {"parts": [{"inlineData": {"mimeType": "a/b", "data": ""}}]}}],
            "requests[1].content",
        ),
        ([{"content": HI, "outputDimensionality": 0}], "requests[0].outputDimensionality"),
        ([{"content": HI, "outputDimensionality": 8}, {"content": HI}], "requests.outputDimensionality"),
    ],
)
def test_malformed_requests(requests: Any, param: str):
    with pytest.raises(RequestError) as caught:
        batch(*requests)
    assert (caught.value.status, caught.value.param) == (400, param)


def test_limit():
    with pytest.raises(RequestError) as caught:
        decode_batch(json.dumps({"requests": [{"content": HI}] * 3}).encode(), model="m", limits=Limits(messages=2))
    assert caught.value.param == "requests"


def test_answers():
    assert json.loads(one_body((0.5, -1.0))) == {"embedding": {"values": [0.5, -1.0]}}
    assert json.loads(batch_body([(0.5,), (1.0,)])) == {"embeddings": [{"values": [0.5]}, {"values": [1.0]}]}
