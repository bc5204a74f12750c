"""The settings of the two services, and what is known about models.

The settings have every field of Pipecat's class of the same name, so that code written for Pipecat works
unchanged, and typed fields for further parameters of the Responses API. Whether a model reasons, and its
lightest reasoning effort, are data in this file.
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
    """How a reasoning model thinks before it answers; without effect on other models.

    Each field accepts any string, so that future levels of the API can be used.

    Parameters:
        effort: How much the model thinks. ``None`` leaves the field out of the request.
        summary: How detailed the summary of its thoughts is, sent as thought frames. ``None``: no summary.
        mode: The mode of models that have several. ``None``: the model's default.
    """

    effort: Literal["none", "minimal", "low", "medium", "high", "xhigh", "max"] | str | None = None
    summary: Literal["auto", "concise", "detailed"] | str | None = None
    mode: Literal["standard", "pro"] | str | None = None


@dataclass
class OpenAIResponsesLLMSettings(LLMSettings):
    """Settings of both services; all may change while the bot runs.

    Parameters:
        max_completion_tokens: Limit for the tokens of one answer (``max_output_tokens`` in the request).
            Takes precedence over ``max_tokens``.
        reasoning: How a reasoning model thinks. ``None``: the model's lightest documented effort.
        parallel_tool_calls: Whether the model may call several tools in one answer.
        store: Whether OpenAI stores the response (for 30 days). ``None`` means no.
        truncation: ``"auto"`` lets the API drop old items when the context is too long.
        verbosity: ``"low"``, ``"medium"`` or ``"high"``: how much the model says.
        metadata: Up to 16 pairs of strings, stored with the response.
        prompt_cache_key: Groups requests with a common beginning, for better cache hits.
        safety_identifier: A stable, anonymous id of the end user.
    """

    # As in Pipecat's settings, openai's sentinel means: given, but empty; tracing leaves it out.
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
"""Settings of every Pipecat LLM service that the Responses API does not support; they are not sent."""

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
    """Return the lowest documented reasoning effort of a model or a snapshot of it; None if unknown."""
    return _LIGHTEST_EFFORT.get(_SNAPSHOT_DATE.sub("", model.lower()))


def model_reasons(model: str) -> bool | None:
    """Whether a model reasons; None if its name does not tell."""
    name = model.lower()
    if _O_SERIES.match(name):
        return True
    generation = _GPT_GENERATION.match(name)
    if generation is None:
        return None
    return int(generation[1]) >= 5 and "chat" not in name


def unsent_settings(settings: Any) -> list[str]:
    """Return the names of settings that have a value although the API does not support them."""
    return [name for name in UNKNOWN_TO_THE_API if isinstance(getattr(settings, name, None), int | float)]
