"""How much a server may send in one piece."""

__all__ = ["MOST_BYTES"]

MOST_BYTES = 1 << 26
"""The most bytes of one message, of one event, and of an answer that is not streamed. The longest answer of a
model takes a hundredth of that.
"""
