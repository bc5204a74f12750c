"""Hundreds of runs need no log: writing it takes half of their time."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from loguru import logger


@pytest.fixture(autouse=True)
def no_log() -> Iterator[None]:
    for name in ("pipecat", "pipecat_responses"):
        logger.disable(name)
    yield
    for name in ("pipecat", "pipecat_responses"):
        logger.enable(name)
