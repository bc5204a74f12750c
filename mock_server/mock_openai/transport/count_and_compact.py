"""The two endpoints that take a create's body and give no response: counting its input tokens, and compacting
its conversation to a size that can be continued.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from mock_openai.protocol.ciphertext import ciphertext
from mock_openai.protocol.errors import invalid_json, missing_parameter, unknown_parameter
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.listing import listed
from mock_openai.protocol.tokens import count_item
from mock_openai.protocol.usage import usage_of_counts
from mock_openai.state import ServerState
from mock_openai.threads import in_thread
from mock_openai.transport.api_keys import caller_of
from mock_openai.transport.body import LARGE_BODY, decoded
from mock_openai.transport.exchange import Exchange
from mock_openai.turn.limits import tokens_asked
from mock_openai.turn.plan import Caller, Plan
from mock_openai.turn.request_cache import ReceivedRequest

# The fields that the two endpoints accept (documented).
_COUNTED = frozenset(
    {
        "conversation",
        "input",
        "instructions",
        "model",
        "parallel_tool_calls",
        "personality",
        "previous_response_id",
        "reasoning",
        "text",
        "tool_choice",
        "tools",
        "truncation",
    }
)
_COMPACTED = frozenset(
    {
        "model",
        "image",
        "input",
        "previous_response_id",
        "instructions",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "service_tier",
    }
)
# A summary has about a third of the tokens that it replaces, and at least this many (inferred from two
# recordings).
_SHARE, _LEAST = 3, 64


async def count_input_tokens(state: ServerState, exchange: Exchange) -> None:
    """Answer with the number of tokens that a create of this body would read."""
    body = await _body(exchange, _COUNTED)
    body.pop("personality", None)
    plan = await _admitted(state, exchange, ReceivedRequest(body, 0))
    await exchange.reply.json({"object": "response.input_tokens", "input_tokens": plan.input_tokens})


async def compact(state: ServerState, exchange: Exchange) -> None:
    """Answer with the user's own messages and, as the last item, one `compaction` item (observed). It counts
    against the rate limits as a create does, and has their headers (observed).
    """
    body = await _body(exchange, _COMPACTED)
    if body["model"] is None:
        raise missing_parameter("model")
    # Unlike a create's, its input may be absent: then the conversation is compacted (documented).
    given = [] if body.get("input") is None else body["input"]
    received = ReceivedRequest({**body, "input": given, "store": False}, len(exchange.data))
    plan = await _admitted(state, exchange, received)
    asked = plan.request
    assert asked is not None, "what is admitted is valid"
    limiter = state.engine.limiter
    tokens = tokens_asked(asked, plan.input_tokens) if limiter.limits else 0
    rate_limits = limiter.admit(caller_of(exchange.request.headers), asked.model, tokens, state.clock.now())
    clock = state.engine.now
    ids = Ids(state.engine.random_source("compact", state.engine.ids.request()), clock)
    name = ids.response(asked.previous_response_id)
    kept = [item for item in (*plan.history, *asked.input) if item.get("role") == "user"]
    output: list[dict[str, Any]] = [
        listed({key: value for key, value in item.items() if key != "id"}, name, ids) for item in kept
    ]
    read = (
        await in_thread(_counted, asked.input) if len(exchange.data) > LARGE_BODY else _counted(asked.input)
    )
    written = max(_LEAST, read // _SHARE)
    output.append(
        {
            "id": ids.item("cmp", name),
            "type": "compaction",
            "encrypted_content": ciphertext(plan.random_source.generator, at=clock(), blocks=written // 8),
        }
    )
    await exchange.reply.json(
        {
            "id": name,
            "object": "response.compaction",
            "created_at": int(clock()),
            "output": output,
            "usage": usage_of_counts(plan.input_tokens, written),
        },
        rate_limits=rate_limits,
    )


async def _body(exchange: Exchange, accepted: frozenset[str]) -> dict[str, Any]:
    """Return a body that has a model and only `accepted` fields. Raises ApiError for any other."""
    body = await decoded(exchange.data, exchange.content_type)
    if not isinstance(body, dict):
        raise invalid_json()
    if "model" not in body:
        raise missing_parameter("model")
    for name in body:
        if name not in accepted:
            raise unknown_parameter(name)
    return body


async def _admitted(state: ServerState, exchange: Exchange, received: ReceivedRequest) -> Plan:
    """Plan a create that is not answered; a thread reads a large one. Raises ApiError."""
    if len(exchange.data) > LARGE_BODY:
        await in_thread(state.engine.admission.read_ahead, received, "http")
    return await state.engine.planner.admitted(received, Caller(transport="http"))


def _counted(items: Iterable[dict[str, Any]]) -> int:
    return sum(map(count_item, items))
