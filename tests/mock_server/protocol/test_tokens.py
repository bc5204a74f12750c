"""Tokens: counts, cuts that keep characters whole, and exact numbers of pieces."""

import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mock_openai.protocol import tokens

from tests.effort import calls_of

FAMILY = "👩‍👩‍👧‍👦 naïve café — 你好，世界 𓀀"


def test_text_is_cut_where_the_model_cuts_it() -> None:
    assert tokens.pieces("Hello! How can I help you today?") == [
        "Hello",
        "!",
        " How",
        " can",
        " I",
        " help",
        " you",
        " today",
        "?",
    ]
    assert tokens.pieces('{"location":"Toronto"}') == ['{"', "location", '":"', "Toronto", '"}']


def test_counts_are_the_tokenizers() -> None:
    assert tokens.count("Hello, responses!") == 4
    assert tokens.count("") == 0
    assert tokens.count("<|endoftext|>") > 1


def test_a_request_costs_what_a_recorded_one_cost() -> None:
    hello = {
        "type": "message",
        "role": "user",
        "content": [{"type": "input_text", "text": "Hello, responses!"}],
    }
    assert tokens.count_input([hello], instructions=None, tools=()) == 11
    assert tokens.count_input([{"role": "user", "content": "Hello world"}], instructions=None, tools=()) == 9


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=80))
def test_pieces_join_to_the_text_whatever_it_is(text: str) -> None:
    pieces = tokens.pieces(text)
    assert "".join(pieces) == text
    assert all(pieces)
    for piece in pieces:
        piece.encode()


def test_characters_of_several_tokens_stay_whole() -> None:
    assert "".join(tokens.pieces(FAMILY)) == FAMILY
    assert "�" not in "".join(tokens.pieces(FAMILY))
    assert len(tokens.pieces(FAMILY)) < tokens.count(FAMILY)


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="ab c😀é.", max_size=60), st.integers(1, 80))
def test_exactly_so_many_pieces(text: str, number: int) -> None:
    pieces = tokens.exactly(text, number)
    assert len(pieces) == number
    assert all(pieces)
    assert "".join(pieces).startswith(text)


@pytest.mark.parametrize("budget", [0, 1, 3, 100])
def test_a_cut_keeps_at_most_so_many_tokens(budget: int) -> None:
    kept = tokens.cut(FAMILY, budget)
    assert FAMILY.startswith(kept)
    assert tokens.count(kept) <= budget
    kept.encode()


def test_long_texts_are_counted_too() -> None:
    assert tokens.count("word " * 250_000) >= 250_000


def test_thousands_of_pieces_are_no_matter() -> None:
    tokens.prepare()
    # Four calls a piece; a search through all pieces for each would be 20,000.
    calls_of(lambda: tokens.exactly("a short text", 20_000), at_most=10 * 20_000)
    assert len(tokens.exactly("a short text", 20_000)) == 20_000


@pytest.mark.parametrize(
    "item",
    [
        {"type": "web_search_call", "action": {"type": "search", "query": "weather in Paris", "queries": []}},
        {"type": "file_search_call", "queries": ["return policy"], "results": None},
        {"type": "shell_call", "action": {"commands": ["ls -la"], "timeout_ms": 1}},
        {"type": "local_shell_call", "action": {"type": "exec", "command": ["ls"], "env": {}}},
        {"type": "apply_patch_call", "operation": {"type": "update_file", "path": "a.py", "diff": "+x"}},
        {"type": "code_interpreter_call", "code": "1 + 1", "outputs": []},
    ],
)
def test_what_the_call_of_a_hosted_tool_asks_for_was_written_by_the_model(item: dict[str, Any]) -> None:
    assert tokens.count_written(item) > tokens.count_written({"type": item["type"]}) > 0
    assert tokens.count_item(item) > 0


def test_what_a_hosted_tool_answered_is_read_but_was_not_written_by_the_model() -> None:
    asked = {"type": "mcp_call", "name": "roll", "arguments": "{}", "server_label": "random_source"}
    answered = {**asked, "output": "four and two"}
    assert tokens.count_written(answered) == tokens.count_written(asked)
    assert tokens.count_item(answered) > tokens.count_item(asked)
    shown = {"type": "shell_call_output", "output": [{"stdout": "a.py", "stderr": ""}]}
    assert tokens.count_item(shown) > tokens.count_written(shown) == 0


PAGES = """
import re, sys
from mock_openai.protocol import tokens

def held():
    told = open("/proc/self/smaps").read()
    maps = re.findall(r"^[0-9a-f]+-.*bpe_openai.*\\n(?:\\w+:.*\\n)*?Rss: +([0-9]+)", told, re.M)
    return 1024 * sum(map(int, maps))

before = tokens.count(sys.argv[1]), tokens.pieces(sys.argv[1])
assert held(), "the tokenizer's file is mapped"
print(held())
assert (tokens.count(sys.argv[1]), tokens.pieces(sys.argv[1])) == before
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux says which pages of a file are in memory")
def test_the_file_of_the_vocabulary_does_not_stay_in_memory(tmp_path: Path) -> None:
    # Not even where it was installed a moment ago, so that the kernel has not written it to the disk yet.
    spec = importlib.util.find_spec("bpe_openai")
    assert spec is not None
    assert spec.origin is not None
    shutil.copytree(Path(spec.origin).parent, tmp_path / "bpe_openai")
    command = [sys.executable, "-c", PAGES, FAMILY]
    fresh = {**os.environ, "PYTHONPATH": str(tmp_path)}
    held = subprocess.run(command, capture_output=True, text=True, check=True, env=fresh)
    shutil.rmtree(tmp_path / "bpe_openai")  # 70 MB
    # Loading reads all of its 35 MB; counting needs the code and the tables beside it.
    assert int(held.stdout) < 16 * 1024 * 1024
