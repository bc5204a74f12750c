"""Pipecat's own examples, with one import changed, under the verdict: they are what newcomers try first.

They are in neither the wheel nor the source distribution of `pipecat-ai`, and none of them is copied here:
`NINELIVES_PIPECAT` names a checkout of Pipecat's repository.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from .conftest import Newcomer, _venv

CHECKOUT = Path(os.environ.get("NINELIVES_PIPECAT", "../pipecat"))
EXTRAS = "deepgram,cartesia,webrtc,daily,runner"

RESPONSES = [
    "voice/voice-openai-responses.py",
    "voice/voice-openai-responses-http.py",
    "function-calling/function-calling-openai-responses.py",
    "function-calling/function-calling-openai-responses-http.py",
    "persistent-context/persistent-context-openai-responses.py",
    "thinking/thinking-openai-responses.py",
    "update-settings/llm/llm-openai-responses.py",
    "features/features-app-resources.py",
]
"""Examples of the two Responses services."""

CHAT = [
    "features/features-dtmf-menu.py",
    "features/features-live-translation.py",
    "features/features-switch-languages.py",
    "features/features-voicemail-detection.py",
]
"""Examples that use Chat Completions, and work with a Responses service in its place."""

_IMPORTS = (
    (r"^from pipecat\.services\.openai\.responses\.llm import", "from pipecat_responses import"),
    (
        r"^from pipecat\.services\.openai\.llm import OpenAILLMService$",
        "from pipecat_responses import OpenAIResponsesLLMService as OpenAILLMService",
    ),
)


@pytest.fixture(scope="module")
def with_extras(dist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The commands of an environment with the speech services that the examples use."""
    if not (CHECKOUT / "examples").is_dir():
        pytest.skip(f"no Pipecat's repository at {CHECKOUT}; NINELIVES_PIPECAT names another place")
    (wheel,) = dist.glob("*.whl")
    folder = tmp_path_factory.mktemp("examples") / "venv"
    return _venv(folder, f"ninelives[pipecat] @ {wheel.as_uri()}", f"pipecat-ai[{EXTRAS}]")


@pytest.mark.parametrize("name", RESPONSES + CHAT)
def test_it_keeps_every_promise_with_one_import_changed(with_extras: Path, tmp_path: Path, name: str) -> None:
    text = (CHECKOUT / "examples" / name).read_text("utf-8")
    changes = 0
    for old, new in _IMPORTS:
        text, count = re.subn(old, new, text, flags=re.MULTILINE)
        changes += count
    assert changes == 1
    newcomer = Newcomer(tmp_path, with_extras)
    newcomer.write("bot.py", text)
    said = newcomer.types("ninelives verdict bot.py --scenario 'reset_in_mid_*'")
    assert "every promise was kept in 2 scenarios, called with a voice" in said


@pytest.mark.parametrize("name", CHAT)
def test_unchanged_it_is_told_which_lines_to_change(with_extras: Path, tmp_path: Path, name: str) -> None:
    newcomer = Newcomer(tmp_path, with_extras)
    newcomer.write("bot.py", (CHECKOUT / "examples" / name).read_text("utf-8"))
    said = newcomer.types("ninelives verdict bot.py", exit_code=2)
    assert "uses Chat Completions (OpenAILLMService)" in said
    assert "Traceback" not in said
