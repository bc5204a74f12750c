"""What counts as a secret: the length and variety that a value needs, depending on the evidence.

| evidence | requirement | | --- | --- | | a name used for secrets only (`client_secret`) | 6 bytes, 4 of them
different, and no placeholder | | a name used for other things too (`token`) | 12 characters of a token,
letters and digits mixed | | a known beginning (`ghp_`) | the usual length, and a part that mixes as words do
not | | a header that is not on the list | 16 characters of a token, letters and digits mixed |
"""

from __future__ import annotations

import re

SHORTEST = 8
"""Bytes below which a value is not remembered: it would match ordinary words (a key called "test")."""

_PLACEHOLDER = re.compile(
    rb"(?i)^(?:[\w-]{0,16}(?:\.{3,}|\xe2\x80\xa6|-x{3,}|_x{3,})|[*x.\-_\s\xe2\x80\xa2]+|<.*>|\{\{.*"
    rb"|\{[\w.\[\]()'\"]*\}|\$\{?[\w.]*\}?|%\(?\w*\)?[s%]?|"
    rb"(?:\*{2,}|\[|<)?(?:redacted|filtered|sanitized|masked|hidden|removed)(?:\*{2,}|\]|>)?|"
    rb"(?:your|my|the|some|an?|insert|enter|example|dummy|test|fake)[-_ ](?:[a-z]+[-_ ])*"
    rb"(?:password|passphrase|secret|token|key|here|credentials?)(?:[-_ ]here)?|"
    rb"null|none|nil|true|false|undefined|unknown|string|number|integer|boolean|object|array|required|"
    rb"optional|disabled|enabled|default|example|password|passwd|pass|secret|token|key|api[-_]?key"
    rb"|text|bearer|same-origin|include|omit|"
    rb"basic|oauth2?|apikey|service|account|always|never|auto|(?:process\.env|os\.environ|os\.getenv|env|"
    rb"self|this|config|settings|secrets|args|request|getpass)\b[\w.\[\]()'\"]*)$"
)
_ANOTHER_RECORDERS = re.compile(rb"(?i)\*\*|redacted|sanitized|filtered|^<.*>$")
_PROSE = re.compile(
    rb"(?i)(?:^|\s)(?:the|your|my|is|are|must|please|enter|should|confirm|choose|needs?|required)(?=\s|$)"
)
_TOKEN = re.compile(rb"[A-Za-z0-9_.~+/=%:|!*@$^#,&-]++")
_DIGIT, _LETTER = re.compile(rb"[0-9]"), re.compile(rb"[A-Za-z]")
_SEGMENT = re.compile(rb"[A-Za-z0-9]{8,}+")
_CHANGE = re.compile(rb"[A-Za-z](?=[0-9])|[0-9](?=[A-Za-z])")
_NUMBER = re.compile(rb"(?<![0-9])[03-9][0-9]{8,}+")  # no date, and no time in seconds
_FAKE_NUMBER = re.compile(rb"10{2,64}+\d{0,4}")
_TURN = re.compile(rb"[a-z](?=[A-Z0-9])|[A-Z](?=[a-z0-9])|[0-9](?=[A-Za-z])")
_SYLLABLES = re.compile(rb"[A-Z]?+[a-z]{2,}+")
_HUMP = re.compile(rb"[a-z](?=[A-Z])")
_CLUSTER = re.compile(rb"(?i)[bcdfghjklmnpqrstvwxz]{4}")
"""Consonants that few words have side by side."""
_UNSPOKEN = re.compile(
    rb"(?i)j[b-df-hj-np-tv-z]|q[a-tv-z]|v[b-dfgj-npqtwxz]|x[bdgjkmnrvxz]|z[b-dfgj-npq-tvwx]|w[jqvxz]|k[vxz]|"
    rb"[b-dfghjkmpqsvwxz]x|[cf-hjkmpqtvwxz]j|[bf-hj-mpqvwxz]q|[cfgjkmpqvwxz]v|[cfgjmpqvx]z|f[bghjkmnpv]|"
    rb"h[gjkv]|g[cjk]|c[bfgjmpw]|b[fgk]|m[cgjkz]"
)
"""Letters that hardly any word has side by side."""
_LETTERS = re.compile(rb"[A-Za-z]{5,}+")
_NO_CHOICE = re.compile(
    rb"\A(?:[-/<$%\\~(]|(?i:utf-?\d|latin-?\d|sha-?\d|aes-?\d|rsa-?\d|base\d))|[\s\"'()<>{}\[\]]|-{4}|://|/\w*+/|@[\w-]++\.|"
    rb"(?i:\.(?:com|org|net|io|dev|ai|co|de|uk|eu|local|internal|example|test|html?|json|ya?ml|py|js"
    rb"|ts|md|txt|xml|csv|log|png|jpe?g"
    rb"|pdf|zip|gz|conf|cfg|toml|ini|sh|env|pem|key|crt|db|sql|mp3|wav|exe))(?::\d++)?+\Z|\w="
)
"""What stands in no password that is recognized by its looks: beginnings of options, paths and references;
quotes, brackets and rulers; addresses, ends of the names of files and hosts, assignments.
"""
_NUMBERED = re.compile(
    rb"(?i)[a-z]++(?:[-_.:][a-z]++){0,4}+[-_.:]?\d{1,4}[a-z]?|\d{1,6}(?:[-_.:,]?[a-z]++){1,5}"
    rb"|v?\d++(?:[.:-]\d++)++\S*+|"
    rb"[a-z]{1,8}-?\d{1,3}(?:[-_.:/](?:[a-z]{1,8}|\d{1,3})){1,3}"
)
"""A word with a number, a number with words, a version or date, `x86-64`."""
_MARK = re.compile(rb"(?<=[A-Za-z0-9])[!^*~$#](?=[A-Za-z0-9])")
"""A character that occurs between letters and digits in passwords and hardly anywhere else."""


def is_placeholder(value: bytes) -> bool:
    """Return whether a value is only a placeholder for a secret: a blank to fill in, a reference, or another
    recorder's mark.
    """
    bare = value.strip()
    return not bare or (len(bare) < 128 and _PLACEHOLDER.match(bare) is not None) or is_blotted(bare)


def is_blotted(value: bytes) -> bool:
    """Return whether another recorder has removed a secret here."""
    return len(value) < 128 and _ANOTHER_RECORDERS.search(value) is not None


def is_named_secret(value: bytes) -> bool:
    """Return whether a value is a secret, given that its name is used for secrets only."""
    if len(value) < 6 or len(set(value)) < 4 or is_placeholder(value):
        return False
    return not re.search(rb"\s", value) or not _PROSE.search(value)


def is_named_number(value: bytes) -> bool:
    """Return whether a whole number is a secret, given its name: it has six digits, four of them different,
    and is not a fake.
    """
    return (
        len(value) >= 6 and value.isdigit() and len(set(value)) >= 4 and _FAKE_NUMBER.fullmatch(value) is None
    )


def is_code(value: bytes) -> bool:
    """Return whether this may be a PIN or a code for one use: three to ten digits, and not a fake."""
    return 3 <= len(value) <= 10 and value.isdigit() and _FAKE_NUMBER.fullmatch(value) is None


def is_credential(value: bytes, shortest: int = 12) -> bool:
    """Return whether a value looks like a credential: no blanks, letters and digits, long enough."""
    return (
        len(value) >= shortest
        and _TOKEN.fullmatch(value) is not None
        and _DIGIT.search(value) is not None
        and _LETTER.search(value) is not None
        and len(set(value)) >= 6
        and not is_placeholder(value)
    )


def is_random(value: bytes) -> bool:
    """Return whether a part of a value mixes letters, digits or cases as words and names do not."""
    for segment in _SEGMENT.findall(value):
        changes = len(_CHANGE.findall(segment))
        if (changes >= 2 and len(segment) >= 10) or changes >= 3:
            return True
        if len(segment) >= 20 or (len(segment) >= 14 and len(_HUMP.findall(segment)) * 6 >= len(segment)):
            return True
    changes = len(_CHANGE.findall(value)) + len(_HUMP.findall(value))
    if (marks := len(_MARK.findall(value))) and changes + marks >= 4 and is_varied(value):
        return value.lower() != value != value.upper()  # as generators of passwords make them
    if changes >= 2 and len(value) >= 10 and _CLUSTER.search(value) and is_varied(value):
        return value.lower() != value != value.upper()
    return (changes >= 4 and changes * 5 >= len(value)) or (
        _NUMBER.search(value) is not None and is_varied(value)
    )


def is_chosen(value: bytes, shortest: int = 8) -> bool:
    """Return whether a value looks like a password that somebody chose or had made, where the text leaves
    little doubt that there is one: letters with digits or with a sign between them, but no word with a
    number (`step-2`), version, date, address or path.
    """
    if (
        not shortest <= len(value) <= 128
        or len(set(value)) < 5
        or _NO_CHOICE.search(value) is not None
        or _LETTER.search(value) is None
        or is_placeholder(value)
    ):
        return False
    if _MARK.search(value) is not None:
        return True
    if (digits := len(_DIGIT.findall(value))) and (digits > 1 or not value.isalnum()):
        return _NUMBERED.fullmatch(value) is None
    return any(
        len(_TURN.findall(part)) >= 3 and sum(map(len, _SYLLABLES.findall(part))) * 2 < len(part)
        for part in _LETTERS.findall(value)
    )


def is_jumbled(value: bytes) -> bool:
    """Return whether a value has only letters, but side by side as in no word."""
    return 8 <= len(value) <= 64 and value.isalpha() and _UNSPOKEN.search(value) is not None


def is_dense(value: bytes, shortest: int = 12) -> bool:
    """Return whether a value changes between digits, capitals and small letters as only random values do, and
    is not made of syllables, unlike `OAuth2PasswordBearer`.
    """
    return (
        len(value) >= shortest
        and len(_TURN.findall(value)) * 20 >= len(value) * 7
        and is_mixed(value)
        and sum(map(len, _SYLLABLES.findall(value))) * 10 < len(value) * 7  # `AudioRawFrame16kHz`
        and not is_placeholder(value)
    )


def is_varied(value: bytes) -> bool:
    """Return whether a value has letters and digits."""
    return _DIGIT.search(value) is not None and _LETTER.search(value) is not None


def is_mixed(value: bytes) -> bool:
    """Return whether a value looks random and has digits and letters of both cases."""
    return (
        _DIGIT.search(value) is not None
        and re.search(rb"[a-z]", value) is not None
        and re.search(rb"[A-Z]", value) is not None
        and is_random(value)
    )
