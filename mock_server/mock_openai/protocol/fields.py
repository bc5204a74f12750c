"""Every field of a create request, and what each may hold.

The table is the same for both transports; fields that only one of them has are named below it. Bounds are
the published ones, except where recordings or reports differ.
"""

from __future__ import annotations

from mock_openai.protocol import errors
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
    either,
    need,
    never_null,
    words,
)
from mock_openai.protocol.tools import TEXT, TOOL_CHOICE, TOOLS

_TEXT = String()
_OPEN = Object(open=True)
_YES_NO = Boolean()

METADATA = Map(values=String(maximum=512), maximum=16, key_length=64)
INCLUDE = words(
    "code_interpreter_call.outputs",
    "computer_call_output.output.image_url",
    "file_search_call.results",
    "message.input_image.image_url",
    "message.output_text.logprobs",
    "reasoning.encrypted_content",
    "web_search_call.action.sources",
    "web_search_call.results",
)
REASONING = Object(
    {
        "context": never_null(words("auto", "current_turn", "all_turns")),
        "effort": words("none", "minimal", "low", "medium", "high", "xhigh", "max"),
        "generate_summary": words("auto", "concise", "detailed"),
        # The one explicit null that is known to be refused (reported).
        "mode": never_null(words("standard", "pro")),
        "summary": words("auto", "concise", "detailed"),
    }
)

_COMMON: dict[str, Field | Rule] = {
    # Only a stored prompt can name the model instead; `request` sees to that.
    "model": never_null(_TEXT),
    "input": INPUT,
    "instructions": _TEXT,
    "access_programs": Object({"cyber": words("standard", "daybreak_blue", "daybreak_red")}, open=True),
    "background": _YES_NO,
    "background_options": Object(
        {"completion_window": words("soonest", "2h", "8h"), "continuation_id": _TEXT}
    ),
    # Codex sends it and the server takes it without a word (reported).
    "client_metadata": _OPEN,
    "context_management": Array(
        Object({"type": need(words("compaction")), "compact_threshold": Integer(minimum=1000)}), minimum=1
    ),
    "conversation": either(Object({"id": need(String(filled=True, prefix="conv"))}), String(prefix="conv")),
    "image": Object({"context_compression": words("auto", "enabled", "disabled")}),
    "include": Array(INCLUDE),
    "max_output_tokens": Integer(minimum=16),
    "max_tool_calls": Integer(minimum=1),
    "metadata": METADATA,
    "moderation": Object({"model": need(_TEXT), "policy": _OPEN}),
    "multi_agent": _OPEN,
    "parallel_tool_calls": _YES_NO,
    "previous_response_id": String(prefix="resp"),
    "prompt": Object({"id": need(String(filled=True)), "version": _TEXT, "variables": _OPEN}),
    "prompt_cache_key": String(maximum=64),
    "prompt_cache_options": Object(
        {
            "mode": words("implicit", "explicit"),
            "ttl": words("30m", "12h"),
            "prewarm": _YES_NO,
            "comparison_response_id": _TEXT,
        }
    ),
    "prompt_cache_retention": words("in_memory", "24h"),
    "reasoning": REASONING,
    "safety_identifier": String(maximum=128),
    "service_tier": OneOf(
        ("auto", "default", "flex", "scale", "priority", "fast", "ultrafast"), errors.invalid_service_tier
    ),
    "store": _YES_NO,
    "stream": _YES_NO,
    "stream_options": Object({"include_obfuscation": _YES_NO}),
    "temperature": Decimal(0, 2),
    "text": TEXT,
    "tool_choice": TOOL_CHOICE,
    "tools": TOOLS,
    "top_logprobs": Integer(0, 20),
    "top_p": Decimal(0, 1),
    "truncation": words("auto", "disabled"),
    "user": _TEXT,
}

CREATE = Object(_COMMON)
# WebSocket requests carry a lane and may ask for no output; `type` is the frame's own (documented). The SDK
# offers `generate` on this transport only, but `prompt_cache_options.prewarm` implies it on both.
CREATE_ON_SOCKET = Object({**_COMMON, "type": _TEXT, "generate": _YES_NO, "stream_id": _TEXT})
