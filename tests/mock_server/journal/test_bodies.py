"""Bodies in the journal are searched for secrets when they are read, and show none to any reader."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import pytest
from mock_openai import MockServer
from mock_openai.journal import redact
from mock_openai.journal.redact import ALWAYS_KNOWN, REDACTED
from mock_openai.redaction import SecretRedactor

from tests.mock_server.transport.bytewise import SCRIPT, wire

KEY = "kN3vT9xQ2mB7rL5wZ8yC4dF6"
"""A key of no known form: only who sent it in a header is known to have one."""


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch: pytest.MonkeyPatch) -> None:
    """Begin with a server that has seen no client: what is known belongs to the process."""
    monkeypatch.setattr(redact, "_redactor", SecretRedactor(instead=REDACTED.encode()))
    monkeypatch.setattr(redact, "forgets", False)
    monkeypatch.setattr(redact, "before", None)
    monkeypatch.setattr(redact, "backlogs", weakref.WeakSet())


def others(number: int) -> None:
    """Let so many other clients come, each with a key of its own."""
    for each in range(number):
        redact.headers([("Authorization", f"Bearer hQ7{each:05}vT9xQ2mB7rL5")])


def shown_by(server: MockServer) -> list[Any]:
    journal = server.journal
    entries = [
        [one.data for one in kind if one.kind == "request"] for kind in (journal.entries, journal.unredacted)
    ]
    return [journal.requests, *entries]


@pytest.mark.parametrize("before", [0, ALWAYS_KNOWN, 2 * ALWAYS_KNOWN + 10])
@pytest.mark.parametrize("after", [0, ALWAYS_KNOWN, 2 * ALWAYS_KNOWN + 10])
async def test_a_key_in_a_body_is_gone_however_many_clients_come(before: int, after: int) -> None:
    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:
        others(before)
        redact.headers([("Authorization", f"Bearer {KEY}")])
        for _ in range(3):
            await client.turn(f"hi, my key is {KEY}")
        others(after)
        for shown in shown_by(server):
            assert len(shown) == 3
            assert KEY not in str(shown)
            assert str(shown).count(REDACTED) == 3


async def test_a_body_that_was_cleared_from_the_journal_is_searched_when_it_comes_again() -> None:
    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:
        redact.headers([("Authorization", f"Bearer {KEY}")])
        await client.turn(f"hi, my key is {KEY}")
        server.journal.clear()
        others(ALWAYS_KNOWN)
        await client.turn(f"hi, my key is {KEY}")
        others(2 * ALWAYS_KNOWN)
        assert KEY not in str(shown_by(server))


@pytest.mark.parametrize("when", ["before the search", "after it"])
async def test_a_flood_of_credentials_searches_no_body_on_the_loop(
    when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    searched: list[object] = []
    begun: list[Callable[[], object]] = []
    found = redact.body

    def body(given: Any, *known: Any) -> Any:
        searched.append(given)
        return found(given, *known)

    monkeypatch.setattr(redact, "body", body)
    monkeypatch.setattr(redact, "begin_in_thread", begun.append)
    async with MockServer(SCRIPT) as server, wire(server, upgrade=True) as client:
        redact.headers([("Authorization", f"Bearer {KEY}")])
        for number in range(20):
            await client.turn(f"hi {number}, my key is {KEY}")
        others(3 * ALWAYS_KNOWN)
        assert not searched, "of 20 bodies none between two steps of the loop"
        (search,) = begun
        if when == "after it":
            search()
            assert len(searched) == 20
            assert redact.before is None
        assert KEY not in str(shown_by(server)), "the server has forgotten it, the search has not"
        assert len(searched) == 20


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
