"""The syrupy extension: one `.frames` file per snapshot, one line per frame.

`assert bot.frames == snapshot.use_extension(FrameSnapshotExtension)`, or the same by the fixture
`frame_snapshot`. Everything in syrupy works: updating, unused snapshots, xdist. A failure shows a diff of
lines.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar

from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from ninelives.frames.lines import to_lines
from ninelives.frames.secrets import without_secrets


class FrameSnapshotExtension(SingleFileSnapshotExtension):
    """Snapshots a `Turn`, a `Bot`, a list of `Captured` frames, or lines, without secrets.

    Subclass it to choose what is kept: `include`, `exclude` (class names or prefixes ending in `*`),
    `direction` (`down` or `up`), `times` (True: keep real times too; False: never; None: only virtual ones).
    syrupy's own filters get the class name: `frame_snapshot(exclude=props("MetricsFrame"))`.
    """

    _write_mode = WriteMode.TEXT
    file_extension = "frames"

    include: ClassVar[Iterable[str] | None] = None
    exclude: ClassVar[Iterable[str]] = ()
    direction: ClassVar[str | None] = None
    times: ClassVar[bool | None] = None

    def serialize(
        self,
        data: Any,
        *,
        exclude: Callable[..., bool] | None = None,
        include: Callable[..., bool] | None = None,
        matcher: Callable[..., Any] | None = None,
    ) -> str:
        """Return the lines of `data`, one per line of text. syrupy's `matcher` may replace a whole line."""
        lines = to_lines(
            data, include=self.include, exclude=self.exclude, direction=self.direction, times=self.times
        )
        kept = [line for line in lines if _passes(_class_name(line), exclude, include)]
        if matcher is not None:
            kept = [str(matcher(data=line, path=((_class_name(line), str),))) for line in kept]
        return "".join(f"{line}\n" for line in without_secrets(kept))


def _class_name(line: str) -> str:
    return next((word for word in line.split(" ") if word[:1].isalpha()), line)


def _passes(name: str, exclude: Callable[..., bool] | None, include: Callable[..., bool] | None) -> bool:
    path = ((name, str),)
    if exclude is not None and exclude(prop=name, path=path):
        return False
    return include is None or include(prop=name, path=path)
