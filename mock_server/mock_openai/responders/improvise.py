"""A plausible answer to any request that no script answers.

Any prompt gets short, stable text; a forced tool gets arguments valid for its schema; a structured format
gets valid JSON; a forced hosted tool is called; tool output is mentioned. With "tools", an allowed tool that
the prompt names or asks for is called too. The same request and seed give the same answer.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

from mock_openai.protocol import json
from mock_openai.protocol.reply import Call, Item, Reasoning, Reply, ReplyItem, Text
from mock_openai.protocol.request import Request
from mock_openai.responders.answer import Answer
from mock_openai.responders.base import Turn
from mock_openai.responders.continuation import asked_to_go_on, going_on
from mock_openai.responders.hosted_tools import approved_of, calls_of, listings_of
from mock_openai.responders.schema_generator import instance
from mock_openai.responders.schema_pattern import Work, example
from mock_openai.responders.tool_choice import Choice, Improvise, asked_for, check_improvise, forced
from mock_openai.responders.turn_input import outputs_of, user_text

_TO_A_PROMPT = (
    "You said: {said}",
    "I heard you say: {said}",
    "Here is my answer to: {said}",
    "Let me think about that. You asked: {said}",
)
_TO_NOTHING = ("Hello! How can I help you today?", "Hi there. What can I do for you?")
_SHOWN_PROMPT, _SHOWN_OUTPUT = 80, 120
_LONGEST_CUT = 20
"""Characters of a word that may be cut."""
# A model with such a small budget should spend it on an answer.
_ROOM_TO_THINK = 256


class Improviser:
    """Answers every turn; `seed` chooses among answers that fit equally well. `improvise` says what to answer
    if a model may call a tool: "text", or with "tools" the call that the prompt asks for.
    """

    takes_errors = False
    reads_only = True

    def __init__(self, seed: int = 0, improvise: Improvise = "text") -> None:
        self._seed = seed
        self._calls = check_improvise(improvise) == "tools"

    async def answer(self, turn: Turn) -> Answer | None:
        """Answer the turn; None only for a turn without a valid request."""
        return self.improvised(turn)

    def improvised(self, turn: Turn) -> Answer | None:
        """Same as `answer`, without awaiting. A request to go on with its answer gets the rest."""
        if (asked := asked_to_go_on(turn)) is not None:
            whole = self._improvised(asked.turn)
            continued = None if whole is None else going_on(whole, asked.spoken, "rest")
            if continued is not None:
                return continued
        return self._improvised(turn)

    def _improvised(self, turn: Turn) -> Reply | None:
        request = turn.request
        if request is None:
            return None
        rng = random.Random(self._key(turn, request))
        choice = forced(request)
        if choice is None and self._calls and not outputs_of(turn):
            choice = asked_for(request, user_text(turn))
        calls: tuple[ReplyItem, ...] = ()
        over = False
        if choice is not None and not choice.of_the_client:
            said = _short(user_text(turn), _SHOWN_PROMPT)
            calls, over = calls_of(choice.tool, said, request.include, rng)
            choice = None
        earlier = (*turn.history, *request.input)
        listed, approved = listings_of(request.tools, earlier), approved_of(request.input, earlier)
        answer = () if over else (self._said(turn, request, choice, rng),)
        return Reply((*listed, *self._thought(request), *approved, *calls, *answer))

    def _said(self, turn: Turn, request: Request, choice: Choice | None, rng: random.Random) -> ReplyItem:
        if choice is not None:
            return _call(choice, turn, rng)
        match request.text_format:
            case {"type": "json_schema", "schema": schema}:
                return Text(json.compact(instance(schema, rng)).decode())
            case {"type": "json_object"}:
                return Text(json.compact({"answer": _prose(turn, rng)}).decode())
        return Text(_prose(turn, rng))

    def _thought(self, request: Request) -> tuple[ReplyItem, ...]:
        budget = request.max_output_tokens
        effort = (request.reasoning or {}).get("effort")
        asked = request.wants_summary or request.wants_ciphertext or effort not in (None, "none")
        if not asked or effort == "none" or (budget is not None and budget < _ROOM_TO_THINK):
            return ()
        return (Reasoning(("**Considering the request**\n\nI will answer briefly.",)),)

    def _key(self, turn: Turn, request: Request) -> str:
        # The fields that decide the answer, without those that change when the same thing is asked again,
        # such as ids.
        outputs = [(output.name, output.output) for output in outputs_of(turn)]
        parts = [
            self._seed,
            user_text(turn),
            outputs,
            request.tool_choice,
            request.text_format,
            request.tools,
        ]
        return json.compact(parts).decode()


def _call(choice: Choice, turn: Turn, rng: random.Random) -> ReplyItem:
    tool = choice.tool
    inside = {} if choice.namespace is None else {"namespace": choice.namespace}
    if tool["type"] == "custom":
        said = _free_form(tool, rng) or _prose(turn, rng)
        return Item(
            {"type": "custom_tool_call", "status": "completed", "input": said, "name": tool["name"], **inside}
        )
    made = instance(tool.get("parameters") or {"type": "object"}, rng)
    arguments = json.compact(made if isinstance(made, dict) else {}).decode()
    if not inside:
        return Call(tool["name"], arguments)
    call = {"type": "function_call", "status": "completed", "arguments": arguments, "name": tool["name"]}
    return Item({**call, **inside})


def _free_form(tool: Mapping[str, Any], rng: random.Random) -> str:
    """Return a text that a custom tool's regular expression allows; empty for other grammars, and
    for none.
    """
    form = tool.get("format") or {}
    if form.get("type") != "grammar" or form.get("syntax") != "regex":
        return ""
    return example(str(form.get("definition") or ""), rng, Work())


def _prose(turn: Turn, rng: random.Random) -> str:
    outputs = outputs_of(turn)
    if outputs:
        return " ".join(
            f"{output.name or 'The tool'} says: {_short(output.output, _SHOWN_OUTPUT) or 'nothing'}"
            for output in outputs
        )
    said = _short(user_text(turn), _SHOWN_PROMPT)
    return rng.choice(_TO_A_PROMPT).format(said=said) if said else rng.choice(_TO_NOTHING)


def _short(text: str, limit: int) -> str:
    line = " ".join(text.split())
    if len(line) <= limit:
        return line
    before = line[: limit - 1].rpartition(" ")[0]
    word = line[len(before) :].split(maxsplit=1)[0]
    # The beginning of a key has not the form of one, so nobody would redact it.
    return f"{line[: limit - 1]}…" if len(word) <= _LONGEST_CUT else f"{before} …".lstrip()
