"""JSON as the API writes it."""

from mock_openai.protocol import json


def test_events_are_compact_and_bodies_indented_by_two() -> None:
    value = {"text": "Grüße 👋", "temperature": 1.0, "n": 1, "none": None, "list": []}
    assert json.compact(value) == '{"text":"Grüße 👋","temperature":1.0,"n":1,"none":null,"list":[]}'.encode()
    assert json.pretty({"error": {"param": None, "n": 1.0}}) == (
        b'{\n  "error": {\n    "param": null,\n    "n": 1.0\n  }\n}'
    )


def test_what_was_written_reads_back() -> None:
    assert json.parse(json.pretty({"a": [1, "ü"]})) == {"a": [1, "ü"]}
