"""The events of one response, turned into steps for the pipeline.

``ResponseStream`` is a state machine without I/O: it takes response events as dicts, from a WebSocket or from
server-sent events, and returns steps. It lets text be spoken only if it certainly belongs to this response,
once, in order, with nothing missing. After a lost event it holds text back until a later event has the whole
text, and continues from there; if that does not fit, the response is ``Broken``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .answer_text import AnswerText, Part
from .calls import Calls
from .errors import Failure, failure_of_event, failure_of_response
from .event_fields import id_of, listed, mapping, output_of
from .sequence import Sequence
from .steps import Broken, CallStarted, Failed, Finished, FirstOutput, Incomplete, Say, Step
from .text import TextDelta, whole_text
from .thoughts import Thoughts
from .usage import usage_of

__all__ = ["TERMINAL", "ResponseStream"]

TERMINAL = frozenset(f"response.{end}" for end in ("completed", "incomplete", "failed", "cancelled", "done"))
"""Events that end a response. The API sends the first three (observed), older and compatible servers the
others.
"""

Event = Mapping[str, Any]
Steps = tuple[Step, ...]

_NOTHING: Steps = ()
_FIRST_OUTPUT: Steps = (FirstOutput(),)


@dataclass(slots=True)
class ResponseStream:
    """One response as its events arrive."""

    speak_refusals: bool = True
    response_id: str | None = None
    ended: bool = False
    has_output: bool = False
    doubtful: bool = False
    """The latest message was unreadable; it may have been an event of this response, even the last one."""

    cut_off: bool = False
    """Whether it ended without a terminal event."""
    refuses: bool = False
    """Whether the model refuses to answer."""
    calls_a_tool: bool = False
    """Whether the model began to write a call."""

    _text: AnswerText = field(default_factory=AnswerText)
    _has_text: bool = False
    _blanks: list[Step] = field(default_factory=list)
    """White space before the first word. It is spoken together with it: white space alone is no answer."""
    _holding: bool = False
    """Whether text is held back because an event was lost and the whole text is not known yet."""
    _thoughts: Thoughts = field(default_factory=Thoughts)
    _calls: Calls = field(default_factory=Calls)
    _sequence: Sequence = field(default_factory=Sequence)
    _takers: dict[str, Callable[[Event], Steps]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._takers = {
            "response.output_text.delta": self._text_delta,
            "response.output_text.done": self._text_done,
            "response.refusal.delta": self._refusal_delta,
            "response.refusal.done": self._refusal_done,
            "response.created": self._created,
            "response.output_item.added": self._item_added,
            "response.output_item.done": self._item_done,
            "response.function_call_arguments.delta": self._arguments_delta,
            "response.function_call_arguments.done": self._arguments_done,
            "response.reasoning_summary_text.delta": self._thought_delta,
            "response.completed": self._completed,
            "response.done": self._done,
            "response.incomplete": self._incomplete,
            "response.failed": self._failed,
            "response.cancelled": self._cancelled,
            "error": self._error,
        }

    # -- input -------------------------------------------------------------------------------------

    def feed(self, event: Event | TextDelta) -> Steps:
        """Return the steps that follow from the next event; none for events of unknown type."""
        if self.ended:
            return _NOTHING
        self.doubtful = False
        if isinstance(event, TextDelta):
            if (seen := self._sequence.take(event)) != "next":
                if seen != "gap":
                    return _NOTHING
                self._holding = True
            return self._text_read(event)
        kind = event.get("type") or ""
        if (taker := self._takers.get(kind)) is None:
            self._sequence.take(event, useful=False)
            return _NOTHING
        seen = self._sequence.take(event)
        if seen == "repeated" or (seen == "late" and kind.endswith(".delta")):
            return _NOTHING
        if seen == "gap":
            self._holding = True
        held, steps = self._holding, taker(event)
        if seen == "late" and held and not self.ended:
            self._holding = True  # what it has in full is said; what is missing behind it is not in it
        return steps

    def feed_unreadable(self) -> Steps:
        """Note that something arrived that is not an event."""
        if not self.ended:
            self.doubtful = True
            if not self._sequence.trusted:
                self._holding = True  # with numbers, the next event tells whether one was lost
        return _NOTHING

    def end_of_stream(self) -> Steps:
        """Return the steps for the end of the stream; without a terminal event the answer is broken."""
        if self.ended:
            return _NOTHING
        self.cut_off = True
        return self._break("the stream ended before the response was complete")

    @property
    def resume_after(self) -> int | None:
        """The number of the last event before which none is missing; None if the numbers are unusable."""
        return self._sequence.whole_until

    def reopen(self) -> None:
        """Accept events again, because the rest of the stream is coming."""
        self.ended = self.cut_off = self.doubtful = self._thoughts.open = False

    # -- text --------------------------------------------------------------------------------------

    def _text_delta(self, event: Event) -> Steps:
        text = event.get("delta")
        if not isinstance(text, str):
            return _NOTHING
        return self._text_read(TextDelta(text, event.get("output_index"), event.get("content_index")))

    def _text_read(self, event: TextDelta) -> Steps:
        if self._holding:
            return _NOTHING
        text, part = event.delta, (event.output_index, event.content_index)
        if self._text.halves or not text.isascii():
            text = self._text.joined(part, text)
        said = self._text.said.get(part)
        if said is None or not self._has_text:
            return self._say(part, text)
        said.append(text)
        self._text.running.append(text)  # no method: this is the hot path
        return (Say(text),)

    def _text_done(self, event: Event) -> Steps:
        """Say the missing end of a part's whole text; usually nothing is missing."""
        part = (event.get("output_index"), event.get("content_index"))
        if self._holding and self._text.may_lack_some_before(part):
            return _NOTHING  # some of an earlier part may be missing: only the end has it
        steps = self._say_rest(part, event.get("text"))
        self._text.end_part(event.get("text"))
        self._holding = False
        return steps

    def _refusal_delta(self, event: Event) -> Steps:
        self.refuses = True
        return self._text_delta(event) if self.speak_refusals else _NOTHING

    def _refusal_done(self, event: Event) -> Steps:
        self.refuses = True
        return self._text_done({**event, "text": event.get("refusal")}) if self.speak_refusals else _NOTHING

    def _say(self, part: Part, text: str) -> Steps:
        self._text.add(part, text)
        if not self._has_text and not text.strip():
            self._blanks.append(Say(text))
            return self._begin_output()
        self._has_text = True
        blanks, self._blanks = self._blanks, []
        before = (*self._begin_output(), *self._thoughts.end(), *self._thoughts.release())
        return (*before, *blanks, Say(text))

    def _say_rest(self, part: Part, whole: object) -> Steps:
        """Say the missing end of a part whose whole text is known."""
        if not isinstance(whole, str) or (not whole and part not in self._text.said):
            return _NOTHING
        rest = self._text.rest(part, whole)
        if rest is None:
            # Some servers repeat the text differently at the end; only after a loss that is a reason to stop.
            return self._break("its whole text differs from the deltas") if self._holding else _NOTHING
        return self._say(part, rest) if rest else _NOTHING

    # -- thoughts ----------------------------------------------------------------------------------

    def _thought_delta(self, event: Event) -> Steps:
        text = event.get("delta")
        if not isinstance(text, str):
            return _NOTHING
        return (*self._begin_output(), *self._thoughts.summary(whole_text(text)))

    # -- items and calls ---------------------------------------------------------------------------

    def _created(self, event: Event) -> Steps:
        response_id = id_of(mapping(event.get("response")))
        if self.response_id is not None and response_id != self.response_id:
            return self._break("another response began in its place")
        self.response_id = response_id
        return _NOTHING

    def _begin_output(self) -> Steps:
        if self.has_output:
            return _NOTHING
        self.has_output = True
        return _FIRST_OUTPUT

    def _item_added(self, event: Event) -> Steps:
        item = mapping(event.get("item"))
        return self._call_begun(event, item) if item.get("type") == "function_call" else self._begin_output()

    def _call_begun(self, event: Event, item: Event) -> Steps:
        if not self._calls.begin(event, item):
            return _NOTHING
        self.calls_a_tool = True
        return (*self._begin_output(), *self._thoughts.end(), CallStarted())

    def _arguments_delta(self, event: Event) -> Steps:
        self._calls.add(event)
        return _NOTHING

    def _arguments_done(self, event: Event) -> Steps:
        self._calls.finish_arguments(event)
        return _NOTHING

    def _item_done(self, event: Event) -> Steps:
        item = mapping(event.get("item"))
        match item.get("type"):
            case "function_call":
                steps = self._call_begun(event, item)
                self._calls.finish(event, item)
                return steps
            case "reasoning":
                self._thoughts.hold(item)
                return (*self._begin_output(), *self._thoughts.end())
        return self._begin_output()

    # -- ends --------------------------------------------------------------------------------------

    def _done(self, event: Event) -> Steps:
        """The terminal event of compatible servers and the Realtime API: the status says how it ended."""
        match mapping(event.get("response")).get("status"):
            case "failed":
                return self._failed(event)
            case "incomplete":
                return self._incomplete(event)
            case "cancelled":
                return self._cancelled(event)
        return self._completed(event)

    def _cancelled(self, event: Event) -> Steps:
        """Break the response: somebody else cancelled it."""
        steps = self._break("it was cancelled")
        return (*usage_of(mapping(event.get("response"))), *steps)

    def _completed(self, event: Event) -> Steps:
        response = mapping(event.get("response"))
        output = output_of(response)
        late = self._untold(output)
        if self.ended:
            return late
        if self._holding:
            return self._break("events were lost, and the last event does not contain their text")
        self.ended = True
        calls, unusable = self._calls.result()
        silent = not self._has_text and not calls and not unusable
        finished = Finished(
            response_id=id_of(response) or self.response_id,
            model=response.get("model"),
            output=output,
            calls=calls,
            unusable_calls=unusable,
            silent=silent,
        )
        reasoning = _NOTHING if silent else self._thoughts.release()
        return (*late, *self._thoughts.end(), *reasoning, *usage_of(response), finished)

    def _incomplete(self, event: Event) -> Steps:
        response = mapping(event.get("response"))
        late = self._untold(output_of(response))
        if self.ended:
            return late
        self.ended = True
        calls, _ = self._calls.result()
        incomplete = Incomplete(failure_of_response(response, incomplete=True), calls)
        reasoning = self._thoughts.release() if calls else _NOTHING
        return (*late, *self._thoughts.end(), *reasoning, *usage_of(response), incomplete)

    def _failed(self, event: Event) -> Steps:
        response = mapping(event.get("response"))
        self.ended = True
        failed = Failed(failure_of_response(response, incomplete=False))
        return (*self._thoughts.end(), *usage_of(response), failed)

    def _error(self, event: Event) -> Steps:
        self.ended = True
        return (*self._thoughts.end(), Failed(failure_of_event(event)))

    def _break(self, why: str) -> Steps:
        self.ended = True
        about = f"Response {self.response_id}" if self.response_id else "The response"
        return (
            *self._thoughts.end(),
            Broken(Failure("stream", f"{about}: {why}", response_id=self.response_id)),
        )

    def _untold(self, output: list[dict[str, Any]]) -> Steps:
        """Return steps for text and calls that only the finished response has in full."""
        steps: Steps = _NOTHING
        text_is_missing = self._holding or not self._has_text
        calls = 0
        for index, item in enumerate(output):
            is_call = item.get("type") == "function_call"
            calls += is_call
            if is_call and not self._calls.is_finished(item, calls - 1):
                steps = (*steps, *self._call_begun({"output_index": index}, item))
                self._calls.finish({"output_index": index}, item)
            elif item.get("type") == "message" and text_is_missing:
                for place, part in enumerate(map(mapping, listed(item.get("content")))):
                    self.refuses = self.refuses or bool(part.get("refusal"))
                    text = part.get("text") or (part.get("refusal") if self.speak_refusals else None)
                    if not self._text.was_ended(at := self._text.part_at(index, place), text):
                        steps = (*steps, *self._say_rest(at, text))
                    self._text.running.clear()  # the next part may begin with the same words
        if output:
            self._holding = False
        return steps
