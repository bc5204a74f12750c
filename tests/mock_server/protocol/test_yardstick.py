"""Real traffic as the yardstick: what the API did with recorded requests, this protocol does too.

The recordings are not part of the repository; without them these tests are skipped.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from mock_openai.protocol.conversation import check_conversation
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.events import Event, Opened, stream_events
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.random_source import RandomSource
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
)
from mock_openai.protocol.request import Request, parse_request
from mock_openai.protocol.response import open_response, with_billing

from tests.conformance.echoes import as_redacted, comparable

ROOT = Path(__file__).parents[3]
RECORDINGS = Path(os.environ.get("NINELIVES_RECORDINGS", ROOT.parent / "shared" / "recordings"))
ERA_C = 1767225600  # 2026-01-01: alphabetical keys

pytestmark = pytest.mark.skipif(
    not (RECORDINGS / "index.jsonl").exists(),
    reason=f"no recordings at {RECORDINGS}; set NINELIVES_RECORDINGS to a folder that holds index.jsonl",
)


def index() -> list[dict[str, Any]]:
    path = RECORDINGS / "index.jsonl"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines()]


def exchange(row: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((RECORDINGS / "exchanges" / f"{row['id']}.json").read_text())
    return found


def creates(*, verbatim: bool = False, stream: bool | None = None) -> Iterator[Any]:
    for row in index():
        path = row["url_path"].split("?")[0]
        if row["provider"] != "openai" or not path.endswith("/responses") or row["method"] == "GET":
            continue
        if verbatim and row["key_order"] != "verbatim":
            continue
        if stream is not None and bool(row["stream"]) != stream:
            continue
        yield pytest.param(row, id=row["id"])


def request_body(recorded: dict[str, Any]) -> dict[str, Any]:
    body = (recorded["request"] or {}).get("body")
    if not isinstance(body, dict):
        pytest.skip("the recording kept no request body")
    return {name: value for name, value in body.items() if name != "type"}


def response_object(recorded: dict[str, Any]) -> dict[str, Any]:
    events = recorded["response"].get("events")
    found = events[0]["data"].get("response") if events else recorded["response"].get("body")
    if not isinstance(found, dict) or found.get("object") != "response":
        pytest.skip("the recording holds no response object")
    return found


def transport(row: dict[str, Any]) -> Any:
    return "websocket" if row["transport"] == "websocket" else "http"


@pytest.mark.parametrize("row", list(creates()))
def test_a_request_that_was_answered_is_accepted(row: dict[str, Any]) -> None:
    if row["status"] not in (200, 101):
        pytest.skip("this one was refused")
    parse_request(request_body(exchange(row)), transport=transport(row))


# Refusals that need what this protocol does not look at: a file's contents, or whether a model exists today.
BEYOND = ("unsupported_file", "Invalid file data", "context window", "gpt-nonexistent", "gpt-5.2-proo")


@pytest.mark.parametrize("row", [param for param in creates() if param.values[0]["status"] == 400])
def test_a_request_that_was_refused_is_refused_in_the_same_words(row: dict[str, Any]) -> None:
    recorded = exchange(row)
    error = recorded["response"]["body"]["error"]
    if any(word in json.dumps(error) for word in BEYOND):
        pytest.skip("refused for what is inside a file, for its length, or for a model's name")
    with pytest.raises(ApiError) as caught:
        check_conversation((), parse_request(request_body(recorded), transport="http"))
    assert caught.value.status == 400
    assert caught.value.body()["error"] == error


LATER = {"access_programs", "tool_usage", "moderation", "prompt_cache_retention"}
TERMINAL = {"status", "output", "usage", "completed_at", "service_tier", "incomplete_details", "error"}


@pytest.mark.parametrize("row", list(creates(verbatim=True)))
def test_the_response_object_echoes_the_request_as_recorded(row: dict[str, Any]) -> None:
    recorded = exchange(row)
    there = response_object(recorded)
    body = request_body(recorded)
    if there["created_at"] < ERA_C or row["request_model_mismatch"]:
        pytest.skip("from an earlier era, or edited by its recorder")
    if "model" not in body:
        pytest.skip("a stored prompt names the model")
    request = parse_request(body, transport=transport(row))
    here = open_response(request, id=there["id"], created_at=there["created_at"])
    if not row["stream"]:
        here = with_billing({**here, "status": "completed"})
    keys = [name for name in here if name in there or name not in LATER]
    assert keys == list(there)
    for name in keys:
        if name in TERMINAL or name == "billing":
            continue
        if name == "moderation" and there[name]:
            continue  # a verdict, which only a finished response has
        if name == "tool_usage" and "web_search" in row["features"]:
            continue  # counted at the end
        shown = as_redacted(here[name], there[name], body.get(name))
        told = [
            comparable(name, value, when=there["created_at"], verbatim=True, sent=body)
            for value in (shown, there[name])
        ]
        assert json.dumps(told[0]) == json.dumps(told[1]), name


def said(recorded: list[dict[str, Any]]) -> Reply:
    """Rebuild what the model said from the stream in which it said it."""
    items: list[ReplyItem] = []
    for event in recorded:
        if event["type"] != "response.output_item.done":
            continue
        item = event["item"]
        if item["type"] == "message":
            for number, part in enumerate(item["content"]):
                pieces = tuple(
                    other["delta"]
                    for other in recorded
                    if other["type"] in ("response.output_text.delta", "response.refusal.delta")
                    and (other["item_id"], other["content_index"]) == (item["id"], number)
                )
                if part["type"] == "refusal":
                    items.append(Refusal(part["refusal"], same_message=number > 0))
                else:
                    items.append(
                        Text(part["text"], pieces, tuple(part["annotations"]), item.get("phase"), number > 0)
                    )
        elif item["type"] == "function_call" and set(item) == {
            "id",
            "type",
            "status",
            "arguments",
            "call_id",
            "name",
        }:
            items.append(Call(item["name"], item["arguments"], item["call_id"]))
        elif item["type"] == "reasoning":
            items.append(Reasoning(tuple(part["text"] for part in item["summary"])))
        else:
            items.append(Item(item))
    last = recorded[-1]
    if last["type"] == "response.incomplete":
        return Reply(tuple(items), finish=Incomplete(last["response"]["incomplete_details"]["reason"]))
    if last["type"] == "response.failed":
        return Reply(tuple(items), finish=Failed(last["response"]["error"]["code"]))
    return Reply(tuple(items))


def stream(request: Request, reply: Reply, response: dict[str, Any]) -> list[Event]:
    random_source = RandomSource("1")

    def clock() -> float:
        return 1_787_150_229.5

    return list(
        stream_events(
            reply,
            Opened(
                request=request,
                response=response,
                ids=Ids(random_source, clock),
                random_source=random_source,
                clock=clock,
            ),
        )
    )


def collapsed(kinds: list[str]) -> list[str]:
    """Count a run of deltas once: where they are cut is the model's affair."""
    return [
        kind
        for at, kind in enumerate(kinds)
        if not (kind.endswith(".delta") and at and kinds[at - 1] == kind)
    ]


# Streams that do something no reply can ask for: several listings of tools at once, of which two never end.
ODD = ("mcp-list-tools-stream-backfills", "test-background", "starting-after")


@pytest.mark.parametrize("row", list(creates(verbatim=True, stream=True)))
def test_a_stream_rebuilt_from_its_items_has_the_recorded_events(row: dict[str, Any]) -> None:
    recorded = exchange(row)
    events = [event["data"] for event in recorded["response"]["events"]]
    if events[0]["type"] != "response.created" or events[0]["response"]["created_at"] < ERA_C:
        pytest.skip("from an earlier era, or the second half of a stream")
    if any(word in row["id"] for word in ODD):
        pytest.skip("overlapping items")
    body = (recorded["request"] or {}).get("body")
    if not isinstance(body, dict):
        body = body_from_echo(events)
    body = {name: value for name, value in body.items() if name not in ("type", "max_output_tokens")}
    request = parse_request(body, transport=transport(row))
    response = open_response(request, id=events[0]["response"]["id"], created_at=1)
    here = stream(request, said(events), response)
    there_kinds, here_kinds = [event["type"] for event in events], [event.type for event in here]
    assert collapsed(here_kinds) == collapsed(there_kinds)
    there_keys = {key_order(event) for event in events}
    here_keys = {key_order(json.loads(event.data)) for event in here}
    if request.include_obfuscation and not any("obfuscation" in event for event in events):
        here_keys = {tuple(key for key in keys if key != "obfuscation") for keys in here_keys}
    assert here_keys == there_keys
    assert item_keys(json.loads(event.data) for event in here) == item_keys(events)


def body_from_echo(events: list[dict[str, Any]]) -> dict[str, Any]:
    """Guess a request from its echo, for recorders that kept none."""
    echo = events[0]["response"]
    sealed = any("encrypted_content" in event.get("item", {}) for event in events)
    return {
        "model": echo["model"],
        "input": "?",
        "stream": True,
        "include": ["reasoning.encrypted_content"] if sealed else [],
        "reasoning": {
            key: value for key, value in echo["reasoning"].items() if value and key != "generate_summary"
        },
    }


def key_order(event: dict[str, Any]) -> tuple[str, ...]:
    return tuple(event)


def item_keys(events: Any) -> set[tuple[str, ...]]:
    # `content` of reasoning items came in 2026-06. Their ciphertext comes unasked since 2026-07; this
    # server sends it on
    # request.
    news = {"reasoning": ("content", "encrypted_content")}
    return {
        (event["type"], *(key for key in event["item"] if key not in news.get(event["item"]["type"], ())))
        for event in events
        if "item" in event
    }
