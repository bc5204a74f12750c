"""A mock OpenAI server that real clients cannot tell from api.openai.com: Responses API over HTTP, SSE and
WebSocket.

    from mock_openai import MockServer, Script, reply, faults
"""

from mock_openai import faults
from mock_openai.limits import Limits
from mock_openai.protocol.behaviour import Behaviour
from mock_openai.protocol.errors import ApiError
from mock_openai.responders.answer import (
    Call,
    Close,
    Completed,
    Failed,
    Incomplete,
    Item,
    Reasoning,
    Recorded,
    Refusal,
    Reply,
    Text,
    Timed,
    Usage,
)
from mock_openai.responders.build import call, reply
from mock_openai.responders.script import Script
from mock_openai.server import MockServer
from mock_openai.session import Session

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
    "Script",
    "Session",
    "Text",
    "Timed",
    "Usage",
    "call",
    "faults",
    "reply",
]
