"""Keeps the logging of libraries out of a command's output."""

from __future__ import annotations

import logging
import os
import sys
import warnings


def quiet() -> None:
    """Silence Pipecat's logger and the standard one. Call it before Pipecat is imported.

    Loguru's first handler stays, silent, because bots remove it by its number. With LOGURU_LEVEL in the
    environment it logs from that level on.
    """
    if "LOGURU_LEVEL" not in os.environ:
        os.environ["LOGURU_LEVEL"] = "CRITICAL"
        os.environ["LOGURU_FILTER"] = "nobody"  # the module whose messages are logged
    logging.disable(logging.CRITICAL)
    warnings.simplefilter("ignore")
    if "loguru" in sys.modules:  # it did not see the variable
        from loguru import logger

        logger.remove()
