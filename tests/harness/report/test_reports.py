"""A recorded conversation becomes something to read, in a terminal and as a page that needs nothing else."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from typing import Any

from ninelives.cassette import Cassette
from ninelives.lab.episode import Finding
from ninelives.report import Chapter, conversation
from ninelives.report.html import page
from ninelives.report.terminal import marks, moments, talk
from ninelives.report.timeline import Row, Timeline, from_exchanges, merged
from rich.console import Console, Group, RenderableType

HEADER = {"ninelives": 1, "recorded": "2026-11-24T09:00:00Z", "upstream": "http://127.0.0.1:1"}
USAGE = {"input_tokens": 12, "output_tokens": 5}


def tape(*lines: dict[str, Any]) -> Cassette:
    return Cassette.parse(
        "".join(json.dumps(line) + "\n" for line in (HEADER, *lines)).encode(), "tape.jsonl"
    )


def socket_turn(t: int, body: dict[str, Any], *events: dict[str, Any]) -> list[dict[str, Any]]:
    sent = {"t": t, "c": 1, "k": "send", "data": {"type": "response.create", **body}}
    return [sent, *({"t": t + 100 * n, "c": 1, "k": "recv", "data": e} for n, e in enumerate(events, 1))]


OPEN = {"t": 0, "c": 1, "k": "open", "path": "/v1/responses", "headers": {}, "status": 101}
USER = {"role": "user", "content": "What is the weather in Paris?"}
CALL = {"type": "function_call", "call_id": "call_1", "name": "get_weather", "arguments": '{"city":"Paris"}'}


def created(number: int) -> dict[str, Any]:
    return {"type": "response.created", "response": {"id": f"resp_{number}", "status": "in_progress"}}


def completed(number: int) -> dict[str, Any]:
    response = {
        "id": f"resp_{number}",
        "status": "completed",
        "model": "gpt-4.1",
        "usage": USAGE,
        "output": [],
    }
    return {"type": "response.completed", "response": response}


def delta(text: str) -> dict[str, Any]:
    return {"type": "response.output_text.delta", "delta": text}


def weather() -> Cassette:
    output = {"type": "function_call_output", "call_id": "call_1", "output": "21 degrees"}
    return tape(
        OPEN,
        *socket_turn(
            0,
            {"model": "gpt-4.1", "input": [USER]},
            created(1),
            {"type": "response.output_item.done", "item": CALL},
            completed(1),
        ),
        *socket_turn(
            1000,
            {"model": "gpt-4.1", "input": [USER, CALL, output]},
            created(2),
            delta("It is "),
            delta("21 degrees."),
            completed(2),
        ),
        *socket_turn(
            2000,
            {"model": "gpt-4.1", "input": [{"role": "user", "content": "And then?"}]},
            created(3),
            delta("It <b>"),
        ),
        {"t": 2300, "c": 1, "k": "close", "by": "server", "code": 1011, "reason": "internal"},
    )


def rendered(what: RenderableType, width: int = 90) -> str:
    console = Console(file=io.StringIO(), width=width, highlight=False)
    console.print(what)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_conversation_says_who_said_what_which_tool_ran_and_what_it_cost() -> None:
    asked, answered, broken = conversation(weather().exchanges)
    assert asked.asked == (("user", "What is the weather in Paris?"),)
    assert asked.calls == (("get_weather", '{"city":"Paris"}'),)
    assert answered.asked == (("tool", "21 degrees"),)
    assert answered.said == "It is 21 degrees."
    assert answered.usage == (12, 5)
    assert answered.status == "completed"
    assert answered.first == 0.2
    assert broken.said == "It <b>"
    assert broken.broken
    assert broken.status == "cut off"
    assert "1011" in broken.ending


def test_a_plain_json_answer_and_an_error_are_read_too() -> None:
    def exchange(t: int, c: int, status: int, body: dict[str, Any]) -> list[dict[str, Any]]:
        request = {"model": "gpt-4.1", "input": "Hello?"}
        return [
            {
                "t": t,
                "c": c,
                "k": "request",
                "method": "POST",
                "path": "/v1/responses",
                "headers": {},
                "body": request,
            },
            {
                "t": t + 9,
                "c": c,
                "k": "response",
                "status": status,
                "headers": {"content-type": "application/json"},
            },
            {"t": t + 9, "c": c, "k": "body", "body": body},
            {"t": t + 9, "c": c, "k": "end"},
        ]

    message = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": "Good day."}],
    }
    whole = {"id": "resp_1", "status": "completed", "model": "gpt-4.1", "usage": USAGE, "output": [message]}
    told = conversation(
        tape(
            *exchange(0, 1, 200, whole),
            *exchange(50, 2, 429, {"error": {"message": "slow down"}}),
            *exchange(90, 3, 400, {"error": {"code": "invalid_value", "message": "no"}}),
        ).exchanges
    )
    assert told[0].asked == (("user", "Hello?"),)
    assert told[0].said == "Good day."
    assert told[0].status == "completed"
    assert told[1].status == "HTTP 429"
    assert told[2].status == "HTTP 400 (invalid_value)"


def test_the_terminal_shows_the_conversation_with_what_broke() -> None:
    text = " ".join(rendered(Group(*talk(conversation(weather().exchanges)))).split())
    assert "What is the weather in Paris?" in text
    assert 'get_weather(city="Paris")' in text
    assert "It is 21 degrees." in text
    assert "12 + 5 tokens" in text
    assert "broken off (close 1011 internal)" in text


def test_the_terminal_lists_every_moment() -> None:
    lines = [line.plain for line in moments(from_exchanges(weather().exchanges))]
    assert any('← output_text.delta "21 degrees."' in line for line in lines)
    assert any("broke off: close 1011" in line for line in lines)
    assert lines == sorted(lines, key=lambda line: float(line.split()[0]))


def test_marks_tell_kept_broken_and_silent_apart_without_colour() -> None:
    found = [Finding("I1", True), Finding("I2", False), Finding("I3", None)]
    assert marks(found).plain == "✓ ✗ ·"


class Outline(HTMLParser):
    """Collects what a browser would act on."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.tags: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name in ("src", "href", "data", "action")]


def drawn(*chapters: Chapter, title: str = "A title") -> tuple[str, dict[str, Any], Outline]:
    text = page(chapters, title)
    outline = Outline()
    outline.feed(text)
    found = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S)
    assert found is not None
    return text, json.loads(found[1]), outline


def test_a_page_needs_nothing_but_itself() -> None:
    timeline = from_exchanges(weather().exchanges)
    text, _, outline = drawn(Chapter("weather", "A conversation.", timeline))
    assert outline.links == ["data:,"]
    assert not re.search(r"(src|href)\s*=\s*[\"']?https?:|@import|url\(\s*[\"']?https?:", text)
    assert "prefers-color-scheme: dark" in text


def test_a_page_holds_every_row_in_order_with_its_place_on_the_axis() -> None:
    timeline = from_exchanges(weather().exchanges)
    _, data, _ = drawn(Chapter("weather", "A conversation.", timeline))
    (chapter,) = data["chapters"]
    assert len(chapter["rows"]) == len(timeline.rows)
    places = [row[0] for row in chapter["rows"]]
    assert places == sorted(places)
    assert chapter["lanes"] == ["fault", "connection 1"]


def test_what_was_said_can_never_become_markup() -> None:
    evil = "</script><script>alert(1)</script><img src=x onerror=alert(1)>{{style}}\u2028"
    timeline = Timeline((Row(0.0, "bot", "text", evil, evil),))
    chapter = Chapter(evil, evil, timeline, (Finding("I1", False, evil),), ((evil, evil),))
    text, data, outline = drawn(chapter, title=evil)
    assert "alert(1)</script>" not in text
    assert "img" not in outline.tags
    assert outline.tags.count("script") == 2
    assert data["moments"][data["chapters"][0]["rows"][0][3]][1] == evil
    assert data["chapters"][0]["title"] == evil


def test_timelines_merge_by_time_and_keep_order_within_a_moment() -> None:
    user = Timeline((Row(0.0, "user", "say", "hello"), Row(2.0, "user", "say", "bye")))
    wire = Timeline((Row(0.0, "connection 1", "request", "→"), Row(1.0, "connection 10", "event", "←")))
    both = merged(user, wire)
    assert [row.text for row in both.rows] == ["hello", "→", "←", "bye"]
    assert both.lanes == ["user", "connection 1", "connection 10"]
