"""The connections to a Redis that several servers share, and the keys there that belong to these servers.

All keys begin with one prefix and nothing else is ever touched. A Redis that does not answer is an ApiError
500 as the API words it, after at most a few seconds, and the next command tries again.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from mock_openai.clock import Clock
from mock_openai.memory.store import RETENTION
from mock_openai.protocol.errors import server_error

if TYPE_CHECKING:
    from redis.asyncio import Redis

logger = logging.getLogger("mock_openai")

PREFIX = "mock-openai:"
CONNECT_WITHIN, ANSWER_WITHIN = 5.0, 5.0
"""Seconds that Redis has to accept a connection, and to answer."""
MAX_CONNECTIONS = 32
"""Connections of one server to Redis; further commands wait until one is free."""


class Link:
    """One Redis database, or the part of it under a prefix. `redis://HOST:PORT/DB?prefix=...`."""

    def __init__(self, url: str, *, retention: float = RETENTION, clock: Clock | None = None) -> None:
        self._url, self.prefix = _parts(url)
        self.retention = retention
        self.clock = clock or Clock()
        self._client: Redis | None = None
        self._away = False

    @property
    def place(self) -> str:
        """The address without user and password."""
        parts = urlsplit(self._url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"

    def _connect(self) -> Redis:
        from redis.asyncio import BlockingConnectionPool, Redis
        from redis.asyncio.retry import Retry
        from redis.backoff import NoBackoff

        pool = BlockingConnectionPool.from_url(
            self._url,
            max_connections=MAX_CONNECTIONS,
            timeout=ANSWER_WITHIN,
            socket_timeout=ANSWER_WITHIN,
            socket_connect_timeout=CONNECT_WITHIN,
            encoding_errors="surrogatepass",  # a malformed id from a client is just an id that is not found
            # A command whose answer was lost may have been executed: sent twice, it would append twice.
            retry=Retry(NoBackoff(), 0),
        )
        return Redis.from_pool(pool)

    async def open(self) -> int:
        """Connect, and draw a number for this server that no other server has. Raises OSError with one line
        if Redis does not answer.
        """
        client = self._connect()
        number = await self._first(client, client.incr(self.key("servers")))
        self._client = client
        return int(number)

    async def check(self) -> None:
        """Raise OSError with one line if Redis does not answer."""
        client = self._connect()
        await self._first(client, client.exists(self.key("servers")))
        await client.aclose()

    async def _first(self, client: Redis, command: Awaitable[Any]) -> Any:
        from redis.exceptions import RedisError

        try:
            return await command
        except (RedisError, OSError) as error:
            await client.aclose()
            raise OSError(
                f"Redis at {self.place} does not answer: {_reason(error)}; start it, or give another address"
            ) from None

    async def close(self) -> None:
        """Disconnect."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def clear(self, *families: str) -> None:
        """Delete the keys of these families and no others."""
        begins = tuple(self.key(family, "").encode() for family in families)
        found = [key async for key in self._keys() if key.startswith(begins)]
        for start in range(0, len(found), 1000):
            await self.answer(self.client.unlink(*found[start : start + 1000]))

    @property
    def client(self) -> Redis:
        """The connections to Redis. Raises ApiError while there are none."""
        if self._client is None:
            raise server_error()
        return self._client

    def key(self, *parts: str) -> str:
        """Return a key under the prefix."""
        return self.prefix + ":".join(parts)

    async def answer(self, command: Awaitable[Any]) -> Any:
        """Wait for Redis and return its answer; None if the value has the wrong type. Raises ApiError if
        Redis does not answer.
        """
        from redis.exceptions import RedisError, ResponseError

        try:
            value = await command
        except ResponseError as error:
            if "WRONGTYPE" in str(error):
                return None
            logger.warning("Redis at %s refuses: %s", self.place, _reason(error))
            raise server_error() from None
        except (RedisError, OSError) as error:
            if not self._away:
                logger.warning("Redis at %s does not answer: %s", self.place, _reason(error))
            self._away = True
            raise server_error() from None
        if self._away:
            self._away = False
            logger.warning("Redis at %s answers again", self.place)
        return value

    async def _keys(self) -> AsyncIterator[bytes]:
        literal = "".join(f"\\{letter}" if letter in "*?[]\\^-" else letter for letter in self.prefix)
        cursor = 0
        while True:
            cursor, keys = await self.answer(self.client.scan(cursor, match=f"{literal}*", count=1000))
            for key in keys:
                yield key
            if not cursor:
                return


def _reason(error: BaseException) -> str:
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def _parts(url: str) -> tuple[str, str]:
    """Return the address and the prefix. Raises ValueError with one line if this is not the address of a
    Redis.
    """
    try:
        parts = urlsplit(url)
        query = dict(parse_qsl(parts.query))
        prefix = query.pop("prefix", PREFIX)
        place = urlunsplit(parts._replace(query=urlencode(query)))
        port = parts.port
    except ValueError:
        parts, query, prefix, place, port = urlsplit(""), {}, PREFIX, "", None
    database = parts.path.strip("/")
    wrong = parts.scheme not in ("redis", "rediss") or not parts.hostname or port == 0 or query
    if wrong or (database and not database.isdecimal()) or not prefix:
        raise ValueError(
            "store: expected memory, or redis://HOST:PORT/DB, with ?prefix=NAME if several servers share a DB"
        )
    try:
        import redis.asyncio  # noqa: F401
    except ImportError:
        raise ValueError("store: Redis needs the package redis: pip install 'ninelives[redis]'") from None
    return place, prefix if prefix.endswith(":") else f"{prefix}:"
