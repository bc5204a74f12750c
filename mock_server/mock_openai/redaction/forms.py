"""Secrets known by their form: a prefix that the issuer documents, such as `ghp_`.

A row has a kind, its beginnings, and an expression for the rest. A fake keeps the beginning, so that it still
looks like the original. A beginning counts at the edge of a word; the best known ones count inside a word
too, if what follows looks random.

Every expression is linear: it starts at a literal, followed by a run of one class of characters, which is
read once (possessive). A text is read run by run of the characters that credentials are made of.

The beginnings are those that the issuers document. No rule set from elsewhere is used:
docs/reference/cassettes.md says why.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NamedTuple

from mock_openai.redaction.beginnings import ANY, FORMS, MIXED
from mock_openai.redaction.fakes import is_fake
from mock_openai.redaction.values import is_chosen, is_dense, is_mixed, is_random, is_varied

_LOOKS = (lambda _: True, is_varied, is_random, is_mixed, is_dense)

_LONGEST_RUN = 512
"""Characters above which a run of base64 is not a credential: short beginnings occur there by chance."""
_GLUED = (
    *(
        b"sk-",
        b"ghp_",
        b"gho_",
        b"ghs_",
        b"github_pat_",
        b"glpat-",
        b"AIza",
        b"xoxb-",
        b"xoxp-",
        b"gsk_",
        b"xai-",
    ),
    *(
        b"pplx-",
        b"hf_",
        b"npm_",
        b"pypi-",
        b"SG.",
        b"sk_live_",
        b"sk_test_",
        b"ya29.",
        b"eyJ",
        b"AKIA",
        b"ASIA",
    ),
)
"""Beginnings that count inside a word too."""

# A word in the middle identifies a key of any issuer: acme_live_..., foo-api-key-...
_SPEAKING = re.compile(
    rb"(?<![A-Za-z0-9])(?P<keep>[A-Za-z][A-Za-z0-9]{1,11}[_-](?:live|test|prod|sandbox|secret|sk|pat"
    rb"|token|api|apikey|key|"
    rb"oauth|access|refresh|auth|session|svcacct|admin|bearer|v1)[_-])[A-Za-z0-9_-]{16,}+"
)
_SURE = re.compile(
    rb"(?<![A-Za-z0-9])(?P<keep>(?:[A-Za-z][A-Za-z0-9]{1,11}[_-](?:live|prod|production|sandbox"
    rb"|secret|sk|pat|token|"
    rb"apikey|bearer)|sk|rk|pat|sdk|mob|secret|apikey|bearer)[_-](?:[a-z][a-z0-9]{1,7}[_-])?+)"
    rb"(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[0-9a-f]{24,}+)(?![A-Za-z0-9_-])"
)
"""The same with hexadecimal digits after it, where the word leaves no doubt."""
_TAILED = re.compile(
    rb"(?<![\w.-])(?:[0-9a-f]{32}(?=-us\d{1,2}(?!\w))|[A-Za-z0-9]{52}(?=JQQJ99[A-Za-z0-9]{20,28})"
    rb"|[A-Za-z0-9_~.-]{3}\dQ~[A-Za-z0-9_~.-]{31,34}(?![\w~])|[A-Za-z0-9]{14}(?=\.atlasv1\.))[\w.-]{0,96}+"
)
"""Keys that are recognized by their middle or end: Mailchimp, Azure, Terraform Cloud."""
_RECORD = re.compile(
    rb"(?<![\w.:/-])[\w.-]{1,128}+:\d{2,5}+:[\w-]{1,64}+:[\w.-]{1,64}+:(?P<value>[A-Za-z0-9_.+!~$%-]"
    rb"{8,128}+)(?![:\w])"
)
"""Lines of .pgpass: host, port, database, user, password."""
_AFTER_ID = re.compile(rb"(?:AKIA|ASIA)[A-Z0-9]{16}[:/](?P<value>[A-Za-z0-9+/]{40})(?![A-Za-z0-9+/=])")
"""The secret key beside the id of an access key."""
_PARTED = re.compile(
    rb"(?<![\w.:+/-])(?:[0-9a-f]{16,40}:[0-9a-f]{64}|\d{8,10}:[A-Za-z0-9_-]{35}"
    rb"|[MNO][A-Za-z0-9_-]{23,25}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,38})(?![\w-])"
)
"""Tokens of Telegram and Discord, which begin with the number of a bot."""

_WALLET = re.compile(
    rb"(?<![\w.+/=~$:-])(?:5[1-9A-HJ-NP-Za-km-z]{50}|[KL][1-9A-HJ-NP-Za-km-z]{51})(?![\w.+/=~$-])"
)
"""Private keys of Bitcoin, which are no part of anything longer."""
_NT_HASH = re.compile(rb"(?<=:)[0-9a-f]{32}(?=:::)")

SHORTEST = 14
"""Characters of the shortest secret known by its form."""
RUN = re.compile(rb"[A-Za-z0-9_+/=.%%$!:~-]{%d,}+" % SHORTEST)
"""A run of the characters that secrets with a form are made of."""


class Span(NamedTuple):
    """The place of a secret in a text, without the beginning of its form."""

    kind: str
    start: int
    end: int


def trie(words: Iterable[str]) -> str:
    """Return an expression for any of the words that looks at each character once."""
    branches: dict[str, list[str]] = {}
    for word in words:
        branches.setdefault(word[:1], []).append(word[1:])
    over = "" in branches
    ways = [
        re.escape(first) + (trie(rests) if rests != [""] else "")
        for first, rests in sorted(branches.items())
        if first
    ]
    return f"(?:{'|'.join(ways)}){'?' if over else ''}" if ways else ""


def any_of(*words: bytes) -> re.Pattern[bytes]:
    """Return an expression that finds any of the words."""
    return re.compile(trie(word.decode() for word in words).encode())


_FORM_OF = {word.encode(): form for form in FORMS for word in form.beginnings.split()}
_REST = {word: re.compile(form.rest.encode()) for word, form in _FORM_OF.items()}
_INSIDE = re.compile(
    b"(?<=[A-Za-z0-9])" + trie(w.decode() for w in _FORM_OF if w.startswith(_GLUED)).encode()
)


@cache
def _at_an_edge() -> re.Pattern[bytes]:  # compiled when it is first used, as `names.stems` is
    return re.compile(b"(?<![A-Za-z0-9])" + trie(word.decode() for word in _FORM_OF).encode())


def spans(run: bytes) -> list[Span]:
    """Return the secrets in a run of characters, without fakes."""
    found = list(_beginning(run, _at_an_edge(), glued=False))
    if len(run) <= _LONGEST_RUN and any(word in run for word in _GLUED):
        found += _beginning(run, _INSIDE, glued=True)
    if not found:
        if b"-" in run or b"_" in run:
            for match in _SPEAKING.finditer(run):
                start = match.end("keep")
                if is_mixed(run[start : match.end()]):
                    found.append(Span("key", start, match.end()))
            found += [Span("key", match.end("keep"), match.end()) for match in _SURE.finditer(run)]
        if 51 <= len(run) <= 60:
            found += [Span("key", *match.span()) for match in _WALLET.finditer(run) if is_dense(match[0])]
        if b":::" in run:
            found += [Span("password hash", *match.span()) for match in _NT_HASH.finditer(run)]
        if b":" in run or b"." in run:
            found += [Span("token", *match.span()) for match in _PARTED.finditer(run)]
        if any(part in run for part in (b"-us", b"JQQJ99", b"Q~", b".atlasv1.")):
            found += [Span("key", *match.span()) for match in _TAILED.finditer(run)]
        if run.count(b":") >= 4:
            found += [
                Span("key", *match.span("value"))
                for match in _RECORD.finditer(run)
                if is_mixed(match["value"]) or is_chosen(match["value"])
            ]
    else:
        found += [Span("key", *match.span("value")) for match in _AFTER_ID.finditer(run)]
    return [span for span in found if not is_fake(run[span.start : span.end])]


def _beginning(run: bytes, beginnings: re.Pattern[bytes], *, glued: bool) -> Iterator[Span]:
    place = 0
    while (match := beginnings.search(run, place)) is not None:
        place = match.end()
        word = match[0]
        if len(run) > _LONGEST_RUN and match.start() and run[match.start() - 1] in b"-_+/":
            continue
        form = _FORM_OF[word]
        rest = _REST[word].match(run, match.end())
        if rest is None:
            continue
        looks = MIXED if glued and form.looks != ANY else form.looks
        if _LOOKS[looks](rest[0]):
            yield Span(form.kind, *rest.span())
            place = rest.end()


def beginning_of(secret: bytes) -> bytes:
    """Return the beginning that the fake of this secret keeps; b"" if it has none."""
    match = _at_an_edge().match(secret)
    if match is None:
        return b""
    rest = _REST[match[0]].fullmatch(secret, match.end())
    return match[0] if rest is not None else b""


def beginnings(word: bytes) -> Iterator[int]:
    """Return the offsets at which a known beginning in a word ends, if something follows it."""
    for match in _at_an_edge().finditer(word):
        if match.end() < len(word) and len(match[0]) >= 3:
            yield match.end()
