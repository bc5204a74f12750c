"""Chooses the tool that a model calls: the one that it must call, or the one that the user's text names or
asks for.

Strategy: a text names a tool if it contains the tool's whole name ("use get_weather"). It asks for a tool if
it contains a word of the tool's name, or two words of its description or parameters; words count as the same
when they begin alike ("book" and "booking"). The best match is called; if several are equal, the first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from mock_openai.protocol import models
from mock_openai.protocol.request import Request
from mock_openai.protocol.tool_list import listed_tools
from mock_openai.protocol.tools import family

Improvise = Literal["text", "tools"]
"""What the improviser answers if a model may call a tool: text, or the call that the prompt asks for."""


def check_improvise(value: object) -> Improvise:
    """Return the option's value. Raises ValueError if it is not one of the known values."""
    if value not in get_args(Improvise):
        raise ValueError(f"improvise: {value!r} is unknown; expected {' or '.join(get_args(Improvise))}")
    return value  # type: ignore[return-value]


@dataclass(frozen=True, slots=True)
class Choice:
    """A tool to call, and its namespace."""

    tool: Mapping[str, Any]
    namespace: str | None = None

    @property
    def of_the_client(self) -> bool:
        """Whether the client runs it: a function or a custom tool."""
        return self.tool["type"] in ("function", "custom")


def forced(request: Request) -> Choice | None:
    """Return the tool that must be called: the first that the choice allows, functions first."""
    choices = sorted(_offered(request), key=lambda choice: not choice.of_the_client)
    match request.tool_choice:
        case "required":
            wanted = choices
        case {"type": "allowed_tools", "mode": "required", "tools": allowed}:
            wanted = [choice for choice in choices if any(_is_meant(choice.tool, one) for one in allowed)]
        case {"type": "allowed_tools"}:
            wanted = []
        case {"type": _} as named:
            wanted = [choice for choice in choices if _is_meant(choice.tool, named)]
        case _:
            wanted = []
    return next(iter(wanted), None)


def asked_for(request: Request, text: str) -> Choice | None:
    """Return the tool that a text names or asks for, among those that the model may call; None if there is
    none.
    """
    choices = [choice for choice in _offered(request) if choice.tool.get("defer_loading") is not True]
    match request.tool_choice:
        case "auto":
            pass
        case {"type": "allowed_tools", "tools": allowed}:
            choices = [choice for choice in choices if any(_is_meant(choice.tool, one) for one in allowed)]
        case _:
            return None
    said = _words(text)
    best = max(choices, key=lambda choice: _fit(choice.tool, text, said), default=None)
    return best if best is not None and _fit(best.tool, text, said) else None


def _offered(request: Request) -> Iterator[Choice]:
    plain = models.facts(request.model).loads_plainly
    for tool in listed_tools(request.tools, request.input, plain=plain):
        if tool["type"] == "namespace":
            yield from (Choice(inner, tool["name"]) for inner in tool["tools"])
        else:
            yield Choice(tool)


def _is_meant(tool: Mapping[str, Any], choice: Mapping[str, Any]) -> bool:
    by = {"function": "name", "custom": "name", "mcp": "server_label"}.get(tool["type"])
    return family(tool["type"]) == family(choice.get("type", "function")) and (
        by is None or choice.get(by) in (tool[by], None)
    )


_NAMED, _OF_THE_NAME, _ENOUGH = 1000, 10, 2
"""The score of a whole name, the score of a word of it, and the number of words of a description that make a
match.
"""

_SAY_NOTHING = frozenset(
    re.findall(
        r"\w+",
        """a about all an and any are as at be by can current do does for from get give has have how i if in
        into is it its list look make me my name new of on or please run set show so tell that the their
        them there this to tool up use used user using value want what when where which who will with you
        your""",
    )
)


def _fit(tool: Mapping[str, Any], text: str, said: Sequence[str]) -> int:
    """Return the score of a tool for a text; 0 if they do not match."""
    name = str(tool.get("name") or tool.get("server_label") or tool["type"])
    if re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text, re.IGNORECASE):
        return _NAMED
    texts = [str(tool.get("description") or ""), *_parameters(tool)]
    of_the_name = _shared(_words(name), said)
    of_the_rest = _shared(_words(" ".join(texts)), said)
    return _OF_THE_NAME * of_the_name + of_the_rest if of_the_name or of_the_rest >= _ENOUGH else 0


def _parameters(tool: Mapping[str, Any]) -> list[str]:
    schema = tool.get("parameters")
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    return list(properties) if isinstance(properties, Mapping) else []


def _words(text: str) -> list[str]:
    """Return the meaningful words of a text or of a name, in lower case."""
    split = re.sub(r"([a-z])([A-Z])", r"\1 \2", text).replace("_", " ")
    return [word for word in re.findall(r"\w+", split.lower()) if word not in _SAY_NOTHING and len(word) > 1]


def _shared(words: Sequence[str], said: Sequence[str]) -> int:
    return sum(any(map(_alike, (word,) * len(said), said)) for word in dict.fromkeys(words))


def _alike(one: str, other: str) -> bool:
    shortest = min(len(one), len(other))
    return one == other or one[: max(4, shortest - 2)] == other[: max(4, shortest - 2)]
