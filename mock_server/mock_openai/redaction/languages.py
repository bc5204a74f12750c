"""The words for password, secret and key in other languages, as names or in sentences.

The words are compared folded: in lower case, without accents (`contraseña` is `contrasena`), without blanks.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

SECRETS = (
    *(
        "Zugriffstoken",
        "WLAN-Schlüssel",
        "clave de cifrado",
        "Passwort",
        "Kennwort",
        "Losungswort",
        "Geheimnis",
        "Codewort",
        "phrase secrète",
        "frase secreta",
        "Zugangscode",
        "API-Schlüssel",
        "geheimer Schlüssel",
    ),
    *(
        "mot de passe",
        "mdp",
        "clé secrète",
        "clé API",
        "clé d'API",
        "clé privée",
        "jeton d'accès",
        "code secret",
        "code d'accès",
    ),
    *("contraseña", "clave secreta", "clave de API", "clave API", "clave de acceso", "clave privada"),
    *("senha", "palavra-passe", "chave de API", "chave API", "chave secreta", "código secreto"),
    *("parola segreta", "parola d'ordine", "chiave API", "chiave segreta", "chiave privata"),
    *(
        "wachtwoord",
        "geheime sleutel",
        "API-sleutel",
        "lösenord",
        "adgangskode",
        "kodeord",
        "passord",
        "salasana",
    ),
    *(
        "hasło",
        "hasła",
        "klucz API",
        "heslo",
        "jelszó",
        "jelszav",
        "parolă",
        "şifre",
        "lozinka",
        "geslo",
        "slaptažodis",
    ),
    *(
        "пароль",
        "секретный ключ",
        "секретная фраза",
        "кодовое слово",
        "ключ API",
        "API-ключ",
        "парола",
        "лозинка",
        "κωδικός πρόσβασης",
        "סיסמה",
    ),
    *("كلمة المرور", "كلمة السر", "पासवर्ड", "รหัสผ่าน", "mật khẩu", "kata sandi"),
    *(
        "密码",
        "密碼",
        "口令",
        "密钥",
        "密鑰",
        "秘钥",
        "秘密金鑰",
        "パスワード",
        "暗証番号",
        "秘密鍵",
        "APIキー",
    ),
    *("シークレット", "비밀번호", "비밀키", "API 키", "암호"),
)
"""Words for secrets only."""

HINTS = (
    "Schlüssel",
    "κωδικός",
    "jeton",
    "clave",
    "parola",
    "segreto",
    "secreto",
    "segredo",
    "секрет",
    "токен",
    "令牌",
    "トークン",
    "토큰",
    "sandi",
)
"""Words that are used for other things too."""

CODES = (
    *(
        "Bestätigungscode",
        "Sicherheitscode",
        "Freischaltcode",
        "Geheimnummer",
        "code secret",
        "code confidentiel",
        "número secreto",
        "codice segreto",
        "Geheimzahl",
        "code de vérification",
        "code de sécurité",
    ),
    *("código de verificación", "código de seguridad", "código de verificação", "código de segurança"),
    *(
        "codice di verifica",
        "code de la carte",
        "code de la porte",
        "code d'entrée",
        "código de la tarjeta",
        "código de la puerta",
        "codice della carta",
        "codice della porta",
        "Türcode",
        "Tresorcode",
        "Alarmcode",
        "codice di sicurezza",
        "verificatiecode",
        "beveiligingscode",
        "pincode",
        "verifieringskod",
    ),
    *(
        "bekræftelseskode",
        "vahvistuskoodi",
        "kod weryfikacyjny",
        "ověřovací kód",
        "doğrulama kodu",
        "mã xác nhận",
    ),
    *(
        "код подтверждения",
        "пин-код",
        "пинкод",
        "验证码",
        "驗證碼",
        "認証コード",
        "確認コード",
        "暗証番号",
        "인증번호",
    ),
    *("رمز التحقق", "सत्यापन कोड"),
)
"""Words for codes of a few digits."""

PARTS = (
    b"frase",
    b"codice",
    b"passe",
    b"chave",
    b"chiave",
    b"palavra",
    b"clave",
    b"parola",
    b"kata",
    b"geheime",
    b"code secret",
    b"klucz",
)
"""The beginnings, or other parts, of names of several words that are written without accents."""

_LETTERS = str.maketrans({"ł": "l", "ø": "o", "ß": "ss", "ı": "i", "æ": "ae", "đ": "d"})


def fold(text: str) -> str:
    """Return a text without accents, in the compatible form of its characters; its case stays."""
    if text.isascii():
        return text
    apart = unicodedata.normalize("NFKD", text)
    return unicodedata.normalize(
        "NFC", "".join(each for each in apart if unicodedata.category(each) != "Mn")
    ).translate(_LETTERS)


def flat(word: str) -> str:
    """Return a word folded, in lower case, with letters and digits only."""
    return "".join(filter(str.isalnum, fold(word).lower()))


def written(words: Iterable[str] = (*SECRETS, *HINTS, *CODES)) -> set[str]:
    """Return the ways in which the words are usually written, in lower case."""
    spelled: set[str] = set()
    for word in words:
        for form in (word, word.lower(), word.capitalize(), word.upper(), fold(word).lower()):
            spelled.update(unicodedata.normalize(kind, form) for kind in ("NFC", "NFD"))
    # In lower case as bytes are: only letters of ASCII change.
    return {each.encode().lower().decode() for each in spelled}
