"""Every field of a create request, and what each may hold.

The table is the same for both transports; fields that only one of them has are named below it. Bounds are
the published ones, except where recordings or reports differ.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_openai.protocol import errors
from mock_openai.protocol.close_matches import close_matches
from mock_openai.protocol.items import INPUT
from mock_openai.protocol.schema import (
    Array,
    Boolean,
    Decimal,
    Field,
    Integer,
    Map,
    Object,
    OneOf,
    Rule,
    String,
    describe,
    either,
    need,
    never_null,
    words,
)
from mock_openai.protocol.tools import TEXT, TOOL_CHOICE, TOOLS

_TEXT = String()
_OPEN = Object(open=True)
_YES_NO = Boolean()

# For a null in the two required fields, the API says "expected a string, but got an object" (reported).
_NO_TEXT = ("a string", "an object")

METADATA = Map(values=String(maximum=512), maximum=16, key_length=64, noun="a metadata object")
INCLUDE = words(
    "file_search_call.results",
    "web_search_call.results",
    "web_search_call.action.sources",
    "message.input_image.image_url",
    "computer_call_output.output.image_url",
    "code_interpreter_call.outputs",
    "reasoning.encrypted_content",
    "message.output_text.logprobs",
)


class _EffortNumber:
    """A number in place of an effort: the API accepts it here and refuses it later, with the list of
    the known words (reported).
    """

    noun = "an integer"
    _words = words("minimal", "low", "medium", "high")

    def accepts(self, value: object) -> bool:
        return isinstance(value, int) and not isinstance(value, bool)

    def check(self, value: int, path: str) -> None:
        raise errors.invalid_type(path, self._words.noun, describe(value))


_SUMMARY = words("concise", "detailed", "auto")
REASONING = Object(
    {
        "context": words("auto", "current_turn", "all_turns"),
        "effort": either(words("none", "minimal", "low", "medium", "high", "xhigh", "max"), _EffortNumber()),
        "generate_summary": _SUMMARY,
        # The only explicit null that is known to be refused (reported).
        "mode": never_null(words("standard", "pro")),
        "summary": _SUMMARY,
    }
)

# In the order in which the API reports what is wrong with them (reported for type errors, measured pair by
# pair); the fields that were not measured come where they change the least.
_COMMON: dict[str, Field | Rule] = {
    # Only a stored prompt can name the model instead; `request` sees to that, and to a missing input.
    "model": Field(_TEXT, nullable=False, null=_NO_TEXT),
    "input": Field(INPUT, nullable=False, null=_NO_TEXT),
    "previous_response_id": String(prefix="resp"),
    "prompt": Object({"id": need(String(filled=True)), "version": _TEXT, "variables": _OPEN}),
    "moderation": Object({"model": need(_TEXT), "policy": _OPEN}),
    "include": Array(INCLUDE),
    "tools": TOOLS,
    "tool_choice": TOOL_CHOICE,
    "metadata": METADATA,
    "text": TEXT,
    "temperature": Decimal(0, 2),
    "top_p": Decimal(0, 1),
    "presence_penalty": Decimal(-2, 2),
    "frequency_penalty": Decimal(-2, 2),
    "parallel_tool_calls": _YES_NO,
    "stream": _YES_NO,
    "stream_options": Object({"include_obfuscation": _YES_NO}),
    "background": _YES_NO,
    "max_output_tokens": Integer(minimum=16),
    "max_tool_calls": Integer(minimum=1),
    "reasoning": REASONING,
    "user": _TEXT,
    "safety_identifier": String(maximum=128),
    "prompt_cache_options": Object(
        {
            "mode": words("implicit", "explicit"),
            "ttl": words("30m", "12h"),
            "prewarm": _YES_NO,
            "comparison_response_id": _TEXT,
        }
    ),
    "prompt_cache_key": String(maximum=64),
    "prompt_cache_retention": words("in_memory", "24h"),
    "truncation": words("auto", "disabled"),
    "instructions": _TEXT,
    "store": _YES_NO,
    "service_tier": OneOf(("auto", "default", "fast", "flex", "priority"), untold=("scale", "ultrafast")),
    "top_logprobs": Integer(0, 20),
    "context_management": Array(
        Object({"type": need(words("compaction")), "compact_threshold": Integer(minimum=1000)}), minimum=1
    ),
    "conversation": either(Object({"id": need(String(filled=True, prefix="conv"))}), String(prefix="conv")),
    "access_programs": Object({"cyber": words("standard", "daybreak_blue", "daybreak_red")}, open=True),
    "background_options": Object(
        {"completion_window": words("soonest", "2h", "8h"), "continuation_id": _TEXT}
    ),
    # Codex sends it and the API accepts it (reported).
    "client_metadata": _OPEN,
    "image": Object({"context_compression": words("auto", "enabled", "disabled")}),
    "multi_agent": _OPEN,
}


def _unknown(name: str, given: Mapping[str, Any]) -> errors.ApiError:
    """Return the error for an unknown field. For `messages` of Chat Completions it names `input`; for other
    fields it names the known ones of similar spelling that the request does not have yet (reported).
    """
    if name == "messages":
        return errors.moved_parameter(name, "input")
    return errors.unknown_parameter(
        name, close_matches(name, (field for field in _COMMON if field not in given))
    )


CREATE = Object(_COMMON, unknown=_unknown)
# WebSocket requests carry a lane and may ask for no output; `type` is the frame's own (documented). The SDK
# offers `generate` on this transport only, but `prompt_cache_options.prewarm` implies it on both.
CREATE_ON_SOCKET = Object(
    {**_COMMON, "type": _TEXT, "generate": _YES_NO, "stream_id": _TEXT}, unknown=_unknown
)
