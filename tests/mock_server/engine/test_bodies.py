"""What is remembered of bodies by their bytes is bounded, and nothing mixes them up."""

from __future__ import annotations

from mock_openai.bodies import LARGEST, MAX_SIZE, Bodies


def test_the_same_bytes_give_the_same_object_and_forms_are_kept_apart() -> None:
    bodies = Bodies()
    body = {"model": "gpt-4o"}
    bodies.keep("application/json", b"x", body)
    assert bodies.find("application/json", b"x") is body
    assert bodies.find("websocket", b"x") is None
    assert bodies.find("application/json", b"y") is None


def test_of_large_bodies_the_latest_is_kept_and_there_are_never_many() -> None:
    bodies = Bodies()
    large, other, huge = b"x" * (MAX_SIZE + 1), b"y" * (MAX_SIZE + 1), b"z" * (LARGEST + 1)
    bodies.keep("json", large, {"a": 1})
    assert bodies.find("json", large) == {"a": 1}
    assert bodies.find("websocket", large) is None
    bodies.keep("json", other, {})
    bodies.keep("json", huge, {})
    assert [bodies.find("json", one) for one in (large, other, huge)] == [None, {}, None]
    for number in range(1000):
        bodies.keep("json", b"%d" % number, {})
    assert sum(bodies.find("json", b"%d" % number) is not None for number in range(1000)) <= 128
    assert bodies.find("json", b"999") == {}
