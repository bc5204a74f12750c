"""Keeps libraries from talking over a command's own output."""

from __future__ import annotations

import logging
import os
import warnings


def quiet() -> None:
    """Silence Pipecat's logger and the standard one. Call it before Pipecat is imported."""
    os.environ.setdefault("LOGURU_LEVEL", "CRITICAL")
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    try:
        from loguru import logger
    except ImportError:  # without Pipecat there is nothing to silence
        return
    logger.remove()
