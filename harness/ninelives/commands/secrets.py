"""The secrets that a command line adds to the usual ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mock_openai.patterns import Pattern, PatternError

from ninelives.cassette import Redactor
from ninelives.usage_error import UsageError

IN_ITS_PLACE = "redacted"
"""The replacement for matches of the user's expressions."""


@dataclass(frozen=True, slots=True)
class Secrets:
    """The options `--emails`, `--phones` and `--redact REGEX`."""

    emails: bool = False
    phones: bool = False
    redact: Sequence[str] = ()

    def redactor(self) -> Redactor:
        """Return a redactor for these options; one for each recording, because fakes are numbered in it.
        Raises UsageError for an invalid regular expression.
        """
        for expression in self.redact:
            try:
                pattern = Pattern(expression.encode())
                too_wide = pattern.search(b"") or pattern.search(IN_ITS_PLACE.encode())
            except PatternError as error:
                raise UsageError(f"--redact {expression!r} is not a regular expression ({error})") from None
            if too_wide:
                raise UsageError(
                    f"--redact {expression!r} matches its own replacement text; make it more specific"
                )
        rules = [(expression, IN_ITS_PLACE) for expression in self.redact]
        try:
            return Redactor(rules=rules, emails=self.emails, phones=self.phones)
        except ModuleNotFoundError as missing:
            raise UsageError(f"--phones: {missing}") from None
