"""The error of a command about bad input: a single line for a person, and exit code 2."""

from __future__ import annotations


class UsageError(Exception):
    """Bad input. `str()` is one line: what is wrong, what was expected, what to do."""


class Instructions(UsageError):
    """Bad input that is corrected by changing certain lines: they follow the first line, ready to be
    copied.
    """
