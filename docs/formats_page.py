"""The page about file formats: what each file is, and the keys of those that have a JSON Schema."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

Schema = Mapping[str, Any]

OVERVIEW = """# File formats

| file | form | version | written by | read by | described in |
|---|---|---|---|---|---|
| cassette | JSON Lines | `"ninelives": {cassette}` in line 1 | `ninelives record`, `convert` | `replay`, `show`, `lint`, pytest | [cassettes](../reference/cassettes.md#the-format) |
| incident | JSON Lines | `"ninelives_incident": {incident}` in line 1 | `BlackBox` | `ninelives reproduce` | [incidents](../reference/incidents.md#what-is-in-the-file) |
| script | YAML or JSON | none | you | `mock-openai serve --script`, `Script.load` | [below](#script), [the mock server](../reference/mock-server.md#scripts) |
| fault plan | YAML or JSON | none | you | `mock-openai serve --faults`, `faults.load` | [below](#faults), [faults](faults.md) |
| scenario | YAML | none | `ninelives explore`, `reproduce`, you | `--scenario-file`, `as_tests` | [below](#scenario), [write a scenario](../how-to/write-a-scenario.md#as-a-file) |
| pace | JSON | `"mock_openai_pace": {pace}` | `ninelives pace` | `--pace` | [below](#pace), [latency](../reference/latency.md#the-models-rhythm) |
| frame snapshot | text | none | `pytest --snapshot-update` | `frame_snapshot` | one line for each frame |

All files are UTF-8. The files without a version are written by people; a key that a reader does not know is an error that names the line.

The tables below are made from the JSON Schemas, which are made from the code that reads the files. `ninelives schema script` prints
a schema, `faults`, `scenario` and `pace` are the others. An editor uses the schema that the first line of a file names:

```yaml
# yaml-language-server: $schema=https://ninelives-dev.github.io/ninelives/schemas/script.json
```

A key in bold must be there.
"""  # noqa: E501

LONGEST = 8
"""Keys of a mapping that are named where it is one of several values."""


def page() -> str:
    """Return the page."""
    from mock_openai.turn.learned_pace import VERSION as PACE
    from ninelives.cassette.lines import VERSION as CASSETTE
    from ninelives.incidents.writing import VERSION as INCIDENT
    from ninelives.schemas import SCHEMAS

    parts = [OVERVIEW.format(cassette=CASSETTE, incident=INCIDENT, pace=PACE)]
    for name, make in SCHEMAS.items():
        schema = make()
        parts.append(f"## {name}\n\n{schema['description']}\n")
        parts += _tables(schema)
        if name == "script":
            parts += _items()
    return "\n".join(parts)


@cache
def _named() -> list[tuple[Schema, str]]:
    """Return the schemas that occur in several places, each with the words that lead to its table."""
    from mock_openai.schemas import items, planned_fault, rule
    from ninelives.schemas import scenario

    fault = planned_fault()
    return [
        (rule(), "a [rule](#script)"),
        (items(), "text, an [item](#items-of-a-reply), or a list of these"),
        (items()["anyOf"][-1], "text, an [item](#items-of-a-reply), or a list of these"),
        (
            scenario()["properties"]["steps"]["items"]["anyOf"][0]["properties"]["answer"],
            "text, an [item](#items-of-a-reply), or a list with one response for each round of tools",
        ),
        (fault, "a [planned fault](#faults)"),
        (
            fault["properties"]["do"],
            "the name of a [fault](faults.md), or a mapping of the name to its parameters",
        ),
    ]


def _tables(schema: Schema) -> Iterator[str]:
    seen: list[Schema] = []
    for title, shape in _mappings(schema, ()):
        if shape["properties"] in seen:
            continue
        if seen:
            yield f"### {title}\n"
        seen.append(shape["properties"])
        yield from _table(shape)


def _items() -> Iterator[str]:
    from mock_openai.schemas import items

    yield "## Items of a reply\n\nA list holds several of them, in the order in which the model says them.\n"
    for title, shape in _mappings(items()["anyOf"][0], ()):
        yield f"### An item {title.removeprefix('The mapping ')}\n"
        yield from _table(shape)


def _table(shape: Schema) -> Iterator[str]:
    yield "| key | takes |\n|---|---|"
    for key, value in shape["properties"].items():
        shown = f"**`{key}`**" if key in shape.get("required", ()) else f"`{key}`"
        yield f"| {shown} | {_takes(value)} |"
    yield ""


def _mappings(schema: Schema, trail: tuple[str, ...]) -> Iterator[tuple[str, Schema]]:
    """Yield each mapping with named keys that needs a table, outermost first, and how its title names it."""
    if trail and any(schema == known for known, _ in _named()):
        return
    if _is_mapping(schema):
        needed = " and ".join(f"`{key}`" for key in schema.get("required", ()))
        where = " › ".join(f"`{key}`" for key in trail)
        yield (f"{where or 'The mapping'} with {needed}" if needed else where), schema
    for key, value in schema.get("properties", {}).items():
        yield from _mappings(value, (*trail, key))
    for each in schema.get("anyOf", ()):
        yield from _mappings(each, trail)
    if isinstance(schema.get("items"), Mapping):
        yield from _mappings(schema["items"], trail)


def _is_mapping(schema: Schema) -> bool:
    return bool(schema.get("properties"))


def _takes(schema: Schema) -> str:
    """Say what a value may be, in words."""
    for known, words in _named():
        if schema == known:
            return words
    if "const" in schema:
        return f"`{str(schema['const']).lower()}`"
    if "enum" in schema:
        return ", ".join(f"`{each}`" for each in schema["enum"])
    if "anyOf" in schema:
        said = [_takes(each) for each in schema["anyOf"]]
        return " or ".join(dict.fromkeys(said))
    kinds = schema.get("type", "anything")
    return " or ".join(
        dict.fromkeys(_kind(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds))
    )


def _kind(kind: str, schema: Schema) -> str:
    match kind:
        case "array":
            inner = schema.get("items")
            return f"a list of: {_takes(inner)}" if isinstance(inner, Mapping) else "a list"
        case "object" if _is_mapping(schema):
            keys = list(schema["properties"])
            return (
                "a mapping with "
                + ", ".join(f"`{key}`" for key in keys[:LONGEST])
                + (", ..." if len(keys) > LONGEST else "")
            )
        case "object":
            return "a mapping"
        case "integer" | "number":
            return _number(kind, schema)
        case "string":
            return "text"
        case "boolean":
            return "`true` or `false`"
        case "null":
            return "`null`"
        case _:
            return kind


def _number(kind: str, schema: Schema) -> str:
    whole = "a whole number" if kind == "integer" else "a number"
    low, high = schema.get("minimum"), schema.get("maximum")
    if low is not None and high is not None:
        return f"{whole} from {low} to {high}"
    return f"{whole}, at least {low}" if low is not None else whole
