"""Numbers under names that say secret."""

from __future__ import annotations

import json
from typing import Any

import pytest
from mock_openai.journal import redact
from mock_openai.redaction import SecretRedactor

NUMBER = 48151623


def nested(text: str) -> str:
    return json.dumps({"arguments": text})


@pytest.mark.parametrize("name", ["password", "secret", "passcode", "db_password", "API_KEY", "clientSecret"])
@pytest.mark.parametrize("wrap", [str, nested, lambda text: nested(nested(text))])
def test_a_number_under_a_secret_name_is_replaced_by_a_number(name: str, wrap: Any) -> None:
    plain = json.dumps({"user": 1234567890, name: NUMBER, "negative": {name: -NUMBER}, "n": 7})
    text = wrap(plain).encode()
    redactor = SecretRedactor()
    clean = redactor.text(text)
    assert str(NUMBER).encode() not in clean
    assert len(clean) == len(text)
    told: Any = json.loads(clean)
    while "arguments" in told:
        told = json.loads(told["arguments"])
    assert (told["user"], told["n"], type(told[name])) == (1234567890, 7, int)
    assert told["negative"][name] == -told[name], "one fake"
    assert redactor.findings(clean) == []
    assert SecretRedactor().text(clean) == clean


@pytest.mark.parametrize(
    "text",
    [
        '{"max_tokens": 481516, "token_count": 481516, "access_token_expires_at": 1796002719}',
        '{"password": 0, "secret": 12345, "pin_attempts": 481516}',
        '{"password": 1111111, "secret": null, "key": 48151623, "passcode": true}',
        '{"password_changed_at": 1796002719, "secret_version": 20261130}',
        '{"password": 4815162.3}',
    ],
)
def test_what_only_looks_like_one_stays(text: str) -> None:
    assert SecretRedactor().text(text.encode()).decode() == text


def test_the_journal_strikes_them_out() -> None:
    body = {"input": "hi", "metadata": {"password": NUMBER}, "secret": [NUMBER, True], "n": NUMBER}
    clean = json.loads(bytes(redact.body(body)))
    assert clean["metadata"] == {"password": "[redacted]"}
    assert clean["n"] == NUMBER
