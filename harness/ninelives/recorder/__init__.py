"""A recording reverse proxy: everything that a client sends and receives through it becomes a cassette."""

from ninelives.recorder.proxy import Recorder

__all__ = ["Recorder"]
