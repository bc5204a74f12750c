"""Checks a request against its model: what one model accepts and another does not.

This is the last check, made once the shape is right (reported): sampling, then efforts and verbosities, then
tools, then log probabilities.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mock_openai.protocol import errors, models
from mock_openai.protocol.behaviour import Behaviour
from mock_openai.protocol.models import Model

_LOGPROBS = "message.output_text.logprobs"
# Hosted tools that want reasoning, and what the error calls them (reported).
_THOUGHTFUL = {"image_generation": "image_gen", "web_search": "web_search"}


def check_model_takes(body: Mapping[str, Any], behaviour: Behaviour) -> None:
    """Raise ApiError for the first thing that the model of a request does not accept; the model that a stored
    prompt names is not known here.
    """
    if "model" not in body:
        return
    name: str = body["model"]
    model = models.facts(name)
    effort = (body.get("reasoning") or {}).get("effort") or model.effort
    # Models that can do without reasoning take these while they do (documented for gpt-5.1 and later).
    sampling = model.sampling or (model.may_skip_reasoning and effort == "none")
    if not sampling:
        _check_sampling(body, model, behaviour)
    if not model.reasons:
        _check_no_reasoning(body)
    elif effort not in model.efforts:
        raise errors.unsupported_choice("reasoning.effort", effort, name, model.efforts)
    if reasoning := body.get("reasoning"):
        _check_reasoning(reasoning, model, name)
    verbosity = (body.get("text") or {}).get("verbosity")
    if verbosity is not None and verbosity not in model.verbosities:
        raise errors.unsupported_choice("text.verbosity", verbosity, name, model.verbosities)
    if model.long_cache_only and body.get("prompt_cache_retention") == "in_memory":
        raise errors.long_cache_only()
    if body.get("tools"):
        _check_tools(body["tools"], name, effort)
    if "deep-research" in name and not _can_search(body.get("tools") or ()):
        raise errors.research_needs_tools()
    if not sampling:
        if _LOGPROBS in (body.get("include") or ()):
            raise errors.logprobs_unsupported("include")
        if body.get("top_logprobs"):
            raise errors.logprobs_unsupported("top_logprobs")


def _check_sampling(body: Mapping[str, Any], model: Model, behaviour: Behaviour) -> None:
    defaults = (
        ("temperature", 1),
        ("top_p", model.top_p),
        ("presence_penalty", 0),
        ("frequency_penalty", 0),
    )
    for field, default in defaults:
        given = body.get(field)
        if given is None or given == default:
            continue
        if behaviour.unsupported_parameter == "value":
            only = f"Only the default ({default}) value is supported."
            raise errors.unsupported_value(field, given, only)
        code = None if behaviour.unsupported_parameter == "null" else "unsupported_parameter"
        raise errors.unsupported_parameter(field, code=code)


def _check_no_reasoning(body: Mapping[str, Any]) -> None:
    """Raise ApiError for fields that only reasoning models accept."""
    if (body.get("reasoning") or {}).get("effort") is not None:
        raise errors.unsupported_parameter("reasoning.effort", code="unsupported_parameter")
    if "reasoning.encrypted_content" in (body.get("include") or ()):
        raise errors.encrypted_content_unsupported()


def _check_reasoning(asked: Mapping[str, Any], model: Model, name: str) -> None:
    context = asked.get("context")
    if context is not None and context not in model.contexts:
        raise errors.unsupported_choice("reasoning.context", context, name, model.contexts)
    mode = asked.get("mode")
    if mode is not None and mode not in model.modes:
        raise errors.unsupported_mode()
    if (asked.get("summary") or asked.get("generate_summary")) and not model.summarizes:
        where = f"with the '{models.snapshot(name)}' model"
        raise errors.unsupported_parameter("reasoning.summary", code="unsupported_parameter", where=where)


def _can_search(tools: Iterable[Mapping[str, Any]]) -> bool:
    return any(str(tool["type"]).startswith(("web_search", "mcp", "file_search")) for tool in tools)


def _check_tools(tools: list[Mapping[str, Any]], name: str, effort: str | None) -> None:
    kinds = [str(tool["type"]) for tool in tools]
    if "computer_use_preview" in kinds and not name.startswith("computer-use"):
        raise errors.unsupported_tool("computer_use_preview", name)
    if effort == "minimal":
        wanting = {named for kind in kinds for begin, named in _THOUGHTFUL.items() if kind.startswith(begin)}
        if wanting:
            raise errors.tools_need_effort(effort, sorted(wanting))
