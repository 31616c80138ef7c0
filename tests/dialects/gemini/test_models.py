import json

from relay.core.model import ModelEntry
from relay.dialects.gemini import models

METHODS = ["generateContent", "streamGenerateContent", "countTokens"]
CLAUDE = ModelEntry(id="puter/claude:1", owned_by="puter", created=7, name="Claude")
PLAIN = ModelEntry(id="m", owned_by="relay", created=8)


def test_list_of_models():
    assert json.loads(models.list_body([CLAUDE, PLAIN])) == {
        "models": [
            {
                "name": "models/puter/claude:1",
                "baseModelId": "puter/claude:1",
                "displayName": "Claude",
                "supportedGenerationMethods": METHODS,
            },
            {"name": "models/m", "baseModelId": "m", "displayName": "m", "supportedGenerationMethods": METHODS},
        ]
    }


def test_empty_list():
    assert json.loads(models.list_body([])) == {"models": []}


def test_one_model():
    assert json.loads(models.one_body(PLAIN)) == {
        "name": "models/m",
        "baseModelId": "m",
        "displayName": "m",
        "supportedGenerationMethods": METHODS,
    }


def test_methods_are_those_that_a_model_is_for():
    entries = (
        ModelEntry(id="e", owned_by="site", created=7, methods=("embedding",)),
        ModelEntry(id="p", owned_by="site", created=7, methods=("image",)),
    )
    told = json.loads(models.list_body(entries))["models"]
    assert [each["supportedGenerationMethods"] for each in told] == [["embedContent", "batchEmbedContents"], []]
