"""Words are judged as people read them, not by the digits of their escapes."""

from __future__ import annotations

import json
from urllib.parse import quote

import pytest
from mock_openai.redaction import SecretRedactor

ORDINARY = [
    "Mein Passwort ist ungültig.",
    "Das Kennwort ist für Windows11 gedacht.",
    "Le mot de passe est prévu pour demain.",
    "- Passwort: ungültig\n- PIN: fünfstellig\n",
    "A contraseña: não é válida",
    "hasło = zażółć gęślą",
    "пароль: неверный",
    "パスワード: 間違っています",
    "set password to Überprüfung",
    "The password is won't-say",
    "le mot de passe est d'accord",
    "My passphrase: R&D-department",
]
CHOSEN = ["Mein Passwort ist pässw0rd99.", "Passwort: Gr7n-Blüte-x2!", "The password is Zürich#88kq"]


def spellings(text: str) -> dict[str, bytes]:
    return {
        "UTF-8": json.dumps({"t": text}, ensure_ascii=False).encode(),
        "JSON": json.dumps({"t": text}).encode(),
        ".NET": _as_net(text),
        "JSON in JSON": json.dumps({"t": json.dumps({"t": text})}).encode(),
        "HTML": b"<p>" + text.replace("'", "&#39;").encode("ascii", "xmlcharrefreplace") + b"</p>",
        "URL": b"https://example.com/?q=" + quote(text).encode(),
    }


def _as_net(text: str) -> bytes:
    return json.dumps({"t": text}).replace("'", "\\u0027").replace("&", "\\u0026").encode()


@pytest.mark.parametrize("text", ORDINARY)
def test_an_ordinary_word_stays_however_its_letters_are_spelled(text: str) -> None:
    for spelling, written in spellings(text).items():
        assert SecretRedactor().text(written) == written, spelling


@pytest.mark.parametrize("text", CHOSEN)
def test_a_password_with_such_letters_is_found_however_they_are_spelled(text: str) -> None:
    for spelling, written in spellings(text).items():
        assert len(SecretRedactor().edits(written)) == 1, spelling


def test_a_value_in_quotes_is_redacted_with_its_escapes() -> None:
    written = rb'{"password": "gr\u00fcn \"und\" blau7"}'
    clean = json.loads(SecretRedactor().text(written))["password"]
    assert not {"grün", "und", "blau7"} & set(clean.split())


def test_a_value_with_a_name_of_its_own_is_a_secret_as_it_stands() -> None:
    written = {"password": r"M\u00fcllerin", "note": r"f\u00fcr"}
    clean = SecretRedactor().value(written)
    assert clean["password"] != written["password"]
    assert clean["note"] == written["note"]
