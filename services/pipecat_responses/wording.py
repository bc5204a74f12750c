"""The text of an error frame: what happened, and what to do about it."""

from pipecat.utils.errors import ErrorCategory

from .categories import CONNECTION_LIMIT, TOO_LONG, category
from .errors import Failure

__all__ = ["wording"]

# The same beginnings as in Pipecat's own services, so that code which looks for them keeps working.
_BEGINNING: dict[str, str] = {
    "response": "LLM response error: ",
    "incomplete": "LLM response error: ",
    "websocket": "WebSocket API error: ",
    "http": "Responses API error: ",
    "refused": "Error during inference: ",
    "handshake": "Error connecting to WebSocket: ",
    "connection": "Error during inference: ",
    "stream": "Error during inference: ",
    "call": "LLM response error: ",
    "empty": "",
    "context": "Error during inference: ",
    "timeout": "LLM completion timeout: ",
}


def wording(failure: Failure, *, spoken: bool = False, dropped: bool = False) -> str:
    """Return the text of an error frame: what happened, with code and request id, and what to do.

    ``spoken``: part of the answer had been spoken. ``dropped``: a picture or file was removed from the
    context.
    """
    facts = []
    if failure.code and failure.code != failure.message:
        facts.append(f"code {failure.code}")
    if failure.status:
        facts.append(f"status {failure.status}")
    if failure.request_id and failure.request_id not in failure.message:
        facts.append(f"request {failure.request_id}")
    if failure.response_id and failure.source != "empty":
        facts.append(f"response {failure.response_id}")
    text = f"{_BEGINNING[failure.source]}{failure.message}"
    if facts:
        text += f" ({', '.join(facts)})"
    advice = _advice(failure) if not dropped else _DROPPED
    if spoken and failure.source != "incomplete":
        advice = f"{advice} Part of the answer had been spoken; on_response_interrupted says which.".strip()
    if advice:
        text = f"{text if text.endswith(('.', '!', '?')) else text + '.'} {advice}"
    return text


_DROPPED = (
    "A message with a picture or file was removed from the context, so that the next turn can be answered."
)

_ADVICE_BY_CATEGORY: dict[ErrorCategory, str] = {
    ErrorCategory.AUTHENTICATION: "Check the API key (api_key or OPENAI_API_KEY).",
    ErrorCategory.AUTHORIZATION: "Check what this key, organization and project may use.",
    ErrorCategory.QUOTA: "The quota is used up: check plan and billing of the organization.",
    ErrorCategory.RATE_LIMIT: "Too many requests or tokens per minute: slow down or ask for higher limits.",
    ErrorCategory.SERVER: "OpenAI's server failed; the next turn may succeed.",
}


# Without an error object of the API: a wrong path, a proxy, or another server.
_WRONG_DOOR = frozenset({404, 405, 426})


def _advice(failure: Failure) -> str:
    match failure.source:
        case "incomplete" if failure.code == "max_output_tokens":
            return "The answer was cut off: raise max_completion_tokens."
        case "incomplete" if failure.code == "content_filter":
            return "The content filter stopped the answer: rephrase the request or the instructions."
        case "incomplete":
            return ""
        case "connection":
            return "Check the network and the URL; the service goes on trying to connect."
        case "timeout":
            return "The service remains usable; change the limits with `timeouts`."
        case "stream":
            return "The answer was discarded so that no wrong text is spoken; the next turn starts normally."
        case "call":
            return "The call was not run; the next turn may ask for it again."
        case "empty":
            return "The model returned no output: ask again, or check the instructions."
    if failure.codes & TOO_LONG:
        return "The context is too long for the model: shorten or summarize it."
    if failure.code == CONNECTION_LIMIT:
        return "A connection is limited to 60 minutes; the next turn uses a new one."
    if failure.code == "model_not_found":
        return "Check the model name in the settings."
    if failure.code == "message_too_big":
        return (
            "A WebSocket request is limited to 16 MiB: send fewer or smaller images, or use the HTTP service."
        )
    if failure.status and not failure.codes and (failure.status < 400 or failure.status in _WRONG_DOOR):
        return "Check the URL (base_url or ws_url): it must lead to the Responses API."
    if category(failure) is ErrorCategory.INVALID_REQUEST:
        return (
            f"Check {failure.param} in settings or context."
            if failure.param
            else "Check settings and context."
        )
    return _ADVICE_BY_CATEGORY.get(category(failure), "")
