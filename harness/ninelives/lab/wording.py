"""How findings quote a bot, and whether an error message helps the person who reads it."""

from __future__ import annotations

import re

LONGEST_QUOTE = 72
"""Characters of a quotation; longer text keeps its beginning and its end."""


def quote(text: str) -> str:
    """Return `text` in quotation marks, on one line, short enough for a table."""
    flat = text.replace("\n", "\\n")
    if len(flat) > LONGEST_QUOTE:
        half = LONGEST_QUOTE // 2 - 2
        flat = f"{flat[:half]} … {flat[-half:]}"
    return f'"{flat}"'


_ADVICE = re.compile(
    r"\b(check|retry|retries|retried|try|tries|wait|waits|reduce|raise|lower|shorten|set|use|ask|add|change|"
    r"remove|renew|replace|reconnect\w*|again|afresh|next turn|slow down|contact|see|make sure|ensure|"
    r"increase|upgrade|pass|continue\w*|repeat|rephrase|report|choose)\b",
    re.IGNORECASE,
)
"""A message without any of these words does not say what to do next."""

SHORTEST_MESSAGE = 20
"""A message of fewer characters cannot say both what happened and what to do."""


def flaw(message: str) -> str | None:
    """Return what an error message lacks, or None if it says what happened and what to do."""
    text = message.strip()
    if not text:
        return "is empty"
    if text.endswith(":"):
        return "breaks off before it says what happened"
    if len(text) < SHORTEST_MESSAGE:
        return "is too short to say what happened and what to do"
    if _ADVICE.search(text) is None:
        return "does not say what to do"
    return None
