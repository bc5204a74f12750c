"""Reads rules from YAML, or from Python values of the same shape.

Every error names the place, what was found, what was expected and how to fix it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_openai.patterns import PatternError, pattern
from mock_openai.protocol import errors
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.reply import Reply
from mock_openai.responders.continuation import CONTINUATIONS, Continuation
from mock_openai.responders.reply_grammar import read_delay, read_finish, read_items, read_usage
from mock_openai.responders.rule import Rule
from mock_openai.responders.when import CONDITIONS, PATTERNS, When
from mock_openai.source import SourceValue, from_python

SCRIPT = ("replies", "strict")
RULE = (
    *("name", "when", "reply", "error", "times", "delay", "usage", "finish", "incomplete", "failed"),
    "continuation",
)
OF_A_REPLY = ("delay", "usage", "finish", "incomplete", "failed", "continuation")
"""Keys of a rule that answers with a reply, not with an error."""

ERROR = ("status", "code", "message", "type", "param", "headers")


def read_script(source: SourceValue) -> tuple[list[Rule], bool | None]:
    """Read a whole script: a mapping with `replies` and perhaps `strict`, or the list of rules itself. Return
    the rules, and whether the script is strict; None if it does not say.
    """
    given = {"replies": source} if isinstance(source.value, list) else source.mapping(SCRIPT, "a script")
    rules = given.get("replies")
    if rules is None or not isinstance(rules.value, list):
        raise source.wrong(
            "replies: followed by a list of rules", "start the file with 'replies:' and each rule with '- '"
        )
    strict = given["strict"].flag("strict") if "strict" in given else None
    _names_differ(rules)
    return [read_rule(rule) for rule in rules.value], strict


def _names_differ(rules: SourceValue) -> None:
    seen: dict[str, SourceValue] = {}
    named = (
        rule.value["name"] for rule in rules.value if isinstance(rule.value, dict) and "name" in rule.value
    )
    for source in named:
        if isinstance(source.value, str) and seen.setdefault(source.value, source) is not source:
            first = f"the name '{source.value}' a second time (first in line {seen[source.value].line})"
            raise source.error(f"found {first}", "every name once", "choose another name")


def read_rule(source: SourceValue) -> Rule:
    """Read one rule."""
    _conditions_stand_under_when(source)
    given = source.mapping(RULE, "a rule")
    if ("reply" in given) == ("error" in given) and not ({"failed", "incomplete"} & set(given)):
        found = "both reply and error" if "reply" in given else "a rule without reply and error"
        raise source.error(f"found {found}", "one of the two", "say what to answer: reply: or error:")
    where = source.file if source.line is None else f"{source.file}:{source.line}"
    when = read_when(given["when"]) if "when" in given else When()
    times = given["times"].whole("times", minimum=1) if "times" in given else None
    name = given["name"].text("name") if "name" in given else None
    if name is not None and not name.strip():
        raise given["name"].wrong("a name that is not blank", "write for example name: greeting")
    if "error" in given:
        for name in OF_A_REPLY:
            if name in given:
                raise given[name].error(
                    f"found {name} in a rule that answers with an error",
                    f"{name} only beside reply",
                    "leave it out",
                )
        return Rule(read_error(given["error"]), when, times, where, name)
    answer = Reply(
        read_items(given["reply"]) if "reply" in given else (),
        usage=read_usage(given["usage"]) if "usage" in given else None,
        finish=read_finish(given),
        delay=read_delay(given["delay"]) if "delay" in given else 0.0,
    )
    how = read_continuation(given["continuation"]) if "continuation" in given else "rest"
    return Rule(answer, when, times, where, name, how)


def _conditions_stand_under_when(source: SourceValue) -> None:
    if not isinstance(source.value, dict):
        return
    stray = next((name for name in source.value if name in CONDITIONS), None)
    if stray is not None:
        raise source.value[stray].error(
            f"found the condition '{stray}' in a rule",
            "conditions under `when`",
            f"write when: {{{stray}: ...}}",
        )


def read_when(source: SourceValue) -> When:
    """Read a rule's conditions."""
    given = source.mapping(CONDITIONS, "when")
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name in PATTERNS:
            values[name] = _pattern(value, name)
        elif name == "previous":
            values[name] = value.flag(name)
        elif name == "tool_output" and isinstance(value.value, bool):
            values[name] = value.value
        elif name in ("metadata", "body"):
            if not isinstance(value.value, dict):
                raise value.wrong(f"{name} as a mapping", f"write {name}: {{key: value}}")
            values[name] = value.plain()
        elif name == "transport":
            values[name] = value.text(name)
            if values[name] not in ("http", "websocket"):
                raise value.wrong("http or websocket", "write one of the two")
        else:
            values[name] = value.text(name)
    return When(**values)


def read_error(source: SourceValue) -> ApiError:
    """Read an API error: a code or a status is enough, the rest gets the known wording."""
    if isinstance(source.value, str):
        return errors.by_code(source.value)
    if isinstance(source.value, int) and not isinstance(source.value, bool):
        return errors.by_code(None, status=_status(source))
    given = source.mapping(ERROR, "error")
    if not given:
        raise source.wrong(
            "at least a status or a code",
            "write for example error: {status: 503, code: server_is_overloaded}",
        )
    text = {name: given[name].text(name) for name in ("code", "message", "type", "param") if name in given}
    headers = given["headers"].plain() if "headers" in given else {}
    if not isinstance(headers, dict):
        raise given["headers"].wrong("headers as a mapping", "write headers: {retry-after: 1}")
    return errors.by_code(
        text.pop("code", None),
        status=_status(given["status"]) if "status" in given else None,
        headers={str(name): str(value) for name, value in headers.items()} if headers else None,
        **text,
    )


def read_continuation(source: SourceValue) -> Continuation:
    """Read how a model goes on with an answer that broke off."""
    found = next((how for how in CONTINUATIONS if how == source.value), None)
    if found is None:
        *most, last = CONTINUATIONS
        raise source.wrong(f"{', '.join(most)} or {last}", "write for example continuation: repeat")
    return found


def conditions(values: Mapping[str, Any]) -> When:
    """Return conditions for Python values; compiled patterns are accepted too."""
    return read_when(from_python({name: getattr(value, "pattern", value) for name, value in values.items()}))


def continuation(value: str) -> Continuation:
    """Return a way of going on for a Python value."""
    return read_continuation(from_python(value))


def api_error(values: Mapping[str, Any]) -> ApiError:
    """Return an API error for Python values."""
    return read_error(from_python(values))


def _status(source: SourceValue) -> int:
    status = source.whole("status", minimum=400)
    if status > 599:
        raise source.wrong("a status from 400 to 599", "only these are error statuses")
    return status


def _pattern(source: SourceValue, name: str) -> str:
    expression = source.text(name)
    try:
        pattern(expression)
    except PatternError as error:
        shown = expression if len(expression) <= 200 else f"{expression[:197]}..."
        raise source.error(
            f"found /{shown}/, which is not a regular expression ({error})",
            "a regular expression",
            "put a backslash before characters that are meant literally",
        ) from error
    return expression
