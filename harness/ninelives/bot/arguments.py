"""What the user's function is called with: its arguments by name, and a transport where it makes its own."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pipecat.runner.utils
from pipecat.transports.base_transport import BaseTransport

from ninelives.complaint import Complaint


def name_of(function: Callable[..., Any]) -> str:
    """Return the name of a function as messages write it: `module:function`."""
    return f"{function.__module__}:{getattr(function, '__qualname__', type(function).__name__)}"


def arguments_for(function: Callable[..., Any], name: str, known: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of the `known` arguments that a function asks for by name.

    Raises:
        Complaint: the function needs one that is not known. `name` is what the message calls it.
    """
    given = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name in known:
            given[parameter.name] = known[parameter.name]
        elif parameter.name == "handle_sigint":
            given[parameter.name] = False
        elif parameter.default is parameter.empty and parameter.kind not in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
        ):
            raise Complaint(
                f"{name} asks for {parameter.name!r}; expected a function of base_url and ws_url, "
                "or of transport and runner_args as in Pipecat's examples"
            )
    return given


@contextmanager
def transports_are(function: Callable[..., Any], transport: BaseTransport) -> Iterator[None]:
    """Have Pipecat's `create_transport` return this transport, also where the function's module has it."""

    async def create_transport(*_: Any, **__: Any) -> BaseTransport:
        return transport

    own = getattr(inspect.unwrap(function), "__globals__", {})
    pipecats = vars(pipecat.runner.utils)
    before = [
        (names, names["create_transport"])
        for names in (pipecats, own)
        if getattr(names.get("create_transport"), "__module__", None) == pipecat.runner.utils.__name__
    ]
    for names, _ in before:
        names["create_transport"] = create_transport
    try:
        yield
    finally:
        for names, original in before:
            names["create_transport"] = original
