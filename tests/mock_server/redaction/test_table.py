"""Two hundred secrets that must go, and two hundred texts that must stay as they are."""

from __future__ import annotations

import pytest
from mock_openai.redaction import SecretRedactor

from .benign import BENIGN
from .made_up import table

SECRETS = table(200)
NAMES = [f"{number}-{kind}" for number, (kind, _, _) in enumerate(SECRETS)]


def test_both_tables_have_two_hundred_rows() -> None:
    assert len({text for _, text, _ in SECRETS}) == 200
    assert len(set(BENIGN)) >= 200


@pytest.mark.parametrize(
    ("kind", "text", "secret"), SECRETS, ids=[f"{n}-{row[0]}" for n, row in enumerate(SECRETS)]
)
def test_a_secret_goes_and_nothing_else(kind: str, text: str, secret: str) -> None:
    redactor = SecretRedactor()
    for before, after in (("", ""), ("Take this: ", " and that."), ("(", ")"), ("one\n", "\ntwo")):
        clean = redactor.string(before + text + after)
        assert secret not in clean
        assert not any(secret[at : at + 8] in clean for at in range(len(secret) - 7))
        assert len(clean) == len(before + text + after)
        assert clean.startswith(before)
        assert clean.endswith(after)
        assert redactor.string(clean) == clean
        assert SecretRedactor().findings(clean.encode()) == []


@pytest.mark.parametrize("text", BENIGN)
def test_a_false_friend_stays(text: str) -> None:
    redactor = SecretRedactor()
    for before, after in (("", ""), ("Take this: ", " and that."), ("one\n", "\ntwo"), ('{"text":"', '"}')):
        assert redactor.string(before + text + after) == before + text + after
