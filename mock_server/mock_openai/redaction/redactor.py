"""One redactor for everything that is written down: it finds secrets in any bytes, however they are spelled,
and replaces them with fakes.

Strategy: a text is decoded level by level until no escape is left. On every level the same rules look for
secrets: by form, by name, by value. What they find is carried down to the innermost level, where the secret
itself stands; its fake is made there and carried up again, in the spelling that the secret had. So a secret
has one fake however it is spelled, and every byte outside it stays.

The cost is linear in the length of the text: each rule is, there are at most DEEPEST levels, base64 shrinks
with each level, and compressed data is read once, up to a multiple of its length.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mock_openai.redaction.broken as broken_off
import mock_openai.redaction.fields as fields
import mock_openai.redaction.forms as forms
from mock_openai.patterns import Pattern
from mock_openai.redaction.blobs import blobs, files
from mock_openai.redaction.deltas import Name, Piece, of_tokens
from mock_openai.redaction.edits import Edit, applied, merged
from mock_openai.redaction.escapes import Decoded, decoded, has_escapes
from mock_openai.redaction.fakes import is_fake, make, make_number
from mock_openai.redaction.forms import Span
from mock_openai.redaction.known import KnownSecrets
from mock_openai.redaction.people import emails, phones, require_phones
from mock_openai.redaction.signs import FORM, KNOWN, NAME, TEXT, Look, Signs
from mock_openai.redaction.values import is_blotted, is_credential, is_random

DEEPEST = 8
"""Levels of escapes, or of texts in base64, that are searched."""

_DIGIT = re.compile(rb"[0-9]")

_REMEMBERED = frozenset({"field", "query", "cookie", "user part", "bearer", "path"})

Replacement = str | bytes | Callable[[re.Match[bytes]], bytes]
Rule = tuple[str | bytes | re.Pattern[bytes], Replacement]


@dataclass(frozen=True, slots=True)
class Finding:
    """A secret in a text: its kind and place, never the secret itself."""

    kind: str
    start: int
    end: int


class SecretRedactor:
    """Finds and replaces secrets, consistently within one session.

    `rules` are pairs of a regular expression and its replacement; they are applied to every level of a text,
    each search within a limit of time (`mock_openai.patterns`): SlowPattern names the one that takes longer.
    `emails` and `phones` make those secrets too. With `instead`, that text replaces every secret in place of
    a fake, and secrets of one text are not remembered for the next, unless it `remembers`.
    """

    def __init__(
        self,
        *,
        rules: Iterable[Rule] = (),
        emails: bool = False,
        phones: bool = False,
        instead: bytes | None = None,
        remembers: bool = False,
    ) -> None:
        self.rules = tuple((_compiled(pattern), _bytes(by)) for pattern, by in rules)
        self.emails, self.phones, self.instead = emails, phones, instead
        self._remembers = remembers
        if phones:
            require_phones()
        self.known = KnownSecrets()
        self._fakes: dict[bytes, bytes] = {}
        self._numbering = threading.Lock()
        self._look = Look()

    def text(self, data: bytes, *, broken: bool = False) -> bytes:
        """Return a text with every secret replaced by its fake, and everything else unchanged, byte for byte.
        If the text was `broken` off, the beginning of a secret at its end is replaced too.
        """
        return applied(data, self.edits(data, broken=broken))

    def string(self, text: str) -> str:
        """Return a string, redacted in the same way; what UTF-8 does not have becomes a replacement
        character.
        """
        try:
            data = text.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:  # half a surrogate pair
            data = text.encode("utf-8", "surrogatepass")
        return self.text(data).decode("utf-8", "replace")

    def value(self, value: Any, name: str = "") -> Any:
        """Return a JSON value with every secret in it replaced; the same object if there is none. `name` is
        the name of the value.
        """
        match value:
            case str():
                data = value.encode("utf-8", "surrogatepass")
                edits = self.edits(data, name.encode("utf-8", "surrogatepass"))
                return applied(data, edits).decode("utf-8", "replace") if edits else value
            case Mapping():
                clean = {key: self.value(inner, key) for key, inner in value.items()}
                return clean if any(clean[key] is not value[key] for key in clean) else value
            case list():
                cleaned = [self.value(inner, name) for inner in value]
                return cleaned if any(a is not b for a, b in zip(cleaned, value, strict=True)) else value
            case int() if name and self.instead is not None and not isinstance(value, bool):
                written = b'{"%b":%d}' % (name.encode("utf-8", "surrogatepass"), value)
                return self.instead.decode() if self.edits(written) else value
        return value

    def findings(self, data: bytes) -> list[Finding]:
        """Return the secrets in a text that is on disk already, without fakes."""
        return [Finding(edit.kind, edit.start, edit.end) for edit in self.edits(data)]

    def edits(
        self,
        data: bytes,
        name: bytes = b"",
        *,
        broken: bool = False,
        depth: int = 0,
        unpack: bool = True,
    ) -> list[Edit]:
        """Return the edits that a text needs, in order, without overlaps. `name` is the name of the text. If
        it was `broken` off, the beginning of a secret at its end is replaced too. With `unpack`, compressed
        texts inside are decompressed and searched.
        """
        learned = self.known.count
        edits = self._edits_of(data, name, broken, depth, unpack)
        if self.known.count != learned and not depth:  # a secret found by its name may stand elsewhere too
            edits = self._edits_of(data, name, broken, depth, unpack)
        if not depth and data.find(b'"logprobs"') >= 0:
            edits = self._with_tokens(data, edits)
        if not data.isascii() and unpack:
            for file in files(data):
                inside = self.edits(file.data, depth=depth + 1, unpack=False)
                edits = merged(edits, list(file.raw_edits(inside)))
        return edits

    def _with_tokens(self, data: bytes, edits: list[Edit]) -> list[Edit]:
        """Return the edits of a document, including those of the texts that its tokens spell."""
        texts: dict[Name, list[Piece]] = {}
        for piece in of_tokens(data, ()):
            texts.setdefault(piece.name, []).append(piece)
        found: list[Edit] = []
        settled: set[int] = set()
        for pieces in texts.values():
            own, place = self._edits_of(b"".join(piece.text for piece in pieces), b"", False, 1, True), 0
            for piece in pieces if own else ():
                if changed := piece.changed(own, place):
                    settled.update(range(piece.start, piece.end))
                    found += changed
                place += len(piece.text)
        kept = [edit for edit in edits if edit.start not in settled and edit.end - 1 not in settled]
        return merged(found, kept)  # a rule of the user's may cover tokens and more

    def _edits_of(self, data: bytes, name: bytes, broken: bool, depth: int, unpack: bool) -> list[Edit]:
        text, signs = data, self._look.of(data, self.known.values)
        always = bool(name or self.rules or self.emails or self.phones)
        if not (signs.kinds or always or broken or has_escapes(data)):  # nearly all texts
            return []
        steps: list[Decoded] = []
        seen = [signs]
        while len(steps) + depth < DEEPEST and has_escapes(text) and (step := decoded(text)) is not None:
            steps.append(step)
            text = step.data
            seen.append(self._look.of(text, self.known.values))
        begun = list(broken_off.spans(text, self.known.values)) if broken else []
        if not (any(each.kinds for each in seen) or begun or always):
            return []
        return self._edits(data, name, begun, broken, depth, unpack, steps, seen)

    # inside

    def _edits(
        self,
        data: bytes,
        name: bytes,
        begun: list[Span],
        broken: bool,
        depth: int,
        unpack: bool,
        steps: Sequence[Decoded],
        signs: Sequence[Signs],
    ) -> list[Edit]:
        named: list[Span] = list(fields.named(name, data)) if name else []
        spans: list[Span] = []
        by_rules: list[list[Edit]] = []
        levels = [data, *(step.data for step in steps)]
        for number, text in enumerate(levels):
            # A name may be spelled with escapes and its value end here.
            sign = signs[number]
            if not sign.kinds & NAME and number < len(steps) and signs[number + 1].kinds & NAME:
                sign = Signs(sign.kinds | NAME, None)
            spans = [*spans, *self._spans(text, sign)]
            by_rules.append(self._by_rules(text))
            if number < len(steps):
                spans = _carried(spans, steps[number])
                named = _carried(named, steps[number], named=True)
        inmost = levels[-1]
        spans += [*named, *begun]
        if self.emails and b"@" in inmost:
            spans += emails(inmost)
        if self.phones:
            spans += phones(inmost)
        found = [self._edit(inmost, span, remember=not broken) for span in _united(spans)]
        edits = [each for each in found if each is not None]
        if signs[-1].kinds & TEXT and depth < DEEPEST:
            for blob in blobs(inmost, unpack=unpack):
                # Only once, because each time the text could become many times longer.
                inside = self.edits(blob.data, depth=depth + 1, unpack=unpack and not blob.compressed)
                edits += blob.raw_edits(inside)
        edits = merged(edits, by_rules[-1])
        for step, own in zip(reversed(steps), reversed(by_rules[:-1]), strict=True):
            edits = [step.raw_edit(edit) for edit in edits]
            edits = merged(edits, [each for each in own if step.span(each.start, each.end) is not None])
        return edits

    def _spans(self, text: bytes, signs: Signs) -> list[Span]:
        """Return the secrets of one level."""
        found: list[Span] = []
        if signs.kinds & NAME:
            found += fields.spans(text, text.lower(), signs.words)
        if signs.kinds & FORM:
            for match in forms.RUN.finditer(text):
                start = match.start()
                found += [Span(kind, start + a, start + b) for kind, a, b in forms.spans(match[0])]
        if signs.kinds & KNOWN:
            for value in self.known.values:
                at = text.find(value)
                while at >= 0:
                    found.append(Span("known", at, at + len(value)))
                    at = text.find(value, at + len(value))
        return found

    def _by_rules(self, text: bytes) -> list[Edit]:
        edits: list[Edit] = []
        for rule, by in self.rules:
            found = [
                Edit(
                    "rule",
                    match.start(),
                    match.end(),
                    match.expand(by) if isinstance(by, bytes) else by(match),
                )
                for match in rule.findall(text)
            ]
            edits = merged(found, edits)
        return [edit for edit in edits if text[edit.start : edit.end] != edit.new]

    def _edit(self, text: bytes, span: Span, *, remember: bool) -> Edit | None:
        secret = text[span.start : span.end].rstrip()  # an escape of a blank looked like a part of it
        span = span._replace(end=span.start + len(secret))
        if is_fake(secret) or is_blotted(secret):
            return None
        # Of a text that is still being sent this may be the beginning only.
        if (self.instead is None or (self._remembers and remember)) and (
            (span.kind in _REMEMBERED and is_credential(secret, 10))
            or (span.kind == "credential" and is_random(secret))
        ):
            self.known.found(secret)
        if self.instead is not None:
            new = b'"%b"' % self.instead if span.kind == "number" else self.instead
            return Edit(span.kind, span.start, span.end, new)
        new = self._fake(secret, number=span.kind in ("phone", "number", "digits"))
        return None if new == secret else Edit(span.kind, span.start, span.end, new)

    def _fake(self, secret: bytes, *, number: bool) -> bytes:
        beginning = b"" if number else forms.beginning_of(secret)
        bare = secret[len(beginning) :]
        if is_fake(bare):
            return secret
        with self._numbering:  # another thread may need a number too
            if bare not in self._fakes:
                count = len(self._fakes) + 1
                self._fakes[bare] = make_number(bare, count) if number else make(bare, count)
        return beginning + self._fakes[bare]


def _carried(spans: Iterable[Span], step: Decoded, *, named: bool = False) -> list[Span]:
    """Return the spans of a level as spans of the next. A span that begins or ends within an escape exists on
    its own level only, as does a value that looks like a secret because of its escapes: the next level judges
    it as people read it. What has its name from elsewhere (`named`) is a secret as it stands.
    """
    carried = []
    for kind, start, end in spans:
        inner = step.span(start, end)
        if inner is None:
            continue
        span = Span(kind, *inner)
        if named or not _owes_its_looks(start, end, span, step):
            carried.append(span)
    return carried


def _owes_its_looks(start: int, end: int, meant: Span, step: Decoded) -> bool:
    """Whether a value without quotes has digits only from its escapes: `don\\u0027t`, `ung\\u00fcltig`."""
    raw = step.raw[start:end]
    if meant.kind != "field" or raw.find(b"%") >= 0 or step.raw[start - 1 : start] in (b'"', b"'", b"`"):
        return False
    return _DIGIT.search(raw) is not None and _DIGIT.search(step.data, meant.start, meant.end) is None


def _united(spans: list[Span]) -> list[Span]:
    """Return spans in order, overlapping ones joined."""
    united: list[Span] = []
    for span in sorted(spans, key=lambda span: (span.start, -span.end)):
        if united and span.start < united[-1].end:
            if span.end > united[-1].end:
                united[-1] = Span(united[-1].kind, united[-1].start, span.end)
        else:
            united.append(span)
    return united


def _compiled(pattern: str | bytes | re.Pattern[bytes]) -> Pattern[bytes]:
    if isinstance(pattern, re.Pattern):
        return Pattern(pattern.pattern, pattern.flags)
    return Pattern(pattern.encode() if isinstance(pattern, str) else pattern)


def _bytes(by: Replacement) -> Any:
    return by.encode() if isinstance(by, str) else by
