"""The events of one output item, in order, before they get sequence numbers and obfuscation.

An event's fields other than `item_id` and `output_index` are given as a dict; `events` puts the keys in order
and encodes the event.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from mock_openai.protocol import models
from mock_openai.protocol.ciphertext import ciphertext
from mock_openai.protocol.item_streams import Commands, Course, Mark, Outputs, Partials, Stream, course
from mock_openai.protocol.output_items import OutputItem
from mock_openai.protocol.request import Request
from mock_openai.protocol.tokens import pieces as token_pieces

# An event's type and its fields.
Bare = tuple[str, dict[str, Any]]

LOGPROBS = "message.output_text.logprobs"


def item_events(
    output_item: OutputItem,
    index: int,
    request: Request,
    *,
    rng: random.Random,
    clock: Callable[[], float],
    closed: bool = True,
) -> Iterator[Bare]:
    """Return the events of one item from `output_item.added` to `output_item.done`.

    With `closed` false the item breaks off: its deltas are sent, but not the events that complete it.
    """
    item = output_item.item
    place = {"item_id": item["id"], "output_index": index}
    match item["type"]:
        case "message":
            yield _added({**item, "status": "in_progress", "content": []}, index)
            inside = _message(output_item, place, request, rng)
        case "reasoning":
            opening = {**item, "summary": [], **({"content": []} if "content" in item else {})}
            if item.get("encrypted_content"):
                opening["encrypted_content"] = ciphertext(rng, at=clock())
            yield _added(opening, index)
            inside = _reasoning(output_item, place)
        case kind:
            path = course(kind)
            opening = _opening(item, path, rng, clock)
            if kind == "web_search_call" and models.facts(request.model).reasons:
                opening.pop("action", None)  # only models that do not reason tell it beforehand (observed)
            yield _added(opening, index)
            inside = _hosted(output_item, path, place, request)
    if closed:
        yield from inside
        yield "response.output_item.done", {"item": item, "output_index": index}
    else:
        yield from (event for event in inside if not event[0].endswith((".done", ".completed", ".failed")))


def listings(output_items: list[OutputItem], first: int) -> Iterator[Bare]:
    """Return the events of several MCP servers' tool lists, which overlap: all are added, then all complete,
    and only the last one gets a `done` event (observed once).
    """
    places = [
        {"item_id": output_item.item["id"], "output_index": first + at}
        for at, output_item in enumerate(output_items)
    ]
    for output_item, place in zip(output_items, places, strict=True):
        yield _added({**output_item.item, "tools": []}, place["output_index"])
        yield "response.mcp_list_tools.in_progress", place
    for output_item, place in zip(output_items, places, strict=True):
        ending = "failed" if output_item.item.get("error") else "completed"
        yield f"response.mcp_list_tools.{ending}", place
    last = {"item": output_items[-1].item, "output_index": first + len(output_items) - 1}
    yield "response.output_item.done", last


def _added(item: dict[str, Any], index: int) -> Bare:
    return "response.output_item.added", {"item": item, "output_index": index}


def _message(
    output_item: OutputItem, place: dict[str, Any], request: Request, rng: random.Random
) -> Iterator[Bare]:
    for number, (part, pieces) in enumerate(zip(output_item.item["content"], output_item.cuts, strict=True)):
        where = {**place, "content_index": number}
        if part["type"] == "refusal":
            yield "response.content_part.added", {**where, "part": {**part, "refusal": ""}}
            for piece in pieces:
                yield "response.refusal.delta", {**where, "delta": piece}
            yield "response.refusal.done", {**where, "refusal": part["refusal"]}
        else:
            yield "response.content_part.added", {**where, "part": {**part, "annotations": [], "text": ""}}
            yield from _text(part, pieces, where, request, rng)
        yield "response.content_part.done", {**where, "part": part}


def _text(
    part: dict[str, Any], pieces: list[str], where: dict[str, Any], request: Request, rng: random.Random
) -> Iterator[Bare]:
    notes = list(enumerate(part.get("annotations") or ()))
    with_logprobs = LOGPROBS in request.include
    written = 0
    logprobs: list[dict[str, Any]] = []
    for piece in pieces:
        written += len(piece)
        scores = [_logprob(piece, request, rng)] if with_logprobs else []
        logprobs += scores
        yield "response.output_text.delta", {**where, "delta": piece, "logprobs": scores}
        while notes and _ends(notes[0][1]) <= written:
            yield _annotation(notes.pop(0), where)
    for note in notes:
        yield _annotation(note, where)
    part["logprobs"] = logprobs
    yield "response.output_text.done", {**where, "logprobs": logprobs, "text": part["text"]}


def _ends(note: Mapping[str, Any]) -> float:
    # A citation is announced once its span is written; one that names no span comes after the text.
    return float(note.get("end_index") or note.get("index") or float("inf"))


def _annotation(note: tuple[int, Mapping[str, Any]], where: dict[str, Any]) -> Bare:
    return (
        "response.output_text.annotation.added",
        {**where, "annotation": note[1], "annotation_index": note[0]},
    )


def _logprob(token: str, request: Request, rng: random.Random) -> dict[str, Any]:
    chosen = _scored(token, -round(rng.random() / 4, 6))
    wanted = request.body.get("top_logprobs") or 0
    others = [other for other in _OTHERS if other != token][: max(0, wanted - 1)]
    falling = [_scored(other, round(-2.0 - rank - rng.random(), 6)) for rank, other in enumerate(others)]
    return {**chosen, "top_logprobs": [dict(chosen), *falling] if wanted else []}


# The tokens that the model might have chosen instead: as many as a request can ask for, in every place.
_OTHERS = re.findall(r" \w+", " the a and to of in is it that for on with as this you at but so not or")


def _scored(token: str, logprob: float) -> dict[str, Any]:
    return {"bytes": list(token.encode()), "logprob": logprob, "token": token}


def _reasoning(output_item: OutputItem, place: dict[str, Any]) -> Iterator[Bare]:
    for number, (part, pieces) in enumerate(
        zip(output_item.item.get("summary") or (), output_item.cuts, strict=True)
    ):
        where = {**place, "summary_index": number}
        yield "response.reasoning_summary_part.added", {**where, "part": {**part, "text": ""}}
        for piece in pieces:
            yield "response.reasoning_summary_text.delta", {**where, "delta": piece}
        yield "response.reasoning_summary_text.done", {**where, "text": part["text"]}
        yield "response.reasoning_summary_part.done", {**where, "part": part}
    # Only open models show their thoughts (documented); a script gives them as the item's content.
    for number, part in enumerate(output_item.item.get("content") or ()):
        where = {**place, "content_index": number}
        yield "response.content_part.added", {**where, "part": {**part, "text": ""}}
        for piece in token_pieces(part["text"]):
            yield "response.reasoning_text.delta", {**where, "delta": piece}
        yield "response.reasoning_text.done", {**where, "text": part["text"]}
        yield "response.content_part.done", {**where, "part": part}


def _opening(
    item: dict[str, Any], path: Course, rng: random.Random, clock: Callable[[], float]
) -> dict[str, Any]:
    shown = {name: value for name, value in item.items() if path.only is None or name in path.only}
    for name, value in path.opening.items():
        if name in item and isinstance(value, dict) and isinstance(item[name], dict):
            # Only fields that the item really has are emptied: deleting a file has no diff.
            known = {key: inner for key, inner in value.items() if key in item[name] or name == "action"}
            shown[name] = known if _replaces(item["type"], name) else {**item[name], **known}
        elif name in item:
            shown[name] = value
    if path.sealed in item:
        shown[path.sealed] = ciphertext(rng, at=clock())
    return shown


def _replaces(kind: str, name: str) -> bool:
    # A search's action and arguments are not known yet when it is added; the others are known but for one
    # field.
    return (kind, name) in {("web_search_call", "action"), ("tool_search_call", "arguments")}


def _hosted(output_item: OutputItem, path: Course, place: dict[str, Any], request: Request) -> Iterator[Bare]:
    item = output_item.item
    if item["type"] == "compaction" and any(one.get("type") == "compaction_trigger" for one in request.input):
        yield "response.compaction.compacting", dict(place)  # documented for triggered ones only
    for step in path.steps:
        match step:
            case Mark(name, failed):
                yield failed if failed and item.get("error") else name, dict(place)
            case Stream(name, field_path):
                if not _has(item, field_path):
                    continue
                for piece in output_item.cuts[0]:
                    yield f"response.{name}.delta", {**place, "delta": piece}
                yield f"response.{name}.done", {**place, field_path[-1]: "".join(output_item.cuts[0])}
            case Commands():
                yield from _commands(item, place["output_index"])
            case Outputs():
                yield from _outputs(item, place)
            case Partials():
                yield from _partials(item, place, request)


_OF_A_PARTIAL = ("background", "output_format", "quality", "size")


def _partials(item: Mapping[str, Any], place: dict[str, Any], request: Request) -> Iterator[Bare]:
    wanted = next((tool for tool in request.tools if tool.get("type") == "image_generation"), {})
    if not item.get("result"):
        return
    about = {name: item[name] for name in _OF_A_PARTIAL if name in item}
    for number in range(wanted.get("partial_images") or 0):
        picture = {"partial_image_b64": item["result"], "partial_image_index": number}
        yield "response.image_generation_call.partial_image", {**place, **about, **picture}


def _has(item: Mapping[str, Any], path: tuple[str, ...]) -> bool:
    value: Any = item
    for name in path:
        if not isinstance(value, Mapping) or name not in value:
            return False
        value = value[name]
    return True


def _commands(item: dict[str, Any], index: int) -> Iterator[Bare]:
    for number, command in enumerate((item.get("action") or {}).get("commands") or ()):
        where = {"command_index": number, "output_index": index}
        yield "response.shell_call_command.added", {**where, "command": ""}
        for piece in token_pieces(command):
            yield "response.shell_call_command.delta", {**where, "delta": piece}
        yield "response.shell_call_command.done", {**where, "command": command}


def _outputs(item: dict[str, Any], place: dict[str, Any]) -> Iterator[Bare]:
    outputs = item.get("output") or []
    for number, output in enumerate(outputs):
        where = {**place, "command_index": number}
        written = {name: output[name] for name in ("stdout", "stderr") if output.get(name)}
        yield "response.shell_call_output_content.delta", {**where, "delta": written}
        yield "response.shell_call_output_content.done", {**where, "output": [output]}
