"""A bot's single questions are asked aside, by the method that its class has at that time."""

from __future__ import annotations

from typing import Any

import pytest
from mock_openai import MockServer
from ninelives.lab.side_requests import single_questions_aside
from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService

KIND: Any = next(each for each in OpenAIResponsesLLMService.__mro__ if "run_inference" in vars(each))


async def test_a_method_that_a_test_replaced_after_another_bot_was_played(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def counted(service: Any, question: str) -> str:
        return f"counted: {question}"

    async with MockServer() as server:
        service: Any = OpenAIResponsesLLMService(api_key="any", base_url=server.base_url)
        with single_questions_aside(server):
            pass
        monkeypatch.setattr(KIND, "run_inference", counted)
        with single_questions_aside(server), single_questions_aside(server):
            assert await service.run_inference("why?") == "counted: why?"
    assert KIND.run_inference is counted
