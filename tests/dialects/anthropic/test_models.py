import json
from datetime import UTC, datetime

from anthropic.pagination import SyncPage
from anthropic.types import ModelInfo

from relay.core.model import ModelEntry
from relay.dialects.anthropic import models

CLAUDE = ModelEntry(id="puter/claude:1", owned_by="puter", created=7, name="Claude")
PLAIN = ModelEntry(id="m", owned_by="relay", created=8)


def test_list_of_models():
    body = models.list_body([CLAUDE, PLAIN])
    assert json.loads(body) == {
        "data": [
            {
                "type": "model",
                "id": "puter/claude:1",
                "display_name": "Claude",
                "created_at": "1970-01-01T00:00:07Z",
                "lifecycle": "active",
            },
            {
                "type": "model",
                "id": "m",
                "display_name": "m",
                "created_at": "1970-01-01T00:00:08Z",
                "lifecycle": "active",
            },
        ],
        "has_more": False,
        "first_id": "puter/claude:1",
        "last_id": "m",
    }
    page = SyncPage[ModelInfo].model_validate_json(body)
    assert [model.id for model in page.data] == ["puter/claude:1", "m"]


def test_empty_list():
    assert json.loads(models.list_body([])) == {"data": [], "has_more": False, "first_id": None, "last_id": None}


def test_one_model():
    got = ModelInfo.model_validate_json(models.one_body(PLAIN))
    assert (got.id, got.created_at) == ("m", datetime.fromtimestamp(8, UTC))
