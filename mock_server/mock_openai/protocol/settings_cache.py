"""Cache of valid settings: all of a request but its input and its parent.

A conversation sends the same model, instructions and tools with every turn. Settings that were valid once are
not checked again, only the input is, and values derived from them (such as their number of tokens) are kept.
If a check depends on both, or the input is not valid, the whole validation runs; it words every refusal.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_openai.protocol import json
from mock_openai.protocol.items import INPUT, INPUT_TEXT
from mock_openai.protocol.request import Request, input_items
from mock_openai.protocol.tokens import count_message

_KEPT = 128
_LARGEST = 256 * 1024
"""Bytes of the largest settings that are remembered."""


class SettingsCache:
    """The settings that one server has found valid for one transport."""

    def __init__(self) -> None:
        self._known: dict[bytes, Request] = {}

    def read(self, body: Mapping[str, Any]) -> Request | None:
        """Return the request, if its settings are known to be valid; None when it has to be validated whole.
        Raises ApiError if its input is not valid.
        """
        given, parent = body.get("input"), body.get("previous_response_id")
        if not given or not (parent is None or (isinstance(parent, str) and parent.startswith("resp"))):
            return None
        is_text = type(given) is str
        if not is_text and not (isinstance(given, list) and all(map(_is_plain, given))):
            return None
        known = self._known.get(json.compact(_settings(body)))
        if known is None:
            return None
        values = known.__dict__.copy()
        values["body"], values["previous_response_id"] = body, parent
        if is_text:  # nearly all values derived from the input are known
            INPUT_TEXT.check(given, "input")
            values["input"], values["only_messages"] = ({"role": "user", "content": given},), True
            values["tokens"] = known.frame_tokens + count_message(given)
        else:
            INPUT.check(given, "input")
            values["input"] = input_items(given)
        return _request(values)

    def keep(self, request: Request) -> None:
        """Remember the settings of a valid request, unless other parts of a request can make them invalid."""
        if request.conversation is not None or request.text_format.get("type") == "json_object":
            return
        body = _settings(request.body)
        settings = json.compact(body)
        if len(settings) > _LARGEST or not all(map(_is_plain, request.input)):
            return
        if len(self._known) >= _KEPT:
            self._known.clear()
        # Without the input, which may be large: the settings are kept for long.
        values = {name: getattr(request, name) for name in Request.__dataclass_fields__}
        self._known[settings] = _request(
            {
                **values,
                "body": body,
                "input": (),
                "previous_response_id": None,
                # Neither depends on the input, so they are computed once.
                "frame_tokens": request.frame_tokens,
                "settings": request.settings,
            }
        )

    def clear(self) -> None:
        """Forget all of them."""
        self._known.clear()


def _request(values: dict[str, Any]) -> Request:
    """Return a request with these values, without the cost of its constructor."""
    request = object.__new__(Request)
    object.__setattr__(request, "__dict__", values)
    return request


def _settings(body: Mapping[str, Any]) -> dict[str, Any]:
    settings = {**body}
    settings.pop("input", None)
    settings.pop("previous_response_id", None)
    return settings


def _is_plain(item: object) -> bool:
    """Return whether an input item brings no settings of its own, such as tools."""
    return isinstance(item, dict) and "tools" not in item
