"""Cross-field validation: required and exclusive fields, a tool choice that names a tool, valid schemas."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mock_openai.protocol import errors, models
from mock_openai.protocol.behaviour import Behaviour
from mock_openai.protocol.metaschema import arguments_problem, malformed, root_problem
from mock_openai.protocol.parts import text_of
from mock_openai.protocol.strictness import strict_problem
from mock_openai.protocol.tool_list import loads_tools, offered_tools
from mock_openai.protocol.tools import family


def check_required(body: Mapping[str, Any], behaviour: Behaviour) -> None:
    """Raise ApiError for a missing required field; this is checked before everything else (reported).

    A stored prompt may supply both the model and the input. Of the other substitutes for an input only a
    warm-up makes the field optional (reported).
    """
    prompt = body.get("prompt")
    if "model" not in body and not prompt:
        raise errors.missing_parameter("model")
    if "input" not in body and not prompt and not _warms_up(body, behaviour):
        raise errors.missing_parameter("input")


def check_on_socket(body: Mapping[str, Any], behaviour: Behaviour) -> None:
    """Raise ApiError for what WebSocket mode does not accept."""
    if body.get("background") and behaviour.background_on_socket == "reject":
        raise errors.unsupported_parameter(
            "background", code="unsupported_parameter", where="in WebSocket mode"
        )
    if "stream" in body and behaviour.stream_on_socket == "reject":
        raise errors.unknown_parameter("stream")


def check_cross_field(body: Mapping[str, Any], any_model: bool, behaviour: Behaviour) -> None:
    """Raise ApiError for the first fields that contradict each other."""
    if body.get("previous_response_id") and body.get("conversation"):
        short = behaviour.refusals == "newest"
        first = "pre..._id" if short else "previous_response_id"
        raise errors.mutually_exclusive(first, "conversation")
    model = body.get("model", models.OF_A_PROMPT)
    if not any_model:
        _check_model(model, behaviour)
    if not body.get("input") and not _stands_for_input(body) and not _warms_up(body, behaviour):
        raise errors.missing_input()
    named = body.get("safety_identifier") or ""
    if len(named) > behaviour.safety_identifier_max:
        raise errors.string_too_long("safety_identifier", behaviour.safety_identifier_max, len(named))
    _check_tool_choice(body)
    _check_schemas(body)
    if (body.get("text") or {}).get("format", {"type": ""})["type"] == "json_object" and not _says_json(body):
        raise errors.json_word_missing()


def _warms_up(body: Mapping[str, Any], behaviour: Behaviour) -> bool:
    warms_up = body.get("generate") is False or (body.get("prompt_cache_options") or {}).get("prewarm")
    return bool(warms_up) and behaviour.warm_up_input == "optional"


def _stands_for_input(body: Mapping[str, Any]) -> bool:
    return bool(body.get("prompt") or body.get("previous_response_id") or body.get("conversation"))


def _check_tool_choice(body: Mapping[str, Any]) -> None:
    given = body.get("input")
    choice, tools = body.get("tool_choice"), offered_tools(body.get("tools") or (), _items(given))
    if choice == "required" and not tools and not body.get("prompt"):
        raise errors.tool_choice_without_tools("required")
    if isinstance(choice, Mapping) and choice["type"] != "allowed_tools":
        by_name = choice["type"] in ("function", "custom")
        wanted = (family(choice["type"]), choice.get("name") if by_name else None)
        if wanted not in {(family(tool["type"]), tool.get("name") if by_name else None) for tool in tools}:
            raise errors.tool_choice_not_found(wanted[1] or choice["type"])


def _check_schemas(body: Mapping[str, Any]) -> None:
    loads = [
        (item["tools"], f"input[{at}].tools")
        for at, item in enumerate(_items(body.get("input")))
        if loads_tools((item,))
    ]
    functions = [
        found
        for tools, path in ((body.get("tools") or (), "tools"), *loads)
        for found in _functions(tools, path)
    ]
    for path, tool in functions:
        schema = tool.get("parameters")
        problem = arguments_problem(schema) if schema is not None else None
        if problem is None and tool.get("strict") is True:
            problem = strict_problem(schema)
        if problem:
            raise errors.invalid_function_schema(tool["name"], problem, f"{path}.parameters")
    form = (body.get("text") or {}).get("format") or {}
    if form.get("type") == "json_schema":
        schema, strict = form["schema"], form.get("strict") is True
        problem = malformed(schema) or (strict_problem(schema) if strict else None) or root_problem(schema)
        if problem:
            raise errors.invalid_format_schema(form["name"], problem)


def _functions(tools: Sequence[Mapping[str, Any]], path: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, tool in enumerate(tools):
        here = f"{path}[{index}]"
        if tool["type"] == "function":
            yield here, tool
        elif tool["type"] == "namespace":
            yield from _functions(tool.get("tools") or (), f"{here}.tools")


def _items(given: object) -> Sequence[Mapping[str, Any]]:
    return given if isinstance(given, Sequence) and not isinstance(given, str) else ()


def _says_json(body: Mapping[str, Any]) -> bool:
    given = body.get("input")
    texts = [given] if isinstance(given, str) else [text_of(item.get("content")) for item in given or ()]
    return any("json" in text.lower() for text in [*texts, body.get("instructions") or ""]) or bool(
        body.get("previous_response_id") or body.get("conversation") or body.get("prompt")
    )


def _check_model(name: str, behaviour: Behaviour) -> None:
    if models.is_elsewhere(name):
        raise errors.model_of_another_api(name)
    if models.is_unheard(name):
        raise errors.model_unheard_of(name)
    if not models.is_known(name):
        raise errors.model_not_found(name, as_chat=behaviour.model_not_found == "chat")
