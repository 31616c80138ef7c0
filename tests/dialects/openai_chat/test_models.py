import json

from openai.pagination import SyncPage
from openai.types import Model

from relay.core.model import ModelEntry
from relay.dialects.openai_chat import models

CLAUDE = ModelEntry(id="puter/claude:1", owned_by="puter", created=7, name="Claude")
PLAIN = ModelEntry(id="m", owned_by="relay", created=8)


def test_list_of_models():
    body = models.list_body([CLAUDE, PLAIN])
    assert json.loads(body) == {
        "object": "list",
        "data": [
            {"object": "model", "id": "puter/claude:1", "created": 7, "owned_by": "puter", "name": "Claude"},
            {"object": "model", "id": "m", "created": 8, "owned_by": "relay"},
        ],
    }
    assert [model.id for model in SyncPage[Model].model_validate_json(body).data] == ["puter/claude:1", "m"]


def test_empty_list():
    assert json.loads(models.list_body([])) == {"object": "list", "data": []}


def test_one_model():
    body = models.one_body(PLAIN)
    assert Model.model_validate_json(body) == Model(id="m", created=8, object="model", owned_by="relay")
