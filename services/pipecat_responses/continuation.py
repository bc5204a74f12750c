"""Which items of a conversation the server already has, and which must be sent.

Over a WebSocket the API keeps the latest response of every lane in the connection's memory, even with
``store`` off. A request may continue from one of them with ``previous_response_id`` and send only what is
new. ``Memory`` mirrors that memory and finds the longest remembered conversation with which the current one
begins. If in doubt, everything is sent again: more bytes, but never a wrong context. Pure: no I/O, no clock.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Continuation", "Known", "Memory"]

Item = Mapping[str, Any]

# Items the server made for itself. Pipecat's context never holds them, and they need no reply.
_SERVER_SIDE_ITEMS = frozenset(
    {
        "web_search_call",
        "file_search_call",
        "code_interpreter_call",
        "image_generation_call",
        "mcp_list_tools",
        "mcp_call",
    }
)


@dataclass(frozen=True, slots=True)
class Known:
    """One completed response as the server remembers it."""

    response_id: str
    model: object
    items: tuple[Item, ...]
    """The whole conversation up to the response, whether it was sent or continued."""
    output: tuple[Item, ...]


@dataclass(frozen=True, slots=True)
class Continuation:
    """What to send of a conversation, and which response it continues from."""

    previous_response_id: str | None
    lane: str | None
    """The lane that holds the previous response; a request on the same lane replaces it."""
    send: list[Item]
    known: int
    """How many items of the conversation the server already has."""


class Memory:
    """The latest completed response of each lane of one connection."""

    def __init__(self) -> None:
        self._latest: dict[str | None, Known] = {}

    def plan(self, model: object, items: Sequence[Item]) -> Continuation:
        """Return the continuation that sends the fewest items of a conversation."""
        by_length = sorted(self._latest.items(), key=lambda entry: len(entry[1].items), reverse=True)
        for lane, known in by_length:
            if known.model == model and (new := _new_items(known, items)) is not None:
                return Continuation(known.response_id, lane, new, len(items) - len(new))
        return Continuation(None, None, list(items), 0)

    def remember(
        self, lane: str | None, response_id: str, model: object, items: Sequence[Item], output: Sequence[Item]
    ) -> None:
        """Remember the response that completed on a lane; it replaces the one before.

        Nobody may change the items from here on.
        """
        self._latest[lane] = Known(response_id, model, tuple(items), tuple(output))

    def forget(self, lane: str | None) -> None:
        """Forget the latest response of a lane, because the server may no longer have it."""
        self._latest.pop(lane, None)

    def forget_response(self, response_id: str) -> None:
        """Forget a response that the server said it does not know."""
        for lane in [lane for lane, known in self._latest.items() if known.response_id == response_id]:
            del self._latest[lane]

    def lanes(self) -> Iterator[str | None]:
        """Yield the lanes that keep something, the one with the longest conversation last."""
        yield from sorted(self._latest, key=lambda lane: len(self._latest[lane].items))


def _new_items(known: Known, items: Sequence[Item]) -> list[Item] | None:
    """Return the items that the server does not have; None if it remembers another conversation."""
    length = len(known.items)
    # Strings are shared with the context, so comparing equal items is cheap, whatever their size.
    if len(items) <= length or tuple(items[:length]) != known.items:
        return None
    return _after_output(known.output, items[length:])


def _after_output(output: Sequence[Item], rest: Sequence[Item]) -> list[Item] | None:
    """Match a response's output against the items that follow its request; return the items that are new.

    Strategy: the assistant aggregator does not keep the output's form. It joins all messages of a response
    into one, strips it, puts reasoning first, and stores each call together with its result. So the output is
    compared by meaning: all its text in one message, its calls by id, in any order relative to each other as
    long as nothing foreign comes before the last of them.
    """
    texts: list[str] = []
    calls: dict[object, Item] = {}
    thoughts: set[object] = set()
    for item in output:
        match item.get("type"):
            case "message":
                texts.append(_text_of(item))
            case "function_call":
                calls[item.get("call_id")] = item
            case "reasoning":
                thoughts.add(item.get("id"))
            case kind if kind not in _SERVER_SIDE_ITEMS:
                return None
    message_awaited = any(text.strip() for text in texts)
    call_ids = frozenset(calls)
    new: list[Item] = []
    answered: set[object] = set()
    for index, item in enumerate(rest):
        kind = item.get("type")
        if kind == "reasoning" and item.get("id") in thoughts:
            thoughts.discard(item.get("id"))
        elif kind == "function_call" and item.get("call_id") in calls:
            if not _same_call(calls.pop(item.get("call_id")), item):
                return None
        elif kind == "function_call_output" and item.get("call_id") in call_ids:
            answered.add(item.get("call_id"))
            new.append(item)
        elif message_awaited and item.get("role") == "assistant":
            if not _same_text(texts, _text_of(item)):
                return None
            message_awaited = False
        else:
            if message_awaited or calls or (call_ids - answered - _answered_in(rest[index:])):
                return None
            return [*new, *rest[index:]] if _is_free_of(rest[index:], call_ids) else None
    # Only results follow: a tool turn. Without anything new there is nothing to ask.
    return new if new and not message_awaited and not calls and answered == call_ids else None


def _answered_in(items: Sequence[Item]) -> set[object]:
    return {item.get("call_id") for item in items if item.get("type") == "function_call_output"}


def _is_free_of(items: Sequence[Item], call_ids: frozenset[object]) -> bool:
    """Whether no call of the output occurs again further on; the server would get it twice."""
    return not any(item.get("type") == "function_call" and item.get("call_id") in call_ids for item in items)


def _text_of(item: Item) -> str:
    content = item.get("content")
    if isinstance(content, str):
        return content
    return "".join(
        part.get("text") or part.get("refusal") or "" for part in content or () if isinstance(part, Mapping)
    )


def _same_text(texts: Sequence[str], heard: str) -> bool:
    """Whether a context's message has the words of all messages; the aggregator changes white space."""
    words = heard.split()
    return words in ("".join(texts).split(), " ".join(texts).split())


def _same_call(made: Item, kept: Item) -> bool:
    return made.get("name") == kept.get("name") and _parsed(made.get("arguments")) == _parsed(
        kept.get("arguments")
    )


def _parsed(arguments: object) -> object:
    if not isinstance(arguments, str):
        return arguments
    try:
        return json.loads(arguments or "{}")
    except ValueError:
        return arguments
