"""The parameters that a bot's function may have, and the argument for each.

A parameter is recognized by its name, or by its type. Nothing of Pipecat is imported here.
"""

from __future__ import annotations

import inspect

OWN = frozenset(
    {"base_url", "ws_url", "_base_url", "_ws_url", "transport", "runner_args", "args", "handle_sigint"}
)
"""Parameters of the functions in Pipecat's examples and our own."""

CONNECTIONS = {
    "websocket": "websocket",
    "websocket_client": "websocket",
    "webrtc_connection": "webrtc_connection",
    "room_url": "room_url",
}
"""Arguments that the code of a web server passes to its bot when somebody connects."""

DETAILS = {
    "room_name": "room_name",
    "token": "token",
    "body": "body",
    "call_data": "call_data",
    "stream_id": "stream",
    "stream_sid": "stream",
    "call_id": "call",
    "call_sid": "call",
    "call_uuid": "call",
    "call_control_id": "call",
    "account_sid": "account",
    "testing": "testing",
}
"""Further arguments from a web server: ids of the call, the body of the request."""

_TYPES = {
    "BaseTransport": "transport",
    "RunnerArguments": "runner_args",
    "SmallWebRTCConnection": "webrtc_connection",
    "WebSocket": "websocket",
}


def meaning_of(parameter: inspect.Parameter) -> str | None:
    """Return our name for the argument that a parameter gets; None if there is no argument for it.

    Connections and details are for parameters without a default.
    """
    if parameter.name in OWN:
        return parameter.name
    if parameter.default is not parameter.empty:
        return None
    if (known := {**CONNECTIONS, **DETAILS}.get(parameter.name)) is not None:
        return known
    kind = getattr(parameter.annotation, "__name__", str(parameter.annotation)).rpartition(".")[2]
    return _TYPES.get(kind)


def required(function: object) -> list[inspect.Parameter]:
    """Return the parameters of a function that need a value."""
    return [
        each
        for each in inspect.signature(function).parameters.values()  # type: ignore[arg-type]
        if each.default is each.empty and each.kind not in (each.VAR_POSITIONAL, each.VAR_KEYWORD)
    ]
