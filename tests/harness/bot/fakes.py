"""An LLM service without a model: it answers from a list, as slowly as asked."""

import asyncio
import json

from pipecat.frames.frames import (
    LLMContextFrame,
    LLMFullResponseEndFrame,
    LLMFullResponseStartFrame,
    LLMThoughtEndFrame,
    LLMThoughtStartFrame,
    LLMThoughtTextFrame,
)
from pipecat.services.llm_service import FunctionCallFromLLM, LLMService
from pipecat.services.settings import LLMSettings
from pipecat.utils.errors import ErrorCategory


class Call:
    def __init__(self, name, **arguments):
        self.name, self.arguments = name, arguments


class Fails:
    def __init__(self, message, category=ErrorCategory.CONNECTIVITY):
        self.message, self.category = message, category


class Thinks:
    def __init__(self, text):
        self.text = text


class Forgets:
    """The response never ends."""


class FakeService(LLMService):
    """Each answer is a list of words, calls, thoughts and failures. `pace`: seconds before each."""

    Settings = LLMSettings

    def __init__(self, *answers, pace=0.0):
        super().__init__(settings=LLMSettings(model="fake", system_instruction=None))
        self._answers = list(answers)
        self._pace = pace
        self._count = 0
        self.asked = []
        self._register_event_handler("on_connection_error")
        self._register_event_handler("on_response_interrupted")

    async def process_frame(self, frame, direction):
        await super().process_frame(frame, direction)
        if isinstance(frame, LLMContextFrame):
            await self._answer(frame.context)
        else:
            await self.push_frame(frame, direction)

    async def _answer(self, context):
        self.asked.append(json.loads(json.dumps(context.messages)))
        answer = self._answers.pop(0) if self._answers else ["Yes."]
        calls, ends = [], True
        await self.push_frame(LLMFullResponseStartFrame())
        try:
            for part in answer:
                await asyncio.sleep(self._pace)
                match part:
                    case str():
                        await self._push_llm_text(part)
                    case Call():
                        self._count += 1
                        calls.append(
                            FunctionCallFromLLM(part.name, f"call_{self._count}", part.arguments, context)
                        )
                    case Fails():
                        await self._call_event_handler("on_connection_error", part.message)
                        await self._call_event_handler("on_response_interrupted", "so far")
                        await self.push_error(part.message, category=part.category)
                    case Thinks():
                        await self.push_frame(LLMThoughtStartFrame())
                        await self.push_frame(LLMThoughtTextFrame(part.text))
                        await self.push_frame(LLMThoughtEndFrame())
                    case Forgets():
                        ends = False
            if calls:
                await self.run_function_calls(calls)
        finally:
            if ends:
                await self.push_frame(LLMFullResponseEndFrame())
