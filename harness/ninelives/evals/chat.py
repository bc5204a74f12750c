"""Chat Completions from a script, for the judge and the simulated caller of an eval.

A chat is read as a request for a response: `user` matches the last user message, `instructions` the system
message. Only rules with `instructions` or `model` answer: the judge gets the bot's messages too, and a rule
for the bot would match both. Nothing is improvised: a chat without a rule gets an error, because an invented
verdict would be worthless.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mock_openai import Script
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.events import Event, Timed
from mock_openai.protocol.reply import Call, Refusal, Reply, Text
from mock_openai.protocol.request import parse_request
from mock_openai.responders.answer import Answer, Recorded
from mock_openai.responders.base import Turn
from mock_openai.responders.rule import Rule
from mock_openai.responders.when import When

from ninelives.cassette.items import content_text

PIECE = 12
"""Characters of text in a chunk of a stream."""

UNANSWERED = "ninelives_not_improvised"
"""The error code of a chat that no rule answers."""

_STREAM = {"content-type": "text/event-stream; charset=utf-8"}
_JSON = {"content-type": "application/json"}


def is_chat(method: str, path_qs: str) -> bool:
    """Whether a request is one for a chat completion."""
    return method == "POST" and path_qs.partition("?")[0].rstrip("/").endswith("/chat/completions")


class Chat:
    """A responder that answers chats by the rules of a script. Without a script it answers every chat with an
    error.
    """

    takes_errors = False

    def __init__(self, script: Script | None = None) -> None:
        self._script = (
            Script([each.rule for each in script.rules if _is_for_chats(each.rule)]) if script else None
        )
        self._count = 0

    async def answer(self, turn: Turn) -> Answer | None:
        """Leave requests for responses to others."""
        return None

    async def answer_http(self, method: str, path_qs: str, body: bytes) -> Recorded | None:
        """Answer a chat. None: it is another request."""
        if not is_chat(method, path_qs):
            return None
        try:
            asked = json.loads(body)
            request = parse_request(as_response(asked), transport="http", any_model=True)
        except (ValueError, RecursionError, ApiError) as error:
            return _refused(f"this chat request cannot be read: {error}")
        said: Answer | None = None
        if self._script is not None:
            said = await self._script.answer(Turn(request.body, "http", request))
        if isinstance(said, ApiError):
            return Recorded(said.status, _JSON, body=json.dumps(said.body()).encode())
        if not isinstance(said, Reply):
            found = "no rule of the script with `instructions` or `model` answers this chat request"
            return _refused(
                f"{found if self._script is not None else 'there is no script'}, and nothing is improvised"
            )
        self._count += 1
        head = {"id": f"chatcmpl-{self._count}", "created": 0, "model": asked.get("model", "")}
        if asked.get("stream") is True:
            return Recorded(200, _STREAM, tuple(_stream(said, head)))
        return Recorded(200, _JSON, body=json.dumps(_whole(said, head)).encode())


def _is_for_chats(rule: Rule) -> bool:
    when = rule.when
    return not isinstance(when, When) or when.instructions is not None or when.model is not None


def as_response(asked: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request for a chat completion as one for a response."""
    messages = asked.get("messages") or []
    system = [content_text(each.get("content")) for each in messages if each.get("role") == "system"]
    body: dict[str, Any] = {
        "model": str(asked.get("model") or "gpt-4.1"),
        "input": list(_items(messages)),
        "store": False,
    }
    if system:
        body["instructions"] = "\n".join(system)
    tools = [each["function"] for each in asked.get("tools") or () if each.get("type") == "function"]
    if tools:
        body["tools"] = [{"type": "function", "strict": False, **tool} for tool in tools]
    return body


def _items(messages: Sequence[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    for message in messages:
        role, text = message.get("role"), content_text(message.get("content"))
        if role == "tool":
            yield {"type": "function_call_output", "call_id": message.get("tool_call_id", ""), "output": text}
            continue
        if role in ("user", "assistant", "developer") and text:
            yield {"role": role, "content": text}
        for call in message.get("tool_calls") or ():
            yield {
                "type": "function_call",
                "call_id": call.get("id", ""),
                "name": call["function"]["name"],
                "arguments": call["function"].get("arguments", "{}"),
            }


def _whole(said: Reply, head: Mapping[str, Any]) -> dict[str, Any]:
    text, calls = _said(said)
    message: dict[str, Any] = {"role": "assistant", "content": text or None}
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "message": message, "finish_reason": "tool_calls" if calls else "stop"}
    return {**head, "object": "chat.completion", "choices": [choice], "usage": _usage(text)}


def _stream(said: Reply, head: Mapping[str, Any]) -> Iterator[Timed]:
    text, calls = _said(said)
    deltas: list[dict[str, Any]] = [{"role": "assistant", "content": ""}]
    deltas += [{"content": text[at : at + PIECE]} for at in range(0, len(text), PIECE)]
    deltas += [{"tool_calls": [{"index": number, **call}]} for number, call in enumerate(calls)]
    whole = {**head, "object": "chat.completion.chunk"}
    for delta in deltas:
        yield _chunk({**whole, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]})
    ended = {"index": 0, "delta": {}, "finish_reason": "tool_calls" if calls else "stop"}
    yield _chunk({**whole, "choices": [ended]})
    yield _chunk({**whole, "choices": [], "usage": _usage(text)})
    yield Timed(0.0, Event("", b"[DONE]", wire=b"data: [DONE]\n\n"))


def _chunk(data: Mapping[str, Any]) -> Timed:
    text = json.dumps(data).encode()
    return Timed(0.0, Event("", text, wire=b"data: " + text + b"\n\n"))


def _said(said: Reply) -> tuple[str, list[dict[str, Any]]]:
    text = "".join(item.text for item in said.items if isinstance(item, Text | Refusal))
    calls = [item for item in said.items if isinstance(item, Call)]
    return text, [
        {
            "id": call.call_id or f"call_{number}",
            "type": "function",
            "function": {"name": call.name, "arguments": call.arguments},
        }
        for number, call in enumerate(calls)
    ]


def _usage(text: str) -> dict[str, int]:
    words = len(text.split())
    return {"prompt_tokens": 0, "completion_tokens": words, "total_tokens": words}


def _refused(message: str) -> Recorded:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": UNANSWERED}
    return Recorded(404, _JSON, body=json.dumps({"error": error}).encode())
