"""Frames as readable lines, and the syrupy extension that snapshots them."""

from typing import TYPE_CHECKING

from ninelives.frames.lines import to_lines
from ninelives.lazy import lazy

if TYPE_CHECKING:
    from ninelives.frames.snapshot import FrameSnapshotExtension

__all__ = ["FrameSnapshotExtension", "to_lines"]

__getattr__ = lazy(__name__, {"FrameSnapshotExtension": "ninelives.frames.snapshot"})
