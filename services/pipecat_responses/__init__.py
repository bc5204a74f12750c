"""Two Pipecat services for OpenAI's Responses API that keep talking when the connection does not.

They take the place of Pipecat's classes of the same names; a bot changes only the import::

    from pipecat_responses import OpenAIResponsesLLMService
"""

from .http import OpenAIResponsesHttpLLMService
from .patience import Timeouts
from .pulse import Pulse
from .settings import OpenAIResponsesLLMSettings, OpenAIResponsesReasoningConfig
from .usage import TokenUsage
from .websocket import OpenAIResponsesLLMService

__all__ = [
    "OpenAIResponsesHttpLLMService",
    "OpenAIResponsesLLMService",
    "OpenAIResponsesLLMSettings",
    "OpenAIResponsesReasoningConfig",
    "Pulse",
    "Timeouts",
    "TokenUsage",
]
