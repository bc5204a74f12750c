"""Values that a session has shown to be secret: they are replaced wherever they stand."""

from __future__ import annotations

import threading
from base64 import b64decode
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from urllib.parse import parse_qsl, unquote_to_bytes, urlsplit

import mock_openai.redaction.fields as fields
from mock_openai.redaction.escapes import decoded
from mock_openai.redaction.fakes import is_fake
from mock_openai.redaction.forms import beginning_of
from mock_openai.redaction.names import Weight, header_may_hold_one, header_names_a_credential, weight
from mock_openai.redaction.values import SHORTEST, is_credential, is_placeholder

_FOUND = 256
"""How many values found in texts are remembered."""


class KnownSecrets:
    """Secrets that are known by their value."""

    def __init__(self) -> None:
        self.values: dict[bytes, None] = {}
        """The secrets, as they are and without escapes. The collection is replaced, never changed: another
        thread may be searching for them.
        """
        self._changing = threading.RLock()
        self.count = 0
        """How many secrets were learned so far."""
        self._found: deque[bytes] = deque()

    def headers(self, pairs: Iterable[tuple[str, str]], kept: Callable[[str], bool]) -> None:
        """Remember the credentials in a message's headers; `kept` are the names of headers that are written
        down, redacted.
        """
        for name, value in pairs:
            low = name.lower()
            data = value.encode("utf-8", "surrogateescape")
            self._basic(data)
            if low in ("cookie", "set-cookie"):
                for span in fields.named(low.encode(), data):
                    self.learn(data[span.start : span.end])
            elif low == "sec-websocket-protocol":
                for offered in value.split(","):
                    self.learn(offered.strip().partition("api-key.")[2].encode("utf-8", "surrogateescape"))
            elif header_names_a_credential(low):
                _, _, token = data.strip().partition(b" ")
                self.learn(token.strip() if token and "authorization" in low else data.strip())
            elif not kept(low) and header_may_hold_one(low) and is_credential(data.strip(), 16):
                self.learn(data.strip())

    def _basic(self, value: bytes) -> None:
        """Remember the password of `Basic`, which a server may repeat without its base64."""
        scheme, _, token = value.strip().partition(b" ")
        if scheme.lower() == b"basic":
            with suppress(ValueError):
                self.learn(b64decode(token.strip() + b"==").partition(b":")[2])

    def url(self, url: str) -> None:
        """Remember the secrets in a URL, or in a path with a query: parameters, user and password."""
        try:
            parts = urlsplit(url)
        except ValueError:
            return
        user, _, password = parts.netloc.rpartition("@")[0].partition(":")
        self.learn(unquote_to_bytes(password))
        if is_credential(unquote_to_bytes(user)):
            self.learn(unquote_to_bytes(user))
        for name, value in parse_qsl(parts.query, encoding="utf-8", errors="surrogateescape"):
            data = value.encode("utf-8", "surrogateescape")
            what = weight(name.encode("utf-8", "surrogateescape"), parameter=True)
            if what is Weight.SECRET or (what is not Weight.NOTHING and is_credential(data)):
                self.learn(data)

    def found(self, secret: bytes) -> None:
        """Remember a secret that a text has named. Only the latest of these are remembered: a model may make
        up any number.
        """
        with self._changing:
            before = len(self.values)
            self.learn(secret)
            self._found.extend(list(self.values)[before:])
            while len(self._found) > _FOUND:
                gone = self._found.popleft()
                self.values = {value: None for value in self.values if value != gone}

    def forget(self) -> None:
        """Forget all of them; `count` goes on."""
        with self._changing:
            self.values = {}
            self._found.clear()

    def learn(self, secret: bytes) -> None:
        """Remember a secret, so that it is replaced wherever else it stands. A value that is too short, a
        placeholder or a fake is ignored.
        """
        if len(secret) < SHORTEST or is_placeholder(secret) or is_fake(secret):
            return
        bare = secret.removeprefix(beginning_of(secret))
        if is_fake(bare):
            return
        with self._changing:
            for value in (secret, bare):
                while len(value) >= SHORTEST and value not in self.values:
                    self.values = {**self.values, value: None}
                    self.count += 1
                    plain = decoded(value)
                    value = b"" if plain is None else plain.data
