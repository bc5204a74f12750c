"""Responders answer turns: a script of rules, an improviser for everything else, or any other Responder.

Everything that a test or another responder needs is exported from here.
"""

from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.events import Timed
from mock_openai.protocol.reply import (
    Call,
    Completed,
    Failed,
    Finish,
    Incomplete,
    Item,
    Reasoning,
    Refusal,
    Reply,
    ReplyItem,
    Text,
    Usage,
)
from mock_openai.responders.answer import Answer, Close, Recorded
from mock_openai.responders.base import HttpResponder, Responder, Turn
from mock_openai.responders.builders import call, reply
from mock_openai.responders.handle import RuleHandle
from mock_openai.responders.improvise import Improviser
from mock_openai.responders.miss import Miss
from mock_openai.responders.rule import Rule
from mock_openai.responders.script import Script
from mock_openai.responders.when import When
from mock_openai.source import ScriptError

__all__ = [
    "Answer",
    "ApiError",
    "Call",
    "Close",
    "Completed",
    "Failed",
    "Finish",
    "HttpResponder",
    "Improviser",
    "Incomplete",
    "Item",
    "Miss",
    "Reasoning",
    "Recorded",
    "Refusal",
    "Reply",
    "ReplyItem",
    "Responder",
    "Rule",
    "RuleHandle",
    "Script",
    "ScriptError",
    "Text",
    "Timed",
    "Turn",
    "Usage",
    "When",
    "call",
    "reply",
]
