"""Continues an answer that broke off, if a request asks for that.

A client whose connection broke in mid-sentence may send the part of the answer that was spoken as the
assistant's last message, and ask the model to go on. `asked_to_go_on` recognizes such a request in any
wording; `going_on` makes the reply from the whole answer. How models really go on is neither documented nor
observed: the four ways here are those that a client must be ready for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

from mock_openai.protocol.parts import text_of
from mock_openai.protocol.reply import Refusal, Reply, ReplyItem, Text
from mock_openai.responders.base import Turn

Continuation = Literal["rest", "repeat", "rephrase", "refuse"]
"""How a model goes on: "rest" of its answer, "repeat" of the whole answer, "rephrase" of the sentence, or
"refuse".
"""

CONTINUATIONS: tuple[Continuation, ...] = get_args(Continuation)

REPHRASED = "Put another way, "
"""The beginning of a sentence that is repeated in other words."""

DECLINED = "I'm sorry, but I can't go on with that."

_SENTENCE_END = re.compile(r"[.!?…。！？]+[\"'”’)]*\s+")


@dataclass(frozen=True, slots=True)
class GoingOn:
    """A request to go on with an answer."""

    turn: Turn
    """The turn as it was before any of its answer was spoken."""
    spoken: str


def asked_to_go_on(turn: Turn) -> GoingOn | None:
    """Return the answer that a turn asks to have continued; None unless its input ends with the assistant's
    words (developer and system messages after them do not count).
    """
    request = turn.request
    if request is None or not request.input or request.input[-1].get("role") == "user":  # nearly all turns
        return None
    items = request.input
    end = len(items)
    while end and items[end - 1].get("role") in ("developer", "system"):
        end -= 1
    begin = end
    while begin and items[begin - 1].get("role") == "assistant":
        begin -= 1
    if begin == end or not begin:
        return None
    spoken = "".join(text_of(item.get("content")) for item in items[begin:end])
    if not spoken.strip():
        return None
    return GoingOn(replace(turn, request=replace(request, input=items[:begin])), spoken)


def going_on(reply: Reply, spoken: str, how: Continuation) -> Reply | None:
    """Return the rest of a reply of which `spoken` was heard; None unless `spoken` is the beginning of its
    text, ignoring white space.
    """
    place = _place(reply.items, spoken)
    if place is None:
        return None
    number, offset = place
    if how == "repeat":
        return reply
    if how == "refuse":
        return replace(reply, items=(Refusal(DECLINED),))
    item = reply.items[number]
    assert isinstance(item, Text | Refusal)
    begun: tuple[ReplyItem, ...] = ()
    if item.text[offset:].strip():
        begun = (_rest(item, offset) if how == "rest" else _rephrased(item, offset),)
    return replace(reply, items=(*begun, *reply.items[number + 1 :]))


def _place(items: tuple[ReplyItem, ...], spoken: str) -> tuple[int, int] | None:
    """Return the item and the offset in its text at which the spoken part ends; None if the spoken part is
    not the beginning of the text, or nothing is left.
    """
    wanted, at = "".join(spoken.split()), 0
    for number, item in enumerate(items):
        if not isinstance(item, Text | Refusal):
            continue
        offset = 0
        while at < len(wanted) and offset < len(item.text):
            if not item.text[offset].isspace():
                if item.text[offset] != wanted[at]:
                    return None
                at += 1
            offset += 1
        if at == len(wanted):
            if spoken[-1].isspace():
                offset += len(item.text[offset:]) - len(item.text[offset:].lstrip())
            more = item.text[offset:].strip() or items[number + 1 :]
            return (number, offset) if more else None
    return None


def _rest(item: Text | Refusal, offset: int) -> ReplyItem:
    if isinstance(item, Refusal):
        return Refusal(item.text[offset:])
    deltas = tuple(_behind(item.deltas, offset)) if isinstance(item.deltas, tuple) else None
    return Text(item.text[offset:], deltas, phase=item.phase)


def _behind(deltas: tuple[str, ...], offset: int) -> Iterator[str]:
    for delta in deltas:
        if len(delta) > offset:
            yield delta[offset:]
        offset = max(0, offset - len(delta))


def _rephrased(item: Text | Refusal, offset: int) -> ReplyItem:
    begin = max((end.end() for end in _SENTENCE_END.finditer(item.text, 0, offset)), default=0)
    sentence = item.text[begin:].lstrip()
    text = f"{REPHRASED}{sentence[:1].lower()}{sentence[1:]}"
    return Refusal(text) if isinstance(item, Refusal) else Text(text, phase=item.phase)
