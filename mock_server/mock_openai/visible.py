"""Makes untrusted text safe to print in a terminal.

A model, a server or a file can contain sequences that move the cursor, rename the window, write to the
clipboard (OSC 52) or reverse the reading order. All printed text goes through this module, which shows such
characters instead of sending them. Where a CI system looks for commands in the output, such as
`::add-mask::`, it makes plain text of these, too.
"""

from __future__ import annotations

import codecs
import contextlib
import errno
import io
import os
import re
import sys
import unicodedata

_KEPT = "\n\t"
_BIDIRECTIONAL = (0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_SEPARATORS = (0x2028, 0x2029)
_WITHOUT_WIDTH = (0xAD, 0x180E, 0x200B, *range(0x2060, 0x2065), *range(0x206A, 0x2070), 0xFEFF)
_FILLERS = (0x3164, 0xFFA0)
_ANNOTATIONS, _TAGS = range(0xFFF9, 0xFFFC), (*range(0xE0000, 0xE0080), *range(0xE0100, 0xE01F0))
"""Hidden text can be written in these. Joiners and the variation selectors of emoji stay: they are needed."""

_SHOWN = {code: chr(0x2400 + code) for code in range(0x20) if chr(code) not in _KEPT}
_SHOWN |= {0x7F: "\u2421"}
_SHOWN |= {code: f"<U+{code:04X}>" for code in (*range(0x80, 0xA0), *_BIDIRECTIONAL, *_SEPARATORS)}
_SHOWN |= {code: f"<U+{code:04X}>" for code in (*_WITHOUT_WIDTH, *_FILLERS, *_ANNOTATIONS, *_TAGS)}
_SHOWN |= {code: f"<U+{code:04X}>" for code in range(0xD800, 0xE000)}


_TAKES_COMMANDS = ("GITHUB_ACTIONS", "TF_BUILD", "TEAMCITY_VERSION")
"""Variables of the CI systems that take commands from the output."""
_COMMAND = re.compile(r"(?m)^[^\S\n]*+:(?=:)|##(?=(?:vso|teamcity)?\[)")
"""The beginning of `::set-output ...`, `##[group]`, `##vso[...]`, `##teamcity[...]`."""


def visible(text: str) -> str:
    """Return the text with control characters, overrides of its direction and invisible characters made
    visible.

    New lines and tabs stay. C0 and DEL become their control pictures, such as \u241b for escape; the rest
    `<U+202E>`. In a CI system that takes commands from the output, a blank is put into each.
    """
    shown = text if text.isascii() and text.isprintable() else text.translate(_SHOWN)
    commanding = ("::" in shown or "##" in shown) and not os.environ.keys().isdisjoint(_TAKES_COMMANDS)
    return _COMMAND.sub(lambda found: f"{found[0]} ", shown) if commanding else shown


def one_line(text: object) -> str:
    """Return a text, such as the name of a file, on one line: the ends of lines in it are shown."""
    return str(text).replace("\n", "\u240a")


_PLAIN = {"✓": "+", "✗": "x", "·": ".", "…": "...", "→": "->", "←": "<-", "↑": "^", "↓": "v", "✂": "!"}
"""ASCII equivalents of the symbols in our own output."""


def print_in_any_encoding() -> None:
    """Let standard output and error replace what their encoding does not have, instead of failing.

    Our own symbols become equivalent ASCII, accents are dropped, and other characters become `?`.
    """
    codecs.register_error("mock_openai.plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="mock_openai.plain")


_NO_ROOM = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EIO)


def flush_output() -> None:
    """Flush standard output, so that an error is raised here and not while the interpreter ends. Raises
    OSError, but not if nobody reads any more, as after `| head`.
    """
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _discard_output()


def refused_output(error: BaseException) -> str | None:
    """Return a line for the user if the error means that standard output cannot be written; the rest of the
    output is then discarded. None for other errors.
    """
    if not isinstance(error, OSError) or error.filename is not None or error.errno not in _NO_ROOM:
        return None
    _discard_output()
    return f"the output cannot be written ({error.strerror}); free some space, or send it elsewhere"


def _discard_output() -> None:
    output = sys.__stdout__
    if output is not None and sys.stdout is output:  # which the interpreter flushes when it ends
        with contextlib.suppress(OSError, ValueError, AttributeError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, output.fileno())
            os.close(nowhere)


def _plain(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    return "".join(_PLAIN.get(each) or _without_accent(each) or "?" for each in lacking), error.end


def _without_accent(character: str) -> str:
    apart = unicodedata.normalize("NFKD", character)
    return "".join(each for each in apart if each.isascii())
