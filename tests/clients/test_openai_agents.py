"""openai-agents, unmodified, over HTTP and over its WebSocket model."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HOME = Path(__file__).parent / "openai_agents"
SITE = HOME / ".site"
ANSWER = "It is 21 degrees in Paris."
ERRORS = {
    "http": {
        "unknown parent": ("BadRequestError: ", "Previous response with id 'resp_x' not found."),
        "unknown model": ("BadRequestError: ", "The requested model 'no-such-model' does not exist."),
        "wrong key": ("AuthenticationError: ", "Incorrect API key provided: sk-wrong"),
    },
    "websocket": {
        "unknown parent": ("ResponsesWebSocketError: ", '"code": "previous_response_not_found"'),
        "unknown model": ("ResponsesWebSocketError: ", '"code": "model_not_found"'),
        "wrong key": ("InvalidStatus: ", "HTTP 401"),
    },
}
"""What it raises, and what that says."""


@pytest.mark.thorough
@pytest.mark.skipif(
    not (SITE / "agents").exists(), reason="openai-agents is not installed: `make clients` does it"
)
@pytest.mark.parametrize("transport", ["http", "websocket"])
def test_openai_agents_loops_streams_chains_and_raises(told: Callable[..., Any], transport: str) -> None:
    # Its folder goes first: there is the websockets that it asks for, older than the project's.
    path = os.pathsep.join([str(SITE), os.environ.get("PYTHONPATH", "")])
    seen = told([sys.executable, str(HOME / "program.py"), transport], PYTHONPATH=path)
    assert seen["tool loop"] == ANSWER
    assert seen["its items"] == ["ToolCallItem", "ToolCallOutputItem", "MessageOutputItem"]
    assert seen["streamed"] == seen["its deltas"] == ANSWER
    assert seen["chain"] == "Again: 21 degrees."
    assert seen["automatic chain"] == ANSWER
    for asked, (error, words) in ERRORS[transport].items():
        assert seen[asked].startswith(error)
        assert words in seen[asked]
    assert seen["afterwards"] == ANSWER
