"""Limits of requests and tokens per minute, and the API's headers and errors for them.

A Bucket is a value: the budget that remains at a given time. The Limiter keeps one bucket for the requests
and one for the tokens of each key and model, admits creates or raises the API's 429, and writes the
`x-ratelimit-*` headers. Pure: no socket, no clock.
"""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from mock_openai.protocol.errors import duration, rate_limit_reached, request_too_large
from mock_openai.protocol.models import facts
from mock_openai.protocol.request import Request

MINUTE = 60.0

_KEPT = 10_000
"""Accounts kept; the least recently used goes first. A forgotten account begins anew with full buckets."""

_ROUNDING = 1e-6
"""Fraction of a request or token that does not count as missing: times are floats."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The budget of a key for one model per minute.

    Budgets refill evenly, as the real ones do: a limit of 60 requests has room for one more every second. A
    create uses up the tokens of its input (`tokens_asked`); answers use none. Requests that are refused for
    their tokens count as requests (documented).
    """

    rpm: int | None = None
    """Requests per minute. None for no limit."""
    tpm: int | None = None
    """Tokens per minute. None for no limit."""

    def __post_init__(self) -> None:
        for name in ("rpm", "tpm"):
            value = getattr(self, name)
            if value is not None and (not isinstance(value, int) or isinstance(value, bool) or value < 1):
                raise ValueError(f"{name} must be a whole number from 1, or None, not {value!r}")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A budget of `limit` per minute, of which `free` was left at a time."""

    limit: int
    free: float
    at: float

    @classmethod
    def full(cls, limit: int, time: float = 0.0) -> Bucket:
        """Return a full bucket."""
        return cls(limit, float(limit), time)

    def now(self, time: float) -> Bucket:
        """Return the bucket as of this time."""
        gained = max(0.0, time - self.at) * self.limit / MINUTE
        return Bucket(self.limit, min(float(self.limit), self.free + gained), time)

    def fits(self, asked: int) -> bool:
        """Return whether this amount is left."""
        return self.free + _ROUNDING >= asked

    def take(self, asked: int) -> Bucket:
        """Return the bucket after this amount was taken."""
        return Bucket(self.limit, max(0.0, self.free - asked), self.at)

    @property
    def left(self) -> int:
        """The remaining budget, in whole requests or tokens."""
        return math.floor(self.free + _ROUNDING)

    @property
    def until_full(self) -> float:
        """Seconds until the bucket is full again."""
        return (self.limit - self.free) * MINUTE / self.limit


class Limiter:
    """The buckets of all callers of one server."""

    def __init__(self, limits: Limits | None) -> None:
        self.limits = limits
        self._accounts: OrderedDict[int, tuple[Bucket, Bucket]] = OrderedDict()

    def admit(self, key: str | None, model: str, tokens: int, time: float) -> Mapping[str, str]:
        """Count a create and return the headers of its answer. Raises ApiError 429 if a limit is spent."""
        limits = self.limits
        if limits is None:
            return usual_headers(model)
        account = hash((key, model))  # the key itself is not kept
        usual_requests, usual_tokens = _usual(model)
        if account in self._accounts:
            requests, room = self._accounts.pop(account)
        else:
            requests = Bucket.full(limits.rpm or usual_requests, time)
            room = Bucket.full(limits.tpm or usual_tokens, time)
        requests, room = requests.now(time), room.now(time)
        enough = requests.fits(1)
        granted = enough and room.fits(tokens)
        after = (requests.take(1) if enough else requests, room.take(tokens) if granted else room)
        self._accounts[account] = after
        while len(self._accounts) > _KEPT:
            self._accounts.popitem(last=False)
        headers = _headers(*after)
        if granted:
            return headers
        if not enough:
            raise rate_limit_reached(
                model, "requests", limit=requests.limit, used=requests.limit - requests.left, headers=headers
            )
        if tokens > room.limit:
            raise request_too_large(model, limit=room.limit, requested=tokens, headers=headers)
        raise rate_limit_reached(
            model, "tokens", limit=room.limit, used=room.limit - room.left, requested=tokens, headers=headers
        )

    def clear(self) -> None:
        """Fill all buckets."""
        self._accounts.clear()


def tokens_asked(request: Request, input_tokens: int) -> int:
    """Return the number of tokens that the API counts for a request before it is answered.

    Measured on recorded headers: the input's tokens and about 19 more, about 218 where the model reasons or
    is given functions. The possible size of the answer (`max_output_tokens`) does not count.
    """
    reckons = facts(request.model).reasons or any(tool.get("type") == "function" for tool in request.tools)
    return input_tokens + (218 if reckons else 19)


@lru_cache(maxsize=256)
def usual_headers(model: str) -> Mapping[str, str]:
    """Return the rate-limit headers of a server without limits: those of a large account without other users,
    after one short request (observed).
    """
    requests, tokens = map(Bucket.full, _usual(model))
    return _headers(requests.take(1), tokens.take(38))


# Requests and tokens per minute of large accounts, by the model's name (observed).
_USUAL = (
    (r"gpt-5.*-(mini|nano)", 30_000, 180_000_000),
    (r".*-(mini|nano)", 30_000, 150_000_000),
    (r"gpt-[5-9]", 15_000, 40_000_000),
    (r"computer-use", 3_000, 20_000_000),
    (r"", 10_000, 30_000_000),
)


@lru_cache(maxsize=256)
def _usual(model: str) -> tuple[int, int]:
    return next((requests, tokens) for name, requests, tokens in _USUAL if re.match(name, model))


def _headers(requests: Bucket, tokens: Bucket) -> dict[str, str]:
    return {
        "x-ratelimit-limit-requests": str(requests.limit),
        "x-ratelimit-limit-tokens": str(tokens.limit),
        "x-ratelimit-remaining-requests": str(requests.left),
        "x-ratelimit-remaining-tokens": str(tokens.left),
        "x-ratelimit-reset-requests": duration(requests.until_full),
        "x-ratelimit-reset-tokens": duration(tokens.until_full),
    }
