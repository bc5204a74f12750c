"""What is remembered of bodies by their bytes is bounded, and nothing mixes them up."""

from __future__ import annotations

from mock_openai.bodies import MAX_SIZE, Bodies


def test_the_same_bytes_give_the_same_object_and_forms_are_kept_apart() -> None:
    bodies = Bodies()
    body = {"model": "gpt-4o"}
    bodies.keep("application/json", b"x", body)
    assert bodies.find("application/json", b"x") is body
    assert bodies.find("websocket", b"x") is None
    assert bodies.find("application/json", b"y") is None


def test_large_bodies_are_not_kept_and_never_many() -> None:
    bodies = Bodies()
    bodies.keep("json", b"x" * (MAX_SIZE + 1), {})
    assert bodies.find("json", b"x" * (MAX_SIZE + 1)) is None
    for number in range(1000):
        bodies.keep("json", b"%d" % number, {})
    assert sum(bodies.find("json", b"%d" % number) is not None for number in range(1000)) <= 128
    assert bodies.find("json", b"999") == {}
