"""Recognizes recordings in formats that cannot be read, and says which tool wrote the file and what to do
about it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mock_openai.protocol import json

_LIST = "write it as a list of requests and responses (see docs/reference/cassettes.md)"
_HAR = "export HAR"


def named(data: bytes) -> tuple[str, str] | None:
    """Return a description of the file and what to do with it; None if the format is not known here."""
    if data[:16].startswith(b"SQLite format 3"):
        return "an SQLite database", _LIST
    if data[:4] in (b"\x0a\x0d\x0d\x0a", b"\xd4\xc3\xb2\xa1", b"\xa1\xb2\xc3\xd4"):
        return "a packet capture", "record the client with `ninelives record`, or export HAR from a proxy"
    if data[:9].partition(b":")[0].isdigit() and b":version;" in data[:4096]:
        return "a dump of mitmproxy flows", f"{_HAR} with `mitmdump --set hardump=FILE.har -r DUMP`"
    try:
        found = json.parse(data)
    except ValueError:
        return None
    if isinstance(found, list):
        return _of_list(found)
    return _of_mapping(found) if isinstance(found, dict) else None


def _of_list(found: list[Any]) -> tuple[str, str] | None:
    first = found[0] if found else None
    if isinstance(first, Mapping) and {"scope", "path"} <= first.keys():
        return "a nock recording", _LIST
    if isinstance(first, Mapping) and {"request", "protocolVersion"} <= first.keys():
        return "a Charles session", f"{_HAR} from Charles"
    return None


def _of_mapping(found: Mapping[str, Any]) -> tuple[str, str] | None:
    info, data = found.get("info"), found.get("data")
    if isinstance(info, Mapping) and "getpostman" in str(info.get("schema", "")):
        return "a Postman collection", f"it contains no traffic; {_HAR} from the client's proxy, or {_LIST}"
    if "openapi" in found or "swagger" in found:
        return "an OpenAPI description", "it contains no traffic; record the API with `ninelives record`"
    if "mappings" in found or ({"request", "response"} <= found.keys() and "id" not in found):
        return "WireMock's stub mappings, or a single pair", _LIST
    if isinstance(data, Mapping) and "pairs" in data:
        return "a Hoverfly simulation", _LIST
    if {"Initial", "Entries"} <= found.keys() or "Converter" in found:
        return "a recording of Go's httpreplay", _LIST
    return None
