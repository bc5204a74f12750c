"""The tool calls of one response: none runs before all of them are in progress.

Pipecat's aggregator runs the model again when no other call of the group is in progress, and a call is in
progress only once its own task has reported that. A tool that returns at once is finished before the task of
the next call has run. So the model runs with one result missing, and again with all: it answers twice, or the
API refuses a call without an output. This was seen with Pipecat 1.14 whenever a processor is between the
service and the aggregator, such as a voice or an output transport.

Calls that run one after another (``run_in_parallel=False``) begin only when the one before has ended, so the
aggregator would run the model after each: only the last one's result asks for it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial
from typing import Any

from pipecat.adapters.llm.services.open_ai_responses_adapter import OpenAIResponsesLLMAdapter
from pipecat.frames.frames import FunctionCallInProgressFrame
from pipecat.services.llm_service import LLMService

__all__ = ["GroupedCalls"]


class _Group:
    """The calls of one response that are not in progress yet."""

    def __init__(self, calls: Sequence[str]) -> None:
        self._missing = set(calls)
        self._complete = asyncio.Event()

    def begins(self, call: str) -> None:
        """Note that a call is in progress, or never will be."""
        self._missing.discard(call)
        if not self._missing:
            self._complete.set()

    async def complete(self) -> None:
        """Wait until all calls are in progress. Calls then run in the order of the model's response."""
        if self._complete.is_set():
            await asyncio.sleep(0)
        else:
            await self._complete.wait()


class GroupedCalls(LLMService[OpenAIResponsesLLMAdapter]):
    """An LLM service that runs its model once after all calls of a response."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._groups: dict[str, _Group] = {}

    async def broadcast_frame(self, frame_cls: type[Any], **kwargs: Any) -> None:
        """Broadcast a frame. If it reports that a call is in progress, wait for the others of its group."""
        await super().broadcast_frame(frame_cls, **kwargs)
        if frame_cls is FunctionCallInProgressFrame:
            group = self._groups.get(kwargs.get("group_id") or "")
            if group is not None:
                group.begins(kwargs["tool_call_id"])
                await group.complete()

    async def _run_parallel_function_calls(self, runner_items: Sequence[Any]) -> None:
        name = runner_items[0].group_id
        if name is None or len(runner_items) < 2:
            await super()._run_parallel_function_calls(runner_items)
            return
        group = self._groups[name] = _Group([item.tool_call_id for item in runner_items])
        await super()._run_parallel_function_calls(runner_items)
        left = len(runner_items)

        def over(call: str, _: object) -> None:
            nonlocal left
            left -= 1
            group.begins(call)  # it may have been canceled before it was in progress
            if not left:
                del self._groups[name]

        for task, item in list(self._function_call_tasks.items()):
            if task is not None and item.group_id == name:
                task.add_done_callback(partial(over, item.tool_call_id))

    async def _run_sequential_function_calls(self, runner_items: Sequence[Any]) -> None:
        if runner_items[0].group_id is not None:
            for item in runner_items[:-1]:
                item.run_llm = False if item.run_llm is None else item.run_llm
        await super()._run_sequential_function_calls(runner_items)
