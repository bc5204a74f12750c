"""JSON Schemas of the files that users write, for editors and other checkers.

They are made from the readers' own tables: the same tuples of keys, types of parameters and patterns. A
schema accepts everything that its reader accepts. Checks that only the reader can make (is this text a
regular expression?) are left to the reader.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, fields
from itertools import combinations
from typing import Any

import msgspec

from mock_openai.faults.context import Fault
from mock_openai.faults.parameters import parameter_types
from mock_openai.faults.registry import catalogue, describe
from mock_openai.faults.trigger import Trigger
from mock_openai.responders import grammar, reply_grammar
from mock_openai.responders.continuation import CONTINUATIONS
from mock_openai.responders.when import CONDITIONS
from mock_openai.schema_address import schema_address
from mock_openai.turn.learned_pace import PaceFile

Schema = dict[str, Any]

DIALECT = "https://json-schema.org/draft/2020-12/schema"

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
SECONDS: Schema = {"type": "number", "minimum": 0}
WHOLE: Schema = {"type": "integer", "minimum": 0}
COUNT: Schema = {"type": "integer", "minimum": 1}
OBJECT: Schema = {"type": "object"}
STATUS: Schema = {"type": "integer", "minimum": 400, "maximum": 599}


def script() -> Schema:
    """Return the schema of a script: what the mocked model says."""
    rules = {"type": "array", "items": rule()}
    return {
        **head("script", "What the mocked model says. The first rule whose conditions match answers."),
        "anyOf": [
            rules,
            mapping({"replies": rules, "strict": FLAG}, needs=["replies"], known=grammar.SCRIPT),
        ],
    }


def fault_plan() -> Schema:
    """Return the schema of a fault plan: what goes wrong, and where."""
    entries = {"type": ["array", "null"], "items": planned_fault()}
    return {
        **head("faults", "What goes wrong, and where."),
        "anyOf": [
            entries,
            mapping({"faults": {"type": "array", "items": planned_fault()}}, needs=["faults"]),
        ],
    }


def pace() -> Schema:
    """Return the schema of a pace file, as `ninelives pace` writes it."""
    (file,), shared = msgspec.json.schema_components([PaceFile])
    return {
        **shared[file["$ref"].split("/")[-1]],
        **head("pace", "The timing of recorded answers, in seconds."),
    }


SCHEMAS: Mapping[str, Callable[[], Schema]] = {"script": script, "faults": fault_plan, "pace": pace}
"""The schemas by the name of the kind of file."""


def mapping(
    properties: Mapping[str, Schema], *, needs: Iterable[str] = (), known: Iterable[str] | None = None
) -> Schema:
    """Return the schema of a mapping of these keys and no others. KeyError if a key that the reader knows
    has no schema here, so that the two cannot drift apart.
    """
    chosen = properties if known is None else {name: properties[name] for name in known}
    return {
        "type": "object",
        "properties": dict(chosen),
        "required": list(needs),
        "additionalProperties": False,
    }


def rule() -> Schema:
    """Return the schema of one rule of a script."""
    values: dict[str, Schema] = {
        "name": {"type": "string", "pattern": r"\S"},
        "when": mapping(_CONDITIONS, known=CONDITIONS),
        "reply": items(),
        "error": _error(),
        "times": COUNT,
        "delay": {"anyOf": [SECONDS, {"type": "string", "pattern": f"^{reply_grammar.DELAY.pattern}$"}]},
        "usage": mapping(dict.fromkeys(reply_grammar.USAGE, WHOLE)),
        "finish": {
            "anyOf": [
                {"enum": ["completed", "incomplete", "failed"]},
                mapping({"incomplete": _INCOMPLETE, "failed": _failed()}),
            ]
        },
        "incomplete": _INCOMPLETE,
        "failed": _failed(),
        "continuation": {"enum": list(CONTINUATIONS)},
    }
    of_a_reply = mapping(values, known=[key for key in grammar.RULE if key != "error"])
    says = [{"required": [key]} for key in ("reply", "failed", "incomplete")]
    once = {
        "not": {
            "anyOf": [{"required": list(two)} for two in combinations(("finish", "incomplete", "failed"), 2)]
        }
    }
    of_an_error = [key for key in grammar.RULE if key not in ("reply", *grammar.OF_A_REPLY)]
    return {
        "anyOf": [{**of_a_reply, "anyOf": says, **once}, mapping(values, known=of_an_error, needs=["error"])]
    }


def items() -> Schema:
    """Return the schema of a reply's content: a text, an item, or a list of them."""
    shapes = [
        mapping({key: _ITEMS[key] for key in keys}, needs=[kind])
        for kind, keys in reply_grammar.ITEM_KINDS.items()
    ]
    one: Schema = {"anyOf": [TEXT, *shapes]}
    return {"anyOf": [one, {"type": "array", "items": one}]}


def planned_fault() -> Schema:
    """Return the schema of one entry of a fault plan."""
    kinds = catalogue()
    bare = [name for name, kind in kinds.items() if not _needed(kind)]
    deeds = {name: {**_parameters(kind), "description": describe(kind)} for name, kind in kinds.items()}
    some = {
        "type": "object",
        "properties": deeds,
        "additionalProperties": False,
        "minProperties": 1,
        "maxProperties": 1,
    }
    return mapping(
        {
            "at": {
                **_dataclass(Trigger),
                "description": inspect.cleandoc(Trigger.__doc__ or "").split("\n\n")[0],
            },
            "do": {"anyOf": [{"enum": bare}, some]},
            "times": {"anyOf": [COUNT, {"type": "null"}]},
        },
        needs=["do"],
    )


_CONDITIONS: Mapping[str, Schema] = {
    **dict.fromkeys(CONDITIONS, TEXT),
    "tool_output": {"type": ["string", "boolean"]},
    "previous": FLAG,
    "metadata": OBJECT,
    "body": OBJECT,
    "transport": {"enum": ["http", "websocket"]},
}

_ITEMS: Mapping[str, Schema] = {
    "text": TEXT,
    "deltas": {"anyOf": [COUNT, {"type": "array", "items": {"type": "string", "minLength": 1}}]},
    "annotations": {"type": "array", "items": OBJECT},
    "phase": TEXT,
    "same_message": FLAG,
    "refusal": TEXT,
    "call": TEXT,
    "arguments": {"type": ["object", "string"]},
    "call_id": TEXT,
    "reasoning": {"anyOf": [{"type": ["string", "null"]}, {"type": "array", "items": TEXT}]},
    "encrypted": {"type": ["string", "boolean", "null"]},
    "tokens": WHOLE,
    "item": {"type": "object", "required": ["type"]},
}

_INCOMPLETE: Schema = {"anyOf": [{"const": True}, TEXT]}


def _failed() -> Schema:
    shape = mapping({**dict.fromkeys(reply_grammar.FAILED, TEXT), "mid_item": FLAG})
    return {"anyOf": [{"const": True}, TEXT, shape]}


def _error() -> Schema:
    shape = mapping(
        {**dict.fromkeys(grammar.ERROR, TEXT), "status": STATUS, "headers": OBJECT}, known=grammar.ERROR
    )
    return {"anyOf": [TEXT, STATUS, {**shape, "minProperties": 1}]}


def _parameters(kind: type[Fault]) -> Schema:
    properties = {name: msgspec.json.schema(declared) for name, declared in parameter_types(kind).items()}
    needed = _needed(kind)
    return {**mapping(properties, needs=needed), "type": "object" if needed else ["object", "null"]}


def _needed(kind: type[Fault]) -> list[str]:
    return [each.name for each in fields(kind) if each.default is MISSING]  # type: ignore[arg-type]


def _dataclass(kind: type[Any]) -> Schema:
    (reference,), shared = msgspec.json.schema_components([kind])
    return {**shared[reference["$ref"].split("/")[-1]], "additionalProperties": False}


def head(name: str, description: str) -> Schema:
    """Return the beginning of a schema."""
    return {
        "$schema": DIALECT,
        "$id": schema_address(name),
        "title": f"ninelives {name}",
        "description": description,
    }
