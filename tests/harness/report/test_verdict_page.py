"""`ninelives verdict --html` in a real browser: many scenarios on one page, listed, chosen and linked to."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ninelives.cli import app
from ninelives.lab.episode import Finding
from ninelives.lab.scenario import CHAPTERS
from ninelives.lab.scenarios import scenarios
from ninelives.report.html import anchors, page
from ninelives.report.timeline import Chapter, Row, Timeline
from typer.testing import CliRunner

from tests.browser import Tab, browser, find, tab

in_a_browser = [
    pytest.mark.skipif(find() is None, reason="no chromium here (Debian's package `chromium`)"),
    pytest.mark.thorough,
]

BYTES_A_MOMENT = 140
"""Bytes of the page for one thing that happened, its JSON and its place on the axis included."""

NODES_A_SCENARIO = 8
"""Elements for a scenario in the list."""

NODES_A_MOMENT = 6
"""Elements for one thing that happened in the scenario that is open."""

NODES_ELSE = 400
"""Elements of the page itself: the tools, the filters, the promises, the axis."""


def verdict(out: Path, *arguments: str) -> list[dict[str, Any]]:
    found = out.with_suffix(".json")
    CliRunner().invoke(app, ["verdict", *arguments, "--html", str(out), "--json", str(found)])
    told: list[dict[str, Any]] = json.loads(found.read_text("utf-8"))
    return [each for each in told if each["applies"]]


@pytest.fixture(scope="module")
def devtools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with browser(tmp_path_factory.mktemp("profile")) as address:
        yield address


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    """A page on which something is broken, and what it must show."""
    out = tmp_path_factory.mktemp("verdict") / "page.html"
    return out, verdict(out, "ninelives.lab.services:pipecat_websocket", "--scenario", "reset_*")


@pytest.fixture
def opened(devtools: str, judged: tuple[Path, list[dict[str, Any]]]) -> Iterator[Tab]:
    with tab(devtools) as opened:
        opened.open(judged[0].as_uri())
        yield opened
        assert opened.complaints == []


def names(found: list[dict[str, Any]]) -> list[str]:
    return [each["scenario"].replace("_", " ") for each in found]


def broken(found: list[dict[str, Any]], promise: str | None = None) -> list[dict[str, Any]]:
    return [
        each
        for each in found
        if any(f["held"] is False and promise in (None, f["promise"]) for f in each["findings"])
    ]


def choose(opened: Tab, select: str, value: str) -> None:
    opened.run(
        f"(() => {{ const e = document.getElementById({select!r}); e.value = {value!r};"
        "e.dispatchEvent(new Event('change', { bubbles: true })); return e.value; })()"
    )


LISTED = "#chapters a span"


@pytest.mark.usefixtures("judged")
class TestInABrowser:
    """One verdict, several looks at it."""

    pytestmark = in_a_browser

    def test_it_opens_at_the_first_scenario_that_broke(self, opened: Tab, judged: Any) -> None:
        told = {each["scenario"].replace("_", " "): each for each in broken(judged[1])}
        first = next(told[name] for name in opened.texts(LISTED) if name in told)
        assert opened.texts("#chapters [aria-current] span") == names([first])
        assert opened.texts("#scenario p")[0] == first["sentence"]
        assert opened.run("location.hash") == f"#{first['scenario']}"

    def test_the_key_b_leaves_the_broken_ones(self, opened: Tab, judged: Any) -> None:
        found = judged[1]
        assert sorted(opened.texts(LISTED)) == sorted(names(found))
        opened.press("b")
        assert sorted(opened.texts(LISTED)) == sorted(names(broken(found)))
        many = len(broken(found))
        assert 0 < many < len(found)
        assert opened.texts("#found") == [f"{many} of {len(found)} scenarios, {many} broken"]
        opened.press("b")
        assert sorted(opened.texts(LISTED)) == sorted(names(found))

    def test_the_key_d_sorts_by_dead_air(self, opened: Tab, judged: Any) -> None:
        listed = opened.texts(LISTED)
        opened.press("d")
        dead_air = {
            name: each["latency"]["longest_dead_air"] or -1.0
            for name, each in zip(names(judged[1]), judged[1], strict=True)
        }
        told = [dead_air[name] for name in opened.texts(LISTED)]
        assert told == sorted(told, reverse=True)
        assert len(set(told)) > 1
        opened.press("d")
        assert opened.texts(LISTED) == listed

    def test_a_promise_leaves_what_tries_or_broke_it(self, opened: Tab, judged: Any) -> None:
        promise = next(f["promise"] for f in broken(judged[1])[0]["findings"] if f["held"] is False)
        choose(opened, "promise", promise)
        tried = {name for name, each in scenarios().items() if promise in each.about}
        wanted = {each["scenario"] for each in broken(judged[1], promise)} | tried
        assert set(opened.texts(LISTED)) == {
            each["scenario"].replace("_", " ") for each in judged[1] if each["scenario"] in wanted
        }
        opened.press("b")
        assert sorted(opened.texts(LISTED)) == sorted(names(broken(judged[1], promise)))

    def test_a_chapter_leaves_its_own(self, opened: Tab, judged: Any) -> None:
        here = {scenarios()[each["scenario"]].chapter for each in judged[1]}
        assert opened.texts("#chapters h2") == [chapter for chapter in CHAPTERS if chapter in here]
        chapter = opened.texts("#chapters h2")[-1]
        choose(opened, "group", chapter)
        assert opened.texts(LISTED) == [
            each["scenario"].replace("_", " ")
            for each in judged[1]
            if scenarios()[each["scenario"]].chapter == chapter
        ]

    def test_every_scenario_has_a_link(self, devtools: str, judged: Any) -> None:
        last = judged[1][-1]
        with tab(devtools) as other:
            other.open(f"{judged[0].as_uri()}#{last['scenario']}")
            assert other.texts("#scenario p")[0] == last["sentence"]
            other.click("#chapters a", 0)
            other.run("new Promise(done => setTimeout(done, 0))")
            assert other.texts("#chapters [aria-current] span") == other.texts(LISTED)[:1]
            hashes = other.run("[...document.querySelectorAll('#chapters a')].map(a => a.hash)")
            assert sorted(hashes) == sorted(f"#{each['scenario']}" for each in judged[1])

    def test_the_keys_n_and_p_turn_the_pages_of_what_is_listed(self, opened: Tab) -> None:
        opened.press("b")
        listed = opened.texts(LISTED)
        opened.press("n")
        assert opened.texts("#chapters [aria-current] span") == listed[1:2]
        opened.press("p")
        opened.press("p")
        assert opened.texts("#chapters [aria-current] span") == listed[:1]

    def test_a_list_box_keeps_its_own_keys(self, opened: Tab) -> None:
        opened.run("document.getElementById('promise').focus()")
        opened.press("ArrowDown")
        assert opened.texts("#rows li.on") == []

    def test_nothing_is_allowed_but_what_the_page_brings(self, opened: Tab) -> None:
        opened.run(
            "(() => { const s = document.createElement('script'); s.textContent = 'window.foreign = 1';"
            "document.body.append(s); const i = new Image(); i.src = 'http://127.0.0.1:9/x'; })()"
        )
        assert opened.run("window.foreign === undefined")
        refused = [each for each in opened.complaints if "Content Security Policy" in each]
        assert len(refused) == 2
        opened.complaints.clear()


@pytest.mark.thorough
@pytest.mark.parametrize("bot", ["pipecat_responses:OpenAIResponsesLLMService"])
def test_all_scenarios_stay_within_what_opens_at_once(devtools: str, bot: str, tmp_path: Path) -> None:
    """Bytes and elements are what the time to open goes by: measured, 0.3 s for a page of 177 scenarios."""
    if find() is None:
        pytest.skip("no chromium here (Debian's package `chromium`)")
    out = tmp_path / "page.html"
    told = verdict(out, bot)
    assert len(told) >= 150
    text = out.read_text("utf-8")
    data = json.loads(re.findall(r'<script id="data" type="application/json">(.*?)</script>', text)[0])
    moments = sum(len(each["rows"]) for each in data["chapters"])
    assert len(text.encode()) < BYTES_A_MOMENT * moments
    with tab(devtools) as opened:
        opened.open(out.as_uri())
        assert len(opened.texts(LISTED)) == len(told)
        shown = len(opened.texts("#rows li"))
        nodes = opened.run("document.querySelectorAll('*').length")
        assert nodes < NODES_A_SCENARIO * len(told) + NODES_A_MOMENT * shown + NODES_ELSE
        assert opened.complaints == []


# Without a browser ------------------------------------------------------------------------------------------


def chapter(title: str, bot: str = "", **more: Any) -> Chapter:
    return Chapter(title, "A sentence.", Timeline((Row(0.0, "bot", "text", "Hello"),)), bot=bot, **more)


def test_a_link_does_not_depend_on_what_else_is_on_the_page() -> None:
    assert anchors([chapter("reset in mid call"), chapter("calm")]) == ["reset_in_mid_call", "calm"]
    assert anchors([chapter("calm")]) == ["calm"]
    assert anchors([chapter("calm", bot="a.py:bot"), chapter("calm", bot="b.py:bot")]) == [
        "a.py_bot_calm",
        "b.py_bot_calm",
    ]


def test_no_two_links_are_the_same() -> None:
    told = [chapter("calm"), chapter("calm"), chapter("#?"), chapter("&/"), chapter("“é”")]
    assert anchors(told) == ["calm", "calm~2", "timeline", "timeline~2", "é"]


def test_what_several_scenarios_have_in_common_is_written_once() -> None:
    why = "there was nothing that could have been spoken twice"
    many = [chapter(f"scenario {n}", findings=(Finding("I1", True, why),)) for n in range(200)]
    text = page(many, "many")
    assert text.count(why) == 1
    assert text.count('"Hello"') == 1
