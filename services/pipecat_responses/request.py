"""The body of a request, made from settings and an adapter's invocation parameters.

Pure: values in, a plain dict out, for both transports. Settings that the API does not support are left out;
``settings.extra`` overrides everything but the default reasoning effort.
"""

from collections.abc import Callable, Mapping
from typing import Any

from openai import NotGiven as OpenAINotGiven
from pipecat.utils.types import is_given

from .items import Names, valid_input
from .settings import OpenAIResponsesLLMSettings
from .text import write_json

__all__ = ["build_body", "encode", "json_schema_format", "names_of", "output_text", "tool_choice_of"]

_PASSED_THROUGH = ("parallel_tool_calls", "truncation", "metadata", "prompt_cache_key", "safety_identifier")


def build_body(
    settings: OpenAIResponsesLLMSettings,
    invocation: Mapping[str, Any],
    *,
    tool_choice: object = None,
    service_tier: str | None = None,
    names: Names | None = None,
    warn: Callable[[str], None] = lambda what: None,
) -> dict[str, Any]:
    """Return the create body without transport fields (``stream``, ``stream_id``, ``previous_response_id``).

    ``invocation`` is what the adapter returns: input, tools and perhaps instructions. ``tool_choice`` is the
    context's, in the form of chat completions or of Responses. ``names`` are those of the tools; ``warn`` is
    called with a phrase for everything that was left out of the input.
    """
    names = names or names_of(invocation)
    stored = settings.store is True
    body: dict[str, Any] = {
        "model": settings.model,
        "store": stored,
        "input": valid_input(invocation["input"], names=names, stored=stored, warn=warn),
    }
    if instructions := invocation.get("instructions"):
        body["instructions"] = instructions
    for name in ("temperature", "top_p"):
        if isinstance(value := getattr(settings, name), int | float):
            body[name] = value
    if (limit := _output_limit(settings)) is not None:
        body["max_output_tokens"] = limit
    if service_tier is not None:
        body["service_tier"] = service_tier
    if isinstance(tools := invocation.get("tools"), list):
        body["tools"] = [names.tool(tool) for tool in tools]
        if tools and (choice := tool_choice_of(tool_choice)) is not None:
            body["tool_choice"] = names.tool(choice)
    for name in _PASSED_THROUGH:
        value = getattr(settings, name)
        if is_given(value) and not isinstance(value, OpenAINotGiven) and value is not None:
            body[name] = value
    if isinstance(settings.verbosity, str):
        body["text"] = {"verbosity": settings.verbosity}
    if is_given(settings.reasoning) and settings.reasoning is not None:
        reasoning = settings.reasoning.model_dump(exclude_none=True)
        if reasoning:
            body["reasoning"] = reasoning
            # Encrypted thoughts are returned to us and sent again with the next turn: OpenAI stores nothing.
            body["include"] = ["reasoning.encrypted_content"]
    body.update(settings.extra)
    return body


def _output_limit(settings: OpenAIResponsesLLMSettings) -> int | None:
    for limit in (settings.max_completion_tokens, settings.max_tokens):
        if isinstance(limit, int):
            return limit
    return None


def tool_choice_of(choice: object) -> str | dict[str, Any] | None:
    """Return a tool choice in the form of Responses; None if there is none.

    Contexts use the form of chat completions, ``{"type": "function", "function": {"name": ...}}``; in
    Responses the name is one level higher.
    """
    if isinstance(choice, str):
        return choice
    if not isinstance(choice, Mapping):
        return None
    if isinstance(function := choice.get("function"), Mapping):
        return {"type": "function", "name": function.get("name")}
    return dict(choice)


def json_schema_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the ``text.format`` value for an answer by JSON schema."""
    return {"type": "json_schema", "name": "response", "schema": dict(schema), "strict": True}


def output_text(response: Mapping[str, Any]) -> str:
    """Return the whole answer text of a finished response object."""
    return "".join(
        text
        for item in _objects(response.get("output"))
        if item.get("type") == "message"
        for part in _objects(item.get("content"))
        if part.get("type") == "output_text" and isinstance(text := part.get("text"), str)
    )


def _objects(value: object) -> list[Mapping[str, Any]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def names_of(invocation: Mapping[str, Any]) -> Names:
    """Return the names of an invocation's tools."""
    tools = invocation.get("tools")
    return Names([tool for tool in tools if isinstance(tool, Mapping)] if isinstance(tools, list) else ())


def encode(body: Mapping[str, Any]) -> bytes:
    """Return a body as JSON."""
    return write_json(body)
