"""Fixtures of the tests with real web chats: each program is started once for all tests that need it."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from .model import MockModel, mock_model
from .webchat import Chainlit, Gradio, OpenWebUI


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def model_service() -> AsyncIterator[MockModel]:
    """The scripted model, one for all programs."""
    async with mock_model() as model:
        yield model


@pytest.fixture
def model(model_service: MockModel) -> MockModel:
    """The scripted model, which says hello and has no calls on record."""
    model_service.reset()
    return model_service


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def gradio(model_service: MockModel, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Gradio]:
    """A Gradio chat."""
    chat = Gradio(model_service, tmp_path_factory.mktemp("gradio"))
    async with chat.running():
        yield chat


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chainlit(model_service: MockModel, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Chainlit]:
    """A Chainlit chat."""
    chat = Chainlit(model_service, tmp_path_factory.mktemp("chainlit"))
    async with chat.running():
        yield chat


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def open_webui(model_service: MockModel, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[OpenWebUI]:
    """An Open WebUI."""
    chat = OpenWebUI(model_service, tmp_path_factory.mktemp("open-webui"))
    async with chat.running():
        yield chat
