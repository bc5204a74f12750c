"""A secret that the deltas of an answer spell together is struck out of the journal, however it is read."""

from __future__ import annotations

import json
from itertools import pairwise
from typing import Any

import aiohttp
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mock_openai import MockServer, Text, call, reply
from mock_openai.journal.entries import Entry
from mock_openai.journal.journal import Journal
from mock_openai.protocol.events import Event

KEY = "sk-proj-MARKa1B2c3D4e5F6g7H8i9J0"
SECRETS = [
    (KEY, "a1B2c3D4e5F6g7H8i9J0"),
    ("the password is MARK-hunter2-Zq8", "hunter2-Zq8"),
    ("postgres://bob:MARKpw7Rk2Lm9@db.example.com/x", "pw7Rk2Lm9"),
]
DELTA = "response.output_text.delta"


def journal_of(*pieces: str, closed: bool = True) -> Journal:
    """The journal of a turn whose text left in these pieces."""
    journal = Journal()
    for number, piece in enumerate(pieces):
        data = {
            "type": DELTA,
            "output_index": 0,
            "content_index": 0,
            "delta": piece,
            "sequence_number": number,
        }
        journal.note(Entry(0.0, 1, 1, None, "event", Event(DELTA, json.dumps(data).encode())))
    if closed:
        journal.note(
            Entry(1.0, 1, 1, None, "event", Event("response.completed", b'{"type":"response.completed"}'))
        )
    return journal


def text_in(journal: Journal) -> str:
    return "".join(json.loads(event.data)["delta"] for event in journal.events(DELTA))


@given(st.sampled_from(SECRETS), st.sets(st.integers(0, 60)), st.text(max_size=8), st.booleans())
def test_wherever_it_is_cut(secret: tuple[str, str], cuts: set[int], before: str, closed: bool) -> None:
    text = f"{before} {secret[0]} and that is all"
    places = sorted({0, len(text), *(cut for cut in cuts if cut < len(text))})
    pieces = [text[a:b] for a, b in pairwise(places)]
    journal = journal_of(*pieces, closed=closed)
    shown = text_in(journal)
    assert shown.endswith(" and that is all")
    assert "[redacted]" in shown
    assert not [
        part for part in (secret[1][at : at + 5] for at in range(len(secret[1]) - 4)) if part in shown
    ]
    raw = [json.loads(entry.data.data) for entry in journal.unredacted if isinstance(entry.data, Event)]
    assert raw[0]["delta"] == pieces[0]


@given(st.lists(st.sampled_from(["The ", "weather", " is", " fine.", "\n", "sk", "- ", "pass", "word"])))
def test_what_holds_none_is_shown_as_it_left(pieces: list[str]) -> None:
    assume("--password" not in "".join(pieces))  # what follows that is a secret, whatever it says
    journal = journal_of(*pieces)
    assert list(journal.entries) == list(journal.unredacted)


def test_while_it_is_being_sent_no_reader_sees_more_than_its_form() -> None:
    """Each character is a delta, and somebody looks after each."""
    journal = Journal()
    followed = ""
    for number, character in enumerate(f"your key: {KEY} bye"):
        data = {"type": DELTA, "output_index": 0, "delta": character, "sequence_number": number}
        journal.note(Entry(0.0, 1, 1, None, "event", Event(DELTA, json.dumps(data).encode())))
        followed += "".join(json.loads(one.data.data)["delta"] for one in journal.since(number))
        assert "a1B2" not in text_in(journal)
    assert "MARKa" not in followed
    assert text_in(journal) == "your key: sk-proj-[redacted] bye"


def test_a_reset_and_a_full_journal_forget_what_was_spelled() -> None:
    journal = journal_of("sk-proj-", KEY[8:])
    assert KEY[8:] not in text_in(journal)
    journal.clear()
    assert text_in(journal) == ""
    for entry in journal_of("Hello ", "there").unredacted:
        journal.note(entry)
    assert text_in(journal) == "Hello there"
    small = Journal(limit=10)
    for _ in range(20):
        for entry in journal_of("sk-proj-", KEY[8:], " bye").unredacted:
            small.note(entry)
        assert "MARK" not in text_in(small)
    assert text_in(small).endswith(" bye")


@pytest.mark.parametrize("transport", ["http", "websocket"])
async def test_it_is_nowhere_in_what_the_server_hands_out(transport: str) -> None:
    answer = Text(f"Use {KEY} for that.", deltas=list("Use ") + list(KEY) + [" for that."])
    script = [reply(answer, user="tell"), reply(call("save", key=KEY), user="save")]
    ask: dict[str, Any] = {"model": "gpt-4o", "stream": True}
    async with (
        MockServer(script) as server,
        aiohttp.ClientSession() as http,
    ):
        for ask["input"] in ("tell", "save"):
            if transport == "http":
                async with http.post(server.base_url + "/responses", json=ask) as response:
                    await response.read()
            else:
                async with http.ws_connect(server.ws_url) as socket:
                    await socket.send_json({**ask, "type": "response.create"})
                    while "response.completed" not in await socket.receive_str():
                        pass
        async with http.get(f"http://127.0.0.1:{server.port}/__mock__/journal") as response:
            told = await response.json()
        deltas = [
            one["data"]["data"] for one in told if one["kind"] == "event" and "delta" in str(one["data"])
        ]
        spelled = "".join(str(each.get("delta")) for each in deltas)
        assert "MARK" not in spelled
        assert "MARK" not in json.dumps(told)
        assert "MARK" not in b"".join(event.data for event in server.journal.events()).decode()
        assert "MARK" not in "".join(
            str(json.loads(event.data).get("delta", "")) for event in server.journal.events()
        )
        assert [said.text for said in server.journal.responses] == [f"Use {KEY} for that.", ""]
