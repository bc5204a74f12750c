"""Frames as readable lines, and the syrupy extension that snapshots them."""

from typing import TYPE_CHECKING, Any

from ninelives.frames.lines import to_lines

if TYPE_CHECKING:
    from ninelives.frames.snapshot import FrameSnapshotExtension

__all__ = ["FrameSnapshotExtension", "to_lines"]


def __getattr__(name: str) -> Any:
    if name == "FrameSnapshotExtension":
        from ninelives.frames.snapshot import FrameSnapshotExtension

        return FrameSnapshotExtension
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
