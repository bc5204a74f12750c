"""Finds the recording for a request: same method, same path, and a body with the same meaning.

Fields that do not affect the answer are ignored, and the input is compared as the whole conversation: a
request that continues with `previous_response_id` and one that sends every item again are equal if they lead
to the same point. If nothing is equal, `explain` says in a few lines which recording was nearest and what
differs.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

import msgspec
from mock_openai.redaction.names import Weight, weight

import ninelives.cassette.items as items
from ninelives.cassette.exchanges import Exchange
from ninelives.cassette.redact import Redactor

VOLATILE = frozenset(
    {
        "type", "stream", "stream_options", "stream_id", "previous_response_id", "input", "user",
        "safety_identifier", "metadata", "client_metadata", "prompt_cache_key", "prompt_cache_retention",
        "service_tier", "store", "include",
    }
)  # fmt: skip
"""Body fields that are not compared: they concern transport, storage or billing of the answer, not its
content.
"""

_PREFIX = re.compile(
    r"^(?:[a-z]+://[^/]*)?/?(?:backend-api/codex/|openai/)?(?:deployments/[^/]+/)?(?:v\d+/)?"
)
_DIFF_LINES = 14
_WIDTH = 120
_LOOK_AT = 50  # recordings among which the nearest is searched: comparing costs about 1 ms each


@dataclass(frozen=True, slots=True)
class Wanted:
    """A request that looks for its recording."""

    method: str
    path: str
    body: Any
    streamed: bool


Matcher = Callable[[Wanted, Exchange], bool]
"""A further condition, checked only for recordings that match otherwise. Like vcrpy's, it may also raise
AssertionError.
"""


@dataclass(frozen=True, slots=True)
class Form:
    """A request reduced to what is compared."""

    kind: str
    """Method and path without version and host-specific prefixes, and whether the answer is streamed."""
    content: str
    """The body, normalized, as indented JSON with sorted keys, for diffs."""


class Matching:
    """Finds recordings for requests.

    `ignore` names further body fields that are not compared, `compare` names fields of VOLATILE that are
    compared, `matchers` are further conditions. `redactor` redacts a request as the recorded one was
    redacted.
    """

    def __init__(
        self,
        exchanges: Sequence[Exchange],
        *,
        ignore: Iterable[str] = (),
        compare: Iterable[str] = (),
        matchers: Iterable[Matcher] = (),
        redactor: Redactor | None = None,
    ) -> None:
        self.exchanges = exchanges
        self._dropped = (VOLATILE | set(ignore)) - set(compare)
        self._matchers = tuple(matchers)
        self._redactor = redactor or Redactor()
        self._by_response: dict[str, Exchange] = {}
        self._by_item: dict[str, Any] = {}
        for exchange in exchanges:
            if exchange.response_id and exchange.method in ("POST", "GET"):
                self._by_response.setdefault(exchange.response_id, exchange)
            for item in exchange.output:
                if isinstance(item.get("id"), str):
                    self._by_item[item["id"]] = item
        self._histories: dict[int, list[Any]] = {}
        self.forms = [self.form(wanted(exchange)) for exchange in exchanges]
        self._by_form: dict[Form, list[int]] = defaultdict(list)
        self._any_body: dict[str, list[int]] = defaultdict(list)  # kind -> recordings without a request
        for place, form in enumerate(self.forms):
            self._by_form[form].append(place)
            if exchanges[place].method == "POST" and not exchanges[place].request:
                self._any_body[form.kind].append(place)

    def places(self, request: Wanted) -> list[int]:
        """Return the indexes of all recordings that match, in recorded order.

        A recording without a request body matches any request of its kind that nothing else matches.
        """
        form = self.form(request)
        found = self._by_form.get(form) or self._any_body.get(form.kind, [])
        return [
            place
            for place in found
            if all(_holds(matcher, request, self.exchanges[place]) for matcher in self._matchers)
        ]

    def meaning(self, body: Mapping[str, Any]) -> dict[str, Any]:
        """Return the meaning of a request for a response, independent of the transport: the relevant
        fields, and the conversation.
        """
        kept: dict[str, Any] = {k: v for k, v in body.items() if k not in self._dropped}
        kept["conversation so far"] = self._conversation(body)
        return kept

    def form(self, request: Wanted) -> Form:
        """Return the parts of a request that are compared."""
        path = _path(request.path)
        created = request.method == "POST" and path.partition("?")[0] == "responses"
        how = " streamed" if created and request.streamed else ""
        body = request.body
        if isinstance(body, Mapping) and path.startswith("responses"):
            body = self.meaning(body)
        content = self._redactor.blank(
            msgspec.json.encode(_lists_of_lines(items.plain(body)), order="sorted")
        )
        return Form(f"{request.method} {path}{how}", msgspec.json.format(content, indent=1).decode())

    def explain(self, request: Wanted, used: Mapping[int, int]) -> str:
        """Explain why nothing matches a request: one summary line, then the nearest recording and a short
        diff.
        """
        form = self.form(request)
        same = self._by_form.get(form, [])
        if same and not self.places(request):
            return f"a custom matcher rejects {_name(self.exchanges[same[0]])}, which is the same otherwise"
        if same and all(place in used for place in same):
            recorded = _name(self.exchanges[same[-1]])
            times = "once" if len(same) == 1 else f"{len(same)} times"
            fix = "replay it with --repeat (repeat=True in Python), or record it again"
            return f"it was recorded {times} ({recorded}) and replayed; {fix}"
        alike = [place for place, other in enumerate(self.forms) if other.kind == form.kind]
        if not alike:
            kinds = ", ".join(sorted({other.kind for other in self.forms})) or "nothing"
            return f"no {form.kind} was recorded; the cassette holds {kinds}"
        score = difflib.SequenceMatcher(autojunk=False)
        score.set_seq2(form.content.splitlines())
        best, nearest = -1.0, alike[0]
        for place in sorted(alike, key=lambda place: place in used)[:_LOOK_AT]:
            score.set_seq1(self.forms[place].content.splitlines())
            if (ratio := score.ratio()) > best:
                best, nearest = ratio, place
        state = ", already replayed" if nearest in used else ""
        diff = _diff(self.forms[nearest].content, form.content)
        return f"the nearest is {_name(self.exchanges[nearest])}{state}:\n{diff}"

    def _conversation(self, body: Mapping[str, Any]) -> list[Any]:
        earlier: list[Any] = []
        previous = body.get("previous_response_id")
        if isinstance(previous, str):
            known = self._by_response.get(previous)
            earlier = self._history(known) if known else [{"previous_response_id": previous}]
        return [*earlier, *items.meanings(self._resolved(_inputs(body)))]

    def _history(self, exchange: Exchange) -> list[Any]:
        """Return the conversation that a response to follow this one builds on."""
        chain: list[Exchange] = []
        start: list[Any] = []
        step: Exchange | None = exchange
        while step is not None and id(step) not in self._histories and step not in chain:
            chain.append(step)
            previous = step.body.get("previous_response_id") if isinstance(step.body, dict) else None
            known = self._by_response.get(previous) if isinstance(previous, str) else None
            if known is None and previous is not None:
                start = [{"previous_response_id": previous}]
            step = known
        if step is not None:
            start = self._histories.get(id(step), [])
        for step in reversed(chain):
            own = step.body if isinstance(step.body, dict) else {}
            start = [*start, *items.meanings(self._resolved(_inputs(own))), *items.meanings(step.output)]
            self._histories[id(step)] = start
        return start

    def _resolved(self, given: Iterable[Any]) -> Iterable[Any]:
        for item in given:
            if isinstance(item, dict) and item.get("type") == "item_reference":
                yield self._by_item.get(item.get("id", ""), item)
            else:
                yield item


def wanted(exchange: Exchange) -> Wanted:
    """Return the request that an exchange answers."""
    if exchange.transport == "websocket":
        _, mark, query = exchange.path.partition("?")
        return Wanted("POST", f"/v1/responses{mark}{query}", exchange.body, streamed=True)
    body = exchange.body
    streamed = body.get("stream") is True if isinstance(body, dict) else exchange.streamed
    return Wanted(exchange.method, exchange.path, body, streamed)


def _holds(matcher: Matcher, request: Wanted, exchange: Exchange) -> bool:
    try:
        # The user's own code may change its argument, so it gets a copy of the server's request.
        return matcher(replace(request, body=deepcopy(request.body)), exchange) is not False
    except AssertionError:
        return False


def _inputs(body: Mapping[str, Any]) -> list[Any]:
    given = body.get("input")
    if isinstance(given, str):
        return [{"role": "user", "content": given}]
    return given if isinstance(given, list) else []


def _path(path_qs: str) -> str:
    path, _, query = path_qs.partition("?")
    path = _PREFIX.sub("", path).strip("/")
    given = parse_qsl(query, keep_blank_values=True)
    # The key does not matter, and the recorded one was replaced.
    kept = sorted((name, value) for name, value in given if name != "api-version" and not _is_secret(name))
    return f"{path}?{urlencode(kept)}" if kept else path


def _is_secret(name: str) -> bool:
    return weight(name.encode(), parameter=True) is Weight.SECRET


def _lists_of_lines(value: Any) -> Any:
    """Cut long texts into lines, so that a diff shows the sentence and not the page."""
    if isinstance(value, str) and "\n" in value:
        return value.split("\n")
    if isinstance(value, dict):
        return {key: _lists_of_lines(inner) for key, inner in value.items()}
    return [_lists_of_lines(inner) for inner in value] if isinstance(value, list) else value


def _name(exchange: Exchange) -> str:
    what = "turn" if exchange.transport == "websocket" else f"{exchange.method} {exchange.path}"
    return f"recording {exchange.number} ({what}, line {exchange.line})"


def _diff(recorded: str, asked: str) -> str:
    lines = list(
        difflib.unified_diff(
            recorded.splitlines(), asked.splitlines(), "recorded", "requested", n=1, lineterm=""
        )
    )
    changed = [
        line if len(line) <= _WIDTH else line[:_WIDTH] + "..." for line in lines if not line.startswith("@@")
    ]
    if len(changed) > _DIFF_LINES:
        changed = [*changed[:_DIFF_LINES], f"... and {len(changed) - _DIFF_LINES} more lines"]
    return "\n".join(changed)
