"""What is remembered of requests by their bytes is bounded, and nothing mixes them up."""

from __future__ import annotations

import msgspec
from mock_openai.journal.redact import JournalRedactor
from mock_openai.protocol import json
from mock_openai.turn.request_cache import LARGEST, MAX_SIZE, RequestCache


def test_the_same_bytes_give_the_same_object_and_forms_are_kept_apart() -> None:
    requests = RequestCache()
    received = requests.keep("application/json", b"x", {"model": "gpt-4o"})
    assert not received.again
    assert requests.find("application/json", b"x") is received
    assert received.again
    assert requests.find("websocket", b"x") is None
    assert requests.find("application/json", b"y") is None


def test_of_large_bodies_the_latest_is_kept_and_there_are_never_many() -> None:
    requests = RequestCache()
    large, other, huge = b"x" * (MAX_SIZE + 1), b"y" * (MAX_SIZE + 1), b"z" * (LARGEST + 1)
    first = requests.keep("json", large, {"a": 1})
    assert requests.find("json", large) is first
    assert requests.find("websocket", large) is None
    second = requests.keep("json", other, {})
    requests.keep("json", huge, {})
    assert [requests.find("json", one) for one in (large, other, huge)] == [None, second, None]
    for number in range(1000):
        latest = requests.keep("json", b"%d" % number, {})
    assert sum(requests.find("json", b"%d" % number) is not None for number in range(1000)) <= 128
    assert requests.find("json", b"999") is latest


def test_a_large_body_is_found_although_another_thread_brings_the_next_meanwhile() -> None:
    requests = RequestCache()
    mine, other = b"x" * (MAX_SIZE + 1), b"y" * (MAX_SIZE + 1)
    first = requests.keep("json", mine, {"mine": True})

    class SwitchingThreads(str):
        """The point at which the interpreter may switch to another thread: the comparison."""

        __hash__ = str.__hash__

        def __eq__(self, kept: object) -> bool:
            requests.keep("json", other, {"mine": False})
            return str.__eq__(self, kept)

    assert requests.find(SwitchingThreads("json"), mine) is first


def test_a_body_that_two_threads_note_at_once_is_cut_once() -> None:
    received = RequestCache().keep("json", b"x" * (MAX_SIZE + 1), {"input": "long " * 100})
    redactor = JournalRedactor(9)
    for _ in range(2):
        received.note_as(redactor, lambda body: msgspec.Raw(json.compact({"cut": len(body)})))
    noted = received.noted(redactor).clean(redactor)
    assert json.parse(noted) == {"cut": len(json.compact(received.body))}
