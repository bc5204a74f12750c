"""Stories that `ninelives explore` found and kept: each once broke a promise, and none may again."""

from __future__ import annotations

from pathlib import Path

from ninelives.lab import as_tests
from ninelives.lab.services import http, websocket

STORIES = Path(__file__).parent / "stories"

test_over_a_websocket = as_tests(websocket, stories=STORIES)
test_over_http = as_tests(http, stories=STORIES)
test_over_a_websocket_with_a_voice = as_tests(websocket, stories=f"{STORIES}_with_a_voice", voice=True)
test_over_http_with_a_voice = as_tests(http, stories=f"{STORIES}_with_a_voice", voice=True)
