import msgspec
import pytest

from relay.core.media import EmbeddingRequest, ImageRequest, MediaRequest, SpeechRequest, TranscriptionRequest


@pytest.mark.parametrize(
    ("request_", "options"),
    [
        (ImageRequest(model="m", prompt="a cat", user="u", partial_images=2), []),
        (ImageRequest(model="m", prompt="a cat", n=2, images=("data:,",)), ["image.n", "image.images"]),
        (SpeechRequest(model="m", text="Hello", speed=1.5), ["speech.speed"]),
        (TranscriptionRequest(model="m", data="", format="wav", translate=True), ["transcription.translate"]),
        (EmbeddingRequest(model="m", texts=("a",)), []),
        (EmbeddingRequest(model="m", tokens=((1,),), dimensions=2), ["embedding.tokens", "embedding.dimensions"]),
    ],
)
def test_options_are_what_differs_from_nothing_said(request_: MediaRequest, options: list[str]) -> None:
    assert list(request_.options()) == options


def test_only_what_is_set_goes_to_the_page() -> None:
    assert msgspec.to_builtins(SpeechRequest(model="m", text="Hello")) == {"model": "m", "text": "Hello"}


def test_embeddings_are_counted_by_texts_or_by_tokens() -> None:
    assert [EmbeddingRequest(model="m", texts=("a", "b")).count, EmbeddingRequest(model="m", tokens=((1,),)).count] == [
        2,
        1,
    ]
