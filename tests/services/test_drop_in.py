"""The same bot with both imports: one line differs, and nothing that the caller hears."""

import asyncio
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from mock_openai import MockServer, call, reply
from pipecat.frames.frames import EndFrame, LLMRunFrame, LLMTextFrame, LLMUpdateSettingsFrame, TTSSpeakFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.openai.responses import llm as theirs
from pipecat.workers.runner import WorkerRunner

pytestmark = pytest.mark.virtual_time

BOT = Path(__file__).parents[2] / "examples" / "console_bot.py"
OUR_IMPORT = "from pipecat_responses import OpenAIResponsesLLMService\n"
THEIR_IMPORT = "from pipecat.services.openai.responses.llm import OpenAIResponsesLLMService\n"
SCRIPT = [
    reply("It is 21 degrees.", tool_output="get_weather"),
    reply(call("get_weather", city="Paris"), user="weather"),
    reply("Goodbye.", user="bye"),
    reply("Hello, I am a bot."),
]


class Ear(FrameProcessor):
    """Hears what a voice would say."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = ""

    async def process_frame(self, frame: Any, direction: Any) -> None:
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMTextFrame | TTSSpeakFrame):
            self.heard += frame.text
        await self.push_frame(frame, direction)


@pytest.fixture(params=[OUR_IMPORT, THEIR_IMPORT], ids=["ours", "pipecat's"])
def bot_module(request: pytest.FixtureRequest) -> Iterator[ModuleType]:
    """The example with one import or the other."""
    source = BOT.read_text(encoding="utf-8")
    assert OUR_IMPORT in source
    module = ModuleType("console_bot")
    sys.modules["console_bot"] = module
    exec(compile(source.replace(OUR_IMPORT, request.param), str(BOT), "exec"), module.__dict__)
    yield module
    del sys.modules["console_bot"]


async def test_the_same_bot_with_either_import(bot_module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    async with MockServer(script=SCRIPT) as server:
        monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
        monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
        # Pipecat's own does not take the URL of the socket from there (C7).
        monkeypatch.setitem(theirs.OpenAIResponsesLLMService.__init__.__kwdefaults__, "ws_url", server.ws_url)
        ear = Ear()
        worker, context = bot_module.build(ear)
        runner = WorkerRunner(handle_sigint=False)
        await runner.add_workers(worker)
        talking = asyncio.create_task(runner.run())
        for text in (None, "what is the weather?", "bye"):
            if text is not None:
                context.add_message({"role": "user", "content": text})
            if text == "bye":
                settings = bot_module.OpenAIResponsesLLMService.Settings(temperature=0.9)
                await worker.queue_frame(LLMUpdateSettingsFrame(delta=settings))
            await worker.queue_frame(LLMRunFrame())
            await asyncio.sleep(2.0)
        await worker.queue_frame(EndFrame())
        await talking
    assert ear.heard == "Hello, I am a bot.One moment. It is 21 degrees.Goodbye."
    asked = [body for body in server.journal.requests if body.get("generate") is not False]
    assert [body["temperature"] for body in asked] == [0.5, 0.5, 0.5, 0.9]
    assert asked[0]["instructions"].startswith("You are a friendly bot")
