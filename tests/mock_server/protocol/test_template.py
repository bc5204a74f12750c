"""A reply rendered from a template is, byte for byte, what would have been rendered event by event."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai.protocol import json
from mock_openai.protocol.compile import Templates
from mock_openai.protocol.events import Event, Opened, stream_events
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.random_source import RandomSource
from mock_openai.protocol.reply import Call, Failed, Incomplete, Reasoning, Refusal, Reply, Text, Usage
from mock_openai.protocol.request import Request, parse_request
from mock_openai.protocol.response import open_response, with_billing
from mock_openai.protocol.template import Rendered

NOW = 1_790_000_000
PARENT = f"resp_0{'a' * 15}00{'6' * 8}{'b' * 4}8190{'c' * 16}"


def sse(kind: str, length: int) -> tuple[bytes, bytes]:
    return b"event: %b\ndata: " % kind.encode(), b"\n\n"


def frames(kind: str, length: int) -> tuple[bytes, bytes]:
    return b"<%d>" % length, b""


def asked(transport: str = "websocket", **fields: Any) -> Request:
    body = {"model": "gpt-4o-mini", "input": "Hello", **fields}
    return parse_request(body, transport=transport)  # type: ignore[arg-type]


def rendered(reply: Reply, request: Request, *, history: int = 0) -> list[Event]:
    random_source = RandomSource("7")
    ids = Ids(random_source, lambda: NOW)
    response = open_response(request, id=ids.response(request.previous_response_id), created_at=NOW)
    opened = Opened(
        request=request,
        response=response,
        ids=ids,
        random_source=random_source,
        history_tokens=history,
        clock=lambda: NOW,
    )
    return list(stream_events(reply, opened))


def rendering(templates: Templates, reply: Reply, request: Request, *, history: int = 0) -> Rendered:
    random_source = RandomSource("7")
    template = templates.find(reply, request)
    assert template is not None
    return template.renderer(request, history).rendered(random_source, NOW, 0.0)


def test_the_second_turn_of_a_kind_has_a_template() -> None:
    templates, reply, request = Templates(), Reply((Text("Hello."),)), asked()
    assert templates.find(reply, request) is None
    assert templates.find(reply, request) is not None


def test_a_template_in_use_outlives_any_number_of_others() -> None:
    templates, reply, request = Templates(), Reply((Text("Hello."),)), asked()
    templates.find(reply, request)
    first = templates.find(reply, request)
    for number in range(300):
        others = Reply((Text(f"Answer {number}."),))
        templates.find(others, request)
        if number % 3 == 0:
            templates.find(others, request)
        if number % 20 == 0:
            assert templates.find(reply, request) is first, f"compiled again after {number} others"


def test_templates_that_are_no_longer_used_make_room() -> None:
    templates, request = Templates(), asked()
    replies = [Reply((Text(f"Answer {number}."),)) for number in range(64)]
    for reply in replies * 3:
        templates.find(reply, request)
    new = [Reply((Text(f"New answer {number}."),)) for number in range(64)]
    for reply in new:
        templates.find(reply, request)
        assert templates.find(reply, request) is not None, "a new one has no room beside those in use"
    assert not any(templates.find(reply, request) for reply in replies), "the old ones are still held"


TEXTS = st.text(min_size=1, max_size=60)
ITEMS = st.one_of(
    st.builds(Text, TEXTS, deltas=st.none() | st.integers(1, 9), same_message=st.booleans()),
    st.builds(Refusal, TEXTS),
    st.builds(Call, st.just("look"), st.just('{"where":"Paris"}'), st.none() | st.just("call_mine")),
)
USAGES = st.none() | st.builds(Usage, st.none() | st.integers(0, 99), st.none() | st.integers(0, 99))
FINISHES = st.sampled_from([Reply().finish, Incomplete(), Failed(), Failed(mid_item=True)])
FIELDS = st.fixed_dictionaries(
    {"input": TEXTS},
    optional={
        "model": st.sampled_from(["gpt-4.1", "gpt-5.6", "gpt-6"]),
        "previous_response_id": st.sampled_from([PARENT, "resp_odd"]),
        "metadata": st.just({"a": "1790000000", "b": "é"}),
        "instructions": TEXTS,
        "stream_options": st.fixed_dictionaries({"include_obfuscation": st.booleans()}),
        "max_output_tokens": st.integers(16, 40),
        "stream_id": st.just("lane"),
        "tools": st.just([{"type": "function", "name": "look", "parameters": {}, "strict": False}]),
    },
)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(Reply, st.lists(ITEMS, max_size=3).map(tuple), USAGES, FINISHES),
    FIELDS,
    TEXTS,
    st.integers(0, 5000),
)
def test_both_ways_give_the_same_bytes(
    reply: Reply, fields: dict[str, Any], before: str, history: int
) -> None:
    templates = Templates()
    earlier = asked(**{**fields, "input": before})
    if "previous_response_id" in fields:  # another one of the same length
        parent = fields["previous_response_id"].translate(str.maketrans("abcd", "ef01"))
        earlier = asked(**{**fields, "input": before, "previous_response_id": f"resp_{parent[5:]}"})
    templates.find(reply, earlier)
    templates.find(reply, earlier)
    request = asked(**fields)
    events = rendered(reply, request, history=history)
    at_once = rendering(templates, reply, request, history=history)
    assert list(at_once) == events
    for framing in (sse, frames):
        around = [(framing(event.type, len(event.data)), event.data) for event in events]
        assert at_once.wire(framing) == b"".join(before + data + after for (before, after), data in around)
    response = json.parse(events[-1].data)["response"]
    assert at_once.body() == json.pretty(with_billing(response))
    assert at_once.status == response["status"]
    assert at_once.response_id == response["id"]
    assert at_once.output() == response["output"]
    speaks = {item["type"] for item in response["output"]} == {"message"} and response["usage"]
    assert at_once.spoken_tokens() == (response["usage"]["total_tokens"] if speaks else None)


@pytest.mark.parametrize(
    ("reply", "fields"),
    [
        (Reply((Reasoning(),)), {}),
        (Reply((Text("Hello."),)), {"include": ["message.output_text.logprobs"]}),
        (Reply((Text("Hello.", annotations=({"type": "url_citation"},)),)), {}),
        (Reply((Text("Hello."),)), {"generate": False}),
        (Reply((Text("word " * 9000, deltas=9000),)), {}),
        (
            Reply((Text("Hello."),)),
            {"context_management": [{"type": "compaction", "compact_threshold": 1000}]},
        ),
    ],
    ids=["ciphertext", "logprobs", "annotations", "warm-up", "too long", "compaction"],
)
def test_some_replies_are_rendered_anew_each_time(reply: Reply, fields: dict[str, Any]) -> None:
    templates = Templates()
    assert [templates.find(reply, asked(**fields)) for _ in range(3)] == [None, None, None]


def test_settings_that_are_echoed_have_templates_of_their_own() -> None:
    templates, reply = Templates(), Reply((Text("Hello."),))
    for name in ("a", "b"):
        for _ in range(2):
            templates.find(reply, asked(metadata={"name": name}))
        rendered = rendering(templates, reply, asked(metadata={"name": name}))
        assert json.parse(rendered[0].data)["response"]["metadata"] == {"name": name}
