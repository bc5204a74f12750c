"""The Node client `openai`, unmodified, over HTTP, SSE and its `ResponsesWS`."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

HOME = Path(__file__).parent / "openai_node"


@pytest.mark.thorough
@pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")
@pytest.mark.skipif(
    not (HOME / "node_modules" / "openai").exists(),
    reason="the Node client is not installed: `make clients` does it, with npm",
)
def test_the_node_client_loops_streams_chains_and_raises(told: Callable[..., Any]) -> None:
    assert told(["node", str(HOME / "program.mjs")]) == {
        "call": ["get_weather", '{"city":"Paris"}'],
        "tool loop": "It is 21 degrees in Paris.",
        "streamed": "Again: 21 degrees.",
        "its deltas": "Again: 21 degrees.",
        "unknown parent": "BadRequestError 400 previous_response_not_found",
        "unknown model": "BadRequestError 400 model_not_found",
        "wrong key": "AuthenticationError 401 invalid_api_key",
        "socket begins": ["response.created", "response.in_progress"],
        "socket chain": "Again: 21 degrees.",
        "socket, unknown parent": "previous_response_not_found",
        "socket, afterwards": "response.completed",
    }
