"""vcrpy's configuration for our own recorder and player: matchers, filters and hooks work unchanged.

    @pytest.fixture(scope="module")
    def cassette_config():
        return from_vcr_config({"filter_headers": ["x-app"], "before_record_request": hook, ...})

The hooks and matchers get what vcrpy passes them: a `vcr.request.Request`, a response as a dictionary.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from vcr.filters import replace_headers, replace_post_data_parameters, replace_query_parameters
from vcr.request import Request

from ninelives.cassette.exchanges import Exchange
from ninelives.cassette.matching import Matcher, Wanted
from ninelives.cassette.redact import RecordedRequest, Redactor

UPSTREAM = "https://api.openai.com"
"""The host of the URIs that hooks and matchers see; our cassettes store only paths."""

OURS = frozenset({"method", "scheme", "host", "port", "path", "query", "uri", "body", "raw_body"})
"""vcrpy's matchers that need no conversion: method, path and body are always compared, hosts never."""

_MODES = frozenset({"none", "once", "new_episodes", "all", "rewrite"})
_FILTERS: Mapping[str, Callable[..., Any]] = {
    "filter_headers": replace_headers,
    "filter_query_parameters": replace_query_parameters,
    "filter_post_data_parameters": replace_post_data_parameters,
}
_TAKEN = frozenset(
    {"record_mode", "match_on", "matchers", "allow_playback_repeats", "before_record_response", *_FILTERS}
    | {"before_record_request", "before_record"}
)
_WITHOUT_EFFECT = frozenset(
    {
        "decode_compressed_response",
        "serializer",
        "cassette_library_dir",
        "path_transformer",
        "ignore_localhost",
    }
)

Matching = Callable[[Request, Request], Any]


def from_vcr_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """Return the value of `cassette_config` for a `vcr_config` of pytest-recording.

    `matchers` has those that were registered with `VCR.register_matcher`, by name. Raises ValueError for
    options without a counterpart.
    """
    if unknown := sorted(config.keys() - _TAKEN - _WITHOUT_EFFECT):
        raise ValueError(f"vcrpy's {unknown[0]!r} has no counterpart in ninelives; leave it out")
    found: dict[str, Any] = {"redactor": lambda: redactor(**config)}
    mode = config.get("record_mode")
    if mode is not None:
        name = str(getattr(mode, "value", mode))
        if name not in _MODES:
            raise ValueError(f"vcrpy's record mode {name!r} has no counterpart in ninelives")
        found["mode"] = name
    if config.get("allow_playback_repeats"):
        found["repeat"] = True
    known: Mapping[str, Matching] = config.get("matchers") or {}
    wanted = [name for name in config.get("match_on") or () if name not in OURS]
    if missing := [name for name in wanted if name not in known]:
        raise ValueError(f"match_on names {missing[0]!r}, and `matchers` has no such function")
    found["matchers"] = [matcher(known[name]) for name in wanted]
    return found


def matcher(compare: Matching) -> Matcher:
    """Return a matcher of vcrpy as one of ours."""

    def asked(request: Wanted, recorded: Exchange) -> bool:
        ours = Request(request.method, UPSTREAM + request.path, msgspec.json.encode(request.body), {})
        theirs = Request(
            "POST" if recorded.transport == "websocket" else recorded.method,
            UPSTREAM + recorded.path,
            msgspec.json.encode(recorded.body),
            dict(recorded.request_headers),
        )
        return compare(ours, theirs) is not False

    return asked


def redactor(**config: Any) -> Redactor:
    """Return a redactor that filters and calls hooks as a `vcr.VCR` of this configuration would."""
    hook = config.get("before_record_request") or config.get("before_record")
    hooks: list[Callable[[Request], Request | None]] = [
        _filter(replace, config[name]) for name, replace in _FILTERS.items() if config.get(name)
    ]
    hooks += list(hook) if isinstance(hook, list | tuple) else [hook] if hook else []
    heard = config.get("before_record_response")
    listeners = list(heard) if isinstance(heard, list | tuple) else [heard] if heard else []
    return Redactor(
        before_record_request=(lambda request: _asked(request, hooks)) if hooks else None,
        before_record_response=(lambda response: _heard(response, listeners)) if listeners else None,
    )


def _filter(replace: Callable[..., Any], names: Iterable[Any]) -> Callable[[Request], Request | None]:
    pairs = [(name, None) if isinstance(name, str) else tuple(name) for name in names]
    return lambda request: replace(request, pairs)


def _asked(
    request: RecordedRequest, hooks: Iterable[Callable[[Request], Request | None]]
) -> RecordedRequest | None:
    # a message on a socket is treated as if it were posted
    method = "POST" if request.method == "WS" else request.method
    given = {"content-type": "application/json"} if request.method == "WS" else dict(request.headers)
    seen: Request | None = Request(method, UPSTREAM + request.uri, request.body or None, given)
    for hook in hooks:
        if seen is None:
            return None
        seen = hook(seen)
    if seen is None:
        return None
    body = seen.body.encode() if isinstance(seen.body, str) else seen.body or b""
    headers = {name: str(value) for name, value in seen.headers.items()}
    sent = request.method if seen.method == method else seen.method
    return RecordedRequest(sent, seen.uri.removeprefix(UPSTREAM), headers, body)


def _heard(
    response: dict[str, Any], listeners: Iterable[Callable[[dict[str, Any]], dict[str, Any] | None]]
) -> dict[str, Any] | None:
    seen: dict[str, Any] | None = {
        **response,
        "headers": {name: [value] for name, value in response["headers"].items()},
    }
    for listener in listeners:
        if seen is None:
            return None
        seen = listener(seen)
    if seen is None:
        return None
    headers = {
        name: value if isinstance(value, str) else ", ".join(value) for name, value in seen["headers"].items()
    }
    body = seen["body"]["string"]
    return {**seen, "headers": headers, "body": {"string": body.encode() if isinstance(body, str) else body}}
