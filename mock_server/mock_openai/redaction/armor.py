"""Private keys between marker lines: PEM, PGP, SSH2 and PuTTY."""

from __future__ import annotations

import re
from collections.abc import Iterator

from mock_openai.redaction.forms import Span
from mock_openai.redaction.judged import whole

_PEM = re.compile(
    rb"-{4,5}[ ]?BEGIN (?P<what>[A-Za-z0-9 ]{0,40}+)-{4,5}(?:\s{0,4}+Comment: [^\r\n]{0,256}+)?+"
    rb"(?P<value>(?:[^-\"'<>{}]|-(?!---)|(?<=\n)>)++)"
)
_OF_A_KEY = re.compile(rb"[A-Za-z0-9+/=]{24}")
_PUTTY = re.compile(
    rb"Private-Lines:[ \t]{0,4}+\d{1,4}+\r?\n(?P<value>[A-Za-z0-9+/=]{32,128}+"
    rb"(?:\r?\n[A-Za-z0-9+/=]{1,128}+)*+)"
)
_MAC = re.compile(rb"Private-MAC:[ \t]{0,4}+(?P<value>[0-9a-fA-F]{32,128}+)")
_VAULT = re.compile(
    rb"\$ANSIBLE_VAULT;[0-9.]{1,8}+;AES256(?:;[\w-]{1,64}+)?+\s{1,32}+(?P<value>[0-9a-f]{32,128}+(?:"
    rb"\s{1,32}+[0-9a-f]{2,128}+)*+)"
)
SIGNS = (b"ansible_vault", b"-----begin", b"----", b"private-lines")


def spans(text: bytes, low: bytes, told: bytes) -> Iterator[Span]:
    """Return the private keys in a text; `low` is the text in lower case, `told` the stems of secret names in
    it.
    """
    if b"begin" in told or b"----" in told:
        for match in _PEM.finditer(text):
            private = any(word in match["what"] for word in (b"PRIVATE", b"SECRET", b"SEED", b"Static key"))
            if private and _OF_A_KEY.search(match["value"]):
                yield from whole("private key", match["value"], match.start("value"))
    if b"ansible_vault" in told:
        for match in _VAULT.finditer(text):
            yield from whole("private key", match["value"], match.start("value"))
    if b"private-lines" in told:
        for pattern in (_PUTTY, _MAC):
            for match in pattern.finditer(text):
                yield from whole("private key", match["value"], match.start("value"))
