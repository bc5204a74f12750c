"""The items of a request's `input`: messages, calls and their outputs, reasoning, and everything that hosted
tools leave behind.

The kinds that clients write themselves are checked field by field; the others are known by name and pass as
they are.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from mock_openai.protocol import errors
from mock_openai.protocol.parts import ASSISTANT_CONTENT, SPEAKER_CONTENT, TOOL_OUTPUT
from mock_openai.protocol.schema import (
    Anything,
    Array,
    Boolean,
    Field,
    Integer,
    Object,
    Rule,
    String,
    Tagged,
    either,
    need,
    words,
)
from mock_openai.protocol.tools import TOOLS

_TEXT = String()
_CALL_ID = String(filled=True, maximum=64)
_NAME = String(filled=True, maximum=128, pattern="[a-zA-Z0-9_-]+")
_STATUS = words("in_progress", "completed", "incomplete")
_EXECUTION = words("client", "server")
# Codex sends it with every item to a provider that it takes for OpenAI itself (reported); it has no effect.
_PASSED: dict[str, Field | Rule] = {"internal_chat_message_metadata_passthrough": Object(open=True)}


def _message(content: Rule) -> Object:
    known: dict[str, Field | Rule] = {
        "type": _TEXT,
        "id": _id("msg"),
        "role": _TEXT,
        "content": need(content),
        "status": _STATUS,
        "phase": words("commentary", "final_answer"),
    }
    return Object({**known, **_PASSED})


def _id(prefix: str) -> String:
    return String(maximum=64, prefix=prefix, plain=True)


_ASSISTANT = _message(ASSISTANT_CONTENT)
_SPEAKER = _message(SPEAKER_CONTENT)
_ROLES = ("assistant", "system", "developer", "user")
_ID_AND_STATUS: dict[str, Field | Rule] = {
    "type": _TEXT,
    "status": _STATUS,
    "created_by": _TEXT,
    "caller": Object(open=True),
}
_SHAPES: dict[str, Object] = {
    "function_call": Object(
        {
            **_ID_AND_STATUS,
            "id": _id("fc"),
            "call_id": need(_CALL_ID),
            "name": need(_NAME),
            "arguments": need(_TEXT),
            "namespace": _TEXT,
            "async": Boolean(),
        }
    ),
    "function_call_output": Object(
        {
            **_ID_AND_STATUS,
            "id": _id("fc"),
            "call_id": Field(_CALL_ID, required=True),
            "output": need(TOOL_OUTPUT),
            "name": _NAME,
            "namespace": _TEXT,
        }
    ),
    "custom_tool_call": Object(
        {
            **_ID_AND_STATUS,
            "id": _id("ctc"),
            "call_id": need(_CALL_ID),
            "name": need(_NAME),
            "input": need(_TEXT),
            "namespace": _TEXT,
            "async": Boolean(),
        }
    ),
    "custom_tool_call_output": Object(
        {
            **_ID_AND_STATUS,
            "id": _TEXT,
            "call_id": need(_CALL_ID),
            "output": need(TOOL_OUTPUT),
            "name": _TEXT,
        }
    ),
    "reasoning": Object(
        {
            "type": _TEXT,
            "id": _id("rs"),
            "summary": need(Array(Tagged({"summary_text": Object({"type": _TEXT, "text": need(_TEXT)})}))),
            "content": Array(Object(open=True)),
            "encrypted_content": _TEXT,
            "status": _STATUS,
        }
    ),
    "item_reference": Object({"type": _TEXT, "id": need(String(filled=True))}),
    "compaction": Object({"encrypted_content": need(_TEXT)}, open=True),
    "mcp_approval_response": Object(
        {
            "type": _TEXT,
            "id": _TEXT,
            "approval_request_id": need(_TEXT),
            "approve": need(Boolean()),
            "reason": _TEXT,
        }
    ),
    "computer_call_output": Object({"call_id": need(_CALL_ID), "output": need(Object(open=True))}, open=True),
    "shell_call_output": Object(
        {"call_id": need(_CALL_ID), "output": need(Array(Object(open=True))), "max_output_length": Integer()},
        open=True,
    ),
    "apply_patch_call_output": Object({"call_id": need(_CALL_ID), "output": _TEXT}, open=True),
    "local_shell_call_output": Object({"output": need(Anything())}, open=True),
    "additional_tools": Object({"role": _TEXT, "tools": need(TOOLS)}, open=True),
    "tool_search_call": Object({"call_id": _CALL_ID, "execution": _EXECUTION, "status": _STATUS}, open=True),
    "tool_search_output": Object(
        {"call_id": _CALL_ID, "execution": _EXECUTION, "status": _STATUS, "tools": need(TOOLS)}, open=True
    ),
}

# Known by name only: items that hosted tools and the API itself leave in a conversation (documented).
_LISTED = frozenset(
    {
        "agent_message",
        "apply_patch_call",
        "code_interpreter_call",
        "compaction_trigger",
        "computer_call",
        "configuration_update",
        "file_search_call",
        "image_generation_call",
        "local_shell_call",
        "mcp_approval_request",
        "mcp_call",
        "mcp_list_tools",
        "multi_agent_call",
        "multi_agent_call_output",
        "program",
        "program_output",
        "shell_call",
        "web_search_call",
    }
)


# The types that the API lists in its error for an unknown one (reported; the omitted one is in the SDK only).
_KINDS = tuple(sorted({"message", *_SHAPES, *_LISTED} - {"configuration_update"}))


class _InputItem:
    """Messages are distinguished by role, all else by type; an item without a type is a message or a
    reference. For anything else the error names the whole item, and a tag that is not text reads as an empty
    one (reported).
    """

    noun = "an input item"
    _shapes: ClassVar = {
        kind: replace(shape, fields={**shape.fields, **_PASSED}) for kind, shape in _SHAPES.items()
    }

    def accepts(self, value: object) -> bool:
        return isinstance(value, dict)

    def check(self, value: dict[str, Any], path: str) -> None:
        kind = value.get("type")
        if kind is None and "role" not in value and set(value) <= {"id", "type"} and "id" in value:
            kind = "item_reference"
        if kind is None or kind == "message":
            self._check_message(value, path)
        elif not isinstance(kind, str) or (kind not in self._shapes and kind not in _LISTED):
            raise errors.invalid_value(path, _text(kind), _KINDS)
        elif kind in self._shapes:
            self._shapes[kind].check(value, path)

    def _check_message(self, value: dict[str, Any], path: str) -> None:
        role = value.get("role")
        if role not in _ROLES:
            raise errors.invalid_value(path, _text(role), _ROLES)
        (_ASSISTANT if role == "assistant" else _SPEAKER).check(value, path)


def _text(tag: object) -> str:
    return tag if isinstance(tag, str) else ""


ITEM = _InputItem()
INPUT_TEXT = String(maximum=10_485_760)
INPUT = either(INPUT_TEXT, Array(ITEM))
