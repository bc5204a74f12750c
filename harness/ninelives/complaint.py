"""The error of a command about bad input: a single line for a person, and exit code 2."""

from __future__ import annotations


class Complaint(Exception):
    """Bad input. `str()` is one line: what is wrong, what was expected, what to do."""


class Instructions(Complaint):
    """Bad input that is corrected by changing certain lines: they follow the first line, ready to be
    copied.
    """
