"""The journal finds what a cassette finds, also where nothing but an entry before tells that it is secret."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from typing import Any

import aiohttp
import msgspec
import pytest
from mock_openai import MockServer, reply
from mock_openai.journal.budget import JournalBudget
from mock_openai.journal.entries import Body, Entry, Kept
from mock_openai.journal.journal import Journal
from mock_openai.journal.redact import credentials, headers, of_json, path
from mock_openai.protocol.events import Event
from mock_openai.redaction import SecretRedactor
from mock_openai.redaction.edits import Edit

from tests.mock_server.redaction.made_up import SECRETS
from tests.mock_server.redaction.notations import NOTATIONS

SECRET = "Zq8rW3xK7mP2vL9t"
PLACES: dict[str, Any] = {
    "a name and its value apart": {"input": [{"name": "DB_PASSWORD", "value": SECRET}]},
    "the name of a field": {"metadata": {f"password={SECRET}": "x"}},
    "an environment in a tool": {"tools": [{"type": "x", "env": [{"name": "API_TOKEN", "value": SECRET}]}]},
    "a table": {"input": "user\tpassword\nbob\t" + SECRET + "\n"},
    "a line of a log": {"input": f"Login: bob / {SECRET}"},
    "JSON in the text": {"input": json.dumps({"plainTextToken": SECRET})},
}


async def journal_after(*asked: Mapping[str, Any], path: str = "/responses", **script: Any) -> str:
    """Everything that the control API and Python tell of these requests, which come one after the other."""
    async with MockServer(**script) as server, aiohttp.ClientSession() as http:
        for body in asked:
            given = {"model": "gpt-4o", "input": "hi", "stream": True, **body}
            async with http.post(f"{server.base_url}{path}", json=given) as answer:
                await answer.read()
        control = f"http://127.0.0.1:{server.port}/__mock__/journal"
        async with http.get(control) as told:
            return await told.text() + str(list(server.journal.entries)) + str(server.journal.requests)


@pytest.mark.parametrize("place", PLACES)
async def test_a_secret_goes_wherever_it_stands_in_a_body(place: str) -> None:
    assert SECRET not in await journal_after(PLACES[place])


@pytest.mark.parametrize("place", ["a table", "a line of a log", "JSON in the text"])
async def test_an_answer_may_repeat_it_without_its_name(place: str) -> None:
    script = [reply(f"I shall remember {SECRET} for you.", user="")]
    told = await journal_after(PLACES[place], {"input": f"And {SECRET} again."}, script=script)
    assert SECRET not in told
    assert "I shall remember" in told.replace('"delta": ', "")


@pytest.mark.parametrize("seed", range(2))
async def test_rows_of_every_notation_are_gone_from_the_journal(seed: int) -> None:
    rows = {**NOTATIONS, **SECRETS}
    chosen = random.Random(seed).sample(sorted(rows), 60)
    made = [rows[name](random.Random(f"{name} journal {seed}")) for name in chosen]
    told = await journal_after(
        *({"input": text, "metadata": {text[:64]: "x"}} for text, _ in made), script=[reply("Well.")]
    )
    assert [name for name, (_, secret) in zip(chosen, made, strict=True) if secret in told] == []


def test_the_lane_of_an_entry_is_a_text_of_the_client() -> None:
    journal = Journal()
    event = Event("odd", b'{"type":"odd"}')
    journal.note(
        Entry(0.0, 1, 1, f"password={SECRET}", "request", {"body": {}}),
        Entry(0.0, 1, 1, f"password={SECRET}", "event", event),
        Entry(0.0, 1, 2, "second", "event", event),
    )
    assert [entry.lane for entry in journal.entries] == ["password=[redacted]"] * 2 + ["second"]


@pytest.mark.parametrize("name", ["Jenkins-Crumb", "X-Custom", "X-Auth-Key", "Api-Key", "Cookie"])
def test_a_header_goes_by_its_name_and_by_its_form(name: str) -> None:
    assert SECRET + "9" not in str(headers([(name, SECRET + "9")]))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("User-Agent", "AsyncOpenAI/Python 1.99.0"),
        ("X-Request-Id", "0b6f1c1e9a7d4c55b6f1c1e9a7d4c550"),
        ("X-Client-Request-Id", "0b6f1c1e9a7d4c55b6f1c1e9a7d4c550"),
        ("X-Call-Id", "CA0b6f1c1e9a7d4c55b6f1c1e9a7d4c550"),
        ("X-Call", "3f2a9c1e-77aa-4b1c-9f3e-1b2c3d4e5f60"),
        ("X-Room", "room-2024-11-30-main"),
        ("X-Mock-Session", "order-42-checkout"),
    ],
)
def test_what_names_nobody_stays(name: str, value: str) -> None:
    assert headers([(name, value)]) == {name.lower(): value}
    assert credentials([(name, value)]) == ()


async def test_what_a_header_says_may_be_said_again() -> None:
    given = {"X-Call-Id": "3f2a9c1e-77aa-4b1c-9f3e-1b2c3d4e5f60", "X-Mock-Session": "caller-0000000042"}
    ask = {
        "model": "gpt-4o",
        "input": "Hi",
        "metadata": {"call": given["X-Call-Id"], "of": "caller-0000000042"},
    }
    async with MockServer() as server, aiohttp.ClientSession(headers=given) as http:
        async with http.post(f"{server.base_url}/responses", json=ask) as answer:
            await answer.read()
        journal = server.session("caller-0000000042").journal
        assert journal.requests[0]["metadata"] == ask["metadata"]


async def test_a_secret_takes_no_neighbour_with_it() -> None:
    cut = f"<key>apiToken</key>\n<string>{SECRET}"
    ask = {"model": "gpt-4o", "input": "Hi", "metadata": {"cut": cut, "next": "plain words"}}
    async with MockServer() as server, aiohttp.ClientSession() as http:
        async with http.post(f"{server.base_url}/responses", json=ask) as answer:
            await answer.read()
        shown = {"cut": cut.replace(SECRET, "[redacted]"), "next": "plain words"}
        assert server.journal.requests[0]["metadata"] == shown


class OverTheEnd(SecretRedactor):
    """A redactor with a rule that looks over the end of a string."""

    def edits(self, data: bytes, *given: Any, **more: Any) -> list[Edit]:
        begin, end = data.find(b"secret"), data.find(b"over")
        return [Edit("odd", begin, end, b"[redacted]")] if 0 <= begin < end else []


def test_nor_does_one_that_seems_to_go_over_the_end_of_a_string() -> None:
    clean = of_json(rb'{"a":"b \"secret\\","c":"over"}', OverTheEnd(instead=b"[redacted]"))
    assert json.loads(clean) == {"a": 'b "[redacted]', "c": "over"}


def asked(turn: int, text: str) -> Kept:
    written = json.dumps({"input": text}).encode()
    return Kept(0.0, 1, turn, None, "request", b'{"method":"POST"}', Body(written, len(written)))


def said(turn: int, text: str) -> Entry:
    data = {"type": "response.output_text.done", "text": text}
    return Entry(0.0, 1, turn, None, "event", Event(data["type"], json.dumps(data).encode()))


def journal_of_a_large_answer() -> Journal:
    journal = Journal()
    journal.note_kept(asked(1, f"password={SECRET}"))
    journal.note(said(1, "much " * 20_000 + f"I know {SECRET} well"))
    return journal


async def test_a_large_event_is_read_after_those_before_it_whoever_asks() -> None:
    assert SECRET not in str(list(journal_of_a_large_answer().entries))
    assert SECRET not in str(list(await journal_of_a_large_answer().look()))


async def test_a_large_event_shows_no_key_of_its_connection_however_many_clients_came() -> None:
    journal = Journal()
    for number in range(300):
        journal.redactor.meet(number + 1, (SECRET.encode() if not number else b"hQ7%05dvT9xQ2mB7" % number,))
    journal.note(said(1, "much " * 20_000 + SECRET))
    assert SECRET not in str(list(await journal.look()))


def test_a_large_body_that_was_searched_as_it_came_is_searched_again_for_what_was_named_before() -> None:
    journal = Journal()
    journal.note_kept(asked(1, f"password={SECRET}"))
    large = asked(2, "much " * 20_000 + f"{SECRET} again")
    assert large.body is not None
    large.body = Body.searched_before(msgspec.Raw(large.body.written), journal.redactor)
    journal.note_kept(large)
    assert SECRET not in str(list(journal.entries))


def test_the_requests_hide_what_an_answer_named() -> None:
    journal = Journal()
    journal.note_kept(asked(1, "Hi"))
    journal.note(said(1, f"Your password: {SECRET}."))
    journal.note_kept(asked(2, f"Again {SECRET}"))
    assert SECRET not in str(journal.requests)


def test_a_reset_forgets_what_was_secret_but_not_the_keys_of_open_connections() -> None:
    journal = Journal()
    for number, key in enumerate((b"hQ7first0vT9xQ2mB7", b"hQ7other0vT9xQ2mB7"), 1):
        journal.redactor.meet(number, (key,))
    journal.note_kept(asked(1, "password=Summer2024x"))
    journal.note(Entry(0.0, 2, None, None, "close", {"by": "client"}))
    assert "Summer2024x" not in str(journal.requests)
    journal.clear()
    journal.note_kept(asked(2, "Summer2024x is a fair: hQ7first0vT9xQ2mB7 hQ7other0vT9xQ2mB7"))
    assert journal.requests == [{"input": "Summer2024x is a fair: [redacted] hQ7other0vT9xQ2mB7"}]


def test_an_endless_change_of_keys_on_one_connection_is_bounded() -> None:
    journal = Journal()
    for number in range(1_000):
        journal.redactor.meet(1, (b"hQ7%05dvT9xQ2mB7" % number,))
    learned = journal.redactor.known.count
    for _ in range(10):
        journal.redactor.of(1)
    assert journal.redactor.known.count == learned, "all that are kept are known at once"


@pytest.mark.parametrize(
    "given",
    [
        f"/v1/responses?my+password+is+{SECRET}=x",
        f"/v1/responses?X-Api-Key%3A+{SECRET}",
        f"/v1/responses/user%3BPasswort%0Abob%3B{SECRET}%0A",
        f"/v1/responses/password%3D{SECRET}",
    ],
)
def test_a_secret_may_be_a_name_or_a_step_of_a_path(given: str) -> None:
    assert SECRET not in path(given)


@pytest.mark.parametrize("given", ["/v1/responses/resp_a%20b/c?limit=2&x=a%2Fb", "/v1/%E2%82%AC/%zz"])
def test_another_path_stays_as_it_is(given: str) -> None:
    assert path(given) == given


async def test_the_next_key_of_a_connection_is_known_as_well() -> None:
    keys = [f"kN3vT9xQ2mB7rL5w{number}" for number in range(3)]
    async with MockServer() as server, aiohttp.ClientSession() as http:
        for key in keys:
            ask = {"model": "gpt-4o", "input": f"hi {key}"}
            bearer = {"Authorization": f"Bearer {key}"}
            async with http.post(f"{server.base_url}/responses", json=ask, headers=bearer) as answer:
                assert key in await answer.text()
        assert server.journal.connections == 1
        assert not [key for key in keys if key in str(list(server.journal.entries))]


def test_a_secret_at_the_end_of_what_is_kept_of_a_large_event_is_gone() -> None:
    journal = Journal(budget=JournalBudget(longest=2000))
    for filler in range(960, 1030):
        text = "x" * filler + f" password={SECRET} and more" + " words" * 500
        journal.note(Entry(0.0, 1, 1, None, "event", Event("odd", json.dumps({"text": text}).encode())))
    parts = [SECRET[at : at + 4] for at in range(len(SECRET) - 3)]
    assert [part for part in parts if part in str(list(journal.entries))] == []


@pytest.mark.parametrize("before", range(0, 80, 7))
async def test_an_improvised_answer_cuts_no_key_in_two(before: int) -> None:
    key = "e41d8CD98f00b204e9800998ecf8427e" * 2
    text = ("words " * 20)[:before] + f" openssl enc -K {key}"
    told = await journal_after({"input": text})
    assert not [part for part in (key[at : at + 8] for at in range(56)) if part in told]
