"""From settings and an adapter's invocation parameters to the body of a request.

Pure: values in, a plain dict out, the same for both transports. What the API does not know is left out, what
it knows is sent, and ``settings.extra`` has the last word over everything but the default reasoning effort.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from openai._types import NotGiven as OpenAINotGiven
from pipecat.utils.types import is_given

from .settings import OpenAIResponsesLLMSettings

__all__ = ["build_body", "encode", "json_schema_format", "output_text", "tool_choice_of"]

_PASSED_THROUGH = ("parallel_tool_calls", "truncation", "metadata", "prompt_cache_key", "safety_identifier")


def build_body(
    settings: OpenAIResponsesLLMSettings,
    invocation: Mapping[str, Any],
    *,
    tool_choice: object = None,
    service_tier: str | None = None,
) -> dict[str, Any]:
    """The create body without transport fields (``stream``, ``stream_id``, ``previous_response_id``).

    ``invocation`` is what the adapter returns: input, tools and perhaps instructions. ``tool_choice`` is the
    context's, in either the chat completions or the Responses shape.
    """
    body: dict[str, Any] = {
        "model": settings.model,
        "store": settings.store if isinstance(settings.store, bool) else False,
        "input": without_stray_thoughts(invocation["input"]),
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
        body["tools"] = tools
        if tools and (choice := tool_choice_of(tool_choice)) is not None:
            body["tool_choice"] = choice
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
            # The encrypted thoughts come back to us and go out again with the next turn: nothing is stored at
            # OpenAI.
            body["include"] = ["reasoning.encrypted_content"]
    body.update(settings.extra)
    return body


def without_stray_thoughts(items: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The input without reasoning that led to nothing.

    An interruption can take away the call that a thought led to. The API refuses a reasoning item that is not
    followed by what it led to (reported), and would refuse every later turn of the conversation too.
    """
    kept: list[Mapping[str, Any]] = []
    led_to_something = False
    for item in reversed(items):
        if item.get("type") != "reasoning":
            led_to_something = item.get("role") == "assistant" or str(item.get("type")).endswith("_call")
        elif not led_to_something:
            continue
        kept.append(item)
    return kept[::-1]


def _output_limit(settings: OpenAIResponsesLLMSettings) -> int | None:
    for limit in (settings.max_completion_tokens, settings.max_tokens):
        if isinstance(limit, int):
            return limit
    return None


def tool_choice_of(choice: object) -> str | dict[str, Any] | None:
    """A tool choice in the Responses shape; None when there is nothing to send.

    Contexts hold the chat completions shape, ``{"type": "function", "function": {"name": ...}}``; here the
    name stands one level higher.
    """
    if isinstance(choice, str):
        return choice
    if not isinstance(choice, Mapping):
        return None
    if isinstance(function := choice.get("function"), Mapping):
        return {"type": "function", "name": function.get("name")}
    return dict(choice)


def json_schema_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The ``text.format`` value that makes the API hold an answer to a schema."""
    return {"type": "json_schema", "name": "response", "schema": dict(schema), "strict": True}


def output_text(response: Mapping[str, Any]) -> str:
    """All answer text of a finished response object, in order."""
    return "".join(
        part.get("text") or ""
        for item in response.get("output") or ()
        if item.get("type") == "message"
        for part in item.get("content") or ()
        if part.get("type") == "output_text"
    )


def encode(body: Mapping[str, Any]) -> bytes:
    """A body as JSON."""
    try:
        return msgspec.json.encode(body)
    except (UnicodeEncodeError, TypeError):
        # Lone surrogates from a sloppy transcript, or a value only the standard library knows how to write.
        return json.dumps(body, separators=(",", ":")).encode()
