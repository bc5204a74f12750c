"""Makes a `Bot` of whatever a factory gives: a service, a pipeline, a worker, a whole bot of the user's."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.frame_processor import FrameProcessor

from ninelives.bot import Bot
from ninelives.bot.guest import Guest, invite, offline
from ninelives.complaint import Complaint
from ninelives.lab.services import Invitation


async def bot_of(made: Any, *, tools: Mapping[str, Any], timeout: float) -> tuple[Bot, Guest | None]:
    """The bot to test, and the guest it is, if it came with a function of its own. Raises Complaint."""
    if isinstance(made, Invitation):
        made = await invite(made.function, made.base_url, made.ws_url, made.name)
    if inspect.isawaitable(made):
        made = await made
    options: dict[str, Any] = {"tools": dict(tools), "timeout": timeout}
    match made:
        case Bot():
            return made, None
        case Guest():
            return Bot(pipeline=made.processors, begin=made.begin, **options), made
        case PipelineWorker():
            guest = Guest(offline(made), made)
            return Bot(pipeline=guest.processors, begin=guest.begin, **options), guest
        case Pipeline():
            return Bot(pipeline=offline(made), **options), None
        case FrameProcessor():
            return Bot(made, **options), None
        case Sequence() if made and all(isinstance(each, FrameProcessor) for each in made):
            return Bot(pipeline=offline(made), **options), None
    raise Complaint(
        f"the factory gave a {type(made).__name__}; expected an LLM service, a list of processors, a "
        "Pipeline, a worker or a Bot"
    )
