"""The traffic in notes as a server's journal, or what the frames show if there is no traffic."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from mock_openai.journal.entries import Entry
from mock_openai.journal.sent_responses import SentResponse
from mock_openai.protocol.events import Event
from mock_openai.protocol.json import object_in

from ninelives.incidents.notes import Note

_HOUR_OVER = b"websocket_connection_limit_reached"
"""The code with which the API ends a connection after 60 minutes (documented)."""


def entries_of(notes: Sequence[Note]) -> list[Entry]:
    """Return the traffic in notes as entries of a journal."""
    entries: list[Entry] = []
    turns: dict[int, int] = {}
    lanes: dict[tuple[int, str | None], int] = {}
    transports: dict[int, str] = {}
    for note in notes:
        if note.kind not in ("open", "sent", "received", "status", "closed"):
            continue
        number, data = note.data
        match note.kind:
            case "open":
                transports[number] = data.decode()
                about: Mapping[str, Any] = {"transport": data.decode(), "path": "/v1/responses"}
                entries.append(Entry(note.at, number, None, None, "open", about))
            case "sent":
                message = object_in(data) or {}
                if message.get("type", "response.create") != "response.create":
                    continue
                turn = turns[number] = turns.get(number, 0) + 1
                lane = message.get("stream_id")
                lanes[number, lane] = lanes[number, None] = turn
                about = {"method": "POST", "path": "/v1/responses", "body": message}
                entries.append(Entry(note.at, number, turn, lane, "request", about))
            case "received":
                event = object_in(data) or {}
                lane = event.get("stream_id")
                of = lanes.get((number, lane))  # None: it answers an earlier request
                kind = str(event.get("type", "unreadable"))
                entries.append(Entry(note.at, number, of, lane, "event", Event(kind, data)))
                if kind == "error" and _HOUR_OVER in data:
                    entries.append(Entry(note.at, number, of, lane, "fault", {"fault": "connection_limit"}))
            case "status":
                status, _, body = data.partition(b" ")
                error = (object_in(body) or {}).get("error")
                code = error.get("code") if isinstance(error, dict) else None
                about = {"status": int(status), "code": code, "error": error}
                entries.append(Entry(note.at, number, turns.get(number), None, "status", about))
            case _:
                why = data.decode("utf-8", "replace")
                entries.append(Entry(note.at, number, None, None, "close", {"by": "server", "reason": why}))
    return entries


def said_in_frames(notes: Sequence[Note]) -> list[SentResponse]:
    """Return what the model said according to frames: a response from each start frame to its end."""
    said: list[SentResponse] = []
    user: str | None = None
    output: str | None = None
    current: SentResponse | None = None
    for note in notes:
        match note.kind:
            case "context" if note.data["role"] == "user":
                user, output = note.data.get("user"), None
            case "result" if note.data["final"]:
                output = note.data["call_id"]
            case "start":
                given: list[dict[str, Any]] = [{"role": "user", "content": user}] if user is not None else []
                if output is not None:
                    given.append({"type": "function_call_output", "call_id": output})
                turn = len(said) + 1
                current = SentResponse(
                    f"response {turn}", 1, turn, None, note.at, {"input": given}, opened=note.at
                )
                said.append(current)
            case "text" if said:
                last = current or said[-1]
                last.part().deltas += note.data
                last.spoke = note.at if last.spoke is None else last.spoke
            case "call" if said:
                call = {"call_id": note.data["call_id"], "name": note.data["name"]}
                arguments = msgspec.json.encode(note.data["arguments"], enc_hook=str).decode()
                if all(each["call_id"] != call["call_id"] for each in (current or said[-1]).calls):
                    (current or said[-1]).calls.append({**call, "arguments": arguments})
                (current or said[-1]).status = "completed"  # a call runs once its response is complete
            case "error" if note.data["model"] and current is not None and not current.calls:
                current.status = "failed"
            case "end" if current is not None:
                current.status = current.status or "completed"
                current.ended, current = note.at, None
            case _:
                pass
    return said
