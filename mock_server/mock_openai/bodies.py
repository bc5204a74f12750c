"""Bodies of creates that came before, by their bytes.

Who tests asks the same thing again and again. The same bytes give the same object here, so that what was
found out about it (the engine keeps the validated Request) need not be found out again. Nobody changes what
is in it.
"""

from __future__ import annotations

from typing import Any

MAX_SIZE = 8 * 1024
"""Bytes from which only the latest body is kept: large ones hold a conversation, which does not come twice,
but may be asked about twice.
"""

LARGEST = 1024 * 1024
"""Bytes of the largest body that is kept as the latest: it stays until another comes."""

_KEPT = 128


class Bodies:
    """What the latest bytes mean. `form` keeps apart what is decoded differently."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, bytes], dict[str, Any]] = {}
        self._large: tuple[str, bytes, dict[str, Any]] | None = None

    def find(self, form: str, data: bytes) -> dict[str, Any] | None:
        """Give what these bytes meant; None when they are new."""
        if len(data) <= MAX_SIZE:
            return self._known.get((form, data))
        if self._large is not None and self._large[:2] == (form, data):
            return self._large[2]
        return None

    def keep(self, form: str, data: bytes, body: dict[str, Any]) -> None:
        """Remember what these bytes mean."""
        if len(data) > MAX_SIZE:
            if len(data) <= LARGEST:
                self._large = form, data, body
            return
        if len(self._known) >= _KEPT:
            self._known.clear()
        self._known[form, data] = body
