"""Reads fields of events and responses, in which a server may have put anything."""

from collections.abc import Mapping
from typing import Any

__all__ = ["id_of", "listed", "mapping", "output_of"]


def mapping(value: object) -> Mapping[str, Any]:
    """Return the value if it is a JSON object, otherwise an empty one."""
    return value if type(value) is dict or isinstance(value, Mapping) else {}


def listed(value: object) -> list[Any]:
    """Return the value if it is a JSON array, otherwise an empty one."""
    return value if isinstance(value, list) else []


def id_of(response: Mapping[str, Any]) -> str | None:
    """Return the id of a response; None if it has none that is a text."""
    response_id = response.get("id")
    return response_id if isinstance(response_id, str) else None


def output_of(response: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the items of a response's output."""
    return [item for item in listed(response.get("output")) if isinstance(item, dict)]
