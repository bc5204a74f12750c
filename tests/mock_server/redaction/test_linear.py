"""Redaction takes time in proportion to the text, whatever that is, since the recorder waits for it."""

from __future__ import annotations

import base64
import json
import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import mock_openai.redaction.armor as armor
import mock_openai.redaction.bare as bare
import mock_openai.redaction.blobs as blobs
import mock_openai.redaction.calls as calls
import mock_openai.redaction.cards as cards
import mock_openai.redaction.codes as codes
import mock_openai.redaction.commands as commands
import mock_openai.redaction.escapes as spelling
import mock_openai.redaction.fields as fields
import mock_openai.redaction.forms as forms
import mock_openai.redaction.groups as groups
import mock_openai.redaction.headers as headers
import mock_openai.redaction.judged as judged
import mock_openai.redaction.near as near
import mock_openai.redaction.pairs as pairs
import mock_openai.redaction.pending as pending
import mock_openai.redaction.people as people
import mock_openai.redaction.places as places
import mock_openai.redaction.programs as programs
import mock_openai.redaction.prose as prose
import mock_openai.redaction.redactor as redactor_module
import mock_openai.redaction.sections as sections
import mock_openai.redaction.signs as signs
import mock_openai.redaction.tables as tables
import mock_openai.redaction.values as values
import pytest
from mock_openai.redaction import SecretRedactor
from mock_openai.redaction.pending import undecided
from mock_openai.redaction.redactor import DEEPEST

from tests.effort import calls_of

from .made_up import made

_parser: Any = import_module("re._parser")
_ops: Any = import_module("re._constants")

MODULES = (
    *(
        armor,
        blobs,
        calls,
        codes,
        commands,
        fields,
        forms,
        headers,
        judged,
        near,
        pairs,
        pending,
        people,
        places,
        prose,
    ),
    *(bare, cards, programs, groups, redactor_module, sections, signs, spelling, tables, values),
)
PATTERNS = [
    pytest.param(pattern, id=f"{module.__name__.rpartition('.')[2]}.{name}")
    for module in MODULES
    for name, pattern in vars(module).items()
    if isinstance(pattern, re.Pattern)
] + [pytest.param(pattern, id=f"form {word!r}") for word, pattern in forms._REST.items()]
PATTERNS += [pytest.param(pattern, id=f"option {kind}") for kind, pattern in programs.of_options().items()]
PATTERNS += [pytest.param(program(), id="program") for program in (programs.program, prose.rest)]


def repeats(items: Any) -> Iterator[tuple[Any, int]]:
    """Every repeat in a parsed expression, and the most that it repeats."""
    for op, value in items:
        if op in (_ops.MAX_REPEAT, _ops.MIN_REPEAT, _ops.POSSESSIVE_REPEAT):
            yield op, value[1]
            yield from repeats(value[2])
        elif op is _ops.SUBPATTERN:
            yield from repeats(value[3])
        elif op is _ops.BRANCH:
            for way in value[1]:
                yield from repeats(way)
        elif op in (_ops.ASSERT, _ops.ASSERT_NOT):
            yield from repeats(value[1])
        elif op is _ops.ATOMIC_GROUP:
            yield from repeats(value)


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_expression_goes_back_over_a_repeat_without_end(pattern: re.Pattern[bytes]) -> None:
    parsed = _parser.parse(pattern.pattern, pattern.flags)
    if pattern in (values._PLACEHOLDER, values._ANOTHER_RECORDERS):
        return  # these are asked of at most 128 bytes
    for op, most in repeats(parsed):
        assert op is _ops.POSSESSIVE_REPEAT or most <= 1024, f"{op} up to {most}"


def steps(work: Callable[[], object]) -> int:
    """How many functions are called, those of C included."""
    count = 0

    def note(frame: Any, event: str, argument: Any) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


KEY, _ = made("openai", 1)
HOSTILE: dict[str, Callable[[int], str]] = {
    "backslashes and a name": lambda n: "\\" * n + "password",
    "backslashes in escapes": lambda n: "\\u005c" + "u005c" * n,
    "percent in percent": lambda n: "%25" * n + "41",
    "quotes": lambda n: '"' * n,
    "escaped quotes": lambda n: '\\"' * n,
    "open names": lambda n: '"password":"' * n,
    "open names, escaped": lambda n: '\\"password\\":\\"' * n,
    "names": lambda n: "password=" * n,
    "names and blanks": lambda n: "password " * n,
    "beginnings": lambda n: "sk-" * n,
    "more beginnings": lambda n: "ghp_ eyJ. xoxb- AKIA " * n,
    "secrets": lambda n: " ".join(made("openai", seed)[0] for seed in range(n // 8)),
    "one secret again": lambda n: f"{KEY} " * (n // 8),
    "URLs": lambda n: "https://a:" * n,
    "at signs": lambda n: "://" + "a@" * n,
    "programs": lambda n: "mysql -ubot -p " * n,
    "options of programs": lambda n: "snmpget " + "-A -X " * n,
    "lines of a protocol": lambda n: "PASS a\nAUTH b c\n" * n,
    "arguments": lambda n: 'login("bob", ' * n,
    "cards": lambda n: "card " + "4111 " * n,
    "letters of a password": lambda n: "password is " + "a-" * n,
    "vaults": lambda n: "$ANSIBLE_VAULT;1.1;AES256\n" + "ab\n" * n,
    "flags": lambda n: "--password " * n,
    "dashes": lambda n: "-----BEGIN PRIVATE KEY-----" * (n // 4),
    "lines of base64": lambda n: ("QUJD" * 16 + "\n") * (n // 4),
    "base64": lambda n: base64.b64encode(b"plain text again and " * n).decode(),
    "words in base64": lambda n: (base64.b64encode(b"plain text again").decode() + " ") * (n // 4),
    "cookies": lambda n: "cookie: " + "a=b; " * n,
    "digits": lambda n: "1 " * n,
    "e-mail": lambda n: "a@b." * n,
    "members": lambda n: json.dumps([{"token": 1, "name": "x", "value": "y"}] * (n // 4)),
    "lists": lambda n: '"token":[' + '"a",' * n,
    "said": lambda n: "password is " * n,
    "entities": lambda n: "&#65;&amp;" * n,
    "escapes": lambda n: "\\u0041\\n%41" * n,
    "commas": lambda n: '"key","' * n,
    "tags": lambda n: "<input name=token " * n,
    "open tags": lambda n: "<a b=c>" * n,
    "secrets with attributes": lambda n: '<password a="b"' * n,
    "objects": lambda n: '{"name":"token","value":' * n,
    "objects in objects": lambda n: '"secret":{"a":"b",' * n,
    "rows": lambda n: "password,b\n" * n,
    "heads and rows": lambda n: "| token | x |\n" * n,
    "tabs": lambda n: "token\t" * n,
    "names and arguments": lambda n: "password(" * n,
    "types": lambda n: "password: a b c " * n,
    "lists of YAML": lambda n: "tokens:\n" + "  - aB3dE6gH9kL2\n" * n,
    "blocks of YAML": lambda n: "password: |\n  " * n,
    "flags of programs": lambda n: "mysql -x " * n,
    "cookies of curl": lambda n: "curl -b a=b " * n,
    "called": lambda n: "aB3dE6gH9kL2 as the password " * n,
    "phrases": lambda n: "passphrase: a " * n,
    "paths": lambda n: "/token/" * n,
    "colons": lambda n: "a:1:" * n,
    "before hosts": lambda n: "a:aB3dE6gH9kL2@" * n,
    "hexadecimal": lambda n: b"plain text ".hex() * n,
    "base32": lambda n: base64.b32encode(b"plain text again " * n).decode(),
    "wide": lambda n: base64.b64encode("plain text ".encode("utf-16-le") * n).decode(),
    "full width": lambda n: "\uff50\uff41\uff53\uff53\uff1a" * n,
    "without width": lambda n: "s\u200bk" * n,
    "strings put together": lambda n: '"a" + ' * n,
    "SQL": lambda n: "insert into t (password) values ('a'), " * n,
    "private lines": lambda n: "Private-Lines: 1\n" + "QUJD" * 10 * n,
    "authorization": lambda n: 'Authorization: X a="b", ' * n,
    "plists": lambda n: "<key>token</key>" * n,
    "values near names": lambda n: "token aB3dE6gH9kL2 " * n,
    "values before names": lambda n: "aB3dE6gH9kL2 token\n" * n,
    "calls": lambda n: "login('" * n,
    "calls with values": lambda n: "login('aB3dE6gH9kL2')" * n,
    "options": lambda n: "-p " * n,
    "piped": lambda n: "echo " * n + "|",
    "protocols": lambda n: "AUTH PASS LOGIN " * n,
    "users": lambda n: "user=a:" * n,
    "hooks": lambda n: "/hooks/aB3dE6gH9kL2mN5p" * n,
    "keys of YAML": lambda n: "keys:\n" + "  a: aB3dE6gH9kL2mN5p\n" * n,
    "codes": lambda n: "pin code is it " * n,
    "digits and names": lambda n: "4711 is your my the pin " * n,
    "seeds": lambda n: "seed is a " * n,
    "words of seeds": lambda n: "seed " + "gravity " * n,
    "fours": lambda n: "key is " + "abcd " * n,
    "fours and names": lambda n: "key: abcd efgh ijkl " * n,
    "backup codes": lambda n: "backup codes: " + "ab12-cd34, " * n,
    "classes": lambda n: "Foo(" * n + "'",
    "classes with values": lambda n: "Foo('aB3dE6gH9kL2mN5pQ8rS1tU4')" * n,
    "users and passwords": lambda n: "add_user a " * n,
    "sections": lambda n: "[a]\nkey=" * n,
    "open objects": lambda n: "a: {key:" * n,
    "own headers": lambda n: "X-A: X-B: " * n,
    "marks": lambda n: "a!B~1$" * n,
    "signing in": lambda n: "x login auth " * n,
    "Chinese": lambda n: "\u5bc6\u7801\u662f" * n,
}


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_twice_the_text_is_twice_the_work(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signs, "_SHORT_TEXT", 0)  # long texts are read another way
    small, large = (HOSTILE[name](n).encode() for n in (500, 1000))
    redact = lambda text: lambda: SecretRedactor(emails=True).text(text)  # noqa: E731
    redact(small)()  # what is compiled and remembered once
    assert steps(redact(large)) <= 2.5 * steps(redact(small)) + 400


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_twice_the_text_is_twice_the_work_for_a_stream(name: str) -> None:
    small, large = (HOSTILE[name](n).encode() for n in (500, 1000))
    wait = lambda text: lambda: undecided(SecretRedactor(), text, 0)  # noqa: E731
    wait(small)()
    assert steps(wait(large)) <= 2.5 * steps(wait(small)) + 400


@pytest.mark.parametrize("name", sorted(HOSTILE))
def test_what_is_decoded_is_bounded(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    read = 0
    decode, unpack = redactor_module.decoded, blobs._decode

    def decoded(data: bytes) -> Any:
        nonlocal read
        read += len(data)
        return decode(data)

    def unpacked(data: bytes) -> bytes:
        nonlocal read
        read += len(data)
        return unpack(data)

    monkeypatch.setattr(redactor_module, "decoded", decoded)
    monkeypatch.setattr(blobs, "_decode", unpacked)
    text = HOSTILE[name](1500).encode()
    SecretRedactor().text(text)
    assert read <= 4 * (DEEPEST + 1) * len(text)


@pytest.mark.parametrize("unit", ["password:", "cookie:", "authorization:", "password=a|b=", "token=a1,b="])
def test_one_long_run_of_signs_is_not_read_again_for_each_name_in_it(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The steps of C are not counted elsewhere: here it is what the expression for values has read."""
    read = 0
    value = fields._VALUE

    class Counting:
        def match(self, text: bytes, start: int) -> Any:
            nonlocal read
            found = value.match(text, start)
            read += 0 if found is None else found.end() - start
            return found

    monkeypatch.setattr(fields, "_VALUE", Counting())
    text = unit.encode() * 4_000
    SecretRedactor().text(text)
    assert read <= 4_000 * (fields._LONG + 64)


def test_a_long_value_without_quotes_goes_whole() -> None:
    secret = made("openai", 1)[0] * 100
    text = f"password={secret} and password={secret}"
    assert secret[-40:] not in SecretRedactor().string(text)


def test_forty_thousand_backslashes_are_read_level_by_level() -> None:
    text = b"\\" * 40_000 + b"password"
    assert SecretRedactor().text(text) == text
    assert steps(lambda: SecretRedactor().text(text)) < 8 * 40_000


def test_the_ids_of_thousands_of_turns_do_not_displace_the_words_that_recur() -> None:
    redactor = SecretRedactor()
    recurring = b" ".join(b"word%c%c" % (97 + n // 26, 97 + n % 26) for n in range(500))
    redactor.edits(recurring)
    for number in range(3_000):
        assert not redactor.edits(b'{"id":"resp_%050x","item_id":"msg_%050x"}' % (number, number))
    calls_of(lambda: redactor.edits(recurring), at_most=50)


def test_words_that_only_hold_a_part_of_a_name_cost_no_search(monkeypatch: pytest.MonkeyPatch) -> None:
    def searched(*_: object) -> Any:
        raise AssertionError("searched for names")

    monkeypatch.setattr(fields, "spans", searched)
    words = b"design residual consider assigns codebase author unicode max_output_tokens prompt_cache_key"
    coded = base64.b64encode(bytes(range(256)) * 400)
    for text in (words, b"https://example.com/a/b", b'{"image_url":"data:image/png;base64,%b"}' % coded):
        assert SecretRedactor().edits(text) == []
