"""A mock OpenAI server that real clients cannot tell from api.openai.com: Responses API over HTTP, SSE and
WebSocket.

    from mock_openai import MockServer, Script, reply, faults

Nothing is imported until it is used, so that a part such as `mock_openai.wire` costs no more than itself.
"""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False  # as in `typing`, whose import would take most of the time
if TYPE_CHECKING:
    from typing import Any

    from mock_openai import faults
    from mock_openai.protocol.behaviour import Behaviour
    from mock_openai.protocol.errors import ApiError
    from mock_openai.protocol.events import Timed
    from mock_openai.protocol.reply import (
        Call,
        Completed,
        Failed,
        Incomplete,
        Item,
        Reasoning,
        Refusal,
        Reply,
        Text,
        Usage,
    )
    from mock_openai.responders.answer import Close, Recorded
    from mock_openai.responders.builders import call, reply
    from mock_openai.responders.handle import RuleHandle
    from mock_openai.responders.script import Script
    from mock_openai.server import MockServer
    from mock_openai.session import Session
    from mock_openai.turn.limits import Limits

__all__ = [
    "ApiError",
    "Behaviour",
    "Call",
    "Close",
    "Completed",
    "Failed",
    "Incomplete",
    "Item",
    "Limits",
    "MockServer",
    "Reasoning",
    "Recorded",
    "Refusal",
    "Reply",
    "RuleHandle",
    "Script",
    "Session",
    "Text",
    "Timed",
    "Usage",
    "call",
    "faults",
    "reply",
]

_NAMES = {
    "faults": ("faults",),
    "protocol.behaviour": ("Behaviour",),
    "protocol.errors": ("ApiError",),
    "protocol.events": ("Timed",),
    "protocol.reply": (
        "Call", "Completed", "Failed", "Incomplete", "Item", "Reasoning", "Refusal", "Reply", "Text", "Usage",
    ),
    "responders.answer": ("Close", "Recorded"),
    "responders.builders": ("call", "reply"),
    "responders.handle": ("RuleHandle",),
    "responders.script": ("Script",),
    "server": ("MockServer",),
    "session": ("Session",),
    "turn.limits": ("Limits",),
}  # fmt: skip

_HOMES = {name: f"{__name__}.{module}" for module, names in _NAMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    home = import_module(_HOMES[name])
    return home if name == "faults" else getattr(home, name)


def __dir__() -> list[str]:
    return __all__
