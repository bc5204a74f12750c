"""What a turn cost, as Pipecat's metrics tell it, and on which service tier it really ran."""

from collections.abc import Sequence

from pipecat.metrics.metrics import LLMTokenUsage

from .steps import Usage

__all__ = ["TokenUsage", "total_of"]

_USUAL_TIER = "default"


class TokenUsage(LLMTokenUsage):
    """Pipecat's token usage, and more; sent where a service tier was asked for or another one was used.

    Parameters:
        service_tier: The tier that the API says it used, which may be another than was asked for.
    """

    service_tier: str


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
