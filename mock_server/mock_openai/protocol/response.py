"""The response object, as the API echoes a request in `response.created`.

Four leading fields, the others in alphabetical order, `user` and `metadata` last (observed, 2026-09).
`events` changes the fields that depend on the end of the turn (status, output, usage, completed_at,
service_tier, incomplete_details, error).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_openai.protocol import models
from mock_openai.protocol.request import Request
from mock_openai.protocol.response_fields import echo_text, echo_tools
from mock_openai.protocol.tool_list import listed_tools

# "fast" is another name for priority processing (documented).
_TIERS = {None: "auto", "fast": "priority"}
_IMAGE_URL = "message.input_image.image_url"
# The fields that a prompt's variable always shows, by its type (observed).
_VARIABLES: Mapping[Any, Mapping[str, Any]] = {
    "input_image": {"detail": None, "file_id": None, "image_url": None},
    "input_file": {"file_id": None},
}


def open_response(request: Request, *, id: str, created_at: int) -> dict[str, Any]:
    """Return the response object of a turn that has just begun, with status "in_progress" ("queued" in the
    background).
    """
    body = request.body
    model = models.facts(request.model)
    fields: dict[str, Any] = {
        "access_programs": body.get("access_programs"),
        "background": request.background,
        "completed_at": None,
        "error": None,
        "frequency_penalty": _number(body.get("frequency_penalty"), 0.0),
        "incomplete_details": None,
        "instructions": request.instructions,
        "max_output_tokens": request.max_output_tokens,
        "max_tool_calls": request.max_tool_calls,
        "model": models.snapshot(request.model),
        "moderation": None,
        "output": [],
        "parallel_tool_calls": request.parallel_tool_calls,
        "presence_penalty": _number(body.get("presence_penalty"), 0.0),
        "previous_response_id": request.previous_response_id,
        "prompt_cache_key": body.get("prompt_cache_key"),
        "prompt_cache_retention": body.get("prompt_cache_retention") or model.cache_retention,
        "reasoning": _reasoning(request, model),
        "safety_identifier": body.get("safety_identifier"),
        "service_tier": _TIERS.get(body.get("service_tier"), body.get("service_tier")),
        "store": request.store,
        "temperature": _number(request.temperature, 1.0),
        "text": echo_text(body.get("text")),
        "tool_choice": request.tool_choice,
        "tool_usage": _tool_usage(),
        "tools": echo_tools(listed_tools(request.tools, request.input, plain=model.loads_plainly)),
        "top_logprobs": body.get("top_logprobs") or 0,
        "top_p": _number(request.top_p, model.top_p),
        "truncation": body.get("truncation") or "disabled",
        "usage": None,
    }
    # These three appear only when the request used them (observed).
    if request.conversation is not None:
        fields["conversation"] = {"id": request.conversation}
    if body.get("prompt") is not None:
        fields["prompt"] = _prompt(body["prompt"], with_urls=_IMAGE_URL in request.include)
    if body.get("prompt_cache_options") is not None:
        fields["prompt_cache_options"] = body["prompt_cache_options"]
    return {
        "id": id,
        "object": "response",
        "created_at": created_at,
        "status": "queued" if request.background else "in_progress",
        **{name: fields[name] for name in sorted(fields)},
        "user": body.get("user"),
        "metadata": request.metadata,
    }


def with_billing(response: Mapping[str, Any]) -> dict[str, Any]:
    """Return the response object as a plain JSON body shows it: with `billing`, which neither events nor
    unfinished responses of the background carry (observed). A recording with fewer fields is left as it is.
    """
    head = ("id", "object", "created_at", "status")
    tail = ("user", "metadata")
    if response.get("status") in ("queued", "in_progress") or not response.keys() >= {*head, *tail}:
        return dict(response)
    middle = {name: value for name, value in response.items() if name not in (*head, *tail)}
    middle["billing"] = {"payer": "developer"}
    return {
        **{name: response[name] for name in head},
        **{name: middle[name] for name in sorted(middle)},
        **{name: response[name] for name in tail},
    }


def settled_tier(tier: str) -> str:
    """Return the service tier that a finished response shows: "auto" has become "default" (observed)."""
    return "default" if tier == "auto" else tier


def _number(value: float | None, default: float) -> float:
    return default if value is None else float(value)


def _reasoning(request: Request, model: models.Model) -> dict[str, Any]:
    asked = request.reasoning or {}
    summary = asked.get("summary") or asked.get("generate_summary")
    # What "auto" stands for depends on the model; every recording that shows it says "detailed".
    summary = "detailed" if summary == "auto" else summary
    context = asked.get("context") or model.context
    shown = {
        "context": model.context if context == "auto" else context,
        "effort": asked.get("effort") or model.effort,
    }
    if model.reasons:
        shown["mode"] = asked.get("mode") or model.modes[0]
    return {**shown, "summary": summary}


def _prompt(prompt: Mapping[str, Any], *, with_urls: bool) -> dict[str, Any]:
    variables = prompt.get("variables") or {}
    return {
        "id": prompt["id"],
        "variables": {name: _variable(value, with_urls=with_urls) for name, value in variables.items()},
        "version": prompt.get("version") or "1",
    }


def _variable(value: Any, *, with_urls: bool) -> Any:
    """Return a prompt's variable as an input part, its keys in order. The address of a picture comes back
    only when `include` names it, the content of a file never (observed).
    """
    if isinstance(value, str):
        return {"type": "input_text", "text": value}
    if not isinstance(value, Mapping):
        return value
    kind = value.get("type")
    shown = {**_VARIABLES.get(kind, {}), **value}
    if kind == "input_image":
        shown["detail"] = shown["detail"] or "auto"
        if not with_urls:
            shown["image_url"] = None
    elif kind == "input_file":
        shown.pop("file_data", None)
    return {"type": kind, **{name: shown[name] for name in sorted(shown) if name != "type"}}


def _tool_usage() -> dict[str, Any]:
    tokens = {"image_tokens": 0, "text_tokens": 0}
    return {
        "image_gen": {
            "input_tokens": 0,
            "input_tokens_details": dict(tokens),
            "output_tokens": 0,
            "output_tokens_details": dict(tokens),
            "total_tokens": 0,
        },
        "web_search": {"num_requests": 0},
    }
