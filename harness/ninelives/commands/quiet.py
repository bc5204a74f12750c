"""Keeps the logging of libraries out of a command's output."""

from __future__ import annotations

import logging
import os
import sys
import warnings


def quiet() -> None:
    """Silence Pipecat's logger and the standard one. Call it before Pipecat is imported.

    Loguru's first handler stays, silent, because bots remove it by its number.
    """
    os.environ.setdefault("LOGURU_LEVEL", "CRITICAL")
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    if "loguru" in sys.modules:  # it did not see the variable
        from loguru import logger

        logger.remove()
