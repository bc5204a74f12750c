"""Cassettes: recorded traffic with the Responses API in a file that people can read and that replays byte for
    byte.

`Cassette.load(path)` reads one, `CassetteWriter` writes one, a `Redactor` keeps secrets out of it, and
`ninelives.cassette.convert.convert` converts from and to vcrpy's YAML, HAR and other recordings.
"""

from typing import TYPE_CHECKING, Any

from ninelives.cassette.cassette import Cassette
from ninelives.cassette.errors import CassetteError, CassetteWarning
from ninelives.cassette.exchanges import Exchange
from ninelives.cassette.lines import Header
from ninelives.cassette.redact import RecordedRequest, Redactor
from ninelives.cassette.track import InexactRecording, Track
from ninelives.cassette.writer import CassetteWriter

if TYPE_CHECKING:
    from ninelives.cassette.vcr_config import from_vcr_config

__all__ = [
    "Cassette",
    "CassetteError",
    "CassetteWarning",
    "CassetteWriter",
    "Exchange",
    "Header",
    "InexactRecording",
    "RecordedRequest",
    "Redactor",
    "Track",
    "from_vcr_config",
]


def __getattr__(name: str) -> Any:
    if name == "from_vcr_config":  # vcrpy is imported by those who use it
        from ninelives.cassette.vcr_config import from_vcr_config

        return from_vcr_config
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
