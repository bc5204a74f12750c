"""A mock OpenAI server that real clients cannot tell from api.openai.com: Responses API over HTTP, SSE and
WebSocket.

    from mock_openai import MockServer, Script, reply, faults

Nothing is imported until it is used, so that a part such as `mock_openai.wire` costs no more than itself.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
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

_HOME = {
    "ApiError": "mock_openai.protocol.errors",
    "Behaviour": "mock_openai.protocol.behaviour",
    "Call": "mock_openai.protocol.reply",
    "Close": "mock_openai.responders.answer",
    "Completed": "mock_openai.protocol.reply",
    "Failed": "mock_openai.protocol.reply",
    "Incomplete": "mock_openai.protocol.reply",
    "Item": "mock_openai.protocol.reply",
    "Limits": "mock_openai.turn.limits",
    "MockServer": "mock_openai.server",
    "Reasoning": "mock_openai.protocol.reply",
    "Recorded": "mock_openai.responders.answer",
    "Refusal": "mock_openai.protocol.reply",
    "Reply": "mock_openai.protocol.reply",
    "RuleHandle": "mock_openai.responders.handle",
    "Script": "mock_openai.responders.script",
    "Session": "mock_openai.session",
    "Text": "mock_openai.protocol.reply",
    "Timed": "mock_openai.protocol.events",
    "Usage": "mock_openai.protocol.reply",
    "call": "mock_openai.responders.builders",
    "reply": "mock_openai.responders.builders",
}


def __getattr__(name: str) -> Any:
    if name == "faults":
        return import_module("mock_openai.faults")
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
