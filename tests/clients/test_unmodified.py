"""openai-python, Pipecat's own services and curl, unmodified: only URL and key change."""

from __future__ import annotations

import json
import shutil
import subprocess
from typing import Any

import openai
import pytest
from ninelives import Bot
from openai import AsyncOpenAI
from pipecat.services.openai.responses.llm import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService
from pydantic import BaseModel

from tests.effort import HANG

pytestmark = pytest.mark.real_time  # the server is another process

TOOL = {
    "type": "function",
    "name": "get_weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}


@pytest.fixture
async def client(base_url: str, key: str):
    async with AsyncOpenAI(api_key=key, base_url=base_url, max_retries=0) as client:
        yield client


async def test_openai_python_runs_a_tool_loop(client: AsyncOpenAI) -> None:
    first = await client.responses.create(model="gpt-4.1", input="Weather in Paris?", tools=[TOOL])
    (wanted,) = first.output
    output = {"type": "function_call_output", "call_id": wanted.call_id, "output": "21"}
    second = await client.responses.create(
        model="gpt-4.1", input=[output], previous_response_id=first.id, tools=[TOOL]
    )
    assert json.loads(wanted.arguments) == {"city": "Paris"}
    assert second.output_text == "It is 21 degrees in Paris."


async def test_openai_python_streams_and_ends_with_the_whole(client: AsyncOpenAI) -> None:
    async with client.responses.stream(model="gpt-4.1", input="Say hello.") as stream:
        said = [event.delta async for event in stream if event.type == "response.output_text.delta"]
        final = await stream.get_final_response()
    assert said
    assert final.output_text == "".join(said)


async def test_openai_python_parses_what_it_asked_for(client: AsyncOpenAI) -> None:
    class Place(BaseModel):
        name: str
        floors: int

    parsed = await client.responses.parse(model="gpt-4.1", input="A place.", text_format=Place)
    assert isinstance(parsed.output_parsed, Place)


async def test_openai_python_talks_over_a_socket(client: AsyncOpenAI) -> None:
    async with client.responses.connect() as socket:
        await socket.response.create(model="gpt-4.1", input="Say hello.")
        kinds = []
        async for event in socket:
            kinds.append(event.type)
            if event.type == "response.completed":
                break
    assert kinds[:2] == ["response.created", "response.in_progress"]


async def test_openai_python_chains_over_a_socket_what_nothing_stores(client: AsyncOpenAI) -> None:
    async with client.responses.connect() as socket:

        async def ask(**more: str) -> Any:
            await socket.response.create(model="gpt-4.1", input="Say hello.", store=False, **more)
            async for event in socket:
                if event.type in {"response.completed", "error"}:
                    return event
            raise AssertionError("the socket closed")

        first = await ask()
        second = await ask(previous_response_id=first.response.id)
        unknown = await ask(previous_response_id="resp_x")
    assert second.response.previous_response_id == first.response.id
    assert unknown.error.code == "previous_response_not_found"


async def test_openai_python_raises_what_it_raises_for_the_real_api(
    base_url: str, client: AsyncOpenAI
) -> None:
    with pytest.raises(openai.BadRequestError) as unknown:
        await client.responses.create(model="gpt-4.1", input="Hm?", previous_response_id="resp_x")
    with pytest.raises(openai.BadRequestError) as model:
        await client.responses.create(model="no-such-model", input="Hm?")
    async with AsyncOpenAI(api_key="sk-wrong-key-altogether", base_url=base_url) as stranger:
        with pytest.raises(openai.AuthenticationError) as refused:
            await stranger.responses.create(model="gpt-4.1", input="Hm?")
    codes = [error.value.code for error in (unknown, model, refused)]
    assert codes == ["previous_response_not_found", "model_not_found", "invalid_api_key"]


@pytest.mark.parametrize("transport", ["websocket", "http"])
async def test_pipecats_own_services_hold_a_conversation(base_url: str, key: str, transport: str) -> None:
    if transport == "websocket":
        ws_url = base_url.replace("http:", "ws:") + "/responses"
        service = OpenAIResponsesLLMService(api_key=key, base_url=base_url, ws_url=ws_url)
    else:
        service = OpenAIResponsesHttpLLMService(api_key=key, base_url=base_url)

    def get_weather(city: str) -> str:
        """Get the weather of a city."""
        return f"21 degrees in {city}"

    async with Bot(service, tools=[get_weather]) as bot:
        turn = await bot.say("What is the weather in Paris?")
    assert turn.text == "It is 21 degrees in Paris."
    assert [call.arguments for call in turn.calls] == [{"city": "Paris"}]
    assert not turn.errors


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
def test_curl_reads_events_and_errors(base_url: str, key: str) -> None:
    def curl(body: dict[str, object], *more: str) -> str:
        command = ["curl", "-sS", "-N", f"{base_url}/responses", "-H", "content-type: application/json"]
        done = subprocess.run(
            [*command, "-d", json.dumps(body), *more],
            capture_output=True,
            text=True,
            timeout=HANG,
            check=True,
        )
        return done.stdout

    asked = {"model": "gpt-4.1", "input": "Say hello.", "stream": True}
    stream = curl(asked, "-H", f"Authorization: Bearer {key}")
    assert stream.startswith('event: response.created\ndata: {"type":"response.created"')
    assert stream.endswith("}\n\n")
    assert "[DONE]" not in stream
    refused = curl(asked)
    assert refused.startswith('{\n  "error": {\n    "message": "Missing bearer')
