"""The user's own code is read as Python reads it, whatever else goes on in the process."""

from __future__ import annotations

import ast
import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from ninelives.bot.own_code import syntax_of


@contextmanager
def a_collector_that_parses() -> Iterator[None]:
    """Collect at every allocation, and parse something each time, as the traceback of a lost task does."""

    def parses(phase: str, info: object) -> None:
        ast.parse("raise RuntimeError('nobody awaited this')")

    before = gc.get_threshold()
    gc.callbacks.append(parses)
    gc.set_threshold(1, 1, 1)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(parses)


def test_a_file_is_parsed_while_the_collector_parses_too() -> None:
    source = "found = [" + "(1, (2, (3, (4,)))), " * 50 + "]"
    with a_collector_that_parses():
        tree = syntax_of(source)
    assert ast.dump(tree) == ast.dump(ast.parse(source))
    assert gc.isenabled()


def test_what_is_wrong_with_a_file_is_told() -> None:
    with pytest.raises(SyntaxError) as told:
        syntax_of("def run_bot(:", "bot.py")
    assert told.value.filename == "bot.py"
    assert gc.isenabled()
