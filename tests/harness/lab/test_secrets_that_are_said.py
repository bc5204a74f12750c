"""The judges compare what was said as it was said: a user may name a secret without harm to the bot."""

from __future__ import annotations

from pathlib import Path

import pytest
from ninelives.lab.run import run_scenario
from ninelives.lab.scenario_file import load
from ninelives.lab.services import as_factory
from pipecat_responses import OpenAIResponsesHttpLLMService, OpenAIResponsesLLMService

SAID = """
scenario: mine
steps:
- {user: My PIN is 4711., answer: Then your login code is 482913.}
- {user: The password is Zq8rW3xK7mP2vL9t., answer: I shall remember Zq8rW3xK7mP2vL9t.}
- {user: Is it right?, answer: It is.}
"""


@pytest.mark.parametrize("service", [OpenAIResponsesLLMService, OpenAIResponsesHttpLLMService])
def test_a_healthy_bot_keeps_its_promises(service: type, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(SAID, encoding="utf-8")
    outcome = run_scenario(load(tmp_path / "mine.yaml"), as_factory(service))
    assert [found.why for found in outcome.findings if found.held is False] == []
