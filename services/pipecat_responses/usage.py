"""The tokens of a turn in the form of Pipecat's metrics, and the service tier that was used."""

from collections.abc import Mapping, Sequence
from typing import Any

from pipecat.metrics.metrics import LLMTokenUsage

from .steps import Usage

__all__ = ["TokenUsage", "total_of", "usage_of"]

_USUAL_TIER = "default"


class TokenUsage(LLMTokenUsage):
    """Pipecat's token usage with the service tier; sent if a tier was requested or an unusual one was used.

    Parameters:
        service_tier: The tier that the API used, which may differ from the requested one.
    """

    service_tier: str


def usage_of(response: Mapping[str, Any]) -> tuple[Usage, ...]:
    """Return the tokens billed for a response, if it has them.

    Compatible servers leave fields out, or send null or text; values that are not numbers count as zero.
    """
    usage = response.get("usage")
    if not usage or not isinstance(usage, Mapping):
        return ()
    read, written = (usage.get(f"{side}_tokens_details") for side in ("input", "output"))
    tier = response.get("service_tier")
    return (
        Usage(
            input_tokens=_count(usage, "input_tokens"),
            output_tokens=_count(usage, "output_tokens"),
            total_tokens=_count(usage, "total_tokens"),
            cached_tokens=_count(read, "cached_tokens"),
            cache_write_tokens=_count(read, "cache_write_tokens"),
            reasoning_tokens=_count(written, "reasoning_tokens"),
            service_tier=tier if isinstance(tier, str) else None,
        ),
    )


def _count(counts: object, name: str) -> int:
    value = counts.get(name) if isinstance(counts, Mapping) else None
    try:
        return int(float(value))  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return 0


def total_of(parts: Sequence[Usage], *, asked_tier: object) -> LLMTokenUsage:
    """Return all tokens billed for a turn, including failed attempts, with the tier of the last one."""
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
