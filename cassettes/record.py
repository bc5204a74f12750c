"""Makes the cassettes in this folder: `python cassettes/record.py [FOLDER]`.

Every conversation is recorded by the project's own recorder against the project's own server, in virtual
time and from one seed, never against the real API; the first line of each file says so. One function is one
cassette, named after it.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from mock_openai import MockServer, call, faults, reply
from mock_openai.responders import Reasoning, Text
from ninelives import Bot
from ninelives.lab.dialogue import BYE, HELLO, SCRIPT, TOOLS, WEATHER
from ninelives.lab.services import http, websocket
from ninelives.recorder import Recorder
from ninelives.virtual import run
from openai import APIConnectionError, AsyncOpenAI, BadRequestError

ORIGIN = "recorded against mock_openai, not the real API"
PACE = "fixed:0.05"


async def weather_over_websocket(client: AsyncOpenAI, server: MockServer) -> None:
    """Three turns with a tool call, by the WebSocket service in a Pipecat pipeline."""
    await _talk(websocket, client, server)


async def weather_over_sse(client: AsyncOpenAI, server: MockServer) -> None:
    """The same three turns by the HTTP service."""
    await _talk(http, client, server)


async def reasoning_with_a_summary(client: AsyncOpenAI, server: MockServer) -> None:
    """A model that thinks, says in short what it thought, and answers."""
    server.script.add(
        reply(
            Reasoning(("**Counting**\n\nThe word has three of them.",)),
            Text("There are three."),
            user="strawberry",
        )
    )
    stream = await client.responses.create(
        model="gpt-5",
        input="How many r are in strawberry?",
        reasoning={"effort": "low", "summary": "detailed"},
        store=False,
        stream=True,
    )
    async for _ in stream:
        pass


async def two_calls_in_one_response(client: AsyncOpenAI, server: MockServer) -> None:
    """Parallel tool calls over a WebSocket, and the answer to their outputs."""
    paris, rome = call("get_weather", city="Paris"), call("get_weather", city="Rome")
    server.script.add(reply(Text("Rome is warmer."), tool_output="get_weather"))
    server.script.add(reply(paris, rome, user="warmer"))
    parameters = {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
        "additionalProperties": False,
    }
    tool = {"type": "function", "name": "get_weather", "parameters": parameters, "strict": True}
    async with client.responses.connect() as socket:
        await socket.response.create(
            model="gpt-4.1", input="Is Paris or Rome warmer?", tools=[tool], store=False
        )
        first = await _until_done(socket)
        outputs = [
            {"type": "function_call_output", "call_id": item.call_id, "output": "21 degrees"}
            for item in first.output
        ]
        await socket.response.create(
            model="gpt-4.1", input=outputs, tools=[tool], store=False, previous_response_id=first.id
        )
        await _until_done(socket)


async def plain_answers_and_a_refusal_by_the_api(client: AsyncOpenAI, server: MockServer) -> None:
    """JSON without a stream: an answer, its continuation, and a continuation of what nobody knows."""
    first = await client.responses.create(model="gpt-4.1-mini", input="Say hello.")
    await client.responses.create(
        model="gpt-4.1-mini", input="And goodbye.", previous_response_id=first.id, metadata={"turn": "2"}
    )
    try:
        await client.responses.create(
            model="gpt-4.1-mini", input="Go on.", previous_response_id="resp_that_never_was"
        )
    except BadRequestError:
        return
    raise AssertionError("an unknown response was continued")


async def stream_cut_by_a_reset(client: AsyncOpenAI, server: MockServer) -> None:
    """A stream whose connection is reset in mid-sentence, and the same question asked again."""
    server.script.add(reply("It is 21 degrees and sunny in Paris.", user="weather"))
    server.faults.add(faults.at(event="response.output_text.delta", nth=4).reset())
    for _ in range(2):
        stream = await client.responses.create(
            model="gpt-4.1", input="What is the weather in Paris?", store=False, stream=True
        )
        try:
            async for _event in stream:
                pass
        except APIConnectionError:
            continue


CASSETTES = (
    weather_over_websocket,
    weather_over_sse,
    reasoning_with_a_summary,
    two_calls_in_one_response,
    plain_answers_and_a_refusal_by_the_api,
    stream_cut_by_a_reset,
)


async def _talk(service: Callable[..., Any], client: AsyncOpenAI, server: MockServer) -> None:
    for rule in SCRIPT:
        server.script.add(rule)
    base_url = str(client.base_url).rstrip("/")
    ws_url = base_url.replace("http:", "ws:") + "/responses"
    async with Bot(service(base_url, ws_url), tools=dict(TOOLS)) as bot:
        for line in (HELLO, WEATHER, BYE):
            await bot.say(line)


async def _until_done(socket: Any) -> Any:
    async for event in socket:
        if event.type == "response.completed":
            return event.response
    raise AssertionError("the socket closed before the response was done")


async def _record(play: Callable[[AsyncOpenAI, MockServer], Awaitable[None]], path: Path) -> None:
    async with (
        MockServer(pace=PACE, seed=0) as server,
        Recorder(server.base_url, cassette=path, origin=ORIGIN) as proxy,
        AsyncOpenAI(api_key="not-a-key", base_url=proxy.base_url, max_retries=0) as client,
    ):
        await play(client, server)


def main(folder: Path) -> None:
    """Record all of them into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for play in CASSETTES:
        path = folder / f"{play.__name__}.jsonl"
        run(_record(play, path))
        print(f"{path}  {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
