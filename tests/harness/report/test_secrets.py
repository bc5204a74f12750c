"""No report shows a secret, whatever was said to a bot, and whatever it answered."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest
from ninelives.lab.episode import Finding
from ninelives.report import Chapter
from ninelives.report.checked import Checked
from ninelives.report.github import commands, summary
from ninelives.report.html import page
from ninelives.report.junit import junit
from ninelives.report.secrets import rows_without_secrets
from ninelives.report.timeline import DETAIL_LIMIT, Row, Timeline, from_exchanges, request_line

from tests.harness.report.test_reports import delta, tape

SECRET = "Zq8rW3xK7mP2vL9t4yB6"
SAID = f"my password is {SECRET}"


def windows(text: str, length: int = 8) -> list[str]:
    return [text[at : at + length] for at in range(len(text) - length + 1)]


def shown(text: str) -> list[str]:
    return [part for part in windows(SECRET) if part in text]


def event(text: str, number: int) -> Row:
    detail = json.dumps({"type": "response.output_text.delta", "delta": text, "sequence_number": number})
    return Row(2.0 + number / 10, "connection 1", "event", f'\u2190 output_text.delta "{text}"', detail)


@pytest.mark.parametrize("size", [1, 3, 7, 50])
def test_a_page_shows_no_secret_however_it_was_spoken(size: int) -> None:
    spoken = f"I have noted {SECRET} for you."
    parts = [spoken[at : at + size] for at in range(0, len(spoken), size)]
    rows = (
        Row(0.0, "user", "say", SAID),
        Row(1.0, "connection 1", "request", "\u2192 x", json.dumps({"input": SAID})),
        *(event(text, number) for number, text in enumerate(parts)),
        *(Row(5.0 + number, "bot", "text", text) for number, text in enumerate(parts)),
        Row(90.0, "tool", "call", f"save(it={SECRET!r})", SECRET),
    )
    finding = Finding("I1", False, f"heard {SECRET!r}")
    chapter = Chapter(SECRET, "A talk.", Timeline(rows), [finding], [(SAID, spoken)])
    text = page([chapter], f"about {SAID}", f"note: {SAID}")
    data = json.loads(text.partition('type="application/json">')[2].partition("</script>")[0])
    moments = "".join(str(text) for _, text, _ in data["moments"])
    assert not shown(text)
    assert not shown(moments.replace('"', "").replace("\u2190 output_text.delta ", ""))
    assert "I have noted" in text


@pytest.mark.parametrize("kind", ["event", "request"])
@pytest.mark.parametrize("name", ["password=", "Authorization: Bearer ", "key sk-proj-"])
def test_a_page_that_cuts_a_long_moment_shows_no_beginning_of_a_secret(kind: str, name: str) -> None:
    for before in range(DETAIL_LIMIT - 40, DETAIL_LIMIT):
        text = "a " * (before // 2) + f"{name}{SECRET} and so on"
        cut = f"{text[:DETAIL_LIMIT]}\n\u2026 {len(text) - DETAIL_LIMIT} more characters"
        rows = rows_without_secrets([Row(0.0, "connection 1", kind, "\u2190 x", cut)])
        assert not [part for part in windows(SECRET, 6) if part in rows[0].detail]


def test_a_page_about_a_cassette_with_a_secret_in_pieces_shows_none() -> None:
    key = "sk-proj-" + SECRET
    request = {"t": 0, "c": 1, "k": "request", "method": "POST", "path": "/v1/responses", "headers": {}}
    lines = [{**request, "body": {"model": "m", "input": "hi", "stream": True}}]
    lines += [{"t": 1, "c": 1, "k": "response", "status": 200, "headers": {}}]
    lines += [{"t": 2, "c": 1, "k": "event", "data": delta(key[at : at + 5])} for at in range(0, 28, 5)]
    text = page([Chapter("x", "y", from_exchanges(tape(*lines).exchanges))], "x")
    assert not [part for part in windows(SECRET, 5) if part in text]


@pytest.mark.parametrize("before", range(20, 60, 3))
def test_a_line_that_is_cut_shows_no_beginning_of_a_secret(before: int) -> None:
    body = {"model": "m", "input": f"{'x' * before} password={SECRET}"}
    assert not [part for part in windows(SECRET, 4) if part in request_line(body)]


@pytest.mark.parametrize("cut", [3990, 3995, 4010])
def test_a_detail_that_is_cut_shows_none_either(cut: int) -> None:
    text = f"{'word ' * (cut // 5)}password={SECRET}"
    detail = f"{text[:4000]}\n\u2026 {len(text) - 4000} more characters"
    whole = page([Chapter("x", "y", Timeline((Row(0.0, "tool", "call", "x", detail),)))], "x")
    assert not [part for part in windows(SECRET, 4) if part in whole]


def test_reports_for_machines_show_none() -> None:
    bad = Checked("bot.py", "g", SAID, problems=[f"I1: heard 'password: {SECRET}'"], talk=f"{SAID} -> ok")
    told = junit([bad], SAID)
    assert ElementTree.fromstring(told) is not None
    assert not shown(told + summary([bad], SAID) + "".join(commands([bad])))
