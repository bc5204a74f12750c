"""The usage of a finished response: token counts, and how many tokens the prompt cache read and wrote."""

from __future__ import annotations

from typing import Any

from mock_openai.protocol import models
from mock_openai.protocol.output_items import OutputItems
from mock_openai.protocol.reply import Usage
from mock_openai.protocol.request import Request

# Prompt caching begins at 1024 tokens and counts in steps of 128 (documented for models before gpt-5.6).
_CACHE_FLOOR, _CACHE_STEP = 1024, 128
# Tokens at the end of a prompt that are not written: three and eight in the recordings that show it.
_UNCACHED = 4


def usage_of(
    request: Request, output_items: OutputItems, *, history_tokens: int, told: Usage | None = None
) -> dict[str, Any]:
    """Return a turn's usage. `history_tokens` is the size of the chain before it; values in `told` replace
    the counts.
    """
    told = told or Usage()
    own = request.tokens
    input_tokens = _first(told.input_tokens, own + history_tokens)
    written, read = cache_use(request.model, input_tokens, prefix_tokens(request, history_tokens))
    output_tokens = _first(told.output_tokens, output_items.output_tokens)
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {
            "cache_write_tokens": _first(told.cache_write_tokens, written),
            "cached_tokens": _first(told.cached_tokens, read),
        },
        "output_tokens": output_tokens,
        "output_tokens_details": {
            "reasoning_tokens": _first(told.reasoning_tokens, output_items.reasoning_tokens)
        },
        "total_tokens": input_tokens + output_tokens,
    }


def usage_of_counts(input_tokens: int, output_tokens: int) -> dict[str, Any]:
    """Return a usage block in which nothing was cached and nothing reasoned."""
    return {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cache_write_tokens": 0, "cached_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": input_tokens + output_tokens,
    }


def prefix_tokens(request: Request, history_tokens: int) -> int:
    """Return how many tokens of a prompt the previous turn had too: the chain, after the same instructions
    and tools.
    """
    return history_tokens + request.frame_tokens if history_tokens else 0


def cache_use(model: str, input_tokens: int, history_tokens: int) -> tuple[int, int]:
    """Return how many tokens of a prompt are written to the cache and how many are read from it, when it
    begins with `history_tokens` of an earlier one.

    Models before gpt-5.6 write for free and read in steps of 128; later models count single tokens
    (documented).
    """
    if max(input_tokens, history_tokens) < _CACHE_FLOOR:
        return 0, 0
    reads = history_tokens >= _CACHE_FLOOR
    if not models.facts(model).exact_cache:
        return 0, history_tokens // _CACHE_STEP * _CACHE_STEP if reads else 0
    read = history_tokens if reads else 0
    written = input_tokens - _UNCACHED - read if input_tokens >= _CACHE_FLOOR else 0
    return max(0, written), read


def _first(told: int | None, counted: int) -> int:
    return counted if told is None else told
