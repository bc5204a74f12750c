"""The o200k vocabulary: the compiled tokenizer, loaded when something is counted for the first time.

Loading reads the whole vocabulary out of the library's file, once, and builds tables of its own from it. The
file's pages then stay in the process's memory, half of what the tokenizer takes, though nobody reads them
again. On Linux they are given back; they stay in the kernel's cache of files, for the next process.
"""

from __future__ import annotations

import importlib.machinery
import importlib.util
import logging
import re
import sys
from functools import lru_cache
from typing import Protocol

logger = logging.getLogger("mock_openai")

_DONTNEED = 4
"""MADV_DONTNEED of Linux."""
_WORTH_IT = 4 * 1024 * 1024
"""Bytes from which a mapping is given back: the vocabularies stand in one of many."""
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r--p \S+ \S+ \S+ +(.*)")
# Not by what is dirty: so is every page of a file that was installed a moment ago and is not on the disk yet.
_WRITTEN = re.compile(r"Anonymous: +[1-9]")


class Encoding(Protocol):
    """The compiled tokenizer, as far as it is used here."""

    def encode(self, text: str) -> list[int]:
        """Return the tokens of a text."""
        ...

    def decode(self, tokens: list[int]) -> str:
        """Return the text of tokens. Raises ValueError if that ends within a character."""
        ...

    def count(self, text: str) -> int:
        """Return the number of tokens of a text."""
        ...


@lru_cache(maxsize=1)
def encoding() -> Encoding:
    """Return the tokenizer; the first call loads it (50 ms, 34 MB)."""
    # The package's own import builds the vocabulary a second time, as a Python dict: 0.4 s and 80 MB more
    # (measured), for nothing that is needed here. Its compiled part does all the work alone.
    package = importlib.util.find_spec("bpe_openai")
    assert package is not None
    spec = importlib.machinery.PathFinder.find_spec(
        "bpe_openai._bindings", list(package.submodule_search_locations or ())
    )
    assert spec is not None
    assert spec.loader is not None
    bindings = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(bindings)
    loaded: Encoding = bindings.tokenizer_for_encoding("o200k_base")
    if sys.platform == "linux" and spec.origin is not None:
        try:
            _give_back(spec.origin)
        except Exception as error:  # a kernel or sandbox that does not say: the pages stay
            logger.debug("the pages of the vocabulary stay in memory: %r", error)
    return loaded


def _give_back(path: str) -> None:
    """Let the read-only pages of a file leave this process. If they are read again, the kernel maps them
    again.
    """
    import ctypes

    advise = ctypes.CDLL(None, use_errno=True).madvise
    advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for start, size in _mappings(path):
        if size >= _WORTH_IT and advise(start, size, _DONTNEED):
            raise OSError(ctypes.get_errno(), "madvise")


def _mappings(path: str) -> list[tuple[int, int]]:
    """Return start and size of the mappings of a file that hold nothing but what is in the file. Pages that
    were written to (by the dynamic linker) would be lost.
    """
    found: list[tuple[int, int]] = []
    with open("/proc/self/smaps") as mappings:
        ours = False
        for line in mappings:
            if (mapping := _MAPPING.match(line)) is not None:
                ours = mapping[3] == path
                if ours:
                    start = int(mapping[1], 16)
                    found.append((start, int(mapping[2], 16) - start))
            elif line[0] in "0123456789abcdef":  # a mapping of another kind
                ours = False
            elif ours and _WRITTEN.match(line):
                found.pop()
                ours = False
    return found
