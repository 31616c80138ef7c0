"""Every encoder passes over what belongs to another method."""

import pytest

from relay.core.media import AudioPart, EmbeddingPart, ImageRequest, MediaEvent
from relay.dialects.media import MediaEncoder
from relay.dialects.openai_chat.errors import body as error_body
from relay.dialects.openai_misc.images import ImageForm, ImageVoice
from relay.dialects.openai_misc.speech import SpeechVoice
from relay.dialects.openai_misc.transcripts import TranscriptVoice

FORM = ImageForm(created=7, wish=None, edit=False, request=ImageRequest(model="m", prompt="a cat"))


@pytest.mark.parametrize(
    ("encoder", "foreign"),
    [
        (ImageVoice(FORM, error_body).encoder(), AudioPart(b"a", "mp3")),
        (SpeechVoice(None, error_body).encoder(), EmbeddingPart(0, (1.0,))),
        (TranscriptVoice("json", translate=False, error_body=error_body).encoder(), AudioPart(b"a", "mp3")),
    ],
)
def test_foreign_event_is_nothing(encoder: MediaEncoder, foreign: MediaEvent) -> None:
    assert encoder.encode([foreign]) == b""
