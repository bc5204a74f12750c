"""New ids for each replay of a recording, consistently in all places.

A client that keeps responses by id must not get the same one twice. `FreshIds` replaces every id of an
answer by a new one of the same form, in all its events, and translates ids from the client
(`previous_response_id`, `call_id`, items, paths) to the recorded ones, so that they are found.
"""

from __future__ import annotations

import dataclasses
import random
import re
import string
from collections.abc import Mapping
from itertools import accumulate, pairwise
from typing import Any

import msgspec
from mock_openai.protocol.events import Event, Timed
from mock_openai.responders.answer import Recorded
from msgspec import structs

_ID = rb"[a-z]{1,8}_[0-9A-Za-z]+"
_QUOTED = re.compile(rb'"(' + _ID + rb')"')
_IN_PATH = re.compile(r"(?<=/)" + _ID.decode() + r"(?=[/?]|$)")
_OWN = re.compile(rb'"(?:id|item_id|call_id|response_id)"\s*:\s*"(' + _ID + rb')"')
_HEADER = "x-request-id"
_ROOT = 16
"""Hexadecimal digits that the ids of one response share (observed)."""
_SHORT = 24
"""Characters of a new id that replaces one too short to be unique."""
_REMEMBERED = 100_000


class FreshIds:
    """The ids of one player. `seed` makes them the same in every run; None makes them new."""

    def __init__(self, seed: int | None = None) -> None:
        self._random = random.Random(seed)
        self._given: dict[str, str] = {}  # recorded id -> the latest new id for it
        self._back: dict[str, str] = {}  # new id -> recorded id
        self._roots: dict[str, str] = {}

    def recorded(self, value: Any, path: str = "") -> tuple[Any, str, Mapping[str, str]]:
        """Return a request's body and path with the recorded ids, and the client's names for them."""
        called: dict[str, str] = {}

        def back(given: str) -> str:
            known = self._back.get(given)
            if known is None:
                return given
            called[known] = given
            return known

        data = _QUOTED.sub(lambda m: b'"' + back(m[1].decode()).encode() + b'"', msgspec.json.encode(value))
        return msgspec.json.decode(data), _IN_PATH.sub(lambda m: back(m[0]), path), called

    def renewed(self, answer: Recorded, called: Mapping[str, str], *, creates: bool) -> Recorded:
        """Return an answer with new ids; ids of the request keep the client's names. If the answer creates
        no response (`creates`), a response keeps the name from its creation.
        """
        texts = [timed.event.data for timed in answer.events] + [answer.body or b""]
        own = {found.decode() for text in texts for found in _OWN.findall(text)} - called.keys()
        now = {name: self._new(name) for name in sorted(own) if creates or name not in self._given}
        names = {**self._given, **now, **called}
        if len(self._back) < _REMEMBERED:
            self._back |= {fresh: name for name, fresh in now.items()}
        self._given |= now

        def rename(data: bytes) -> bytes:
            return _QUOTED.sub(lambda m: b'"' + names.get(m[1].decode(), m[1].decode()).encode() + b'"', data)

        headers = dict(answer.headers)
        if _HEADER in headers:
            headers[_HEADER] = self._new(headers[_HEADER])
        return dataclasses.replace(
            answer,
            headers=headers,
            events=tuple(Timed(timed.at, _renamed(timed.event, rename)) for timed in answer.events),
            body=None if answer.body is None else rename(answer.body),
            chunks=_rechunked(answer.chunks, rename),
            tail=None if answer.tail is None else rename(answer.tail),
        )

    def _new(self, name: str) -> str:
        prefix, _, rest = name.rpartition("_")
        if not prefix:
            return name
        if len(rest) < _SHORT // 2:
            return f"{prefix}_{self._drawn(string.ascii_letters + string.digits, _SHORT)}"
        if rest.strip("0123456789abcdef") or len(rest) < 2 * _ROOT:
            return f"{prefix}_{self._drawn(string.ascii_letters + string.digits, len(rest))}"
        root = self._roots.get(rest[:_ROOT])
        if root is None:
            root = self._roots[rest[:_ROOT]] = self._drawn("0123456789abcdef", _ROOT)
        return f"{prefix}_{root}{self._drawn('0123456789abcdef', len(rest) - _ROOT)}"

    def _drawn(self, alphabet: str, length: int) -> str:
        return "".join(self._random.choices(alphabet, k=length))


def _renamed(event: Event, rename: Any) -> Event:
    wire = None if event.wire is None else rename(event.wire)
    return structs.replace(event, data=rename(event.data), wire=wire)


def _rechunked(
    chunks: tuple[tuple[float, bytes], ...] | None, rename: Any
) -> tuple[tuple[float, bytes], ...] | None:
    """Return network reads cut where the recorded ones were; None if the length of an id has changed."""
    if chunks is None:
        return None
    whole = rename(b"".join(data for _, data in chunks))
    ends = list(accumulate(len(data) for _, data in chunks))
    if not ends or len(whole) != ends[-1]:
        return None
    return tuple((at, whole[a:b]) for (at, _), (a, b) in zip(chunks, pairwise([0, *ends]), strict=True))
