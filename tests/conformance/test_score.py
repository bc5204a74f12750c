"""Nothing may differ from the recorded answers without a known reason."""

from __future__ import annotations

import pytest

from . import score
from .recordings import ABSENT, recordings

if not recordings():
    pytest.skip(ABSENT, allow_module_level=True)


@pytest.mark.thorough
async def test_every_difference_from_the_real_api_has_a_reason() -> None:
    results = await score.measure()
    assert len(results) >= 100
    told = [
        f"{one.name}: {what}: {how}"
        for one in results
        for (what, how), why in zip(one.differences, one.reasons, strict=True)
        if why is None
    ]
    assert told == []
