"""Tokens: counts text, and cuts it where a stream of deltas would.

One delta is one token of the model (observed), so both use the real o200k tokenizer. A token may hold part
of a character; such tokens are joined until the characters are whole.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from mock_openai.protocol.vocabulary import encoding as _encoding

# Longer texts are cut into slices first, because the tokenizer accepts no more than this at once.
_SLICE = 500_000
# Tokens that each message and each request cost beyond their text: the API counts 11 for a message "Hello,
# responses!", whose text has four tokens (observed).
_PER_MESSAGE, _PER_REQUEST = 4, 3
# Tokens that a call costs beyond its text (observed for functions: 9 to 15).
_PER_CALL = 9
# Characters of a compaction's ciphertext for each token that it costs to read (measured on one recording).
_SEALED_PER_TOKEN = 9


def prepare() -> None:
    """Load the vocabulary now, so that the first answer does not wait for it."""
    _encoding()


def _encode(text: str) -> list[int]:
    return [token for part in _slices(text) for token in _encoding().encode(part)]


def _slices(text: str) -> Iterator[str]:
    try:
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate has no tokens
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return (text[start : start + _SLICE] for start in range(0, len(text), _SLICE))


def count(text: str) -> int:
    """Count the tokens of a text."""
    try:
        if len(text) <= _SLICE:
            return _encoding().count(text)
    except UnicodeEncodeError:
        pass
    return sum(map(_encoding().count, _slices(text)))


def pieces(text: str) -> list[str]:
    """Cut a text at token boundaries that are character boundaries too; joined, the pieces are the text."""
    try:
        text.encode()
    except UnicodeEncodeError:
        # A lone surrogate has no tokens; it travels in one piece.
        return [text]
    found: list[str] = []
    pending: list[int] = []
    decode = _encoding().decode
    for token in _encode(text):
        pending.append(token)
        try:
            found.append(decode(pending))
        except ValueError:  # ends within a character
            continue
        pending = []
    return found


def cut(text: str, tokens: int) -> str:
    """Keep at most this many tokens of a text, and no broken character."""
    ids = _encode(text)
    if len(ids) <= tokens:
        return text
    kept = ids[: max(tokens, 0)]
    while kept:
        try:
            return _encoding().decode(kept)
        except ValueError:  # ends within a character
            kept.pop()
    return ""


def exactly(text: str, number: int) -> list[str]:
    """Cut a text into exactly this number of non-empty pieces, as close to its token boundaries as possible.

    A text with too few characters is lengthened by dots; an empty one becomes dots.
    """
    text = text + "." * max(0, number - len(text))
    parts = pieces(text)
    while len(parts) > number:
        # Join neighbours from the left in one sweep, so that long texts stay evenly cut.
        surplus = len(parts) - number
        joined: list[str] = []
        index = 0
        while index < len(parts):
            if surplus and index + 1 < len(parts):
                joined.append(parts[index] + parts[index + 1])
                surplus -= 1
                index += 2
            else:
                joined.append(parts[index])
                index += 1
        parts = joined
    return parts if len(parts) == number else _split(parts, number)


def _split(parts: list[str], number: int) -> list[str]:
    """Split further, always the part whose shares are longest; a heap, since thousands of deltas may be asked
    for.
    """
    shares = [1] * len(parts)
    heap: list[tuple[float, int]] = [(-len(part), index) for index, part in enumerate(parts)]
    heapq.heapify(heap)
    for _ in range(number - len(parts)):
        _, index = heap[0]
        shares[index] += 1
        heapq.heapreplace(heap, (-len(parts[index]) / shares[index], index))
    return [
        part[len(part) * at // share : len(part) * (at + 1) // share]
        for part, share in zip(parts, shares, strict=True)
        for at in range(share)
    ]


def count_input(
    items: Iterable[Mapping[str, Any]], *, instructions: str | None, tools: Iterable[Mapping[str, Any]]
) -> int:
    """Count the input tokens of a model: items, instructions and tools. An estimate: only the text is exact.
    Items before a compaction are no longer read (observed).
    """
    total = _PER_REQUEST + count_items(items)
    if instructions:
        total += count(instructions) + _PER_MESSAGE
    for tool in tools:
        total += count(json.dumps(tool, ensure_ascii=False, separators=(",", ":")))
    return total


def count_items(items: Iterable[Mapping[str, Any]]) -> int:
    """Count the items of a conversation that are still read."""
    total = 0
    for item in items:
        if item.get("type") == "compaction":
            total = _PER_MESSAGE + count_item(item)
        else:
            total += _PER_MESSAGE + _count_texts(item, _READ)
    return total


def count_message(text: str) -> int:
    """Count a message that consists of this text, as `count_items` does."""
    return _PER_MESSAGE + count(text)


def count_item(item: Mapping[str, Any]) -> int:
    """Count the text in an item that is read; ids, images and ciphertexts, except a compaction's, count
    nothing.
    """
    if item.get("type") == "compaction":
        return len(str(item.get("encrypted_content") or "")) // _SEALED_PER_TOKEN
    return _count_texts(item, _READ)


def count_written(item: Mapping[str, Any]) -> int:
    """Count the tokens that the model wrote in an item, without the results of hosted tools."""
    if str(item.get("type")).endswith("_output"):
        return 0
    if item.get("type") == "compaction":
        return count_item(item)
    around = _PER_CALL if str(item.get("type")).endswith("_call") else 0
    return around + _count_texts(item, _WRITTEN)


_WRITTEN = frozenset(
    {
        *("text", "refusal", "content", "arguments", "input", "name", "summary", "code"),
        # Fields in which the calls of hosted tools say what is to be done.
        *("action", "actions", "operation", "queries", "query", "command", "commands", "diff", "path"),
        *("pattern", "url", "keys"),
    }
)
_READ = _WRITTEN | {"output", "result", "outputs", "logs", "stdout", "stderr"}


def _count_texts(value: object, names: frozenset[str]) -> int:
    """Count the tokens of a text, or of the texts under these names, however deeply nested."""
    if isinstance(value, str):
        return count(value)
    total = 0
    if isinstance(value, (dict, Mapping)):
        for name, inner in value.items():
            if name in names:
                total += count(inner) if isinstance(inner, str) else _count_texts(inner, names)
    elif isinstance(value, (list, tuple)):
        for part in value:
            total += _count_texts(part, names)
    return total
