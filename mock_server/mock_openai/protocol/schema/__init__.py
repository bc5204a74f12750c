"""A small language for the rules of a request, and the API's words for what breaks them.

Strategy: rules are values. Each knows the phrase that names it ("a string", "an array of objects"), whether
a JSON value is of its kind at all, and what must hold inside. `check` raises the first thing that is wrong,
depth first and in the order in which the rules are written; the path it names is written as the API writes
paths, `input[0].content[1].text`.
"""

from mock_openai.protocol.schema.containers import Array, Field, Map, Object, need, never_null
from mock_openai.protocol.schema.rule import Anything, Rule, validate
from mock_openai.protocol.schema.scalars import Boolean, Decimal, Integer, OneOf, String, words
from mock_openai.protocol.schema.unions import Either, Tagged, either
from mock_openai.protocol.schema.wording import describe

__all__ = [
    "Anything",
    "Array",
    "Boolean",
    "Decimal",
    "Either",
    "Field",
    "Integer",
    "Map",
    "Object",
    "OneOf",
    "Rule",
    "String",
    "Tagged",
    "describe",
    "either",
    "need",
    "never_null",
    "validate",
    "words",
]
