"""The one way a command says no: a single line for a person, and exit code 2."""

from __future__ import annotations


class Complaint(Exception):
    """Bad input. `str()` is one line: what is wrong, what was expected, how to mend it."""


class Instructions(Complaint):
    """Bad input that is mended by changing certain lines: they follow the first one, ready to be copied."""
