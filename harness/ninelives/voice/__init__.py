"""A whole bot on its own worker, with sound, on a line.

`VoiceCall` runs the user's bot unchanged and replaces only what needs a network or a sound card: `Line`
replaces its transports, `Ears` its speech recognition, `Voice` its text-to-speech. `seconds` and `words` say
when a caller interrupts. Everything is imported on first use: all but the moments need Pipecat.
"""

from typing import TYPE_CHECKING

from ninelives.bot.moments import seconds, words
from ninelives.lazy import lazy
from ninelives.voice.faults import VoiceFault

if TYPE_CHECKING:
    from ninelives.voice.call import VoiceCall
    from ninelives.voice.ears import Ears
    from ninelives.voice.line import Line
    from ninelives.voice.turn import VoiceTurn
    from ninelives.voice.voice import Voice

__all__ = ["Ears", "Line", "Voice", "VoiceCall", "VoiceFault", "VoiceTurn", "seconds", "words"]

_HOMES = {"Ears": "ears", "Line": "line", "Voice": "voice", "VoiceCall": "call", "VoiceTurn": "turn"}

__getattr__ = lazy(__name__, {name: f"{__name__}.{module}" for name, module in _HOMES.items()})
