"""Both services against the mock server, through a real pipeline."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from mock_openai import MockServer
from pipecat.clocks.system_clock import SystemClock
from pipecat.frames.frames import StartFrame
from pipecat.processors.frame_processor import FrameProcessorSetup
from pipecat.utils.asyncio.task_manager import TaskManager, TaskManagerParams
from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService
from pipecat_responses.base import ResponsesService

Make = Callable[..., ResponsesService]


def maker(service_class: type[ResponsesService]) -> Make:
    """How a test makes its service: `make(server)`, plus whatever the test is about."""

    def make(server: MockServer, **arguments: Any) -> ResponsesService:
        return service_class(**{"api_key": "sk-test", "base_url": server.base_url, **arguments})

    return make


@pytest.fixture(params=[OpenAIResponsesLLMService, OpenAIResponsesHttpLLMService], ids=["websocket", "http"])
def make(request: pytest.FixtureRequest) -> Make:
    """Make a service of either kind."""
    return maker(request.param)


@pytest.fixture
def make_websocket() -> Make:
    """Make a WebSocket service."""
    return maker(OpenAIResponsesLLMService)


@pytest.fixture
def make_http() -> Make:
    """Make an HTTP service."""
    return maker(OpenAIResponsesHttpLLMService)


async def set_up(service: ResponsesService) -> None:
    """Start a service as a pipeline does, without one: for tests of its own `cleanup`."""
    worker: Any = None
    tasks = TaskManager()
    tasks.setup(TaskManagerParams(loop=asyncio.get_running_loop()))
    await service.setup(FrameProcessorSetup(SystemClock(), tasks, worker))
    await service.queue_frame(StartFrame())
