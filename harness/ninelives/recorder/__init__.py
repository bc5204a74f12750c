"""A recording reverse proxy: point a client at it, and everything it says and hears becomes a cassette."""

from ninelives.recorder.proxy import Recorder

__all__ = ["Recorder"]
