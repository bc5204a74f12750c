"""The input of a request in a form that the API accepts.

The API refuses a whole request because of one invalid item, and the item stays in the context: the bot would
be silent from then on. So every item is checked before it is sent.

| in the input | on the wire |
|---|---|
| a text part of an assistant | ``output_text``; of anybody else, ``input_text`` |
| an assistant's picture, file or sound | left out, with a warning: the API takes text only |
| a call id that is empty or longer than 64 characters | another one, the same for call and result |
| a result without its call, or a second one | left out, with a warning |
| a call without a result | completed by a result that says so, with a warning |
| a name with characters that the API refuses | another name; the model's calls get the original one back |
| a thought without its ciphertext, unless ``store`` is on | left out: the API does not have it |
| a thought that led to nothing | left out |
"""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from .text import write_json

__all__ = ["Names", "PlainItems", "valid_input"]

Item = Mapping[str, Any]
Warn = Callable[[str], None]

LONGEST_CALL_ID = 64
LONGEST_NAME = 128
"""Characters of a function's name, according to the API's error (reported)."""

NO_RESULT = "No result."
"""The result that is sent for a call without one."""

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_-]")
_TEXT_PARTS = frozenset({"text", "input_text", "output_text"})
_OF_ASSISTANTS = frozenset({"output_text", "refusal"})


class PlainItems(list[dict[str, str]]):
    """Messages of a role and a text each, which nobody else holds. They need no check, and no copy."""


class Names:
    """Function names that the API accepts: letters, digits, ``_`` and ``-``, at most 128 characters."""

    def __init__(self, tools: Sequence[Item] = ()) -> None:
        self._valid: dict[str, str] = {}
        self._own: dict[str, str] = {}
        # Valid names come first, so that no other name is changed into one of them.
        for tool in sorted(tools, key=lambda tool: not _is_valid_name(tool.get("name"))):
            if isinstance(name := tool.get("name"), str):
                self.valid(name)

    def valid(self, name: str) -> str:
        """Return the name to send."""
        if (known := self._valid.get(name)) is not None:
            return known
        base = valid = _NOT_IN_NAMES.sub("_", name)[:LONGEST_NAME] or "_"
        number = 1
        while valid in self._own:
            number += 1
            valid = f"{base[: LONGEST_NAME - 8]}_{number}"
        self._valid[name] = valid
        self._own[valid] = name
        return valid

    def own(self, name: str) -> str:
        """Return the bot's own name of a function that the model calls."""
        return self._own.get(name, name)

    def tool(self, tool: Any) -> Any:
        """Return a tool, or a tool choice, with the name to send."""
        if not isinstance(tool, Mapping) or not isinstance(name := tool.get("name"), str):
            return tool
        return tool if self.valid(name) == name else {**tool, "name": self.valid(name)}


def _is_valid_name(name: object) -> bool:
    return isinstance(name, str) and 0 < len(name) <= LONGEST_NAME and not _NOT_IN_NAMES.search(name)


def valid_input(
    items: Sequence[Any], *, names: Names | None = None, stored: bool = False, warn: Warn = lambda what: None
) -> list[Item]:
    """Return the items in a form that the API accepts, in the same order.

    They share nothing with the context, whose contents the application may change while they are in use.
    ``stored``: whether the API keeps responses, thoughts included. ``warn`` is called with a phrase for
    everything that was left out or added.
    """
    names = names or Names()
    items = [item if type(item) is PlainItems else _own(item) for item in items]
    calls = _Calls(items)
    valid: list[Item] = []
    thinks = False
    for place, item in enumerate(items):
        if type(item) is PlainItems:
            valid += item
            continue
        if not isinstance(item, Mapping):
            warn(f"an input item that is a {type(item).__name__}")
            continue
        match item.get("type"):
            case None | "message":
                if isinstance(item.get("content"), str):
                    valid.append(item)
                elif (message := _message(item, warn)) is not None:
                    valid.append(message)
            case "function_call":
                named = {**item, "name": names.valid(str(item.get("name") or "_"))}
                valid += calls.at_call(place, named, items, warn)
            case "function_call_output":
                valid += calls.at_output(place, item, warn)
            case "reasoning":
                if stored or item.get("encrypted_content"):
                    thinks = True
                    valid.append(item)
            case _:
                valid.append(item)
    return _without_stray_thoughts(valid) if thinks else valid


def _own(item: Any) -> Any:
    """Return a deep copy that shares only strings and numbers, as JSON has it."""
    try:
        return msgspec.to_builtins(item, builtin_types=(bytes, bytearray), enc_hook=_as_sent)
    except TypeError:  # keys that JSON does not have
        return msgspec.json.decode(write_json(item))


def _as_sent(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else str(value)


def _message(item: Item, warn: Warn) -> Item | None:
    content = item.get("content")
    if content is None:
        return None
    if not isinstance(content, list | tuple):
        return {**item, "content": str(content)}
    by_assistant = item.get("role") == "assistant"
    parts: list[Any] = []
    for part in content:
        kind = part.get("type") if isinstance(part, Mapping) else None
        if not isinstance(kind, str):
            warn("a part of a message without a type")
        elif kind in _TEXT_PARTS:
            wanted = "output_text" if by_assistant else "input_text"
            parts.append(part if kind == wanted else {"type": wanted, "text": part.get("text") or ""})
        elif by_assistant and kind not in _OF_ASSISTANTS:
            warn(f"the {kind} part of a message of the assistant")
        elif not by_assistant and kind == "refusal":
            parts.append({"type": "input_text", "text": part.get("refusal") or ""})
        else:
            parts.append(part)
    return {**item, "content": parts} if parts else None


class _Calls:
    """Which result belongs to which call: by id, and by order if an id occurs more than once."""

    def __init__(self, items: Sequence[Any]) -> None:
        self._output_of: dict[int, int] = {}
        """The place of a call's result, by the place of the call."""
        self._call_of: dict[int, int] = {}
        self._wire_ids: dict[int, str] = {}
        places: dict[str, dict[object, list[int]]] = {"function_call": {}, "function_call_output": {}}
        for place, item in enumerate(items):
            if isinstance(item, Mapping) and (found := places.get(item.get("type") or "")) is not None:
                found.setdefault(item.get("call_id"), []).append(place)
        for call_id, calls in places["function_call"].items():
            outputs = places["function_call_output"].get(call_id, [])
            self._output_of |= zip(calls, outputs, strict=False)
            self._call_of |= zip(outputs, calls, strict=False)
            self._wire_ids |= {place: _wire_id(call_id, number) for number, place in enumerate(calls, 1)}

    def at_call(self, place: int, item: Item, items: Sequence[Any], warn: Warn) -> list[Item]:
        """Return a call, followed by its result unless that comes later in the context."""
        wire = self._wire_ids[place]
        call = {**item, "call_id": wire, "arguments": _arguments(item.get("arguments"))}
        output = self._output_of.get(place)
        if output is None:
            warn("nothing: a call without a result got one that says so")
            return [call, {"type": "function_call_output", "call_id": wire, "output": NO_RESULT}]
        return [call] if output > place else [call, {**items[output], "call_id": wire}]

    def at_output(self, place: int, item: Item, warn: Warn) -> list[Item]:
        """Return a result, if its call comes before it."""
        call = self._call_of.get(place)
        if call is None:
            warn("a result whose call is not in the context")
            return []
        if call > place:
            return []
        wire = self._wire_ids[call]
        return [item if item.get("call_id") == wire else {**item, "call_id": wire}]


def _wire_id(given: object, number: int) -> str:
    if isinstance(given, str) and 0 < len(given) <= LONGEST_CALL_ID:
        return given
    if isinstance(given, str) and given:
        return f"call_{hashlib.sha256(given.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}"
    return f"call_without_id_{number}"


def _arguments(given: object) -> str:
    return given if isinstance(given, str) else "{}"


def _without_stray_thoughts(items: Sequence[Item]) -> list[Item]:
    """Return the input without reasoning that led to nothing.

    An interruption can remove the call that a thought led to. The API refuses a reasoning item that is not
    followed by its result (reported), and would refuse every later turn of the conversation too.
    """
    kept: list[Item] = []
    led_to_something = False
    for item in reversed(items):
        if item.get("type") != "reasoning":
            led_to_something = item.get("role") == "assistant" or str(item.get("type")).endswith("_call")
        elif not led_to_something:
            continue
        kept.append(item)
    return kept[::-1]
