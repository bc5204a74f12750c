"""Chooses the responders for the bot, the judge and the simulated caller of an eval: a recording, a script,
or improvisation.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from mock_openai import Script
from mock_openai.protocol.errors import ApiError
from mock_openai.protocol.reply import Reply, Text
from mock_openai.responders.answer import Answer, Recorded
from mock_openai.responders.base import Turn

from ninelives.cassette import Cassette, Exchange
from ninelives.cassette.items import content_text, plain
from ninelives.cassette.matching import Wanted
from ninelives.evals.chat import Chat, is_chat
from ninelives.evals.files import Case, Loaded
from ninelives.player import NO_RECORDING, Player

Who = Literal["the bot", "the judge", "the caller"]

OLLAMA = "http://localhost:11434/v1"
"""The address of Pipecat's default judge and caller."""


@dataclass(frozen=True, slots=True)
class Missed:
    """A request that nothing could answer."""

    who: Who
    turn: int
    """The user's turn in which the request came, from 1; 0 before the first."""
    why: str
    first: bool
    """Whether nothing of its kind had been answered before."""


def recording_of(case: Case, folder: Path | None) -> Path:
    """Return the path of a case's recording: `recordings/weather/paris.jsonl` beside the file."""
    start = folder if folder is not None else case.path.parent / "recordings"
    steps = [_step(each) for each in ([case.label] if case.label else []) + case.name.split("/")]
    return start.joinpath(*steps).with_suffix(".jsonl")


def recordings_of(case: Case, folder: Path | None) -> list[Path]:
    """Return the existing cassettes of a case: the bot's, and those of the other servers."""
    main = recording_of(case, folder)
    others = sorted(main.parent.glob(f"{glob.escape(main.stem)}.judge*.jsonl")) if main.is_file() else []
    return [main, *others] if main.is_file() else []


def judge_recording(main: Path, number: int = 1) -> Path:
    """Return the file for the traffic of another server than the bot's."""
    return main.with_name(f"{main.stem}.judge{'' if number == 1 else number}.jsonl")


def _step(name: str) -> str:
    return re.sub(r"[^\w.-]+", "_", name).strip("._") or "_"


def with_addresses(scenario: Loaded, addresses: Mapping[str, str]) -> Loaded:
    """Return the scenario with other addresses for its judge and caller.

    `addresses` maps old to new ones; `*` matches any.

    Only blocks that Pipecat builds from an address are changed; a factory finds OPENAI_BASE_URL.
    """
    changed: dict[str, Any] = {"judge": _with_endpoint(scenario.judge, addresses)}
    if hasattr(scenario, "simulator"):
        changed["simulator"] = _with_endpoint(scenario.simulator, addresses)
    return replace(scenario, **changed)


def _with_endpoint(block: Any, addresses: Mapping[str, str]) -> Any:
    block = dict(block or {})
    if not block.get("factory") and str(block.get("service", "ollama")).lower() == "ollama":
        old = block.get("endpoint") or OLLAMA
        block["endpoint"] = addresses.get(old, addresses.get("*", old))
    explainer = block.get("explainer")
    if isinstance(explainer, Mapping) or (explainer is None and block.get("factory")):
        block["explainer"] = _with_endpoint(explainer, addresses)
    return block


def endpoints_of(scenario: Loaded) -> set[str]:
    """Return the servers that a scenario uses besides the bot's."""
    found: set[str] = set()
    _collect(scenario.judge, found)
    if hasattr(scenario, "simulator"):
        _collect(scenario.simulator, found)
    return found


def _collect(block: Any, found: set[str]) -> None:
    block = block or {}
    if not block.get("factory") and str(block.get("service", "ollama")).lower() == "ollama":
        found.add(block.get("endpoint") or OLLAMA)
    if isinstance(block.get("explainer"), Mapping):
        _collect(block["explainer"], found)


@dataclass
class Answers:
    """The responders of one run, and the requests that they could not answer."""

    responders: list[Any] = field(default_factory=list)
    script: Script | None = None
    source: Literal["recording", "script", "improvised"] = "improvised"
    missed: list[Missed] = field(default_factory=list)
    turn: int = 0
    """The user's current turn, from 1; set by the code that plays the run."""
    player: Replay | None = None
    _answered: set[str] = field(default_factory=set)

    def note(self, who: Who, why: str | None) -> None:
        """Note that a request was answered (`why` is None), or why it could not be."""
        if why is None:
            self._answered.add(who)
        else:
            self.missed.append(Missed(who, self.turn, why, who not in self._answered))


def answers_for(
    case: Case, *, script: Script | None, folder: Path | None, broken: bool, seed: int
) -> Answers:
    """Return the responders for a case. `broken`: connections will break, so answers are asked for again."""
    found = recordings_of(case, folder)
    answers = Answers(script=script.copy() if script is not None else None)
    chat = Chat(answers.script)
    if found:
        answers.source = "recording"
        answers.player = Replay(
            [Cassette.load(each) for each in found],
            repeat=broken,
            strict=script is None,
            ids="recorded",
            seed=seed,
        )
        responders = [GoesOn(answers.player), answers.player]
        if script is not None:
            responders.append(chat)
    else:
        answers.source = "script" if script is not None else "improvised"
        responders = [chat]
    answers.responders = [Noting(each, answers) for each in responders]
    return answers


class Noting:
    """Passes requests on to a responder and notes what it cannot answer."""

    def __init__(self, responder: Any, answers: Answers) -> None:
        self._responder = responder
        self._answers = answers
        self.takes_errors: bool = responder.takes_errors

    async def answer(self, turn: Turn) -> Answer | None:
        """Pass on a request for a response."""
        said: Answer | None = await self._responder.answer(turn)
        if isinstance(said, ApiError) and said.code == NO_RECORDING:
            self._answers.note("the bot", said.message)
        elif said is not None:
            self._answers.note("the bot", None)
        return said

    async def answer_http(self, method: str, path_qs: str, body: bytes) -> Recorded | None:
        """Pass on any other request."""
        if not hasattr(self._responder, "answer_http"):
            return None
        said: Recorded | None = await self._responder.answer_http(method, path_qs, body)
        if said is not None and is_chat(method, path_qs):
            streamed = b'"stream": true' in body or b'"stream":true' in body
            lost = said.status == 404 and b"ninelives_no" in (said.body or b"")
            self._answers.note(
                "the caller" if streamed else "the judge", _message(said.body) if lost else None
            )
        return said

    async def answer_handshake(self, path_qs: str) -> Recorded | None:
        """Pass on a handshake."""
        asks = getattr(self._responder, "answer_handshake", None)
        return await asks(path_qs) if asks is not None else None


def _message(body: bytes | None) -> str:
    import json

    return str(json.loads(body or b"{}").get("error", {}).get("message", ""))


class Replay(Player):
    """A player that still finds the recording if an answer was cut off.

    How much of a cut-off answer is in the bot's context depends on the moment of the cut, which may differ
    from the recorded one. So a request without a recording gets the recording that differs only in how much
    of the model's answers its context holds.
    """

    def _find(self, request: Wanted) -> Exchange | str:
        found = super()._find(request)
        if isinstance(found, Exchange) or not isinstance(request.body, Mapping):
            return found
        alike = [place for place in self._alike(request.body) if self._repeat or place not in self._used]
        if not alike:
            return found
        self.missed.pop()
        place = next((each for each in alike if each not in self._used), alike[-1])
        self._used[place] += 1
        return self.exchanges[place]

    def recorded(self, body: Mapping[str, Any]) -> Exchange | None:
        """Return the exchange that answers a request, or would answer it if no answer had been cut off."""
        exact = super().recorded(body)
        alike = self._alike(body) if exact is None else []
        return self.exchanges[alike[0]] if alike else exact

    def _alike(self, body: Mapping[str, Any]) -> list[int]:
        asked = self._without_answers(body)
        said = [_output_text(each) for each in self.exchanges]
        if not all(any(whole.startswith(part) for whole in said) for part in asked[1]):
            return []
        return [
            place
            for place, exchange in enumerate(self.exchanges)
            if isinstance(exchange.body, Mapping)
            and "input" in exchange.body
            and self._without_answers(exchange.body)[0] == asked[0]
        ]

    def _without_answers(self, body: Mapping[str, Any]) -> tuple[Any, list[str]]:
        """Return the request without the model's own words, and these words."""
        meaning = self._matching.meaning(body)
        conversation = meaning.pop("conversation so far")
        answers = [
            each for each in conversation if isinstance(each, Mapping) and each.get("role") == "assistant"
        ]
        kept = [each for each in conversation if each not in answers]
        return plain((meaning, kept)), [str(each.get("content", "")).strip() for each in answers]


def _output_text(exchange: Exchange) -> str:
    return "".join(
        content_text(item.get("content")) for item in exchange.output if item.get("type") == "message"
    ).strip()


class GoesOn:
    """Answers as a model that goes on where it was cut off: with the rest of a recorded answer, after a loss
    in mid-sentence.

    It answers a request that equals a recorded one followed by the beginning of its answer (and perhaps an
    instruction to go on). It leaves other requests to other responders.
    """

    takes_errors = False

    def __init__(self, player: Replay) -> None:
        self._player = player

    async def answer(self, turn: Turn) -> Answer | None:
        """Answer with the rest."""
        given = turn.body.get("input")
        if not isinstance(given, list) or turn.request is None:
            return None
        items = list(given)
        if items and items[-1].get("role") in ("developer", "system"):
            items.pop()
        if not items or items[-1].get("role") != "assistant" or self._player.recorded(turn.body) is not None:
            return None
        spoken = content_text(items.pop().get("content"))
        answered = self._player.recorded({**turn.body, "input": items})
        if answered is None or not spoken:
            return None
        whole = _output_text(answered)
        if not whole.startswith(spoken) or whole == spoken:
            return None
        return Reply((Text(whole[len(spoken) :]),))
