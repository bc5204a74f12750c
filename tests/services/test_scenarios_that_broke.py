"""Scenarios that `ninelives explore` found and kept: each once broke a promise, and none may again."""

from __future__ import annotations

from pathlib import Path

from ninelives.lab import as_tests
from ninelives.lab.services import http, websocket

KEPT = Path(__file__).parent / "scenarios"
VOICED = Path(__file__).parent / "scenarios_with_a_voice"

test_over_a_websocket = as_tests(websocket, scenario_files=KEPT)
test_over_http = as_tests(http, scenario_files=KEPT)
test_over_a_websocket_with_a_voice = as_tests(websocket, scenario_files=VOICED, voice=True)
test_over_http_with_a_voice = as_tests(http, scenario_files=VOICED, voice=True)
