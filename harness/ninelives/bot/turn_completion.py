"""Adds the mark of a complete user turn to scripted answers, if the bot asks its model for it.

A bot may leave the end of a user's turn to its model, which then has to begin each answer with a mark.
Scripted answers have none, and without it Pipecat holds the answer back, and the turn stays open. An answer
with a mark of its own is left unchanged. Without a voice there are no open turns, so answers pass unchanged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pipecat.frames.frames import LLMTextFrame
from pipecat.processors.frame_processor import FrameProcessor
from pipecat.services.llm_service import LLMService


def complete_turns(processors: Iterable[FrameProcessor], *, voice: bool) -> None:
    """Make the LLM services among processors treat every user turn as complete.

    `voice`: whether the end of a turn matters, so that Pipecat has to see the mark.
    """
    for processor in processors:
        if isinstance(processor, LLMService):
            if voice:
                _mark_answers_of(processor)
            else:
                _let_answers_pass(processor)


def _let_answers_pass(service: LLMService[Any]) -> None:
    async def push(text: str) -> None:
        await service.push_frame(LLMTextFrame(text))

    service._push_turn_text = push  # type: ignore[method-assign]


def _mark_answers_of(service: LLMService[Any]) -> None:
    push = service._push_turn_text

    async def push_marked(text: str) -> None:
        config = service._user_turn_completion_config
        marks = (
            config.complete_marker,
            config.incomplete_short_marker,
            config.incomplete_long_marker,
        )
        begins = service._turn_marker is None and not service._turn_text_buffer
        if begins and text.strip() and not any(mark in text for mark in marks):
            text = f"{config.complete_marker} {text.lstrip()}"
        await push(text)

    service._push_turn_text = push_marked  # type: ignore[method-assign]
