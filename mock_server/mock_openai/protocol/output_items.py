"""Makes the items that a response shows from a reply: assigns ids, cuts text into deltas, and applies the
token budget.

An OutputItem is an item in its final state together with the pieces in which its text streams.
`make_output_items` spends the request's `max_output_tokens` on them in order, and cuts the item on which they
run out.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mock_openai.protocol import models, tokens
from mock_openai.protocol.ciphertext import ciphertext
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.item_streams import Stream, course, prefix_of
from mock_openai.protocol.parts import text_of
from mock_openai.protocol.reply import (
    Call,
    Compaction,
    Completed,
    Incomplete,
    Item,
    Reasoning,
    Refusal,
    Reply,
    ReplyItem,
    Text,
)
from mock_openai.protocol.request import Request

# Tokens that an item costs beyond its text (observed): a message one token at its end, four from models that
# reason; a call ten and its name before its arguments begin.
_MESSAGE_OVERHEAD, _REASONER_OVERHEAD, _CALL_OVERHEAD = 1, 4, 10


# Characters of a compaction's ciphertext for each output token that it cost (measured on two recordings).
_SEALED_PER_TOKEN = 6

# Items that a client answers by call id.
_CALLED = (
    "function_call",
    "custom_tool_call",
    "local_shell_call",
    "shell_call",
    "apply_patch_call",
    "computer_call",
)


@dataclass(slots=True)
class OutputItem:
    """An output item as it will be when done.

    `cuts` holds the pieces of each text in it: content parts of a message, summary parts of a reasoning
    item, otherwise the one streamed field.
    """

    item: dict[str, Any]
    cuts: list[list[str]] = field(default_factory=list)


@dataclass(slots=True)
class OutputItems:
    """All items of a reply and their cost; `ran_out` means that the token budget ended it."""

    items: list[OutputItem]
    output_tokens: int = 0
    reasoning_tokens: int = 0
    ran_out: bool = False


def make_output_items(
    reply: Reply,
    request: Request,
    response_id: str,
    *,
    ids: Ids,
    rng: random.Random,
    clock: Callable[[], float],
    history_tokens: int = 0,
) -> OutputItems:
    """Return the items of a reply, cut where the request's token budget ends, and compacted beyond the
    request's threshold; `history_tokens` is the size of the chain before it.
    """
    maker = _Maker(request, response_id, ids, rng, clock)
    result = OutputItems([])
    budget = request.max_output_tokens
    for group in _messages(reply.items):
        output_item, cost = maker.make(group)
        is_reasoning = output_item.item["type"] == "reasoning"
        if budget is not None and result.output_tokens + cost > budget:
            maker.cut(output_item, budget - result.output_tokens)
            cost = budget - result.output_tokens
            result.ran_out = True
        result.items.append(output_item)
        result.output_tokens += cost
        result.reasoning_tokens += cost if is_reasoning else 0
        if result.ran_out:
            break
    if isinstance(reply.finish, Completed) and _has_outgrown(request, result, history_tokens):
        # The server compacts by itself, after the answer (observed).
        output_item, cost = maker.make([Compaction()])
        result.items.append(output_item)
        result.output_tokens += cost
    if isinstance(reply.finish, Incomplete) and result.items:
        mark_incomplete(result.items[-1])
    return result


def _has_outgrown(request: Request, said: OutputItems, history_tokens: int) -> bool:
    threshold = request.compact_threshold
    if threshold is None or said.ran_out:
        return False
    if any(output_item.item["type"] == "compaction" for output_item in said.items):
        return False  # the reply has its own
    own = request.tokens
    return history_tokens + own + said.output_tokens > threshold


def mark_incomplete(output_item: OutputItem) -> None:
    """Mark an item as cut off; reasoning items have no status for that (observed)."""
    if "status" in output_item.item:
        output_item.item["status"] = "incomplete"


def _messages(items: tuple[ReplyItem, ...]) -> Iterator[list[ReplyItem]]:
    """Group the items so that the parts of one message stand together."""
    group: list[ReplyItem] = []
    for item in items:
        joins = isinstance(item, Text | Refusal) and item.same_message
        if group and not (joins and isinstance(group[-1], Text | Refusal)):
            yield group
            group = []
        group.append(item)
    if group:
        yield group


class _Maker:
    def __init__(
        self,
        request: Request,
        response_id: str,
        ids: Ids,
        rng: random.Random,
        clock: Callable[[], float],
    ) -> None:
        self._request = request
        self._response_id = response_id
        self._ids = ids
        self._rng = rng
        self._clock = clock
        self._model = models.facts(request.model)

    def make(self, group: list[ReplyItem]) -> tuple[OutputItem, int]:
        """Return one output item, and its cost in tokens."""
        match group[0]:
            case Text() | Refusal():
                return self._message(group)
            case Call() as call:
                return self._call(call)
            case Reasoning() as reasoning:
                return self._reasoning(reasoning), reasoning.tokens
            case Item(item):
                return self._verbatim(item)
            case Compaction():
                sealed = self._ciphertext()
                output_item, _ = self._verbatim({"type": "compaction", "encrypted_content": sealed})
                return output_item, len(sealed) // _SEALED_PER_TOKEN

    def cut(self, output_item: OutputItem, budget: int) -> None:
        """Shorten an item to a number of tokens, counted from its first text."""
        mark_incomplete(output_item)
        kind = output_item.item["type"]
        left = max(0, budget)
        if kind == "message":
            for part, pieces in zip(output_item.item["content"], output_item.cuts, strict=True):
                left -= _shorten(pieces, left)
                part["text" if "text" in part else "refusal"] = "".join(pieces)
        elif kind == "function_call":
            _shorten(
                output_item.cuts[0], max(0, left - _CALL_OVERHEAD - tokens.count(output_item.item["name"]))
            )
            output_item.item["arguments"] = "".join(output_item.cuts[0])
        elif kind == "custom_tool_call":
            _shorten(output_item.cuts[0], left)
            output_item.item["input"] = "".join(output_item.cuts[0])
        elif kind == "reasoning":
            output_item.item["summary"] = []
            output_item.cuts = []

    def _message(self, group: list[ReplyItem]) -> tuple[OutputItem, int]:
        content: list[dict[str, Any]] = []
        cuts: list[list[str]] = []
        phase: str | None = None
        for said in group:
            if isinstance(said, Text):
                pieces = _cut_text(said)
                text = "".join(pieces)
                notes = [dict(note) for note in said.annotations]
                content.append({"type": "output_text", "annotations": notes, "logprobs": [], "text": text})
                phase = said.phase or phase
            elif isinstance(said, Refusal):
                pieces = tokens.pieces(said.text)
                content.append({"type": "refusal", "refusal": said.text})
            else:
                raise TypeError(f"{said!r} is not a part of a message")
            cuts.append(pieces)
        if phase is None and self._model.phase:
            phase = "final_answer"
        item: dict[str, Any] = {
            "id": self._id("message"),
            "type": "message",
            "status": "completed",
            "content": content,
        }
        if phase is not None:
            item["phase"] = phase
        overhead = _REASONER_OVERHEAD if self._model.reasons else _MESSAGE_OVERHEAD
        cost = sum(tokens.count("".join(pieces)) for pieces in cuts) + overhead
        return OutputItem({**item, "role": "assistant"}, cuts), cost

    def _call(self, call: Call) -> tuple[OutputItem, int]:
        item = {
            "id": self._id("function_call"),
            "type": "function_call",
            "status": "completed",
            "arguments": call.arguments,
            "call_id": call.call_id or self._ids.call(),
            "name": call.name,
        }
        cost = tokens.count(call.arguments) + tokens.count(call.name) + _CALL_OVERHEAD
        return OutputItem(item, [tokens.pieces(call.arguments)]), cost

    def _reasoning(self, reasoning: Reasoning) -> OutputItem:
        shown = reasoning.summary if self._request.wants_summary else ()
        item: dict[str, Any] = {"id": self._id("reasoning"), "type": "reasoning", "content": []}
        if isinstance(reasoning.encrypted, str):
            item["encrypted_content"] = reasoning.encrypted
        elif reasoning.encrypted is not False:  # sent unasked since 2026-07 (observed)
            item["encrypted_content"] = self._ciphertext()
        item["summary"] = [{"type": "summary_text", "text": text} for text in shown]
        return OutputItem(item, [tokens.pieces(text) for text in shown])

    def _verbatim(self, given: Mapping[str, Any]) -> tuple[OutputItem, int]:
        kind = str(given.get("type", "message"))
        item: dict[str, Any] = {"id": given.get("id") or self._id(kind), "type": kind}
        if kind == "message" or "status" in course(kind).opening:
            item["status"] = given.get("status", "completed")
        if kind in _CALLED and "call_id" not in given:
            given = dict(sorted({**given, "call_id": self._ids.call()}.items()))  # as on the wire (observed)
        item.update({name: value for name, value in given.items() if name not in item})
        cost = tokens.count_written(item)
        if kind == "message":
            item["content"] = [dict(part) for part in _content(given.get("content"))]
            return OutputItem(item, [tokens.pieces(_part_text(part)) for part in item["content"]]), cost
        if kind == "reasoning":
            return OutputItem(item, [tokens.pieces(part["text"]) for part in item.get("summary") or ()]), cost
        streamed = [step for step in course(kind).steps if isinstance(step, Stream)]
        if streamed:
            value: Any = item
            for name in streamed[0].path:
                value = value.get(name) or "" if isinstance(value, Mapping) else ""
            return OutputItem(item, [[value] if streamed[0].whole else tokens.pieces(str(value))]), cost
        return OutputItem(item), cost

    def _id(self, kind: str) -> str:
        return self._ids.item(prefix_of(kind), self._response_id)

    def _ciphertext(self) -> str:
        return ciphertext(self._rng, at=self._clock(), blocks=self._rng.randint(20, 60))


def _content(content: object) -> list[Mapping[str, Any]]:
    if isinstance(content, list | tuple):
        return [
            {"annotations": [], "logprobs": [], **part} if part.get("type") == "output_text" else part
            for part in content
        ]
    return [{"type": "output_text", "annotations": [], "logprobs": [], "text": text_of(content)}]


def _part_text(part: Mapping[str, Any]) -> str:
    return str(part.get("text", part.get("refusal", "")))


def _cut_text(said: Text) -> list[str]:
    match said.deltas:
        case None:
            return tokens.pieces(said.text)
        case int(number):
            return tokens.exactly(said.text, number)
        case pieces:
            return list(pieces)


def _shorten(pieces: list[str], budget: int) -> int:
    """Keep the pieces that fit into a number of tokens; return their cost."""
    spent = 0
    for index, piece in enumerate(pieces):
        cost = tokens.count(piece)
        if spent + cost > budget:
            rest = tokens.cut(piece, budget - spent)
            pieces[index:] = [rest] if rest else []
            return budget
        spent += cost
    return spent
