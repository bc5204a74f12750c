"""The same secrets in other notations, languages and codings; and what looks like them and must stay."""

from __future__ import annotations

import base64
import json
import random
import unicodedata
from collections.abc import Callable

import pytest
from mock_openai.redaction import SecretRedactor
from mock_openai.redaction.languages import SECRETS

from .benign import NOTATIONS as BENIGN
from .made_up import made, some
from .notations import NOTATIONS

Around = tuple[str, str]
AROUND: list[Around] = [("", ""), ("one\n", "\ntwo"), ('{"text": "x", "n": 1}\n', "\n")]


def windows(secret: str, length: int = 10) -> list[str]:
    return [secret[at : at + length] for at in range(max(1, len(secret) - length + 1))]


@pytest.mark.parametrize("name", sorted(NOTATIONS))
@pytest.mark.parametrize("seed", [0, 1])
def test_a_secret_goes_in_every_notation(name: str, seed: int) -> None:
    text, secret = NOTATIONS[name](random.Random(f"{name} {seed}"))
    for before, after in AROUND:
        clean = SecretRedactor().string(before + text + after)
        assert not [part for part in windows(secret) if part in clean]
        assert len(clean) == len(before + text + after)
        assert SecretRedactor().findings(clean.encode()) == []
    for depth in range(3):
        nested: str = text
        for _ in range(depth + 1):
            nested = json.dumps({"content": nested, "n": 1})
        clean = SecretRedactor().string(nested)
        assert not [part for part in windows(secret) if part in clean]
        json.loads(clean)


@pytest.mark.parametrize("word", SECRETS)
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_secret_goes_in_every_language(word: str, form: str) -> None:
    for number, name in enumerate((word, word.lower(), word.capitalize())):
        name = unicodedata.normalize(form, name)
        secret = some(random.Random(f"{word} {number}"), 14)
        for text in (
            json.dumps({name: secret}),
            json.dumps({name: secret}, ensure_ascii=False),
            f"{name}: {secret}",
            f"{name}\uff1a{secret}",
        ):
            clean = SecretRedactor().string(text)
            assert secret not in clean
            assert clean.startswith(text.partition(secret)[0])


def full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) for char in text)


CODINGS: dict[str, Callable[[str], str]] = {
    "hexadecimal": lambda text: text.encode().hex(),
    "hexadecimal in capitals": lambda text: text.encode().hex().upper(),
    "hexadecimal of base64": lambda text: base64.b64encode(text.encode()).hex(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "base32 without padding": lambda text: base64.b32encode(text.encode()).decode().rstrip("="),
    "base64 of UTF-16": lambda text: base64.b64encode(text.encode("utf-16-le")).decode(),
    "full width": full_width,
    "octal": lambda text: "".join(f"\\{ord(char):03o}" for char in text),
    "%u": lambda text: "".join(f"%u{ord(char):04X}" for char in text),
    "references": lambda text: "".join(f"&#x{ord(char):x}" for char in text),
    "Markdown": lambda text: text.replace("_", "\\_").replace("-", "\\-"),
    "spaces without width": lambda text: "\u200b".join(text),
    "soft hyphens": lambda text: text[:12] + "\u00ad" + text[12:20] + "\u00ad" + text[20:],
    "a joiner in its beginning": lambda text: text[:1] + "\u2060" + text[1:],
    "other hyphens": lambda text: text.replace("-", "\u2011"),
    "two strings": lambda text: f'"{text[:20]}" + "{text[20:]}"',
    "a line that goes on": lambda text: text[:20] + "\\\n" + text[20:],
}


@pytest.mark.parametrize("coding", sorted(CODINGS))
@pytest.mark.parametrize("seed", range(3))
def test_a_secret_goes_in_every_coding(coding: str, seed: int) -> None:
    text, secret = made("openai", seed)
    write = CODINGS[coding]
    written = write(f"see {text} ok")
    redactor = SecretRedactor()
    fake = redactor.string(f"see {text} ok")
    for before, after in AROUND:
        clean = SecretRedactor().string(before + written + after)
        assert clean != before + written + after
        assert not [part for part in windows(write(secret), 16) if part in clean and part in written]
        if coding not in ("two strings", "a line that goes on", "Markdown", "other hyphens"):
            assert clean == before + write(fake) + after
        assert SecretRedactor().findings(clean.encode()) == []
    assert secret not in SecretRedactor().string(json.dumps({"a": written}))


@pytest.mark.parametrize("text", BENIGN)
def test_what_only_looks_like_one_of_them_stays(text: str) -> None:
    for before, after in (("", ""), ("Take this: ", " and that."), ("one\n", "\ntwo"), ('{"text":"', '"}')):
        assert SecretRedactor().string(before + text + after) == before + text + after


@pytest.mark.parametrize(
    "text",
    [
        "/v1/responses?api-key=@@&beta=true",
        "https://x.example/p?test.bearer=@@&next=12345678",
        "access_token=@@&expires_in=3600&scope=a1b2c3d4",
        "password=@@&amp;next=a1b2c3d4",
        "Password=@@;Server=db1.example",
        "apikey:@@,other:a1b2c3d4e5f6",
        "the token is @@; region=eu1west",
        "token=@@,region=eu-west-1",
        "token=@@,Timeout=30s,Pool=mini5",
        "user=bob|password=@@|role=admin123",
        '{"url":"https://x.example/?secret=@@|next=12345678"}',
    ],
)
def test_the_next_parameter_stays(text: str) -> None:
    before, after = text.split("@@")
    clean = SecretRedactor().string(text.replace("@@", "ab39d8F7e6c5b4a3d2e1"))
    assert clean.startswith(before)
    assert clean.endswith(after)
    assert "ab39d8F7" not in clean


@pytest.mark.parametrize("command", ["mongo -p @@", "cqlsh -p @@", "unzip -P @@ a.zip", "ldapmodify -w @@"])
def test_a_password_of_a_program_goes_whatever_else_the_text_says(command: str) -> None:
    text = command.replace("@@", "Secret2024abc")
    for beside in ("", "docker ", "\u043f\u0430\u0440\u043e\u043b\u044c "):
        assert "Secret2024abc" not in SecretRedactor().string(f"{beside}{text}")


@pytest.mark.parametrize(
    "text",
    [
        "passphrase: choose at least 4 words",
        "seed phrase: 12 words from wallet",
        "recovery phrase = pick any twelve random words",
        "Passphrase: we recommend long sentences",
        "http://x.example/ see page -a bob:2024abcd",
    ],
)
def test_advice_is_no_secret(text: str) -> None:
    assert SecretRedactor().string(text) == text


@pytest.mark.parametrize("before", ["Api key, tokens", "my password is on file", "client secret"])
@pytest.mark.parametrize(
    "text", ["Unseal Key 1: MARKTTjFr3bAZ/6ejweNXE3bVJVlQAF1h", "\u65b0\u5bc6\u78bc\u70ba MARKgpvUTt0QJTq"]
)
def test_a_name_before_it_does_not_take_a_value_from_its_own(before: str, text: str) -> None:
    for both in ({"n1": before, "n2": text, "n3": "x"}, [before, text], f"{before}. {text}"):
        assert "MARK" not in SecretRedactor().string(json.dumps(both, ensure_ascii=False))


def test_wide_text_in_base64_keeps_what_follows_it() -> None:
    text = base64.b64encode("password=kJ8vQ2mZx7Lp4Rt".encode("utf-16-le")).decode() + "Z"
    clean = SecretRedactor().string(text)
    assert len(clean) == len(text)
    assert clean.endswith("Z")


def test_a_rule_that_covers_tokens_and_more_wins() -> None:
    tokens = b'{"token":"sk-","bytes":[1]},{"token":"proj-kJ8vQ2mZx7Lp4Rt9Ws","bytes":[2]}'
    text = b'{"logprobs":{"content":[' + tokens + b"]}}"
    rule = (rb'"token":"proj[^}]*', b'"gone":1')
    assert json.loads(SecretRedactor(rules=[rule]).text(text))["logprobs"]["content"][1] == {"gone": 1}


@pytest.mark.parametrize("text", ['expect "assword:" send "@@\\r"', 'expect "Password: " { send "@@" }'])
def test_what_asks_for_a_password_stays_and_what_is_sent_goes(text: str) -> None:
    clean = SecretRedactor().string(text.replace("@@", "correct9horse"))
    before, after = text.split("@@")
    assert clean.startswith(before)
    assert clean.endswith(after)
    assert "correct9" not in clean
