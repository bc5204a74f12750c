"""Two Pipecat services for OpenAI's Responses API that recover from lost connections.

They replace Pipecat's classes of the same names; a bot changes only the import::

    from pipecat_responses import OpenAIResponsesLLMService
"""

import warnings
from typing import Any

from .heartbeat import Heartbeat
from .http import OpenAIResponsesHttpLLMService
from .settings import OpenAIResponsesLLMSettings, OpenAIResponsesReasoningConfig
from .timeouts import Timeouts
from .usage import TokenUsage
from .websocket import OpenAIResponsesLLMService

__all__ = [
    "Heartbeat",
    "OpenAIResponsesHttpLLMService",
    "OpenAIResponsesLLMService",
    "OpenAIResponsesLLMSettings",
    "OpenAIResponsesReasoningConfig",
    "Timeouts",
    "TokenUsage",
]


def __getattr__(name: str) -> Any:
    if name != "Pulse":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    text = f"{__name__}.Pulse is now called {__name__}.Heartbeat; the old name stops working in ninelives 0.3"
    warnings.warn(text, DeprecationWarning, stacklevel=2)
    return Heartbeat
