"""A bot that would ask the real API is stopped before it does, with the line to add."""

import os

import pytest
from ninelives.usage_error import UsageError
from pipecat.pipeline.pipeline import Pipeline
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair
from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService

pytestmark = pytest.mark.virtual_time


@pytest.mark.parametrize("fixture", ["voice_call", "bot"])
async def test_a_bot_that_is_not_told_where_the_server_is_gets_the_line_to_add(
    openai_server, request, fixture
):
    def run_bot(transport, runner_args):
        llm = OpenAIResponsesLLMService(api_key=os.environ["OPENAI_API_KEY"])
        pair = LLMContextAggregatorPair(LLMContext())
        return Pipeline([transport.input(), pair.user(), llm, transport.output(), pair.assistant()])

    with pytest.raises(UsageError) as raised:
        async with request.getfixturevalue(fixture)(run_bot):
            pass
    said = str(raised.value)
    assert "connects to api.openai.com:443: its OpenAIResponsesLLMService does not get the address" in said
    assert 'ws_url=os.environ.get("OPENAI_WS_URL", "wss://api.openai.com/v1/responses"),' in said
    assert "test_addresses.py:" in said
