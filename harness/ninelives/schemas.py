"""JSON Schemas of the files that users write: those of the mock server, and scenario files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import get_args

from mock_openai.schemas import FLAG, SECONDS, TEXT, WHOLE, Schema, head, items, mapping, planned_fault
from mock_openai.schemas import SCHEMAS as OF_THE_SERVER

from ninelives.lab.scenario import BOTH
from ninelives.lab.scenario_file import ASK, PAUSE, SPEC
from ninelives.lab.scenario_spec import Continuation, OnCancel


def scenario() -> Schema:
    """Return the schema of a scenario: a conversation, and its faults."""
    faults: Schema = {"type": "array", "items": planned_fault()}
    output = items()["anyOf"][-1]
    cut_in: Schema = {
        "anyOf": [
            mapping({"words": WHOLE}, needs=["words"]),
            mapping({"seconds": SECONDS}, needs=["seconds"]),
        ]
    }
    ask = {
        "user": TEXT,
        "takes": {"type": "array", "items": SECONDS},
        "continuation": {"enum": list(get_args(Continuation))},
        "answer": {"anyOf": [TEXT, output, {"type": "array", "items": output}]},
        "faults": faults,
        "cut_in": cut_in,
        "answerable": FLAG,
    }
    pause = {"pause": SECONDS, "faults": faults}
    steps = {
        "type": "array",
        "minItems": 1,
        "items": {
            "anyOf": [
                mapping(ask, known=ASK, needs=["user", "answer"]),
                mapping(pause, known=PAUSE, needs=["pause"]),
            ]
        },
    }
    shape = {
        "scenario": TEXT,
        "sentence": TEXT,
        "broke": {"type": "array", "items": TEXT},
        "steps": steps,
        "pace": SECONDS,
        "tool_seconds": SECONDS,
        "on_cancel": {"enum": list(get_args(OnCancel))},
        "continuation": {"enum": list(get_args(Continuation))},
        "transports": {"type": "array", "items": {"enum": list(BOTH)}},
        "seed": WHOLE,
    }
    return {
        **head("scenario", "A conversation with its faults, for `--scenario-file`."),
        **mapping(shape, known=SPEC, needs=["steps"]),
    }


SCHEMAS: Mapping[str, Callable[[], Schema]] = {**OF_THE_SERVER, "scenario": scenario}
"""The schemas by the name of the kind of file."""
