"""The known defects of Pipecat 1.14's own two services, and the scenario that shows each.

The numbers are those of this project's list of findings. `docs/understand/verdict.md` shows each with what
the scenario heard as evidence.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Defect:
    """One defect."""

    number: str
    what: str
    service: str = ""
    """A factory of `ninelives.lab.services`."""
    scenario: str = ""
    """The scenario; empty if none shows it."""
    promise: str = ""
    """The broken promise; empty if it only takes long."""
    unseen: str = ""
    """Why no scenario shows it."""


_SOCKET, _HTTP = "pipecat_websocket", "pipecat_http"
_INSIDE = "needs a slow step inside the service; no traffic can cause it"

DEFECTS = (
    Defect("A1", "a socket lost after text: the answer starts over", _SOCKET, "reset_in_mid_sentence", "I1"),
    Defect("A2", "a terminal event above 1 MiB: the whole answer twice", _SOCKET, "big_terminal_event", "I1"),
    Defect(
        "A3",
        "a server that falls silent after the cancellation: the cancelled answer is spoken in the next turn",
        _SOCKET,
        "interruption_of_a_server_that_falls_silent",
        "I2",
    ),
    Defect(
        "A4",
        "one bad frame: the next turn speaks the rest of this one",
        _SOCKET,
        "malformed_event_in_mid_sentence",
        "I2",
    ),
    Defect(
        "A5",
        "`error` and `response.failed`: the next turn is silent",
        _SOCKET,
        "failed_in_mid_sentence",
        "I7",
    ),
    Defect(
        "A6", "a call cut off by `response.incomplete` runs with {}", _SOCKET, "call_left_incomplete", "I3"
    ),
    Defect(
        "A7",
        "arguments that are not JSON: the tool runs with {}",
        _SOCKET,
        "call_with_broken_arguments",
        "I3",
    ),
    Defect(
        "A8",
        "two calls without item ids: only the last runs",
        _SOCKET,
        "parallel_calls_without_item_ids",
        "I3",
    ),
    Defect(
        "A9",
        "a stream without a terminal event: part of an answer, and no error",
        _HTTP,
        "stream_without_a_terminal_event",
        "I9",
    ),
    Defect(
        "B1",
        "an interruption before the response exists: the next turn waits for all of the old answer",
        _SOCKET,
        "interruption_before_the_response",
        "I8",
    ),
    Defect(
        "B2",
        "a cancellation that is ignored: the next turn waits for all of the old answer",
        _SOCKET,
        "interruption_at_once_of_a_deaf_server",
        "I8",
    ),
    Defect("B3", "an interruption before the request is sent: five seconds", unseen=_INSIDE),
    Defect("B4", "an interruption after `response.completed`: five seconds", unseen=_INSIDE),
    Defect(
        "C1",
        "a server that is down for twenty seconds at the start: permanently unusable",
        _SOCKET,
        "away_for_twenty_seconds_at_the_start",
        "I7",
    ),
    Defect(
        "C2", "one failed handshake: four seconds and two errors", _SOCKET, "handshake_refused_once", "I5"
    ),
    Defect("C3", "a dead peer is noticed after forty seconds", _SOCKET, "half_open_before_the_response"),
    Defect("C4", "an idle close is noticed only by the next turn", _SOCKET, "idle_close", "I8"),
    Defect(
        "C5",
        "a close for a policy violation is handled like any other, with an error that says nothing",
        _SOCKET,
        "close_1008_before_the_answer",
        "I9",
    ),
    Defect(
        "C6",
        "organization, project and headers are missing from the handshake",
        unseen="no promise covers headers",
    ),
    Defect(
        "D1",
        "a stall has no end, and `on_completion_timeout` never fires",
        _SOCKET,
        "stall_in_mid_sentence",
        "I4",
    ),
    Defect("D2", "an error frame has no category", _SOCKET, "rate_limit_before_the_answer", "I9"),
    Defect("D3", "a refusal is not spoken", _SOCKET, "refusal", "I7"),
    Defect("D4", "a thought begins and never ends", _HTTP, "reset_in_mid_thought", "I4"),
)
"""All defects, by number."""
