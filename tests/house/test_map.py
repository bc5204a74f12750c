"""The map of the house is drawn from the imports, and shows what is there."""

from __future__ import annotations

import re
from collections import Counter
from xml.etree import ElementTree

import pytest

from docs import house_map
from docs.house_map import PICTURE, House, draw, survey

SVG = "{http://www.w3.org/2000/svg}"


def test_every_room_stands_above_all_that_it_imports_but_for_the_arrows_that_lead_up() -> None:
    house = survey()
    assert {"mock_openai.protocol", "ninelives.lab", "pipecat_responses.websocket"} <= house.says.keys()
    assert house.floors["mock_openai.server"] > house.floors["mock_openai.protocol"]
    inside = [arrow for arrow in house.arrows if {*arrow} <= house.floors.keys()]
    up = [
        arrow for arrow in inside if arrow[0].split(".")[0] == arrow[1].split(".")[0] and house.goes_up(arrow)
    ]
    assert len(up) < len(inside) / 10, "most imports must lead down, or the floors mean nothing"


def test_each_room_is_drawn_once_with_what_it_is() -> None:
    house = survey()
    picture = ElementTree.fromstring(draw())
    titles = [title.text or "" for title in picture.iterfind(f".//{SVG}g/{SVG}title")]
    assert Counter(title.split(":")[0] for title in titles) == Counter(house.says.keys())
    assert [title for title in titles if not title.split("\n")[0].partition(": ")[2]] == []


def test_the_weaker_side_of_a_circle_is_the_arrow_that_leads_up() -> None:
    says = {"ninelives.a": "A", "ninelives.b": "B", "mock_openai.x": "X", "pipecat_responses.y": "Y"}
    arrows = {("ninelives.a", "ninelives.b"): 3, ("ninelives.b", "ninelives.a"): 1}
    floors = house_map.floors(["ninelives.a", "ninelives.b"], arrows)
    assert floors == {"ninelives.a": 1, "ninelives.b": 0}
    house = House(says, arrows, {**floors, "mock_openai.x": 0, "pipecat_responses.y": 0})
    drawn = draw(house)
    assert drawn.count('class="arrow up"') == 1
    assert "<title>b imports a (files: 1)</title>" in drawn


def test_the_page_on_design_names_every_room() -> None:
    page = (PICTURE.parents[1] / "understand" / "design.md").read_text("utf-8")
    rooms = {room.partition(".")[2] for room in survey().says}
    assert [room for room in sorted(rooms) if not re.search(rf"\b{room}(\.py|/)", page)] == []


@pytest.mark.thorough  # so that nobody is stopped by a new import; CI says when the picture is out of date
def test_the_picture_of_the_repository_is_of_today() -> None:
    assert PICTURE.read_text("utf-8") == draw(), "run `make map` and commit docs/images/house.svg"
