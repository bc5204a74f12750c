"""Text that would steer a terminal is made visible in what `verdict`, `explore` and `doctor` print."""

from __future__ import annotations

import os
import sys
import textwrap
from pathlib import Path

import pytest
from ninelives.cli import _run

from tests.terminal import run_here

EVIL = "\x1b]0;evil\x07 \x9b31m \u202e abc \U000e0041 \x1b[2J"
SENT = ("\x1b", "\x07", "\x9b", "\u202e", "\U000e0041")

FAILING = f"""
    def factory(base_url, ws_url):
        raise RuntimeError({EVIL!r})
"""
SPEAKING = f"""
    from pipecat.frames.frames import LLMTextFrame
    from pipecat_responses import OpenAIResponsesLLMService

    class Evil(OpenAIResponsesLLMService):
        async def push_frame(self, frame, *more):
            if isinstance(frame, LLMTextFrame):
                frame.text = {EVIL!r}
            await super().push_frame(frame, *more)

    def factory(base_url, ws_url):
        return Evil(api_key="x", base_url=base_url, ws_url=ws_url)
"""


@pytest.mark.parametrize(
    "command", [["verdict"], ["explore", "--runs", "2", "--jobs", "1"]], ids=lambda each: each[0]
)
@pytest.mark.parametrize(
    "bot", [FAILING, pytest.param(SPEAKING, marks=pytest.mark.thorough)], ids=["error", "speech"]
)
def test_of_a_bot(command: list[str], bot: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name = f"evil_{command[0]}_{'speech' if bot is SPEAKING else 'error'}"
    (tmp_path / f"{name}.py").write_text(textwrap.dedent(bot))
    monkeypatch.syspath_prepend(str(tmp_path))
    more = ["--scenario", "calm_*"] if command == ["verdict"] else []
    ran = run_here(_run, [command[0], f"{name}:factory", *command[1:], *more], columns=200, cwd=tmp_path)
    told = ran.stdout + ran.stderr
    assert ran.returncode == (2 if bot is FAILING else 1), told
    assert "evil" in told
    assert [char for char in SENT if char in told] == []


def test_of_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_WS_URL", "OPENAI_API_KEY"):
        monkeypatch.setitem(os.environ, name, f"http://{EVIL}/v1")
    monkeypatch.setattr(sys, "argv", [EVIL])
    told = run_here(_run, ["doctor"], columns=200, cwd=tmp_path)
    assert [char for char in SENT if char in told.stdout + told.stderr] == []
