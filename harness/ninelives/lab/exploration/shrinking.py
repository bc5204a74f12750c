"""The shortest story that breaks the same promise in the same way, found by hypothesis.

The choices of the run that broke are given to hypothesis as a failure it knows from earlier (an example
database in memory), and only its phases `reuse` and `shrink` run: nothing is drawn, nothing is read from or
written to disk, no deadline and no health check looks at how long a story takes. A story that was tried is
not tried again. The work is bounded by a number of tries, because a bound in seconds would give another story
on another machine; the seconds are there for a service that hangs.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from tempfile import TemporaryDirectory
from typing import Any, TypeVar, cast

from ninelives.lab.exploration.choices import Choices, Recorded
from ninelives.lab.exploration.drawing import tell
from ninelives.lab.story import Story

T = TypeVar("T")

TRIES = 200
"""Stories tried at most for one breach."""

SECONDS = 120.0
"""Real seconds after which shrinking ends with the shortest story so far."""


@dataclass(slots=True)
class Shrinking:
    """One search for a shorter story. `tries` counts the stories played."""

    breaks: Callable[[Story], bool]
    most: int = TRIES
    seconds: float = SECONDS
    tries: int = 0
    shortest: Story | None = None
    _known: dict[str, bool] = field(default_factory=dict)
    _until: float = 0.0

    def of(self, choices: Sequence[int]) -> Story | None:
        """The shortest story found from these choices on. None: it did not break when played again."""
        import hypothesis
        from hypothesis import HealthCheck, Phase, Verbosity
        from hypothesis.database import InMemoryExampleDatabase, choices_to_bytes

        self._until = time.monotonic() + self.seconds
        if not self._try(tell(Recorded(choices))):
            return None
        known = InMemoryExampleDatabase()
        # One choice too many: what fits exactly hypothesis takes for shrunk already.
        known.save(_KEY, choices_to_bytes([*choices, 0]))
        settings = hypothesis.settings(
            database=known,
            phases=(Phase.reuse, Phase.shrink),
            deadline=None,
            max_examples=10,
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        with _undisturbed(), suppress(_Enough):
            hypothesis.find(_stories(), self._try, settings=settings, database_key=_KEY)
        return self.shortest

    def _try(self, story: Story) -> bool:
        told = repr(story)
        if told in self._known:
            return self._known[told]
        if self.tries >= self.most or time.monotonic() > self._until:
            raise _Enough
        self.tries += 1
        broke = self._known[told] = self.breaks(story)
        if broke and (self.shortest is None or story.size <= self.shortest.size):
            self.shortest = story
        return broke


_KEY = b"a story that broke a promise"


class _Enough(BaseException):
    """Ends a search; hypothesis lets pass what is no `Exception`."""


@contextmanager
def _undisturbed() -> Iterator[None]:
    """The same search every time, and no `.hypothesis` in the working directory.

    A seed given to `find` would forbid the example database; the one that hypothesis' own pytest option sets
    does not. The folder is where it keeps what it has read in the modules it sees.
    """
    from hypothesis import configuration, core

    seed = vars(core).get("global_force_seed")
    before = vars(configuration).get("__hypothesis_home_directory")
    with TemporaryDirectory(ignore_cleanup_errors=True) as home:
        configuration.set_hypothesis_home_dir(home)
        vars(core)["global_force_seed"] = 0
        try:
            yield
        finally:
            vars(core)["global_force_seed"] = seed
            configuration.set_hypothesis_home_dir(before)


def _stories() -> Any:
    from hypothesis import strategies as st

    @st.composite
    def part(draw: Any, drawn: Callable[[Choices], Any]) -> Any:
        return drawn(_Drawing(draw))

    class _Drawing:
        def __init__(self, draw: Any) -> None:
            self._draw = draw

        def below(self, number: int) -> int:
            return cast("int", self._draw(st.integers(0, number - 1)))

        def part(self, drawn: Callable[[Choices], T]) -> T:
            return cast("T", self._draw(part(drawn)))

    return part(tell)
