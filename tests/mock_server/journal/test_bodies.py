"""Bodies in the journal are searched for secrets when they are read, and show none to any reader."""

from __future__ import annotations

from typing import Any

import aiohttp
import pytest
from mock_openai import MockServer
from mock_openai.journal import redact
from mock_openai.journal.redact import REDACTED

from tests.mock_server.transport.bytewise import SCRIPT, wire

KEY = "kN3vT9xQ2mB7rL5wZ8yC4dF6"
"""A key of no known form: only who sent it in a header is known to have one."""


def shown_by(server: MockServer) -> list[Any]:
    entries = [one.data for one in server.journal.entries if one.kind == "request"]
    return [server.journal.requests, entries]


async def others(server: MockServer, number: int) -> None:
    """Let so many other clients come, each with a key of its own."""
    for each in range(number):
        key = f"hQ7{each:05}vT9xQ2mB7rL5"
        async with (
            aiohttp.ClientSession() as http,
            http.get(f"{server.base_url}/models", headers={"Authorization": f"Bearer {key}"}),
        ):
            pass


@pytest.mark.parametrize("early", ["requests", "entries", "responses", "nothing"])
async def test_a_key_is_gone_from_all_that_its_connection_did_however_many_clients_come(early: str) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    async with MockServer() as server, aiohttp.ClientSession(headers=headers) as http:

        async def say(text: str) -> None:
            ask = {"model": "gpt-4o", "input": text, "stream": True}
            async with http.post(f"{server.base_url}/responses", json=ask) as answer:
                assert KEY in await answer.text(), "it is repeated"

        await say(f"one {KEY}")
        await others(server, 300)
        getattr(server.journal, early, None)
        await say(f"two {KEY}")
        await others(server, 300)
        entries = server.journal.entries
        assert KEY not in str(entries)
        assert KEY not in str(shown_by(server))
        assert len({one.connection for one in entries if REDACTED in str(one.data) and one.turn}) == 1


async def test_a_body_that_comes_from_several_clients_shows_no_key_of_theirs() -> None:
    async with MockServer(SCRIPT) as server:
        for key in ("another7Key3vT9xQ", KEY):
            async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {key}"}) as http:
                ask = {"model": "gpt-4o", "input": f"hi, {KEY}"}
                async with http.post(f"{server.base_url}/responses", json=ask) as answer:
                    assert answer.status == 200
        assert KEY not in str(list(server.journal.entries)[-4:])


async def test_a_turn_does_not_wait_for_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    searched: list[object] = []
    found = redact.body

    def body(given: Any, *known: Any) -> Any:
        searched.append(given)
        return found(given, *known)

    monkeypatch.setattr(redact, "body", body)
    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:
        for number in range(3):
            await client.turn(f"hi {number}")
        assert not searched
        for _ in range(2):
            assert len(server.journal.requests) == 3
        assert len(searched) == 3, "each once"


@pytest.mark.parametrize("size", [0, 20_000])
async def test_a_test_judges_what_came_and_everything_else_shows_none_of_it(size: int) -> None:
    ask = {"model": "gpt-4o", "input": "My PIN is 4711.", "instructions": "much " * (size // 5)}
    async with MockServer() as server, aiohttp.ClientSession() as http:
        for _ in range(2):
            async with http.post(f"{server.base_url}/responses", json=ask) as answer:
                assert answer.status == 200
        for _ in range(2):
            assert [said.request for said in server.journal.responses] == [ask, ask]
            assert "4711" not in str(shown_by(server))


async def test_what_opens_the_servers_of_tools_is_in_no_copy() -> None:
    tool = {"type": "mcp", "server_label": "x", "server_url": "https://example.com", "authorization": "ab"}
    async with MockServer() as server, aiohttp.ClientSession() as http:
        ask = {"model": "gpt-4o", "input": "Hi", "tools": [tool]}
        async with http.post(f"{server.base_url}/responses", json=ask) as answer:
            await answer.read()
        assert server.journal.responses[0].request["tools"][0]["authorization"] == REDACTED
