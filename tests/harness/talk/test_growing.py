"""What `ninelives talk` shows while a bot speaks has no secret, however the bot's words are cut."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ninelives.talk.growing import Growing

SECRET = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.Zq8rW3xK7mP2vL9t4yB6"


def turn(pieces: list[str], *, over: bool, user: str = "What is the token?") -> Any:
    heard = [SimpleNamespace(at=1.0 + number / 100, text=piece) for number, piece in enumerate(pieces)]
    quiet: dict[str, Any] = dict.fromkeys(("interrupted", "timed_out", "dead_air"))
    return SimpleNamespace(
        number=1,
        user=user,
        began=0.5,
        ended=9.0 if over else None,
        heard=heard,
        calls=[],
        errors=[],
        frames=[],
        **quiet,
    )


@pytest.mark.parametrize("step", [1, 7, 19, 21])
@pytest.mark.parametrize("ends", [True, False])
def test_a_secret_that_several_words_spell(step: int, ends: bool) -> None:
    text = f"Yes. The token is {SECRET}. Keep it safe. Anything else?"
    if not ends:  # somebody hangs up within the secret
        text = text[: text.index(SECRET) + 80]
    pieces = [text[at : at + step] for at in range(0, len(text), step)]
    growing, shown = Growing(), []
    for count in range(1, len(pieces) + 1):
        shown += growing.news([], [turn(pieces[:count], over=False)], 0.0)
    if ends:
        shown += growing.news([], [turn(pieces, over=True)], 0.0)
    shown += growing.rest()
    said = " ".join(row.text for row in shown if row.kind == "text")
    assert said.startswith("Yes. The token is [redacted]")
    assert not [
        SECRET[at : at + 12]
        for at in range(len(SECRET))
        if SECRET[at : at + 12] in said and at + 12 <= len(SECRET)
    ]
    assert said.endswith("Keep it safe. Anything else?") == ends
