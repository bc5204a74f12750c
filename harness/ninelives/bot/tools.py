"""Plain Python functions as a bot's tools.

A function with type hints becomes a schema for the model and a handler for Pipecat. Pipecat's own two kinds
work too: a "direct function" (first parameter `params`, the others are the tool's) is passed on unchanged,
and a bare handler (`params` only) is called with any arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, get_type_hints

import msgspec
from pipecat.adapters.llm.schemas.function_schema import FunctionSchema
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.services.llm_service import FunctionCallParams

Tool = Callable[..., Any]
"""A function, plain or async, with or without type hints."""

Tools = Mapping[str, Tool] | Sequence[Tool]
"""Tools by name, or functions with names of their own."""


def advertised(tools: Tools) -> list[FunctionSchema | Tool]:
    """Return the tools for an `LLMContext`. Pipecat registers the handlers from there."""
    named: Iterable[tuple[str, Tool]] = (
        tools.items() if isinstance(tools, Mapping) else ((tool.__name__, tool) for tool in tools)
    )
    return [_advertised(name, tool) for name, tool in named]


def add_to(context: LLMContext, tools: Tools) -> None:
    """Add tools to those of a context; one of the same name is replaced."""
    if not tools:
        return
    added = advertised(tools)
    names = {_name_of(each) for each in added}
    present = getattr(context.tools, "standard_tools", [])
    context.set_tools([each for each in present if _name_of(each) not in names] + added)


def _name_of(tool: Any) -> str:
    return str(getattr(tool, "name", None) or getattr(tool, "__name__", ""))


def _advertised(name: str, tool: Tool) -> FunctionSchema | Tool:
    parameters = list(inspect.signature(tool).parameters.values())
    takes_params = bool(parameters) and parameters[0].name == "params"
    if takes_params and len(parameters) > 1 and name == tool.__name__:
        return tool
    hints = get_type_hints(tool)
    shown = [p for p in parameters[takes_params:] if p.kind not in (p.VAR_POSITIONAL, p.VAR_KEYWORD)]
    return FunctionSchema(
        name=name,
        description=inspect.getdoc(tool) or name.replace("_", " "),
        properties={p.name: _schema(hints.get(p.name, Any)) for p in shown},
        required=[p.name for p in shown if p.default is p.empty],
        handler=_handler(tool, hints, takes_params, bool(shown)),
    )


def _handler(tool: Tool, hints: Mapping[str, Any], takes_params: bool, takes_arguments: bool) -> Any:
    async def handle(params: FunctionCallParams) -> None:
        if takes_params and not takes_arguments:
            await tool(params)
            return
        arguments = {
            key: msgspec.convert(value, hints.get(key, Any), strict=False)
            for key, value in params.arguments.items()
        }
        if takes_params:
            await tool(params, **arguments)
            return
        result = tool(**arguments)
        if inspect.isawaitable(result):
            result = await result
        await params.result_callback(msgspec.to_builtins(result, enc_hook=str))

    handle.__dict__.update(getattr(tool, "__dict__", {}))  # the call options of Pipecat's @tool_options
    return handle


def _schema(hint: Any) -> dict[str, Any]:
    (schema,), components = msgspec.json.schema_components((hint,), ref_template="#/$defs/{name}")
    inlined = _inlined(schema, components)
    return inlined if isinstance(inlined, dict) else {}


def _inlined(schema: Any, components: Mapping[str, Any]) -> Any:
    """Return the schema with references replaced by their targets: a property cannot have `$defs`."""
    if isinstance(schema, list):
        return [_inlined(part, components) for part in schema]
    if not isinstance(schema, dict):
        return schema
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return _inlined(components[reference.rpartition("/")[2]], components)
    return {key: _inlined(part, components) for key, part in schema.items()}
