"""`ninelives show --html`: the page in a real browser, from disk, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ninelives.cassette import Cassette
from ninelives.cli import app
from typer.testing import CliRunner

from tests.browser import Tab, browser, find, tab

pytestmark = [
    pytest.mark.skipif(find() is None, reason="no chromium here (Debian's package `chromium`)"),
    pytest.mark.thorough,
]

CASSETTES = Path(__file__).parents[3] / "cassettes"


@pytest.fixture(scope="module")
def devtools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with browser(tmp_path_factory.mktemp("profile")) as address:
        yield address


def shown(cassette: Path, folder: Path) -> str:
    out = folder / "page.html"
    assert CliRunner().invoke(app, ["show", str(cassette), "--html", str(out)]).exit_code == 0
    return out.as_uri()


@pytest.fixture
def weather(devtools: str, tmp_path: Path) -> Iterator[Tab]:
    with tab(devtools) as page:
        page.open(shown(CASSETTES / "weather_over_websocket.jsonl", tmp_path))
        yield page
        assert page.complaints == []


@pytest.mark.thorough
def test_it_shows_the_conversation_and_every_moment(weather: Tab) -> None:
    exchanges = Cassette.load(CASSETTES / "weather_over_websocket.jsonl").exchanges
    events = sum(len(exchange.events) for exchange in exchanges)

    assert weather.texts("h1") == ["ninelives: weather_over_websocket.jsonl"]
    assert "What is the weather in Paris?" in weather.texts("#scenario dt")
    assert "It is 21 degrees and sunny in Paris this afternoon." in weather.texts("#scenario dd")
    assert len(weather.texts("#rows li")) >= events
    assert weather.run("document.querySelectorAll('.dot').length") == len(weather.texts("#rows li"))


def test_a_search_leaves_what_was_looked_for_and_escape_brings_all_back(weather: Tab) -> None:
    everything = weather.texts("#rows li")

    weather.press("/")
    for letter in "goodbye":
        weather.press(letter)

    found = weather.texts("#rows li")
    assert 0 < len(found) < len(everything)
    assert weather.texts("#count") == [f"{len(found)} of {len(everything)} moments"]
    assert {text.lower() for text in weather.texts("#rows mark")} <= {"goodbye"}

    weather.press("Escape")
    assert weather.texts("#rows li") == everything


def test_a_connection_can_be_hidden(devtools: str, tmp_path: Path) -> None:
    with tab(devtools) as page:
        page.open(shown(CASSETTES / "weather_over_sse.jsonl", tmp_path))
        everything = page.texts("#rows li")

        page.click("#lanes button", 0)
        left = page.texts("#rows li")
        assert left
        assert left == [row for row in everything if "connection 1" not in row]

        page.click("#lanes button", 0)
        assert page.texts("#rows li") == everything


def test_a_moment_opens_to_what_was_on_the_wire(weather: Tab) -> None:
    place = next(n for n, row in enumerate(weather.texts("#rows li")) if row.endswith("created"))

    weather.click("#rows li .t", place)
    assert '"type": "response.created"' in weather.texts("#rows pre")[0]

    weather.click("#rows li .t", place)
    assert weather.texts("#rows pre") == []


def test_the_keys_walk_through_the_moments(weather: Tab) -> None:
    first, second = weather.texts("#rows li")[:2]

    weather.press("ArrowDown")
    assert weather.texts("#rows li.on") == [first]
    weather.press("j")
    assert weather.texts("#rows li.on") == [second]
    weather.press("ArrowUp")
    assert weather.texts("#rows li.on") == [first]


@pytest.mark.parametrize("width", [400, 1200])
def test_light_and_dark_can_both_be_read(weather: Tab, width: int) -> None:
    backgrounds = set()
    for scheme in ("light", "dark"):
        weather.scheme(scheme)
        weather.picture(width, 800)
        ink, paper = weather.run(
            "['color', 'backgroundColor'].map(p => getComputedStyle(document.documentElement)[p])"
        )
        assert contrast(ink, paper) > 7, f"{scheme}: {ink} on {paper}"
        assert weather.run("document.documentElement.scrollWidth <= innerWidth"), f"{scheme} overflows"
        backgrounds.add(paper)
    assert len(backgrounds) == 2


def test_what_was_said_is_never_markup(devtools: str, tmp_path: Path) -> None:
    said = "</script><img src=x onerror=alert(1)><b>bold</b>"
    cassette = tmp_path / "markup.jsonl"
    text = (CASSETTES / "weather_over_websocket.jsonl").read_text("utf-8")
    cassette.write_text(text.replace("Thank you, goodbye.", said), "utf-8")

    with tab(devtools) as page:
        page.open(shown(cassette, tmp_path))
        assert said in page.texts("#scenario dt")
        assert page.run("document.querySelectorAll('img, #rows b').length") == 0
        assert page.complaints == []


def contrast(one: str, other: str) -> float:
    """The ratio of two colours' luminance, as the accessibility guidelines define it."""

    def luminance(colour: str) -> float:
        parts = [int(part) / 255 for part in colour.removeprefix("rgb(").rstrip(")").split(",")]
        red, green, blue = (p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
