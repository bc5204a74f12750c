"""Makes the pace that is called "realistic": `python benchmarks/realistic_pace.py RECORDINGS`.

RECORDINGS is the folder of exchanges with the real API that the conformance tests read. Their streams say how
long they took to begin (`openai-processing-ms`, which of a stream is the time to its first byte); none has
the times of its events. The rest is from one recorder that kept the gaps between its network reads, of
gpt-4o-mini: 0.55 s to the first item of a text and 1.57 s to that of a tool call; 220 reads, the median 3 ms
apart, 60 % at most 5 ms, 90 % at most 56 ms, all at most 161 ms; bursts of one to four tokens about every
45 ms. No stall was seen. The time between items was not observed; it is taken to be a pause like any other.
"""

from __future__ import annotations

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

from mock_openai.turn.learned_pace import Learned, to_json
from ninelives.cassette import CassetteError
from ninelives.cassette.convert import load
from ninelives.cassette.redact import Redactor
from ninelives.cassette.rhythm import Rhythm, quantiles

TARGET = Path(__file__).parents[1] / "mock_server" / "mock_openai" / "realistic.json"
KEPT = 21

OBSERVED = Learned(
    first_event=(0.12,),
    first_output=(0.29, 0.36, 0.43, 0.5, 0.57, 1.45),
    between_items=(0.005, 0.03, 0.045, 0.056, 0.161),
    burst=(1, 4),
    within_burst=(0.0, 0.001, 0.002, 0.003, 0.003, 0.005),
    between_bursts=(0.005, 0.03, 0.045, 0.056, 0.161),
    sources=(
        "the times between events: one recorder's gaps between 220 network reads, gpt-4o-mini (observed)",
    ),
)


def realistic(recordings: Path) -> Learned:
    """What was observed, with the times to begin of the recordings."""
    rhythm, heard = Rhythm(), Counter[str]()
    for path in sorted(recordings.glob("exchanges/*.json")):
        try:
            cassette = load(path, redactor=Redactor.off())
        except CassetteError:
            continue
        before = rhythm.begun
        rhythm.hear(cassette.exchanges)
        if rhythm.begun > before:
            heard[(cassette.header.origin or "").removeprefix("converted from exchange files: ")] += 1
    begins = "; ".join(f"{source} {count}" for source, count in sorted(heard.items()))
    return replace(
        OBSERVED,
        first_event=quantiles(rhythm.first_event, KEPT),
        sources=(f"the time to begin: openai-processing-ms of streams of {begins}", *OBSERVED.sources),
    )


if __name__ == "__main__":
    TARGET.write_text(to_json(realistic(Path(sys.argv[1]))), encoding="utf-8")
