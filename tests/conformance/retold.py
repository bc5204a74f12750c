"""What a recorded answer tells of the model and of what came before, so that a server can be asked the same.

`reply` rebuilds what the model said; `parent` invents the stored response that a request continues from.
"""

from __future__ import annotations

from typing import Any

from mock_openai.memory import Remembered
from mock_openai.protocol import json
from mock_openai.protocol.events import Event
from mock_openai.protocol.reply import (
    Call,
    Failed,
    Incomplete,
    Item,
    Reasoning,
    Refusal,
    Reply,
    ReplyItem,
    Text,
    Usage,
)

PLAIN_CALL = {"id", "type", "status", "arguments", "call_id", "name"}
ANSWERED_BY = {
    "function_call_output": ("function_call", {"name": "earlier", "arguments": "{}"}),
    "custom_tool_call_output": ("custom_tool_call", {"name": "earlier", "input": ""}),
    "computer_call_output": (
        "computer_call",
        {"action": {"type": "screenshot"}, "pending_safety_checks": []},
    ),
    "shell_call_output": ("shell_call", {"action": {"commands": ["ls"]}}),
    "apply_patch_call_output": ("apply_patch_call", {"operation": {"type": "delete_file", "path": "a"}}),
}


def reply(events: list[dict[str, Any]] | None, body: Any) -> Reply | None:
    """What the model said, from the stream or the response object in which it said it; None from neither."""
    if events:
        said = tuple(_items([event["item"] for event in events if _done(event)], events))
        last = events[-1].get("response") or {}
        error = next((event["error"] for event in events if event["type"] == "error"), None)
    elif isinstance(body, dict) and body.get("object") == "response":
        said, last, error = tuple(_items(body["output"], [])), body, body.get("error")
    else:
        return None
    usage = last.get("usage") or {}
    counted = Usage(output_tokens=usage.get("output_tokens"))
    if last.get("status") == "incomplete":
        return Reply(said, counted, Incomplete(last["incomplete_details"]["reason"]))
    if last.get("status") == "failed":
        told = error or {}
        return Reply(said, None, Failed(**{k: told.get(k) for k in ("code", "message", "type", "param")}))
    return Reply(said, counted)


def _done(event: dict[str, Any]) -> bool:
    return bool(event["type"] == "response.output_item.done")


def _items(items: list[dict[str, Any]], events: list[dict[str, Any]]) -> list[ReplyItem]:
    # An item may be in the terminal event only: lists of tools that never ended.
    if events and (final := (events[-1].get("response") or {}).get("output")):
        known = {item.get("id") for item in items}
        items = items if known >= {item.get("id") for item in final} else final
    said: list[ReplyItem] = []
    for item in items:
        match item["type"]:
            case "message":
                said += [_part(item, number, part, events) for number, part in enumerate(item["content"])]
            case "function_call" if set(item) == PLAIN_CALL:
                said.append(Call(item["name"], item["arguments"], item["call_id"]))
            case "reasoning":
                said.append(Reasoning(tuple(part["text"] for part in item["summary"])))
            case _:
                said.append(Item(item))
    return said


def _part(
    item: dict[str, Any], number: int, part: dict[str, Any], events: list[dict[str, Any]]
) -> Text | Refusal:
    if part["type"] == "refusal":
        return Refusal(part["refusal"], same_message=number > 0)
    pieces = tuple(
        event["delta"]
        for event in events
        if event["type"] == "response.output_text.delta"
        and (event["item_id"], event["content_index"]) == (item["id"], number)
    )
    return Text(part["text"], pieces or None, tuple(part["annotations"]), item.get("phase"), number > 0)


def parent(body: dict[str, Any]) -> Remembered | None:
    """A stored response under the id that a request continues from, with the calls that the request
    answers.
    """
    name = body.get("previous_response_id")
    items = body["input"] if isinstance(body.get("input"), list) else []
    told = {item.get("call_id") for item in items if not str(item.get("type", "")).endswith("_output")}
    output: list[dict[str, Any]] = []
    for item in items:
        if item.get("type") in ANSWERED_BY and item.get("call_id") not in told:
            kind, fields = ANSWERED_BY[item["type"]]
            output.append({"id": "earlier", "type": kind, "call_id": item["call_id"], **fields})
        elif item.get("type") == "mcp_approval_response":
            asked = {"arguments": "{}", "name": "earlier", "server_label": "earlier"}
            output.append({"id": item["approval_request_id"], "type": "mcp_approval_request", **asked})
        elif item.get("type") == "item_reference":
            output.append({"id": item["id"], "type": "message", "role": "assistant", "content": "earlier"})
    references = [item["id"] for item in output if item["type"] == "message"]
    name = name or next((f"resp_{known.partition('_')[2]}" for known in references), None)
    if name is None:
        return None
    response = {"id": name, "object": "response", "status": "completed", "output": output, "usage": {}}
    ended = Event("response.completed", json.compact({"type": "response.completed", "response": response}))
    return Remembered(name, before=(), input=(), events=(ended,))
