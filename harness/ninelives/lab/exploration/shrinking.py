"""The shortest story that breaks the same promise in the same way, found by hypothesis.

The choices of the run that broke are given to hypothesis as a failure it knows from earlier (an example
database in memory), and only its phases `reuse` and `shrink` run: nothing is drawn, nothing is read from or
written to disk, no deadline and no health check looks at how long a story takes. A story that was tried is
not tried again. The work is bounded by a number of tries, because a bound in seconds would give another story
on another machine; the seconds are there for a service that hangs.
"""

from __future__ import annotations

import threading
import time
import warnings
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

SECONDS = 300.0
"""Real seconds after which shrinking ends with the shortest story so far. Ten times what 200 tries need: it
must not strike on a machine that is merely busy.
"""


@dataclass(slots=True)
class Shrinking:
    """One search for a shorter story. `tries` counts the stories played; `late`: the seconds ended it.

    hypothesis takes few and small choices for simple; a reader counts turns, faults and unusual settings. So
    each time a story is found that is easier to read, the search begins again from there.
    """

    breaks: Callable[[Story], bool]
    most: int = TRIES
    seconds: float = SECONDS
    tries: int = 0
    late: bool = False
    shortest: Story | None = None
    _choices: Sequence[int] = ()
    _known: dict[str, bool] = field(default_factory=dict)
    _until: float = 0.0

    def of(self, choices: Sequence[int]) -> Story | None:
        """The shortest story found from these choices on. None: it did not break when played again."""
        self._until = time.monotonic() + self.seconds
        with suppress(_Enough, _Better):
            self._try(tell(Recorded(choices)), choices)
        with _undisturbed():
            while self.shortest is not None:
                try:
                    self._search()
                except _Better:
                    continue
                except _Enough:
                    pass
                break
        return self.shortest

    def _search(self) -> None:
        import hypothesis
        from hypothesis import HealthCheck, Phase, Verbosity
        from hypothesis.database import InMemoryExampleDatabase, choices_to_bytes

        known = InMemoryExampleDatabase()
        # One choice too many: what fits exactly hypothesis takes for shrunk already.
        known.save(_KEY, choices_to_bytes([*self._choices, 0]))
        # Everything is named: what is not comes from the profile that is loaded, and that is another one on
        # a CI machine (hypothesis looks at the environment), or the user's own.
        settings = hypothesis.settings(
            database=known,
            derandomize=False,
            backend="hypothesis",
            phases=(Phase.reuse, Phase.shrink),
            deadline=None,
            max_examples=10,
            suppress_health_check=list(HealthCheck),
            verbosity=Verbosity.quiet,
        )
        hypothesis.find(_stories(), lambda drawn: self._try(*drawn), settings=settings, database_key=_KEY)

    def _try(self, story: Story, choices: Sequence[int]) -> bool:
        if story == self.shortest:
            return True
        if self.shortest is not None and _rank(story) >= _rank(self.shortest):
            return False
        told = repr(story)
        if told not in self._known:
            self.late = time.monotonic() > self._until
            if self.late or self.tries >= self.most:
                raise _Enough
            self.tries += 1
            self._known[told] = self.breaks(story)
        if self._known[told]:
            self.shortest, self._choices = story, choices
            raise _Better
        return False


_KEY = b"a story that broke a promise"


def _rank(story: Story) -> tuple[Any, ...]:
    """How hard a story is to read: its size, then what is unusual about it."""
    usual = Story(())
    settings = ("pace", "tool_seconds", "on_cancel", "transports", "seed")
    unusual = sum(getattr(story, name) != getattr(usual, name) for name in settings)
    return (*story.size, unusual, story.seed, len(repr(story)))


class _Enough(BaseException):
    """Ends a search with what it has; hypothesis lets pass what is no `Exception`."""


class _Better(BaseException):
    """Ends a search because there is a better story to begin from."""


_one_at_a_time = threading.Lock()


@contextmanager
def _undisturbed() -> Iterator[None]:
    """The same search every time, and no `.hypothesis` in the working directory.

    A seed given to `find` would forbid the example database; the one that hypothesis' own pytest option sets
    does not. The folder is where it keeps what it has read in the modules it sees. Both are the process's, so
    one search has them at a time; that costs threads nothing, because stories are played one at a time too.
    """
    from hypothesis import configuration, core
    from hypothesis.errors import HypothesisDeprecationWarning

    with _one_at_a_time, TemporaryDirectory(ignore_cleanup_errors=True) as home, warnings.catch_warnings():
        seed = vars(core).get("global_force_seed")
        before = vars(configuration).get("__hypothesis_home_directory")
        # It warns when another thread draws from the one generator there is meanwhile.
        warnings.simplefilter("ignore", HypothesisDeprecationWarning)
        configuration.set_hypothesis_home_dir(home)
        vars(core)["global_force_seed"] = 0
        try:
            yield
        finally:
            vars(core)["global_force_seed"] = seed
            configuration.set_hypothesis_home_dir(before)


def _stories() -> Any:
    """Stories, each with the choices it was made of."""
    from hypothesis import strategies as st

    @st.composite
    def part(draw: Any, drawn: Callable[[Choices], Any], made: list[int]) -> Any:
        return drawn(_Drawing(draw, made))

    class _Drawing:
        def __init__(self, draw: Any, made: list[int]) -> None:
            self._draw, self._made = draw, made

        def below(self, number: int) -> int:
            chosen = cast("int", self._draw(st.integers(0, number - 1)))
            self._made.append(chosen)
            return chosen

        def part(self, drawn: Callable[[Choices], T]) -> T:
            return cast("T", self._draw(part(drawn, self._made)))

    @st.composite
    def whole(draw: Any) -> tuple[Story, tuple[int, ...]]:
        made: list[int] = []
        story = draw(part(tell, made))
        return story, tuple(made)

    return whole()
