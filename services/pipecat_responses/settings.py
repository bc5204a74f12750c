"""What a user may set on the two services, and what is known of each model.

The settings carry every field of Pipecat's own class of the same name, so that code written for Pipecat works
unchanged, and typed fields for what the Responses API knows besides. Model knowledge (does it reason, what is
its lightest reasoning effort) is data here and nothing else.
"""

import re
from dataclasses import dataclass, field
from typing import Any, Literal

from openai import NOT_GIVEN as OPENAI_NOT_GIVEN
from openai import NotGiven as OpenAINotGiven
from pipecat.services.settings import LLMSettings
from pipecat.utils.types import NOT_GIVEN, NotGiven
from pydantic import BaseModel

__all__ = [
    "UNKNOWN_TO_THE_API",
    "OpenAIResponsesLLMSettings",
    "OpenAIResponsesReasoningConfig",
    "default_settings",
    "lightest_effort",
    "model_reasons",
]


class OpenAIResponsesReasoningConfig(BaseModel):
    """How a reasoning model thinks before it answers; without effect on models that do not reason.

    Any string is accepted in each field, so that a level the API adds tomorrow can be used today.

    Parameters:
        effort: How much the model thinks. ``None`` leaves the field out of the request.
        summary: How much of a summary of its thoughts comes back, as thought frames. ``None`` asks for none.
        mode: The mode of models that have more than one. ``None`` leaves it to the model.
    """

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | str | None = None
    summary: Literal["auto", "concise", "detailed"] | str | None = None
    mode: Literal["standard", "pro"] | str | None = None


@dataclass
class OpenAIResponsesLLMSettings(LLMSettings):
    """Settings of both services; every one of them may change while the bot runs.

    Parameters:
        max_completion_tokens: Most tokens one answer may have (``max_output_tokens`` on the wire). Wins over
            ``max_tokens``.
        reasoning: How a reasoning model thinks. ``None`` sends the model's lightest documented effort.
        parallel_tool_calls: Whether the model may call several tools in one answer.
        store: Whether OpenAI keeps the response (30 days). ``None`` means no.
        truncation: ``"auto"`` lets the API drop old items when the context is too long.
        verbosity: ``"low"``, ``"medium"`` or ``"high"``: how much the model says.
        metadata: Up to 16 pairs of strings, kept with a stored response.
        prompt_cache_key: Groups requests that share a beginning, for better cache hits.
        safety_identifier: A stable, anonymous name of the end user.
    """

    # As in Pipecat's own settings openai's sentinel is a value too: set, to nothing; tracing leaves it out.
    temperature: float | NotGiven | OpenAINotGiven | None = field(default_factory=lambda: NOT_GIVEN)  # type: ignore[assignment]
    top_p: float | NotGiven | OpenAINotGiven | None = field(default_factory=lambda: NOT_GIVEN)  # type: ignore[assignment]
    max_completion_tokens: int | NotGiven | OpenAINotGiven = field(default_factory=lambda: NOT_GIVEN)
    reasoning: OpenAIResponsesReasoningConfig | NotGiven | None = field(default_factory=lambda: NOT_GIVEN)
    parallel_tool_calls: bool | NotGiven | OpenAINotGiven | None = field(default_factory=lambda: NOT_GIVEN)
    store: bool | NotGiven | OpenAINotGiven | None = field(default_factory=lambda: NOT_GIVEN)
    truncation: Literal["auto", "disabled"] | NotGiven | OpenAINotGiven | None = field(
        default_factory=lambda: NOT_GIVEN
    )
    verbosity: Literal["low", "medium", "high"] | NotGiven | OpenAINotGiven | None = field(
        default_factory=lambda: NOT_GIVEN
    )
    metadata: dict[str, str] | NotGiven | OpenAINotGiven | None = field(default_factory=lambda: NOT_GIVEN)
    prompt_cache_key: str | NotGiven | OpenAINotGiven | None = field(default_factory=lambda: NOT_GIVEN)
    safety_identifier: str | NotGiven | OpenAINotGiven | None = field(default_factory=lambda: NOT_GIVEN)


def default_settings(of: type[OpenAIResponsesLLMSettings]) -> OpenAIResponsesLLMSettings:
    """The settings of a service that was given none: every field has a value, as Pipecat requires."""
    return of(
        model="gpt-4.1",
        system_instruction=None,
        frequency_penalty=None,
        presence_penalty=None,
        seed=None,
        temperature=OPENAI_NOT_GIVEN,
        top_p=OPENAI_NOT_GIVEN,
        top_k=None,
        max_tokens=None,
        max_completion_tokens=OPENAI_NOT_GIVEN,
        reasoning=None,
        filter_incomplete_user_turns=False,
        user_turn_completion_config=None,
        parallel_tool_calls=OPENAI_NOT_GIVEN,
        store=OPENAI_NOT_GIVEN,
        truncation=OPENAI_NOT_GIVEN,
        verbosity=OPENAI_NOT_GIVEN,
        metadata=OPENAI_NOT_GIVEN,
        prompt_cache_key=OPENAI_NOT_GIVEN,
        safety_identifier=OPENAI_NOT_GIVEN,
        extra={},
    )


UNKNOWN_TO_THE_API = ("frequency_penalty", "presence_penalty", "seed", "top_k")
"""Settings that every Pipecat LLM service has and the Responses API does not know; they are not sent."""

_MODELS_BY_LIGHTEST_EFFORT: dict[str, tuple[str, ...]] = {
    "none": (
        *("gpt-5.1", "gpt-5.2", "gpt-5.4", "gpt-5.4-mini", "gpt-5.4-nano", "gpt-5.5"),
        *("gpt-5.6-luna", "gpt-5.6-sol", "gpt-5.6-terra", "gpt-6-luna", "gpt-6-sol"),
    ),
    "minimal": ("gpt-5", "gpt-5-mini", "gpt-5-nano"),
    "low": ("gpt-6-astra", "gpt-6.1-sol", "o1", "o1-pro", "o3", "o3-mini", "o3-pro", "o4-mini"),
    "medium": ("gpt-5.2-pro", "gpt-5.4-pro", "gpt-5.5-pro"),
    "high": ("gpt-5-pro",),
}
_LIGHTEST_EFFORT = {
    model: effort for effort, models in _MODELS_BY_LIGHTEST_EFFORT.items() for model in models
}
_SNAPSHOT_DATE = re.compile(r"-\d{4}-\d{2}-\d{2}$")
_O_SERIES = re.compile(r"o\d")
_GPT_GENERATION = re.compile(r"gpt-(\d+)")


def lightest_effort(model: str) -> str | None:
    """The lowest reasoning effort documented for a model or a snapshot of it; None for models not listed."""
    return _LIGHTEST_EFFORT.get(_SNAPSHOT_DATE.sub("", model.lower()))


def model_reasons(model: str) -> bool | None:
    """Whether a model reasons: True, False, or None where its name does not tell."""
    name = model.lower()
    if _O_SERIES.match(name):
        return True
    generation = _GPT_GENERATION.match(name)
    if generation is None:
        return None
    return int(generation[1]) >= 5 and "chat" not in name


def unsent_settings(settings: Any) -> list[str]:
    """Names of settings that were given a value although the API does not know them."""
    return [name for name in UNKNOWN_TO_THE_API if isinstance(getattr(settings, name, None), int | float)]
