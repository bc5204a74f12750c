"""The builders with which Python tests write rules: `reply(call("get_weather", city="Paris"),
user="weather")`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any

import mock_openai.responders.grammar as grammar
from mock_openai.protocol import json
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.reply import Call, Completed, Finish, Reply, ReplyItem, Usage
from mock_openai.responders.continuation import Continuation
from mock_openai.responders.reply_grammar import reply_item
from mock_openai.responders.rule import Answering, Rule
from mock_openai.responders.when import When


def reply(
    *items: str | ReplyItem | Mapping[str, Any] | Answering,
    when: When | Mapping[str, Any] | None = None,
    times: int | None = None,
    usage: Usage | Mapping[str, Any] | None = None,
    finish: Finish | None = None,
    delay: float = 0.0,
    error: Mapping[str, Any] | ApiError | None = None,
    name: str | None = None,
    continuation: Continuation = "rest",
    **conditions: Any,
) -> Rule:
    """Build a rule: `reply("Hello", user="hi")`, `reply(call("get_weather", city="Paris"),
    user="weather")`.

    Args:
        items: Texts, reply items, mappings as in YAML, or one function of the turn.
        when: The conditions, as an object or a mapping.
        times: How often the rule answers. None for always.
        usage: Numbers of tokens, instead of those that are counted.
        finish: How the response ends: `Completed()`, `Incomplete(...)`, `Failed(...)` or `Close(...)`.
        delay: Seconds before the first event.
        error: An API error to answer with instead.
        name: Finds the rule again, as in `script["greeting"]`.
        continuation: How the model answers a request to go on with this text after a part was spoken:
            "rest", "repeat", "rephrase" or "refuse".
        conditions: The conditions of a rule in YAML, by name.

    Raises:
        ScriptError: The rule would not be valid in a YAML script either.
    """
    if len(items) == 1 and callable(items[0]):
        answer: Reply | ApiError | Answering = items[0]
    elif error is not None:
        answer = error if isinstance(error, ApiError) else grammar.api_error(error)
    else:
        answer = Reply(
            tuple(reply_item(item) for item in items),
            usage=usage if isinstance(usage, Usage | None) else Usage(**usage),
            finish=finish or Completed(),
            delay=delay,
        )
    given = when if isinstance(when, When) else grammar.conditions({**(when or {}), **conditions})
    how = grammar.continuation(continuation)
    return Rule(answer, given, times, where=_caller(), name=name, continuation=how)


def _caller() -> str:
    """Return where the rule was written, for explanations."""
    frame = sys._getframe(2)
    return f"{os.path.basename(frame.f_code.co_filename)}:{frame.f_lineno}"


def call(
    name: str,
    arguments: Mapping[str, Any] | str | None = None,
    /,
    *,
    call_id: str | None = None,
    **named: Any,
) -> Call:
    """Build a function call. Arguments are a mapping, keywords, or the exact JSON text to send,
    valid or not.
    """
    if isinstance(arguments, str):
        return Call(name, arguments, call_id)
    return Call(name, json.compact({**(arguments or {}), **named}).decode(), call_id)
