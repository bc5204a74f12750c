"""The messages of a Pipecat context, rewritten where Pipecat's adapter would lose or spoil something.

The adapter drops the text of a message that also has calls, formats a tool's result as a Python literal, and
fails on parts in unexpected forms. Messages that it would spoil are rewritten first. Nearly all messages of a
long conversation are a role and a text: these pass the adapter in bundles, and are looked at only once.
``items`` checks what the adapter makes.

| in the context | on the wire |
|---|---|
| a message without content, or with an empty list | left out |
| an assistant's text beside ``tool_calls`` | a message, then the calls |
| ``arguments`` of a call that are not text | JSON |
| a tool's result that is a dict, a list, a number or None | JSON |
| a tool's result as a list of text parts | ``input_text`` parts |
| a part that is a plain text | a text part |
| ``image_url`` that is a plain address | an image |
| an image or file without its data | left out, with a warning |
| a part without a type | left out, with a warning; a text part if it has a text |
| a role that the API does not know | left out, with a warning |
"""

from collections.abc import Callable, Mapping
from typing import Any

from pipecat.processors.aggregators.llm_context import LLMContext, LLMSpecificMessage

from .items import PlainItems
from .text import write_json

__all__ = ["carried", "json_text"]

Message = Any
Warn = Callable[[str], None]

_SAME_ROLES = frozenset({"user", "assistant", "developer"})
"""Roles that are called the same in a context and in an input."""
_PLAIN_ROLES = ("user", "assistant", "tool", "developer", "system")
_FILE_KEYS = {"file_base64": ("mime_type", "file_data"), "file_url": ("mime_type", "url")}


def carried(
    context: LLMContext, *, bundles: bool, specific: Callable[[Any], LLMSpecificMessage], warn: Warn
) -> LLMContext:
    """Return a context with messages that Pipecat's adapter converts correctly.

    ``bundles``: whether plain messages in a row become one message with their items, which the adapter passes
    on; an adapter of the user's own must see each of them. ``specific`` wraps an input item of the API as a
    message; ``warn`` is called with a phrase for everything that was left out.
    """
    rewritten: list[Any] = []
    bundle: PlainItems | None = None
    for message in context.get_messages():
        if bundles and type(message) is dict:  # the hot path: a loop without Python calls
            role, content = message.get("role"), message.get("content")
            if (
                type(content) is str
                and role in _SAME_ROLES
                and (len(message) == 2 or not (message.get("tool_calls") or message.get("function_call")))
            ):
                if bundle is None:
                    bundle = PlainItems()
                    rewritten.append(specific(bundle))
                bundle.append({"role": role, "content": content})
                continue
        bundle = None
        if _is_plain(message):
            rewritten.append(message)
        elif isinstance(message, Mapping):
            rewritten += _rewritten(message, specific, warn)
        else:
            warn(f"a message that is a {type(message).__name__}")
    return LLMContext(rewritten, context.tools, context.tool_choice)


def json_text(value: Any) -> str:
    """Return a value as JSON text."""
    return write_json(value).decode()


def _is_plain(message: Message) -> bool:
    """Whether the adapter converts the message correctly."""
    if type(message) is not dict:
        return isinstance(message, LLMSpecificMessage)
    if message.get("role") == "assistant" and message.get("function_call"):
        return False
    if message.get("role") == "assistant" and message.get("tool_calls"):
        return not message.get("content") and all(_is_plain_call(call) for call in message["tool_calls"])
    return type(message.get("content")) is str and message.get("role") in _PLAIN_ROLES


def _is_plain_call(call: Any) -> bool:
    function = call.get("function") if isinstance(call, dict) else None
    return (
        isinstance(function, dict)
        and isinstance(call.get("id"), str)
        and isinstance(function.get("name"), str)
        and isinstance(function.get("arguments"), str)
    )


def _rewritten(
    message: Mapping[str, Any], specific: Callable[[dict[str, Any]], Any], warn: Warn
) -> list[Any]:
    role, content = message.get("role"), message.get("content")
    if role in ("tool", "function"):
        # The oldest form of a result names the function, not the call.
        call_id = message.get("tool_call_id") or message.get("name") or ""
        output = {"type": "function_call_output", "call_id": call_id, "output": _result(content)}
        return [specific(output)]
    if role not in ("user", "assistant", "developer", "system"):
        warn(f"a message of the role {role!r}")
        return []
    said = _with_content(message, content, warn)
    if role != "assistant":
        return said
    calls = list(message.get("tool_calls") or ())
    if isinstance(old := message.get("function_call"), Mapping):  # the oldest form of a call
        calls.append({"id": str(old.get("name") or ""), "function": old})
    return said + [specific(item) for call in calls if (item := _call(call, warn)) is not None]


def _with_content(message: Mapping[str, Any], content: Any, warn: Warn) -> list[Any]:
    if content is None and message.get("refusal"):
        content = message["refusal"]
    if content is None or (message.get("role") == "assistant" and content == ""):
        return []
    if not isinstance(content, str):
        given = [content] if isinstance(content, Mapping) else content
        content = (
            [part for one in given if (part := _part(one, warn)) is not None]
            if isinstance(given, list | tuple)
            else json_text(content)
        )
        if not content:
            return []
    return [{"role": message["role"], "content": content}]


def _part(part: Any, warn: Warn) -> Mapping[str, Any] | None:
    if isinstance(part, str):
        return {"type": "text", "text": part}
    if not isinstance(part, Mapping):
        warn(f"a part of a message that is a {type(part).__name__}")
        return None
    kind = part.get("type")
    if kind is None and isinstance(part.get("text"), str):
        return {**part, "type": "text"}
    if not isinstance(kind, str):
        warn("a part of a message without a type")
        return None
    if kind == "text" and not isinstance(part.get("text"), str):
        text = part.get("text")
        return None if text is None else {**part, "text": json_text(text)}
    if kind == "image_url":
        image = part.get("image_url")
        image = {"url": image} if isinstance(image, str) else image
        if not (isinstance(image, Mapping) and image.get("url")):
            warn("an image without an address")
            return None
        return {**part, "image_url": {**image, "detail": image.get("detail") or "auto"}}
    if kind in _FILE_KEYS:
        file = part.get("file")
        if not (
            isinstance(file, Mapping) and all(isinstance(file.get(key), str) for key in _FILE_KEYS[kind])
        ):
            warn(f"a {kind} part without {' and '.join(_FILE_KEYS[kind])}")
            return None
        return (
            part
            if kind == "file_url" or file.get("filename")
            else {**part, "file": {**file, "filename": "file"}}
        )
    return part


def _result(content: Any) -> Any:
    if isinstance(content, str):
        return content
    if isinstance(content, list) and content and all(_is_text(part) for part in content):
        return [{"type": "input_text", "text": part["text"]} for part in content]
    return json_text(content)


def _is_text(part: Any) -> bool:
    return isinstance(part, Mapping) and part.get("type") == "text" and isinstance(part.get("text"), str)


def _call(call: Any, warn: Warn) -> dict[str, Any] | None:
    function = call.get("function") if isinstance(call, Mapping) else None
    if not (isinstance(call, Mapping) and isinstance(function, Mapping) and function.get("name")):
        warn("a call without the name of a function")
        return None
    arguments = function.get("arguments")
    if not isinstance(arguments, str):
        arguments = "{}" if arguments is None else json_text(arguments)
    call_id = call.get("id")
    return {
        "type": "function_call",
        "call_id": call_id if isinstance(call_id, str) else "" if call_id is None else str(call_id),
        "name": str(function["name"]),
        "arguments": arguments,
    }
