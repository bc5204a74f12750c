"""What may stand in a request's `input`: messages, calls and their outputs, reasoning, and everything
hosted tools leave behind.

The kinds that clients write themselves are checked field by field; the others are known by name and pass as
they are.
"""

from __future__ import annotations

from mock_openai.protocol import errors
from mock_openai.protocol.schema import (
    Anything,
    Array,
    Boolean,
    Field,
    Integer,
    Object,
    OneOf,
    Rule,
    String,
    Tagged,
    either,
    need,
    words,
)

_TEXT = String()
_STATUS = words("in_progress", "completed", "incomplete")
_BREAKPOINT = Object({"mode": need(words("explicit")), "ttl": words("30m", "12h")})

_MEDIA = ("audio/", "video/")
_MEDIA_ENDINGS = (".mp3", ".wav", ".ogg", ".flac", ".m4a", ".mp4", ".mov", ".avi", ".mkv", ".webm")


class _FileData:
    """A file within the request. Sound and film are refused (observed for mp3, otherwise inferred)."""

    noun = "a string"

    def accepts(self, value: object) -> bool:
        return isinstance(value, str)

    def check(self, value: str, path: str) -> None:
        if not value.startswith("data:"):
            raise errors.unsupported_file_data(path, None)
        kind = value[5:].partition(";")[0]
        if kind.startswith(_MEDIA):
            raise errors.unsupported_file_data(path, kind)


class _ImageUrl:
    """A picture, by address or within the request; addresses are not fetched, pictures not looked at."""

    noun = "a string"

    def accepts(self, value: object) -> bool:
        return isinstance(value, str)

    def check(self, value: str, path: str) -> None:
        if value.lower().startswith(("http://", "https://")):
            return
        if not value.startswith("data:"):
            raise errors.invalid_image_url(path, "a value without the 'data:' prefix")
        kind, comma, data = value[5:].partition(",")
        if not kind.startswith("image/"):
            raise errors.invalid_image_url(path, f"unsupported MIME type '{kind.partition(';')[0]}'")
        if not comma or not data:
            raise errors.invalid_image_url(path, "empty base64-encoded bytes")


class _FileUrl:
    """A file elsewhere, judged by its name: this server fetches nothing."""

    noun = "a string"

    def accepts(self, value: object) -> bool:
        return isinstance(value, str)

    def check(self, value: str, path: str) -> None:
        if value.partition("?")[0].lower().endswith(_MEDIA_ENDINGS):
            raise errors.unsupported_file()


_INPUT_PARTS = {
    "input_text": Object({"type": _TEXT, "text": need(_TEXT), "prompt_cache_breakpoint": _BREAKPOINT}),
    "input_image": Object(
        {
            "type": _TEXT,
            "detail": words("low", "high", "auto", "original"),
            "image_url": _ImageUrl(),
            "file_id": _TEXT,
            "prompt_cache_breakpoint": _BREAKPOINT,
        }
    ),
    "input_file": Object(
        {
            "type": _TEXT,
            "detail": words("auto", "low", "high"),
            "file_data": _FileData(),
            "file_id": _TEXT,
            "file_url": _FileUrl(),
            "filename": _TEXT,
            "prompt_cache_breakpoint": _BREAKPOINT,
        }
    ),
}
# The API knows all kinds of parts before it looks at whose they are: an unheard-of one is told all of them,
# one that stands in the wrong place those that may stand there (reported, with these lists in this order).
_PARTS = (
    "input_text",
    "input_image",
    "output_text",
    "refusal",
    "input_file",
    "computer_screenshot",
    "summary_text",
    "encrypted_content",
)
_INPUT_CONTENT = Tagged(
    _INPUT_PARTS,
    listed=frozenset({"input_audio", "computer_screenshot"}),
    all_tags=_PARTS,
    shown=("input_text", "input_image", "input_file"),
)
USER_CONTENT = either(Array(Tagged(_INPUT_PARTS, all_tags=_PARTS)), _TEXT)
"""What a user's message may hold."""

_OUTPUT_CONTENT = Tagged(
    {
        "output_text": Object(
            {
                "type": _TEXT,
                "text": need(_TEXT),
                "annotations": Array(Object(open=True)),
                "logprobs": Array(Object(open=True)),
            }
        ),
        "refusal": Object({"type": _TEXT, "refusal": need(_TEXT)}),
    },
    all_tags=_PARTS,
    shown=("output_text", "refusal"),
)


def _message(role: OneOf, content: Rule) -> Object:
    return Object(
        {
            "type": _TEXT,
            "id": String(prefix="msg"),
            "role": need(role),
            "content": need(content),
            "status": _STATUS,
            "phase": words("commentary", "final_answer"),
        }
    )


_ROLES = words("assistant", "system", "developer", "user")
_ASSISTANT = _message(_ROLES, either(Array(_OUTPUT_CONTENT), _TEXT))
_SPEAKER = _message(_ROLES, either(Array(_INPUT_CONTENT), _TEXT))
_ID_AND_STATUS: dict[str, Field | Rule] = {
    "type": _TEXT,
    "status": _STATUS,
    "created_by": _TEXT,
    "caller": Object(open=True),
}
_TOOL_OUTPUT = either(
    Array(
        Tagged(
            _INPUT_PARTS,
            listed=frozenset({"computer_screenshot", "scoped_content"}),
            shown=("input_text", "input_image", "input_file", "scoped_content"),
        )
    ),
    _TEXT,
)

_SHAPES: dict[str, Object] = {
    "function_call": Object(
        {
            **_ID_AND_STATUS,
            "id": String(prefix="fc"),
            "call_id": need(String(filled=True)),
            "name": need(String(filled=True)),
            "arguments": need(_TEXT),
            "namespace": _TEXT,
        }
    ),
    "function_call_output": Object(
        {
            **_ID_AND_STATUS,
            "id": String(prefix="fc"),
            "call_id": Field(String(filled=True), required=True),
            "output": need(_TOOL_OUTPUT),
            "name": _TEXT,
            "namespace": _TEXT,
        }
    ),
    "custom_tool_call": Object(
        {
            **_ID_AND_STATUS,
            "id": String(prefix="ctc"),
            "call_id": need(String(filled=True)),
            "name": need(String(filled=True)),
            "input": need(_TEXT),
            "namespace": _TEXT,
        }
    ),
    "custom_tool_call_output": Object(
        {
            **_ID_AND_STATUS,
            "id": _TEXT,
            "call_id": need(String(filled=True)),
            "output": need(_TOOL_OUTPUT),
            "name": _TEXT,
        }
    ),
    "reasoning": Object(
        {
            "type": _TEXT,
            "id": String(prefix="rs"),
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
    "computer_call_output": Object({"call_id": need(_TEXT), "output": need(Object(open=True))}, open=True),
    "shell_call_output": Object(
        {"call_id": need(_TEXT), "output": need(Array(Object(open=True))), "max_output_length": Integer()},
        open=True,
    ),
    "apply_patch_call_output": Object({"call_id": need(_TEXT), "output": _TEXT}, open=True),
    "local_shell_call_output": Object({"output": need(Anything())}, open=True),
}

# Known by name only: what hosted tools and the server itself leave in a conversation (documented).
_LISTED = frozenset(
    {
        "additional_tools",
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
        "program",
        "program_output",
        "shell_call",
        "tool_search_call",
        "tool_search_output",
        "web_search_call",
    }
)


class _InputItem:
    """Messages are told apart by role, everything else by type; an item without a type is a message or a
    reference.
    """

    noun = "an object"
    _others = Tagged({"message": _SPEAKER, **_SHAPES}, listed=_LISTED, default="message")

    def accepts(self, value: object) -> bool:
        return isinstance(value, dict)

    def check(self, value: dict[str, object], path: str) -> None:
        kind = value.get("type")
        if kind in (None, "message") and value.get("role") == "assistant":
            _ASSISTANT.check(value, path)
        elif kind is None and "role" not in value and set(value) <= {"id", "type"} and "id" in value:
            _SHAPES["item_reference"].check(value, path)
        else:
            self._others.check(value, path)


ITEM = _InputItem()
INPUT = either(Array(ITEM), String(maximum=10_485_760))
