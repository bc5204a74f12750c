"""Playing a plan in the call that brought its request: one write, one response kept, one journal entry.

That is possible when nothing has to be waited for, all events are due at once and no fault may be injected.
Everything else is played by a Delivery, from the same plan.
"""

from __future__ import annotations

from collections.abc import Callable

from mock_openai.faults.trigger import Position
from mock_openai.protocol.template import Rendered, fits
from mock_openai.state import ServerState
from mock_openai.turn.plan import Plan


def play_at_once(
    state: ServerState,
    plan: Plan | None,
    position: Position,
    write: Callable[[Rendered], None],
    time: Callable[[], float],
    *,
    lane: str | None = None,
) -> Rendered | None:
    """Play a plan and return its events; None if it needs a Delivery. `time` is the loop's."""
    keeper = state.engine.keeper
    if plan is None or plan.render is None or not plan.at_once:
        return None
    if plan.waits_for is not None or plan.failure is not None or not state.faults.exhausted:
        return None
    if not keeper.can_at_once(plan):
        return None
    wall = state.clock.wall()
    if not fits(wall):
        return None
    rendered = plan.rendered(wall)
    keeper.keep_at_once(plan, rendered)
    write(rendered)
    state.note_rendered(position, rendered, 0, len(rendered.types), time(), plan.caller.transport, lane)
    return rendered
