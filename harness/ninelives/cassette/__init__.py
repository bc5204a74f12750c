"""Cassettes: recorded traffic with the Responses API in a file that people can read and that replays byte for
    byte.

`Cassette.load(path)` reads one, `CassetteWriter` writes one, a `Redactor` keeps secrets out of it, and
`ninelives.cassette.convert.convert` converts from and to vcrpy's YAML, HAR and other recordings.
"""

from typing import TYPE_CHECKING, Any

from mock_openai.deprecation import warn_renamed

from ninelives.cassette.cassette import Cassette
from ninelives.cassette.errors import CassetteError, CassetteWarning
from ninelives.cassette.exchanges import Exchange
from ninelives.cassette.line_writer import InexactRecording, LineWriter
from ninelives.cassette.lines import Header
from ninelives.cassette.redact import RecordedRequest, Redactor
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
    "LineWriter",
    "RecordedRequest",
    "Redactor",
    "from_vcr_config",
]


def __getattr__(name: str) -> Any:
    if name == "Track":
        warn_renamed(f"{__name__}.Track", f"{__name__}.LineWriter", gone="0.3")
        return LineWriter
    if name == "from_vcr_config":  # vcrpy is imported by those who use it
        from ninelives.cassette.vcr_config import from_vcr_config

        return from_vcr_config
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
