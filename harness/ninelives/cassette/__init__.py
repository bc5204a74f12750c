"""Cassettes: recorded traffic with the Responses API, in a file that people can read, replayed byte for byte.

`Cassette.load(path)` reads one, `CassetteWriter` writes one, a `Redactor` keeps secrets out of it, and
`ninelives.cassette.convert.convert` converts from and to vcrpy's YAML, HAR and other recordings.
"""

from typing import TYPE_CHECKING, Any

from mock_openai.deprecation import renamed

from ninelives.cassette.cassette import Cassette
from ninelives.cassette.errors import CassetteError, CassetteWarning
from ninelives.cassette.exchanges import Exchange
from ninelives.cassette.line_writer import InexactRecording, LineWriter
from ninelives.cassette.lines import Header
from ninelives.cassette.redact import RecordedRequest, Redactor
from ninelives.cassette.writer import CassetteWriter
from ninelives.lazy import lazy

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

_LATER = lazy(__name__, {"from_vcr_config": "ninelives.cassette.vcr_config"})  # which imports vcrpy
_OLD = renamed(__name__, {"Track": "LineWriter"}, gone="0.3")


def __getattr__(name: str) -> Any:
    return _OLD(name) if name == "Track" else _LATER(name)
