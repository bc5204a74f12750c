"""The end of a bot's run: why it ended, and the server's journal of it on the bot's clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

from mock_openai import MockServer
from mock_openai.journal.entries import Entry
from mock_openai.journal.sent_responses import SentResponse
from msgspec import structs

from ninelives.bot.start_failure import Exited
from ninelives.usage_error import UsageError


def first_line(failure: BaseException) -> str:
    """Return the type of an exception and the first line of its text."""
    return f"{type(failure).__name__}: {str(failure).partition(chr(10))[0]}"


@dataclass(slots=True)
class Ending:
    """How a run ended."""

    failure: BaseException | None = None
    """The exception that ended it early; None if it ended normally."""

    @property
    def crash(self) -> str | None:
        """The first line of the failure."""
        return None if self.failure is None else first_line(self.failure)


@contextmanager
def caught() -> Iterator[Ending]:
    """Catch exceptions that end the run early, except a UsageError, which the user must correct."""
    ending = Ending()
    try:
        yield ending
    except UsageError:
        raise
    except SystemExit as error:
        ending.failure = Exited(error)
    except Exception as error:
        ending.failure = error


def journal_of(server: MockServer, *, shift: float) -> tuple[list[Entry], list[SentResponse]]:
    """Return a server's journal and responses with `shift` seconds added to every time."""
    entries = [structs.replace(entry, at=entry.at + shift) for entry in server.journal.unredacted]
    return entries, [_shifted(said, shift) for said in server.journal.responses]


def _shifted(said: SentResponse, by: float) -> SentResponse:
    opened, spoke, ended = (None if at is None else at + by for at in (said.opened, said.spoke, said.ended))
    return replace(said, began=said.began + by, opened=opened, spoke=spoke, ended=ended)


def transport_of(entries: Sequence[Entry]) -> str:
    """Return the transport of the first connection with a request; empty if there is none."""
    asked = {entry.connection for entry in entries if entry.kind == "request" and entry.turn is not None}
    for entry in entries:
        if entry.kind == "open" and entry.connection in asked:
            return str(entry.field("transport"))
    return ""
