"""ninelives: offline testing for voice bots on OpenAI's Responses API.

    from ninelives import BlackBox, Bot, Cassette, FrameSnapshotExtension, VirtualLoop
    from ninelives import Ears, Line, Voice, VoiceCall, VoiceFault, seconds, words

Nothing is imported until it is used: the pytest plugin loads this package in every run, and `Bot` and
`VoiceCall` need Pipecat, whose import takes a second or two.
"""

from __future__ import annotations

from ninelives.lazy import lazy

TYPE_CHECKING = False  # as in `typing`, whose import would take most of the time
if TYPE_CHECKING:
    from typing import Any

    from ninelives.bot.bot import Bot
    from ninelives.cassette import Cassette
    from ninelives.fixtures.script_use import UnusedRuleWarning
    from ninelives.frames.snapshot import FrameSnapshotExtension
    from ninelives.incidents.box import BlackBox
    from ninelives.virtual.loop import VirtualLoop
    from ninelives.voice import Ears, Line, Voice, VoiceCall, VoiceFault, seconds, words

__version__ = "0.1.0"

__all__ = [
    "BlackBox",
    "Bot",
    "Cassette",
    "Ears",
    "FrameSnapshotExtension",
    "Line",
    "UnusedRuleWarning",
    "VirtualLoop",
    "Voice",
    "VoiceCall",
    "VoiceFault",
    "__version__",
    "seconds",
    "words",
]

_HOMES = {
    "BlackBox": "ninelives.incidents.box",
    "Bot": "ninelives.bot.bot",
    "Cassette": "ninelives.cassette",
    "FrameSnapshotExtension": "ninelives.frames.snapshot",
    "UnusedRuleWarning": "ninelives.fixtures.script_use",
    "VirtualLoop": "ninelives.virtual.loop",
    **dict.fromkeys(
        ("Ears", "Line", "Voice", "VoiceCall", "VoiceFault", "seconds", "words"), "ninelives.voice"
    ),
}


_import = lazy(__name__, _HOMES)


def __getattr__(name: str) -> Any:
    try:
        return _import(name)
    except ModuleNotFoundError as error:
        if error.name is not None and error.name.partition(".")[0] == "pipecat":
            raise ImportError(
                f"ninelives.{name} drives a Pipecat pipeline, and Pipecat is not installed here: "
                "pip install 'ninelives[pipecat]'",
                name=error.name,
            ) from None
        raise


def __dir__() -> list[str]:
    return __all__
