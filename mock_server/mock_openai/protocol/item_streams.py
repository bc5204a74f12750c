"""How each kind of output item streams between `output_item.added` and `output_item.done`, as a table.

An entry has the fields of the item when it is added, and the events that follow. Everything here was observed
in recordings. Kinds that are not in the table are added and done with nothing between.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

_EMPTY: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Mark:
    """An event that only reports the progress of an item; `failed` is its name if the item has an `error`."""

    name: str
    failed: str | None = None


@dataclass(frozen=True, slots=True)
class Stream:
    """Deltas of one field, `response.{name}.delta`, then `response.{name}.done` with the whole field. `path`
    leads to the field inside the item; its last name is the field's name in `done`. `whole` sends a single
    delta.
    """

    name: str
    path: tuple[str, ...]
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Commands:
    """A shell call's commands: each is added, streamed and done, and the events carry no item id."""


@dataclass(frozen=True, slots=True)
class Outputs:
    """A shell call's outputs: one delta each, an object without obfuscation, then done."""


@dataclass(frozen=True, slots=True)
class Partials:
    """Partial images, as many as the request's tool asked for with `partial_images`."""


Step = Mark | Stream | Commands | Outputs | Partials


@dataclass(frozen=True, slots=True)
class Course:
    """One kind of item: the prefix of its ids, the values in `added` in place of the final ones, and the
    events that follow. `only` limits `added` to a few fields. `sealed` is a field with a ciphertext, which
    differs at every emission.
    """

    prefix: str
    opening: Mapping[str, Any] = field(default_factory=lambda: _EMPTY)
    steps: tuple[Step, ...] = ()
    only: tuple[str, ...] | None = None
    sealed: str | None = None


_BEGUN = {"status": "in_progress"}
# Outputs are complete when they are sent.
_OVER = {"status": "completed"}


def _progress(kind: str, *stages: str) -> tuple[Mark, ...]:
    return tuple(Mark(f"response.{kind}.{stage}") for stage in stages)


COURSES: Mapping[str, Course] = {
    "function_call": Course(
        "fc",
        {**_BEGUN, "arguments": ""},
        (Stream("function_call_arguments", ("arguments",)),),
    ),
    "custom_tool_call": Course(
        "ctc",
        {**_BEGUN, "input": ""},
        (Stream("custom_tool_call_input", ("input",)),),
    ),
    "web_search_call": Course(
        "ws",
        {**_BEGUN, "action": {"type": "search"}},
        _progress("web_search_call", "in_progress", "searching", "completed"),
    ),
    "file_search_call": Course(
        "fs",
        {**_BEGUN, "queries": [], "results": None},
        _progress("file_search_call", "in_progress", "searching", "completed"),
    ),
    "code_interpreter_call": Course(
        "ci",
        {**_BEGUN, "code": "", "outputs": []},
        (
            Mark("response.code_interpreter_call.in_progress"),
            Stream("code_interpreter_call_code", ("code",)),
            *_progress("code_interpreter_call", "interpreting", "completed"),
        ),
    ),
    "image_generation_call": Course(
        "ig",
        _BEGUN,
        (
            *_progress("image_generation_call", "in_progress", "generating"),
            Partials(),
            Mark("response.image_generation_call.completed"),
        ),
        only=("id", "type", "status"),
    ),
    "mcp_list_tools": Course(
        "mcpl",
        {"tools": []},
        (
            Mark("response.mcp_list_tools.in_progress"),
            Mark("response.mcp_list_tools.completed", failed="response.mcp_list_tools.failed"),
        ),
    ),
    "mcp_call": Course(
        "mcp",
        {**_BEGUN, "arguments": "", "error": None, "output": None},
        (
            Mark("response.mcp_call.in_progress"),
            Stream("mcp_call_arguments", ("arguments",), whole=True),
            Mark("response.mcp_call.completed", failed="response.mcp_call.failed"),
        ),
    ),
    "apply_patch_call": Course(
        "apc",
        {**_BEGUN, "operation": {"diff": ""}},
        (Stream("apply_patch_call_operation_diff", ("operation", "diff")),),
    ),
    "shell_call": Course("sh", {**_BEGUN, "action": {"commands": []}}, (Commands(),)),
    "shell_call_output": Course("sho", {**_OVER, "output": []}, (Outputs(),)),
    "local_shell_call": Course("lsh", {**_BEGUN, "action": {"command": [], "env": {}}}),
    "tool_search_call": Course("tsc", {**_BEGUN, "arguments": {}}),
    "tool_search_output": Course("tso", _BEGUN),
    "mcp_approval_request": Course("mcpr"),
    "computer_call": Course("cu", _BEGUN),
    "compaction": Course("cmp", sealed="encrypted_content"),
    "program": Course("cm", {"code": ""}, sealed="fingerprint"),
    "program_output": Course("cmo", {**_OVER, "result": ""}),
}
_PREFIXES = {"message": "msg", "reasoning": "rs"}


def course(kind: str) -> Course:
    """Return the course of a kind of item; unknown kinds are only added and done."""
    return COURSES.get(kind) or Course(prefix_of(kind))


def prefix_of(kind: str) -> str:
    """Return the prefix of the ids of a kind of item."""
    if kind in _PREFIXES:
        return _PREFIXES[kind]
    known = COURSES.get(kind)
    return known.prefix if known else "item"
