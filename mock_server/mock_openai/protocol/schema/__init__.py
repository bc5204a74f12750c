"""A small language for the rules of a request, with the API's wording for violations.

Strategy: rules are values. Each has a phrase that names it ("a string", "an array of objects"), a test
whether a JSON value is of its kind, and checks of the value's content. `check` raises the first violation,
depth first and in the order of the rules, with its path as the API writes paths: `input[0].content[1].text`.
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
