"""Token counts as a finished response reports them."""

from __future__ import annotations

from typing import Any

from mock_openai.protocol.drafts import Drafts
from mock_openai.protocol.reply import Usage
from mock_openai.protocol.request import Request
from mock_openai.protocol.tokens import count_input

# Prompt caching begins at 1024 tokens and counts in steps of 128 (documented for models before gpt-5.6).
_CACHE_FLOOR, _CACHE_STEP = 1024, 128


def usage_of(
    request: Request, drafts: Drafts, *, history_tokens: int, told: Usage | None = None
) -> dict[str, Any]:
    """Count a turn's usage. `history_tokens` is what the chain before it holds; what `told` gives replaces
    the counts.
    """
    told = told or Usage()
    own = count_input(request.input, instructions=request.instructions, tools=request.tools)
    input_tokens = _first(told.input_tokens, own + history_tokens)
    output_tokens = _first(told.output_tokens, drafts.output_tokens)
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {
            "cache_write_tokens": told.cache_write_tokens,
            "cached_tokens": _first(told.cached_tokens, cached(history_tokens)),
        },
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": _first(told.reasoning_tokens, drafts.reasoning_tokens)},
        "total_tokens": input_tokens + output_tokens,
    }


def usage_of_counts(input_tokens: int, output_tokens: int) -> dict[str, Any]:
    """Give a usage block in which nothing was cached and nothing reasoned."""
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": input_tokens + output_tokens,
    }


def cached(history_tokens: int) -> int:
    """Give how many tokens of a repeated history count as cached."""
    return history_tokens // _CACHE_STEP * _CACHE_STEP if history_tokens >= _CACHE_FLOOR else 0


def _first(told: int | None, counted: int) -> int:
    return counted if told is None else told
