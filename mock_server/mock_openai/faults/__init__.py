"""Faults: what goes wrong, where and how often.

`faults.at(turn=2, event="response.output_text.delta", nth=3).reset()` plans a fault,
`faults.load("plan.yaml")` reads a whole plan. The kinds of fault live one to a file in `kinds/`;
docs/how-to/write-a-fault.md shows how to add one.
"""

from typing import TYPE_CHECKING

from mock_openai.deprecation import renamed
from mock_openai.faults.builder import At, at
from mock_openai.faults.chaos import Chaos, Disaster, Injection
from mock_openai.faults.context import Effect, Fault, FaultContext
from mock_openai.faults.load import PlanError, load, loads
from mock_openai.faults.parameters import Count, Seconds
from mock_openai.faults.plan import EventMatcher, FaultPlan
from mock_openai.faults.planned import Planned
from mock_openai.faults.registry import catalogue, create, describe, register, signature
from mock_openai.faults.trigger import Phase, Position, Trigger, When

__all__ = [
    "At",
    "Chaos",
    "Count",
    "Disaster",
    "Effect",
    "EventMatcher",
    "Fault",
    "FaultContext",
    "FaultPlan",
    "Injection",
    "Phase",
    "PlanError",
    "Planned",
    "Position",
    "Seconds",
    "Trigger",
    "When",
    "at",
    "catalogue",
    "create",
    "describe",
    "load",
    "loads",
    "register",
    "signature",
]

if not TYPE_CHECKING:  # or every misspelled name would pass for one
    __getattr__ = renamed(
        __name__,
        {
            "Passage": "EventMatcher",
            "Plan": "FaultPlan",
            "Point": "Trigger",
            "Spot": "Position",
            "Strike": "Injection",
            "Verdict": "Effect",
            "Wire": "FaultContext",
        },
        gone="0.3",
    )
