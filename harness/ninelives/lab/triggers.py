"""The triggers of the scenarios' faults, with the names that the chapters use."""

from __future__ import annotations

from typing import Any

from mock_openai import faults

IN_MID_SENTENCE = faults.at(event="response.output_text.delta", nth=6)
"""After some words of the answer."""

REQUEST = faults.at(phase="request")
"""When the request has come, before anything was answered."""

EVERY_REQUEST = faults.at(phase="request", times=None)

HANDSHAKE = faults.at(phase="handshake")
EVERY_HANDSHAKE = faults.at(phase="handshake", times=None)

FIRST_CONNECTION = faults.at(connection=1)

TERMINAL = faults.at(event="terminal")
"""Before the last event of a response, of any type."""


def before(event: str, nth: int | None = None, **more: Any) -> faults.At:
    """Before the n-th event of a type, named without `response.`; any type by default."""
    return faults.at(event=f"response.{event}", nth=nth, **more)


def after(event: str, nth: int | None = None, **more: Any) -> faults.At:
    """After the n-th event of a type."""
    return before(event, nth, when="after", **more)


def idle(seconds: float, **more: Any) -> faults.At:
    """After so many seconds without anything on a connection."""
    return faults.at(phase="idle", at=seconds, **more)
