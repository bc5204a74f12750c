"""Items as the API lists them: each with an id, messages in parts; and the pages of a list."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from mock_openai.protocol.errors import (
    ApiError,
    above_maximum,
    below_minimum,
    conversation_item_not_found,
    invalid_type,
    invalid_value,
)
from mock_openai.protocol.fields import INCLUDE
from mock_openai.protocol.ids import Ids
from mock_openai.protocol.item_streams import prefix_of
from mock_openai.protocol.mcp_credentials import without_credentials
from mock_openai.protocol.schema import validate

_OUTPUTS = {"function_call_output": "fco", "custom_tool_call_output": "ctco", "computer_call_output": "cuo"}
_PARTS = {"user": "input_text", "system": "input_text", "developer": "input_text", "assistant": "output_text"}
_WITHOUT_STATUS = frozenset(
    {"reasoning", "compaction", "mcp_list_tools", "mcp_approval_request", "mcp_approval_response"}
)
_PAGE, _MAX_PAGE = 20, 100

IMAGE_URLS, SCREENSHOT_URLS = "message.input_image.image_url", "computer_call_output.output.image_url"


def with_ids(items: Iterable[Mapping[str, Any]], parent: str, ids: Ids) -> list[dict[str, Any]]:
    """Return items in their listed form; those without an id get one that shares the parent's root."""
    return [listed(item, parent, ids) for item in items]


def listed(item: Mapping[str, Any], parent: str, ids: Ids) -> dict[str, Any]:
    """Return one item in its listed form (observed): id, type, status, then its content."""
    kind = item.get("type") or ("message" if "role" in item else "item_reference")
    made = ids.item(_OUTPUTS.get(kind) or prefix_of(kind), parent)
    given = item.get("id")
    shown: dict[str, Any] = {"id": given if given and isinstance(given, str) else made, "type": kind}
    if kind == "message":
        role = str(item.get("role"))
        return {
            **shown,
            "status": item.get("status") or "completed",
            "content": _content(item.get("content"), role),
            **({"phase": item["phase"]} if item.get("phase") else {}),
            "role": role,
        }
    shown |= {name: value for name, value in item.items() if name not in ("id", "type")}
    if kind not in _WITHOUT_STATUS:
        shown["status"] = item.get("status") or "completed"
    return shown


def _content(content: object, role: str) -> object:
    if isinstance(content, str):
        content = [{"type": _PARTS.get(role, "input_text"), "text": content}]
    if not isinstance(content, list | tuple):
        return content
    return [
        {"type": "output_text", "annotations": [], "logprobs": [], **part}
        if part.get("type") == "output_text"
        else dict(part)
        for part in content
    ]


def included(query: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return what a query asks to include (`include`, `include[]` or `include[0]`). Raises ApiError for
    unknown values.
    """
    wanted = [value for name, value in query if name == "include" or name.startswith("include[")]
    for index, name in enumerate(wanted):
        validate(INCLUDE, name, f"include[{index}]")
    return frozenset(wanted)


def with_pictures(items: Iterable[dict[str, Any]], include: frozenset[str]) -> list[dict[str, Any]]:
    """Return items with the addresses of pictures only if the query includes them (documented)."""
    shown = list(items)
    if IMAGE_URLS not in include:
        shown = [_without_pictures(item, "content") for item in shown]
    if SCREENSHOT_URLS not in include:
        shown = [_blank(item, "output") if item["type"] == "computer_call_output" else item for item in shown]
    return shown


def _without_pictures(item: dict[str, Any], where: str) -> dict[str, Any]:
    parts = item.get(where)
    if not isinstance(parts, list) or not any(_is_picture(part) for part in parts):
        return item
    blanked = [{**part, "image_url": None} if _is_picture(part) else part for part in parts]
    return {**item, where: blanked}


def _blank(item: dict[str, Any], where: str) -> dict[str, Any]:
    shot = item.get(where)
    return {**item, where: {**shot, "image_url": None}} if isinstance(shot, Mapping) else item


def _is_picture(part: object) -> bool:
    return isinstance(part, Mapping) and part.get("type") == "input_image" and "image_url" in part


def page(
    items: Sequence[dict[str, Any]],
    query: Mapping[str, str],
    unknown: Callable[[str], ApiError] = conversation_item_not_found,
) -> dict[str, Any]:
    """Return the page that `limit`, `order` (newest first unless "asc"), `after` and `before` ask for, as a
    list object. `unknown` makes the error for a cursor that names no item (inferred).
    """
    limit = number(query, "limit", _PAGE, least=1, most=_MAX_PAGE)
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        raise invalid_value("order", order, ("asc", "desc"))
    rows = list(items) if order == "asc" else list(reversed(items))
    places = {item["id"]: index for index, item in enumerate(rows)}
    for bound in ("after", "before"):
        if query.get(bound) and query[bound] not in places:
            raise unknown(query[bound])
    if query.get("after"):
        rows = rows[places[query["after"]] + 1 :]
    elif query.get("before"):
        rows = rows[: places[query["before"]]]
    shown = [without_credentials(item) for item in rows[:limit]]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0]["id"] if shown else None,
        "has_more": len(rows) > len(shown),
        "last_id": shown[-1]["id"] if shown else None,
    }


def number(query: Mapping[str, str], name: str, default: int, *, least: int, most: int | None = None) -> int:
    """Read a whole number from a query string. Raises ApiError if it is not one, or out of bounds."""
    text = query.get(name)
    if text is None:
        return default
    try:
        value = int(text)
    except ValueError:
        # The words are reported for the fields of forms, which are text too.
        got = "a string value that could not be converted into an integer"
        raise invalid_type(name, "an integer", got) from None
    if value < least:
        raise below_minimum(name, least, value, integer=True)
    if most is not None and value > most:
        raise above_maximum(name, most, value, integer=True)
    return value
