"""What a turn cost, as Pipecat's metrics tell it, and on which service tier it really ran."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipecat.metrics.metrics import LLMTokenUsage

from .steps import Usage

__all__ = ["TokenUsage", "total_of", "usage_of"]

_USUAL_TIER = "default"


class TokenUsage(LLMTokenUsage):
    """Pipecat's token usage, and more; sent where a service tier was asked for or another one was used.

    Parameters:
        service_tier: The tier that the API says it used, which may be another than was asked for.
    """

    service_tier: str


def usage_of(response: Mapping[str, Any]) -> tuple[Usage, ...]:
    """What one response was billed, if it says so. Compatible servers leave fields out or null; whatever is
    missing counts as zero.
    """
    usage = response.get("usage")
    if not usage:
        return ()
    read = usage.get("input_tokens_details") or {}
    written = usage.get("output_tokens_details") or {}
    return (
        Usage(
            input_tokens=usage.get("input_tokens") or 0,
            output_tokens=usage.get("output_tokens") or 0,
            total_tokens=usage.get("total_tokens") or 0,
            cached_tokens=read.get("cached_tokens") or 0,
            cache_write_tokens=read.get("cache_write_tokens") or 0,
            reasoning_tokens=written.get("reasoning_tokens") or 0,
            service_tier=response.get("service_tier"),
        ),
    )


def total_of(parts: Sequence[Usage], *, asked_tier: object) -> LLMTokenUsage:
    """All tokens that were billed for a turn, those of failed attempts included; the tier of the last."""
    total = LLMTokenUsage(
        prompt_tokens=sum(part.input_tokens for part in parts),
        completion_tokens=sum(part.output_tokens for part in parts),
        total_tokens=sum(part.total_tokens for part in parts),
        cache_read_input_tokens=sum(part.cached_tokens for part in parts),
        cache_creation_input_tokens=sum(part.cache_write_tokens for part in parts),
        reasoning_tokens=sum(part.reasoning_tokens for part in parts),
    )
    used = next((part.service_tier for part in reversed(parts) if part.service_tier), None)
    if used is None or (asked_tier is None and used == _USUAL_TIER):
        return total
    return TokenUsage(**dict(total), service_tier=used)
