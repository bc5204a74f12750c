"""A running bot with a black box in it, for the laboratory to break."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ninelives import BlackBox
from pipecat.pipeline.pipeline import Pipeline
from pipecat.pipeline.worker import PipelineWorker
from pipecat.processors.aggregators.llm_context import LLMContext
from pipecat.processors.aggregators.llm_response_universal import LLMContextAggregatorPair


class Watched:
    """A factory of bots, each with a box; `boxes` are those of the bots it made."""

    def __init__(self, factory: Callable[[str, str], Any], folder: Path, **given: Any) -> None:
        self.boxes: list[BlackBox] = []
        self._factory, self._folder, self._given = factory, folder, given

    def __call__(self, base_url: str, ws_url: str) -> PipelineWorker:
        user, assistant = LLMContextAggregatorPair(LLMContext())
        worker = PipelineWorker(Pipeline([user, self._factory(base_url, ws_url), assistant]))
        self.boxes.append(BlackBox(self._folder, **self._given))
        worker.add_observer(self.boxes[-1])
        return worker

    @property
    def incidents(self) -> list[Path]:
        """What the boxes wrote."""
        for box in self.boxes:
            assert box.flush(600)
        return [path for box in self.boxes for path in box.incidents]
