"""How alike the mock server and the real API are: `python -m tests.conformance.score [--worst N]`.

Every recorded request that has a body is sent to a real MockServer whose model says what the recorded one
said; whatever does not depend on the wording is compared: status, error object, content type and the constant
headers, every field of the response object with its value and its place, the grammar of the events and the
keys of each. A field that the API introduced after a recording was made is no difference.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
from mock_openai.memory import MemoryStore
from mock_openai.protocol.reply import Reply
from mock_openai.responders.base import Turn
from mock_openai.server import MockServer

from tests.conformance import retold
from tests.conformance.echoes import NEWEST, as_redacted, comparable, in_order
from tests.conformance.recordings import ABSENT, Recording, recordings

ERA_C = 1767225600  # 2026-01-01: keys of events in alphabetical order
IDS = {"id", "created_at", "completed_at"}
WORDED = {"output", "usage"}
LATER = {
    "access_programs": 1788220800,
    "tool_usage": 1782410000,
    "moderation": 1777593600,
    "prompt_cache_retention": 1775001600,
    "billing": 1759276800,
    "completed_at": ERA_C,
    "frequency_penalty": ERA_C,
    "presence_penalty": ERA_C,
    "prompt_cache_key": 1754006400,
    "safety_identifier": 1754006400,
    "max_tool_calls": 1751328000,
    "top_logprobs": 1751328000,
    "background": 1746057600,
    "service_tier": 1746057600,
}
"""Since when the response object has a field, in unix seconds (observed)."""
EVENT_NEWS = ("sequence_number", "obfuscation", "logprobs", "content", "encrypted_content", "phase")
"""Keys of events and items that older recordings, or requests that did not ask for them, may lack."""
CONSTANT_HEADERS = (
    "openai-version",
    "strict-transport-security",
    "x-content-type-options",
    "alt-svc",
    "cf-cache-status",
    "server",
)


REPLACED = re.compile(r"anitized|REDACTED|-XXX|^h3=\":443\"$")
"""Header values that a recorder put in the place of the real one, or cut."""


ALWAYS = 2**31
TRIMMED = "the recorder cut the input whose length was refused"
REASONS: tuple[tuple[str, int, str], ...] = (
    (r"(instructions|model|reasoning|top_p)", ALWAYS, "a prompt stored in an account names it"),
    (r"store", ALWAYS, "the account keeps nothing, whatever is asked for"),
    (r"service_tier", ALWAYS, "the account's project has a tier of its own"),
    (r"text", 1754006400, "verbosity came in 2025-08"),
    (r"reasoning", 1746057600, "the summary came in 2025-05"),
    (r"fields", 1749081600, "background came in 2025-06"),
    (r"tools", ERA_C, "until 2025 tools were given back in other forms"),
    (r"(status|error object)", ALWAYS, TRIMMED),
    (r"(keys of response\.output_item|output items)", ERA_C, "until 2025 MCP calls had no status"),
)
"""Differences with a reason: what differs, until when (unix seconds), and why. The first that fits counts."""


@dataclass
class Result:
    """One exchange: how many things were compared, and which differ."""

    name: str
    when: int
    with_prompt: bool
    compared: int = 0
    differences: list[tuple[str, str]] = field(default_factory=list)

    @property
    def reasons(self) -> list[str | None]:
        """Why each difference is there, as far as that is known."""
        return [self._reason(what) for what, _ in self.differences]

    def _reason(self, what: str) -> str | None:
        for pattern, until, why in REASONS:
            about_prompt = why.startswith("a prompt")
            if why is TRIMMED and "context" not in self.name:
                continue
            if (
                re.match(rf"{pattern}( \(|$|\.)", what)
                and self.when < until
                and about_prompt <= self.with_prompt
            ):
                return why
        return None

    def same(self, what: str, here: object, there: object) -> None:
        """Compare one thing; the order of keys counts."""
        self.compared += 1
        if json.dumps(here) != json.dumps(there):
            self.differences.append((what, f"{_short(here)} here, {_short(there)} there"))


class Retelling:
    """A responder that says what it is told to say."""

    takes_errors = False

    def __init__(self) -> None:
        self.reply: Reply | None = None

    async def answer(self, turn: Turn) -> Reply | None:
        return self.reply


def asked() -> list[Recording]:
    """The recordings that count: the API's own, with a request that has a body."""
    return [
        one
        for one in recordings()
        if one.document["provider"] == "openai"
        and isinstance(one.request, dict)
        and one.name not in _edited()
        and (one.method == "POST" or one.transport == "websocket")
    ]


def _edited() -> set[str]:
    # Recorders that rewrote the model later (the collection's README), told by the answer's other model.
    found = set()
    for one in recordings():
        response = _first_response(one) or {}
        there, here = str(response.get("model")), str((one.request or {}).get("model"))
        if "model" in response and "model" in (one.request or {}) and not there.startswith(here[:4]):
            found.add(one.name)
    return found


async def measure() -> list[Result]:
    """Ask everything."""
    store, teller = MemoryStore(), Retelling()
    results = []
    async with (
        MockServer(responders=[teller], store=store) as server,
        MockServer(responders=[teller], api_key="sk-right") as locked,
        MockServer(responders=[teller], api_key="sk-right", unauthorized="text") as locked_as_text,
        aiohttp.ClientSession() as http,
    ):
        for one in asked():
            teller.reply = retold.reply(
                [e["data"] for e in one.events or []], one.document["response"].get("body")
            )
            await store.clear()
            body = dict(one.request or {})
            if (before := retold.parent(body)) is not None:
                await store.put(before)
            chosen, headers = server, {}
            if one.status == 401:
                as_text = "text/plain" in _headers(one).get("content-type", "")
                chosen = locked_as_text if as_text else locked
                headers = _key_of(one)
            result = Result(one.name, _when(one), "prompt" in body)
            if one.transport == "websocket":
                await _compare_socket(http, server, body, one, result)
            else:
                await _compare_http(http, chosen, headers, body, one, result)
            results.append(result)
    return results


async def _compare_http(
    http: aiohttp.ClientSession,
    server: MockServer,
    headers: dict[str, str],
    body: dict[str, Any],
    one: Recording,
    result: Result,
) -> None:
    path = "/" + one.url_path.split("/v1/", 1)[-1].lstrip("/")
    renamed = {}
    if one.status == 200:
        path, renamed = await _conversation(http, server, body, path)
    async with http.post(server.base_url + path, json=body, headers=headers) as answer:
        text = await answer.text()
        for here, there in renamed.items():
            text = text.replace(here, there)
        known = _headers(one)
        if one.status is not None:
            result.same("status", answer.status, one.status)
        if "content-type" in known and not REPLACED.search(known["content-type"]):
            result.same("header content-type", answer.headers["content-type"], known["content-type"])
        for name in CONSTANT_HEADERS:
            if name in known and not REPLACED.search(known[name]):
                result.same(f"header {name}", answer.headers.get(name), known[name])
    if one.events is not None and answer.headers["content-type"].startswith("text/event-stream"):
        data = [line[6:] for line in text.splitlines() if line.startswith("data: ")]
        _compare_events([json.loads(line) for line in data], one, result)
    else:
        _compare_body(json.loads(text), one, result)


async def _compare_socket(
    http: aiohttp.ClientSession, server: MockServer, body: dict[str, Any], one: Recording, result: Result
) -> None:
    events = []
    async with http.ws_connect(server.ws_url) as socket:
        await socket.send_str(json.dumps({**body, "type": "response.create"}))
        while not events or events[-1]["type"] not in ("response.completed", "response.incomplete", "error"):
            events.append(json.loads(await socket.receive_str()))
    _compare_events(events, one, result)


async def _conversation(
    http: aiohttp.ClientSession, server: MockServer, body: dict[str, Any], path: str
) -> tuple[str, dict[str, str]]:
    """Make the conversation that a request names in its body or its path, since its id cannot be chosen;
    gives the path to ask, and what to call the conversation.
    """
    named = body.get("conversation")
    in_path = re.search(r"(?<=^/conversations/)[^/?]+", path)
    if not named and not in_path:
        return path, {}
    async with http.post(f"{server.base_url}/conversations", json={}) as answer:
        here = (await answer.json())["id"]
    if in_path:
        return path.replace(in_path[0], here), {here: in_path[0]}
    there = named["id"] if isinstance(named, dict) else named
    body["conversation"] = {"id": here} if isinstance(named, dict) else here
    return path, {here: there}


def _compare_body(here: Any, one: Recording, result: Result) -> None:
    there = one.document["response"].get("body")
    if not isinstance(there, dict):
        return
    if "error" in there and there.get("object") != "response":
        result.same("error object", _ordered(one, here.get("error")), _ordered(one, there["error"]))
    elif there.get("object") == "response":
        if here.get("object") != "response":
            result.same("object", here, "a response")
            return
        _compare_response(here, there, one, result)
        result.same(
            "output items", [_kind(item) for item in here["output"]], [_kind(i) for i in there["output"]]
        )
    else:
        result.same("keys", _keys(one, here), _keys(one, there))
        result.same("object", here.get("object"), there.get("object"))
        for name in ("metadata", "deleted"):
            if name in there:
                result.same(name, here.get(name), there[name])


def _compare_events(here: list[dict[str, Any]], one: Recording, result: Result) -> None:
    there = [event["data"] for event in one.events or []]
    result.same("event grammar", _collapsed(here), _collapsed(there))
    # Where the recording is the second half of a stream, or the grammar differs, there is less to compare.
    if here[0].get("response") and there[0].get("response"):
        _compare_response(here[0]["response"], there[0]["response"], one, result, created=True)
    if here[-1].get("response") and there[-1].get("response"):
        _compare_response(here[-1]["response"], there[-1]["response"], one, result)
    if all("sequence_number" in event for event in there):
        first = there[0]["sequence_number"]
        numbers = [event.get("sequence_number") for event in here]
        result.same("sequence numbers", numbers, [first + at for at in range(len(here))])
    error = [event for event in there if event["type"] == "error"]
    if error:
        mine = [event for event in here if event["type"] == "error"]
        result.same("error event", [_ordered(one, e) for e in mine], [_ordered(one, e) for e in error])
    for kind in dict.fromkeys(event["type"] for event in there):
        mine = _key_sets(one, kind, here, _when(one))
        if mine:
            result.same(f"keys of {kind}", mine, _key_sets(one, kind, there, _when(one)))


def _compare_response(
    here: dict[str, Any], there: dict[str, Any], one: Recording, result: Result, *, created: bool = False
) -> None:
    when = _when(one)
    place = "created" if created else "final"
    names = [name for name in here if name in there or when >= LATER.get(name, 0)]
    result.same(f"fields ({place})", _keys(one, dict.fromkeys(names)), _keys(one, there))
    for name in names:
        if name not in there or name in IDS | WORDED:
            continue
        if name == "moderation" and there[name]:
            continue  # a verdict on the wording
        if name == "tool_usage" and there[name] != here[name] and not created:
            continue  # counts what the hosted tools did
        shown = as_redacted(here[name], there[name], (one.request or {}).get(name))
        told = [
            comparable(name, value, when=when, verbatim=_verbatim(one), sent=one.request)
            for value in (shown, there[name])
        ]
        result.same(f"{name} ({place})", *told)
    if not created and there.get("usage") and here.get("usage"):
        result.same("keys of usage", _usage_keys(here["usage"], when), _usage_keys(there["usage"], when))


def _usage_keys(usage: dict[str, Any], when: int) -> list[str]:
    keys = [*usage, *(usage.get("input_tokens_details") or {}), *(usage.get("output_tokens_details") or {})]
    return sorted(key for key in keys if when >= NEWEST or key != "cache_write_tokens")


def _collapsed(events: list[dict[str, Any]]) -> list[str]:
    """Count a run of deltas once: where they are cut is the model's affair."""
    kinds = [event["type"] for event in events]
    return [k for at, k in enumerate(kinds) if not (k.endswith(".delta") and at and kinds[at - 1] == k)]


def _key_sets(one: Recording, kind: str, events: list[dict[str, Any]], when: int) -> list[Any]:
    found = []
    for event in events:
        if event["type"] == kind:
            keys = [key for key in event if key not in EVENT_NEWS]
            item = [key for key in event.get("item") or () if key not in EVENT_NEWS]
            ordered = _verbatim(one) and when >= ERA_C
            found.append([keys, item] if ordered else [sorted(keys), sorted(item)])
    return sorted({json.dumps(keys) for keys in found})


def _keys(one: Recording, value: dict[str, Any]) -> list[str]:
    return list(value) if _verbatim(one) else sorted(value)


def _ordered(one: Recording, value: Any) -> Any:
    return value if _verbatim(one) else in_order(value)


def _kind(item: dict[str, Any]) -> list[Any]:
    return [item["type"], *sorted(key for key in item if key not in EVENT_NEWS)]


def _verbatim(one: Recording) -> bool:
    return bool(one.document["source"].get("key_order", "verbatim") == "verbatim")


def _when(one: Recording) -> int:
    response = _first_response(one) or {}
    if "created_at" in (one.document["source"].get("sanitised_by_source") or ""):
        return NEWEST - 1  # the recorder put a time of its own
    return int(response.get("created_at") or NEWEST)


def _first_response(one: Recording) -> dict[str, Any] | None:
    found: Any = one.document["response"].get("body")
    if one.events:
        found = next((e["data"]["response"] for e in one.events if "response" in e["data"]), None)
    return found if isinstance(found, dict) else None


def _headers(one: Recording) -> dict[str, str]:
    return {name.lower(): str(value) for name, value in (one.document["response"]["headers"] or {}).items()}


def _key_of(one: Recording) -> dict[str, str]:
    """A key that is masked as the recorded one was."""
    words = (one.document["response"]["body"] or {})["error"]["message"].split(": ", 1)
    if not words[0].startswith("Incorrect API key"):
        return {}
    return {"Authorization": "Bearer " + words[1].split(". You")[0].replace("*", "x")}


def _short(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 160 else f"{text[:157]}..."


def summary(results: list[Result], worst: int) -> Iterator[str]:
    """Say it in lines."""
    compared = sum(result.compared for result in results)
    right = compared - sum(len(result.differences) for result in results)
    whole = sum(not result.differences for result in results)
    reasons = Counter(why for result in results for why in result.reasons)
    unexplained = reasons.pop(None, 0)
    yield f"conformance: {100 * right / compared:.2f} % ({right} of {compared} comparisons)"
    yield f"exchanges: {whole} of {len(results)} without any difference"
    yield f"differences with a reason: {reasons.total()}"
    for why, number in reasons.most_common():
        yield f"  {number:4} x {why}"
    yield f"differences without: {unexplained}"
    for result in sorted(results, key=lambda one: -one.reasons.count(None))[:worst]:
        for (what, told), why in zip(result.differences, result.reasons, strict=True):
            if why is None:
                yield f"  {result.name}: {what}: {told}"


def main() -> None:
    """Print the score and the worst differences."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--worst", type=int, default=10, help="exchanges whose differences are listed")
    options = parser.parse_args()
    if not recordings():
        raise SystemExit(f"conformance: {ABSENT}")
    for line in summary(asyncio.run(measure()), options.worst):
        print(line)


if __name__ == "__main__":
    main()
