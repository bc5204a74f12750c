"""Makes the answers of a scenario's script from the model's output in an incident.

They contain the words, refusals, thoughts and calls that were seen. If an answer broke off, the traffic also
shows how the model continued when asked: with the rest, from the beginning, in other words, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from mock_openai.protocol.events import Event
from mock_openai.protocol.json import object_in
from mock_openai.responders.continuation import REPHRASED

from ninelives.lab.attribution import Account
from ninelives.lab.scenario_spec import TOOL, Continuation, Output, spoken_in
from ninelives.lab.seams import words_of

if TYPE_CHECKING:
    from mock_openai.journal.entries import Entry

    from ninelives.lab.episode import Episode
    from ninelives.lab.tracing import Attempt

LOST = (
    "The rest of this answer was never heard. Nobody knows how it went on. These words stand in its place. "
    "There are enough of them to break off again, and again, wherever it did."
)
"""Replaces the words of an answer that never arrived."""

THOUGHT = "I think about it."
"""Replaces a thought that was not shown."""

PROMPT = 1.0
"""Seconds after `response.created` within which a model's first output counts as immediate."""

_WHOLE = frozenset({
    "response.output_text.done", "response.refusal.done", "response.content_part.done",
    "response.output_item.done",
})  # fmt: skip
"""Events after the last words of a message."""

_OPENING = frozenset({"response.created", "response.in_progress", "response.queued", "keepalive"})

_BESIDE = frozenset({"error", "keepalive", "response.failed"})
"""Events that do not show how far an answer had got."""

_ENDS = (".", "!", "?", "…", "。", "！", "？")


def answer_of(episode: Episode, account: Account) -> tuple[Output, ...]:
    """Return the model's answer, step by step; of several attempts at a step, the one that got furthest."""
    answer: list[Output] = []
    spoken: list[dict[str, Any]] = []
    best = _furthest(account)
    topics = 0
    for attempt in best:
        calls = attempt.said.calls or _begun(episode, attempt)
        items = [*_thoughts(episode, attempt), *_speech(attempt)]
        if not calls:
            spoken = [*spoken, *items]
            continue
        for call in calls:
            topics += 1
            topic = f"{call.get('name') or 'tool'} {account.index + 1}.{topics}"
            items.append({"call": TOOL, "arguments": {"topic": topic}})
        answer.append(tuple(items))
    if any(_broke_off(episode, attempt) for attempt in best) or not spoken_in(spoken):
        spoken = _with_missing_words(spoken)
    return (*answer, tuple(_joined(spoken)))


def takes_of(episode: Episode, account: Account) -> tuple[float, ...]:
    """Return how long the model thought before each step, in seconds; empty if it never did."""
    takes = tuple(_thinking_time(episode, attempt) for attempt in _furthest(account))
    return takes if any(takes) else ()


def continuation_of(account: Account) -> Continuation:
    """Return how the model continued when asked; `rest` if it was not asked or said nothing."""
    for place, attempt in enumerate(account.attempts):
        said, spoken = attempt.said, attempt.step[1]
        if not spoken or not attempt.words.strip():
            continue
        before = [each for each in account.attempts[:place] if each.step[0] == attempt.step[0]]
        if said.refusal and not any(each.said.refusal for each in before):
            return "refuse"
        return _way_of(spoken, attempt.words)
    return "rest"


def _way_of(spoken: str, words: str) -> Continuation:
    before, after = words_of(spoken), words_of(words)
    if _begins_alike(before, after):
        return "repeat"
    began_anew = words.lstrip()[:1].isupper() and not spoken.rstrip().endswith(_ENDS)
    return "rephrase" if began_anew or words.startswith(REPHRASED) else "rest"


def _begins_alike(before: Sequence[str], after: Sequence[str]) -> bool:
    """Whether the words of one are the first of the other; the last spoken word may have been cut."""
    shared = min(len(before), len(after))
    if not shared or before[: shared - 1] != after[: shared - 1]:
        return False
    return after[shared - 1].startswith(before[shared - 1])


def _furthest(account: Account) -> list[Attempt]:
    """Return the attempt at each step that got furthest, in order."""
    best: dict[Any, Attempt] = {}
    how = continuation_of(account)
    for attempt in account.attempts:
        key = attempt.step[0]
        if attempt.step[1] and how == "refuse":
            continue  # the model would not go on where the answer had stopped
        if key not in best or (best[key].lost and len(_whole(attempt)) >= len(_whole(best[key]))):
            best[key] = attempt
    return list(best.values())


def _whole(attempt: Attempt) -> str:
    """Return the whole text of an attempt, including the part spoken before if the attempt continued it."""
    spoken, words = attempt.step[1], attempt.words
    if not spoken or not words.strip():
        return spoken or words
    match _way_of(spoken, words):
        case "repeat":
            return words
        case "rephrase":
            # The mock server says the sentence again: the answer contains it once.
            again = words.removeprefix(REPHRASED)
            for place in range(len(spoken)):
                if spoken[place:].casefold() == again[: len(spoken) - place].casefold():
                    return spoken + again[len(spoken) - place :]
            return f"{spoken.rstrip()} {again}"
        case _:
            return spoken + words


def _speech(attempt: Attempt) -> list[dict[str, Any]]:
    """Return what an attempt spoke, as items: text, followed by a refusal."""
    whole, refusal = _whole(attempt), attempt.said.refusal
    if not refusal:
        return [{"text": whole}] if whole else []
    if attempt.step[1]:
        return [{"refusal": whole}]
    text = attempt.words.removesuffix(refusal)
    return [*([{"text": text}] if text else []), {"refusal": refusal}]


def _with_missing_words(items: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Replace words that never arrived."""
    if not items or "reasoning" in items[-1]:
        return [*items, {"text": LOST}]
    ((kind, words),) = items[-1].items()
    return [*items[:-1], {kind: f"{words} {LOST}".strip()}]


def _joined(items: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Join neighboring texts."""
    text = ""
    for item in items:
        if "text" in item:
            text += item["text"]
            continue
        if text:
            yield {"text": text}
        text = ""
        yield item
    if text:
        yield {"text": text}


# From the events --------------------------------------------------------------------------------------------


def events_of(episode: Episode, attempt: Attempt) -> list[Entry]:
    """Return the events of an attempt, in the order in which they came."""
    said = attempt.said
    return [
        entry
        for entry in episode.wire
        if entry.kind == "event" and (entry.connection, entry.turn) == (said.connection, said.turn)
    ]


def _broke_off(episode: Episode, attempt: Attempt) -> bool:
    """Whether a response was lost before its last words."""
    if not attempt.lost or attempt.said.calls:
        return False
    kinds = [kind for kind in _kinds(events_of(episode, attempt)) if kind not in _BESIDE]
    return not kinds or kinds[-1] not in _WHOLE


def _begun(episode: Episode, attempt: Attempt) -> list[dict[str, Any]]:
    """Return the call that a response had begun when it broke off."""
    begun = any(
        kind.startswith("response.function_call_arguments") for kind in _kinds(events_of(episode, attempt))
    )
    return [{"name": "tool"}] if begun else []


def _thoughts(episode: Episode, attempt: Attempt) -> list[dict[str, Any]]:
    """Return what a response thought before it spoke."""
    summary, thought = "", False
    for entry in events_of(episode, attempt):
        data = object_in(entry.data.data) if isinstance(entry.data, Event) else None
        if data is None:
            continue
        if data.get("type") == "response.output_item.added":
            thought = thought or (data.get("item") or {}).get("type") == "reasoning"
        elif data.get("type") == "response.reasoning_summary_text.delta":
            summary += str(data.get("delta") or "")
    return [{"reasoning": summary or THOUGHT}] if thought else []


def _thinking_time(episode: Episode, attempt: Attempt) -> float:
    """Return the seconds from the last of the opening events to the first of the output."""
    events = events_of(episode, attempt)
    for (before, _), (entry, kind) in pairwise(zip(events, _kinds(events), strict=True)):
        if kind not in _OPENING:
            took = entry.at - before.at
            return round(took, 2) if took > PROMPT else 0.0
    return 0.0


def _kinds(events: Sequence[Entry]) -> list[str]:
    return [entry.data.type if isinstance(entry.data, Event) else "" for entry in events]
