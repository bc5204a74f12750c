"""Pipecat's tracing sees our services as it sees Pipecat's own: the same spans with the same attributes."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from mock_openai import MockServer, call, reply
from ninelives import Bot
from pipecat.services.openai.responses import llm as theirs
from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService

pytest.importorskip("opentelemetry.sdk", reason="opentelemetry-sdk is not installed")

from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

pytestmark = pytest.mark.virtual_time

PAIRS = {
    "websocket": (OpenAIResponsesLLMService, theirs.OpenAIResponsesLLMService),
    "http": (OpenAIResponsesHttpLLMService, theirs.OpenAIResponsesHttpLLMService),
}
SCRIPT = [
    reply("It is sunny.", tool_output="look"),
    reply("Wait.", call("look", where="outside"), user="weather"),
    reply("Hello there."),
]


@pytest.fixture(scope="module")
def exported() -> Iterator[InMemorySpanExporter]:
    """The spans that end from here on; a process has one provider for good."""
    exporter = InMemorySpanExporter()
    provider = trace.get_tracer_provider()
    if not isinstance(provider, TracerProvider):
        provider = TracerProvider()
        trace.set_tracer_provider(provider)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    yield exporter
    exporter.shutdown()


def traced(service_class: Any) -> Any:
    """The same class with tracing switched on, as a pipeline worker does."""

    async def setup(self: Any, setup: Any) -> None:
        await service_class.setup(self, replace(setup, enable_tracing=True))

    return type(service_class.__name__, (service_class,), {"setup": setup})


async def look(where: str) -> str:
    """Look somewhere."""
    return "sunny"


async def spans_of(
    service_class: Any, exported: InMemorySpanExporter
) -> list[tuple[str, dict[str, Any], bool]]:
    exported.clear()
    async with MockServer(script=SCRIPT) as server:
        arguments = {"api_key": "sk-test", "base_url": server.base_url}
        if service_class is theirs.OpenAIResponsesLLMService:
            arguments["ws_url"] = server.ws_url
        settings = service_class.Settings(system_instruction="Be brief.", temperature=0.5)
        service = traced(service_class)(settings=settings, **arguments)
        async with Bot(service, tools=[look]) as bot:
            await bot.say("hello")
            await bot.say("weather")
            await bot.say("goodbye")
    assert bot.errors == []
    return [
        (span.name, dict(span.attributes or {}), span.status.is_ok) for span in exported.get_finished_spans()
    ]


def comparable(attributes: dict[str, Any]) -> dict[str, Any]:
    # How many tokens a request counts depends on how much of the conversation it repeats; the times on what
    # else the computer does; ids are the server's choice.
    left_out = ("gen_ai.usage.input_tokens", "gen_ai.usage.total_tokens", "metrics.ttfb")
    return {
        name: "..." if "call_id" in str(value) else value
        for name, value in attributes.items()
        if not name.startswith(left_out)
    }


@pytest.mark.parametrize("kind", PAIRS)
async def test_the_same_spans_with_the_same_attributes(kind: str, exported: InMemorySpanExporter) -> None:
    ours, pipecats = [await spans_of(each, exported) for each in PAIRS[kind]]
    assert [(name, ok) for name, _, ok in ours] == [(name, ok) for name, _, ok in pipecats]
    assert len(ours) >= 4
    for (_, mine, _), (_, other, _) in zip(ours, pipecats, strict=True):
        assert mine.keys() == other.keys()
        assert comparable(mine) == comparable(other)
