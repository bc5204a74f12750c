"""The event ``on_response_interrupted``, for handlers of every form."""

import inspect
from collections.abc import Awaitable, Callable
from typing import Any

__all__ = ["ON_RESPONSE_INTERRUPTED", "adapted"]

ON_RESPONSE_INTERRUPTED = "on_response_interrupted"


def adapted(handler: Callable[..., Any]) -> Callable[[object, str, bool], Awaitable[None]]:
    """Return a handler of three arguments (service, spoken text, continued) for one that may take two."""
    try:
        parameters = list(inspect.signature(handler).parameters.values())
    except (TypeError, ValueError):  # a builtin: it has no signature that can be read
        parameters = []
    by_name = any(p.name == "continued" or p.kind is p.VAR_KEYWORD for p in parameters)
    places = [p for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    by_place = len(places) > 2 or any(p.kind is p.VAR_POSITIONAL for p in parameters)

    async def handle(service: object, spoken_text: str, continued: bool) -> None:
        if by_name:
            told = handler(service, spoken_text, continued=continued)
        elif by_place:
            told = handler(service, spoken_text, continued)
        else:
            told = handler(service, spoken_text)
        if inspect.isawaitable(told):
            await told

    return handle
