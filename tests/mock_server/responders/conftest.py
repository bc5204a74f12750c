"""What the responders' tests share: a turn made from a request, and the text of an answer."""

from collections.abc import Callable
from typing import Any

import pytest
from mock_openai.protocol.request import parse_request
from mock_openai.responders import Turn


@pytest.fixture(autouse=True)
def unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bound patterns by their steps, and by the limit of the engine for one search: how much processor
    time the others take depends on the machine.
    """
    monkeypatch.setattr("time.thread_time", lambda: 0.0)


@pytest.fixture
def turn() -> Callable[..., Turn]:
    def make(
        said: str | list[dict[str, Any]] = "hello",
        *,
        history: tuple[dict[str, Any], ...] = (),
        transport: Any = "websocket",
        **fields: Any,
    ) -> Turn:
        body = {"model": "gpt-4o", "input": said, **fields}
        return Turn(body, transport, parse_request(body, transport=transport), history=history)

    return make
