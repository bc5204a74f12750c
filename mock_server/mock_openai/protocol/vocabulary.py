"""The o200k vocabulary: the compiled tokenizer, loaded when something is counted for the first time.

Loading reads the whole vocabulary from the library's file once, and builds tables from it. The file's pages
would then stay in the process's memory (half of the tokenizer's share), although nothing reads them again. On
Linux they are released; they stay in the kernel's page cache for the next process.
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
"""Size in bytes from which a mapping is released: the vocabularies are in one of several megabytes."""
_MAPPING = re.compile(r"([0-9a-f]+)-([0-9a-f]+) r--p \S+ \S+ \S+ +(.*)")
# Not by the dirty pages: all pages of a file that was just installed are dirty until they reach the disk.
_WRITTEN = re.compile(r"Anonymous: +[1-9]")


class Encoding(Protocol):
    """Interface: the part of the compiled tokenizer that is used here."""

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
    # (measured), which is not needed here. Its compiled part does all the work.
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
            _release_pages(spec.origin)
        except Exception as error:  # a kernel or sandbox without this information: the pages stay
            logger.debug("the pages of the vocabulary stay in memory: %r", error)
    return loaded


def _release_pages(path: str) -> None:
    """Release the read-only pages of a file. If they are read again, the kernel maps them again."""
    import ctypes

    advise = ctypes.CDLL(None, use_errno=True).madvise
    advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    for start, size in _mappings(path):
        if size >= _WORTH_IT and advise(start, size, _DONTNEED):
            raise OSError(ctypes.get_errno(), "madvise")


def _mappings(path: str) -> list[tuple[int, int]]:
    """Return the start and size of the mappings of a file whose pages equal the file's content. Pages that
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
