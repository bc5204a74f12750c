"""Secrets on command lines: after flags, after the names of variables, in the arguments of known programs."""

from __future__ import annotations

import re
from collections.abc import Iterator

import mock_openai.redaction.programs as programs
from mock_openai.redaction.forms import Span, any_of
from mock_openai.redaction.judged import is_certain, is_given, whole
from mock_openai.redaction.names import Weight, weight
from mock_openai.redaction.values import is_chosen, is_credential, is_dense, is_named_secret, is_placeholder

_FLAG = re.compile(
    rb"--?(?P<name>[A-Za-z][A-Za-z0-9_-]{1,95}+)[ \t]{1,16}+"
    rb"(?P<value>[^\s\"'<>&;,(){}-][^\s\"'<>&;,(){}]{3,512}+)"
)
_REFERENCE = re.compile(rb"(?:id|name|type|src|source|target|from|env|file)=")
"""Values that only refer to a secret: `--secret id=npmrc`."""
_OF_A_NAME = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-"
_WORD = re.compile(rb"[^\s\"'`<>(){}\[\],;]{8,512}+")
OPTION = re.compile(
    rb"-[uUpPkKNwWaAXY]\Z|-[uUp].{5}|(?i:user|username|login|account)[=:](?:\Z|[^=:]*+[:/])|LOGIN\Z"
)
"""Words that a text needs, beside SIGNS, to be searched here."""
_PIPED = re.compile(
    rb"(?:echo|printf)[ \t]{1,4}+(?:-n[ \t]{1,4}+)?+(?:[\"']?+%s(?:\\n)?+[\"']?+[ \t]{1,4}+)?+[\"']?+"
    rb"(?:[\w.-]{1,64}+:)?+"
    rb"(?P<value>[^\s\"'|:]{8,256}+)[\"']?+[ \t]{0,4}+\|[ \t]{0,4}+[^\r\n|;&]{0,128}?"
    rb"(?:passw|secret|login|token|key|auth|gpg|sudo)"
)
_BESIDE_USER = re.compile(
    rb"(?i)(?<![\w-])(?:(?:user|username|login|account|credentials?|creds)"
    rb"[\"']?+[ \t]{0,4}+(?:[:=-]>?+)?+|(?:log|sign) in (?:as|with)|logged in as)[ \t]{0,4}+[\"']?+"
    rb"[\w.@+-]{1,64}+(?:[ ]?[:/|][ ]?|,? (?:with|mit|avec|con|and) )"
    rb"(?P<value>[^\s\"'<>&;,(){}/:=|]{8,128}+=?+=?+)(?![:/=|])"
)
_GIVEN = rb"[ ]?[\"']?(?P<value>[A-Za-z0-9][^\s\"'<>()|,;]{7,256}+)"
_PROTOCOL = re.compile(
    rb"(?<![A-Za-z_-])(?:AUTH(?: PLAIN| LOGIN| XOAUTH2| [a-z]\w{0,32}+)?+|PASS|IDENTIFY|"
    rb"LOGON [^\s,]{1,64}+,|LOGIN [^\s]{1,64}+)" + _GIVEN
)
_ON_A_LINE = re.compile(
    rb"(?:^|(?<=[\"'\n]))(?:[CS<>]{1,2}:?[ ])?+(?:AUTH(?: [a-z]\w{0,32})?|PASS"
    rb"|[\w.]{1,12}+ LOGIN [^\s]{1,64}+|OPER [^\s]{1,64}+|"
    rb"(?:/msg )?(?:NickServ )?IDENTIFY(?: [a-z]\w{0,32})?)"
    rb"[ ][\"']?+(?P<value>[^\s\"']{6,256}+)(?=[\"'\r\n]|\Z)"
)
"""A whole line of a protocol in which a client says its password: FTP, POP, IMAP, Redis, IRC."""
_VERBS = (b"PASS ", b"AUTH ", b" LOGIN ", b"IDENTIFY ", b"OPER ")
_WITH_USER = re.compile(
    rb"(?<![\w-])(?:user|username|login)[:=]?[ ]{1,2}[\"']?+[\w.@+-]{1,64}+[\"']?+[,;]?[ ]{1,2}("
    rb"?:and )?pass(?:word|wd)?[:=]?[ ]{1,2}"
    rb"[\"']?+(?P<value>[^\s\"',;]{6,256}+)"
)
_POSITION = re.compile(
    rb"(?:/rp|::add-mask::|inline:|snmp-server community |SETUSER [^\r\n]{1,64}? >|"
    rb"(?:add|create|change|set|reset)[_ -]?(?:user|password|passwd) [\w.@-]{1,64}+ )" + _GIVEN
)
_ARGUMENT = re.compile(
    rb"(?:passwd [^\r\n\"]{0,64}?-\w{0,4}b\w{0,4} [^\s]{1,128}+ [^\s]{1,64}+|"
    rb"net use [^\s\"]{1,8}+ [^\s\"]{4,128}+|"
    rb"wpa_passphrase [^\s\"]{1,64}+|radtest [^\s\"]{1,64}+|isakmp key(?: \d)?+|"
    rb"convertto-securestring(?: -string)?+(?: -asplaintext)?+(?: -force)?+|"
    rb"(?<=[a-z][a-z])ctl (?:add_user|change_password) [\w.@-]{1,64}+|"
    rb"config set (?:requirepass|masterauth)|aws configure set \w{1,32}+(?<=key)|"
    rb"mc alias set [^\s]{1,64}+ [^\s]{1,256}+ [^\s]{1,64}+)"
    rb"[ ]{1,2}[\"']?+(?P<value>[^\s\"']{6,256}+)"
)
"""Arguments of programs that take a password in a certain place."""
_POSITIONED = any_of(
    *(b"schtasks", b"::add-mask", b"/user:", b"inline:", b"passwd", b"setuser", b"securestring", b"snmp"),
    *(b"_user", b"adduser", b"_passw", b"masterauth", b"requirepass", b"_key", b"wpa_pass", b"radtest"),
    b"isakmp",
)
_ENCODED = re.compile(rb"(?:password|secret|key)[ ]7[ ](?P<value>[0-9a-f]{10,64})(?![\w-])")
"""A password in the configuration of a router, which everybody can decode."""
_FILLED_IN = re.compile(
    rb"(?:passw(?:or)?d|passcode|passphrase)[\"'\])]{1,4}(?:\.[a-z_]{1,24}\(|,[ ]?|[ ](?:with|as"
    rb"|to)[ ])[\"']"
    rb"(?P<value>[^\s\"'\\]{6,128})[\"']"
)
"""What a test of a page types into the field of a password."""
_BELOW_USER = re.compile(rb"<auth-user-pass>\s{1,4}[^\s<>]{1,64}+\s{1,4}(?P<value>[^\s<>]{6,128}+)")
_SIGN_IN = re.compile(
    rb"(?i)(?<![\w-])[a-z][\w-]{1,30}+ (?:auth )?(?:login|signin|authenticate|auth|authtoken)"
    rb"(?: -{1,2}[a-z-]{2,32}+)?+ (?P<value>[^\s\"'<>()|,;=]{20,256}+)"
)
"""`PROGRAM login KEY`."""
_SQL = re.compile(
    rb"(?i)(?:identified[ \t]{1,4}+(?:with[ \t]{1,4}+\w{1,64}+[ \t]{1,4}+)?by[ \t]{1,4}+"
    rb"(?:password[ \t]{1,4}+)?|"
    rb"(?:password|passwort)[ \t]{1,4}+for[ \t]{1,4}+[^\s=]{1,128}+[ \t]{0,4}+=[ \t]{0,4}+)"
    rb"(?P<quote>[\"']?)(?P<value>[^\s\"';]{6,128}+)(?P=quote)"
)
_ANSWER = re.compile(
    rb"[\"'][)\]]?+[\s;,{]{0,16}+(?:[a-z_.]{1,40}+[ (]{1,2}+){1,2}+[\"'](?P<value>[^\"'\\\s]{6,128}+)"
)
"""`expect "assword:" send "..."`"""
_EDGES = (b"", b"\n", b'"')
_USERS = any_of(b"user", b"account", b"cred")
_LOGS_IN = any_of(b"auth", b"pass", b"login", b"identify", b"logon")
_SIGNING_IN = re.compile(
    rb"(?:[lL]og|[sS]ign)(?:in|ged in| in)(?: (?:as|with) \S|:? (?:-{1,2}[a-z-]{2,32} )?[^\s\"'<>()|,;=]{20}|"
    rb":? [\w.@+-]{1,64}(?: ?[:/|]|,? (?:with|mit|avec|con) ))|[0-9] to (?:log|sign) in"
)
"""Finds where somebody signs in and may say with what."""
SIGNS = (
    b"sudo",
    b"identif",
    b"setuser",
    b"logon",
    b"snmp",
    b"radtest",
    b"isakmp",
    b"add_user",
    b"adduser",
    b"create_user",
    b"--user",
    b"/user:",
    b"schtasks",
    b"inline:",
    b"::add-mask",
    *programs.PROGRAMS,
)
"""Words that a text needs, beside those of names, to be searched here."""


def signs_in(text: bytes) -> bool:
    """Return whether somebody signs in here, and may say with what."""
    finds = text.find(b"ogin") >= 0 or text.find(b"og in") >= 0 or text.find(b"ign in") >= 0
    return finds and _SIGNING_IN.search(text) is not None


def spans(text: bytes, low: bytes, told: bytes) -> Iterator[Span]:
    """Return the secrets in commands; `low` is the text in lower case, `told` the stems of secret names in
    it.
    """
    if b"-" in text:
        for match in _FLAG.finditer(text):
            if match.start() and text[match.start() - 1] in _OF_A_NAME:
                continue
            double = text[match.start() : match.start() + 2] == b"--"
            if (
                weight(match["name"]) is Weight.SECRET
                and not _REFERENCE.match(match["value"])
                and (
                    is_named_secret(match["value"])
                    if double
                    else is_credential(match["value"], 8) or is_chosen(match["value"])
                )
            ):
                yield from whole("field", match["value"], match.start("value"))
    if b"|" in text and (b"echo" in text or b"printf" in text):
        for match in _PIPED.finditer(text):
            if is_credential(match["value"], 8):
                yield from whole("field", match["value"], match.start("value"))
    found: list[re.Pattern[bytes]] = []
    signing_in = signs_in(text)
    if _USERS.search(told) is not None or signing_in:
        found.append(_BESIDE_USER)
    if _LOGS_IN.search(told) is not None:
        found.append(_PROTOCOL)
    if _POSITIONED.search(told) is not None:
        found.append(_POSITION)
    for pattern in found:
        for match in pattern.finditer(text):
            value = match["value"]
            told_so = pattern is _BESIDE_USER and match[0][:3].lower() in (b"cre", b"log", b"sig")
            if is_certain(value) or is_dense(value, 10) or (told_so and is_chosen(value)):
                yield from whole("field", match["value"], match.start("value"))
    if _LOGS_IN.search(told) is not None:
        yield from _said_to_a_server(text, low)
    if _POSITIONED.search(told) is not None:
        for match in _ARGUMENT.finditer(low):
            value = text[slice(*match.span("value"))]
            if is_given(value):
                yield from whole("field", value, match.start("value"))
    if signing_in or b"auth" in told:
        for match in _SIGN_IN.finditer(text):
            if is_certain(match["value"]):
                yield from whole("field", match["value"], match.start("value"))
    if b" 7 " in text:
        for match in _ENCODED.finditer(low):
            yield from whole("field", match["value"], match.start("value"))
    if b"identified" in told or (b"password" in told and b"password for" in low):
        for match in _SQL.finditer(text):
            if is_chosen(match["value"], 6) or (match["quote"] and not is_placeholder(match["value"])):
                yield from whole("field", match["value"], match.start("value"))


def _said_to_a_server(text: bytes, low: bytes) -> Iterator[Span]:
    """Yield the passwords in lines of a protocol, after a user, and in what is typed into a page."""
    if any(word in text for word in _VERBS):
        for match in _ON_A_LINE.finditer(text):
            if is_chosen(match["value"], 6):
                yield from whole("field", match["value"], match.start("value"))
    found = [_WITH_USER] if b" pass" in low and (b"user" in low or b"login" in low) else []
    if b"pass" in low:
        found.append(_FILLED_IN)
    if b"<auth-user-pass>" in low:
        found.append(_BELOW_USER)
    for pattern in found:
        for match in pattern.finditer(low):
            value = text[slice(*match.span("value"))]
            if is_chosen(value, 6):
                yield from whole("field", value, match.start("value"))


def after_a_name(text: bytes, name: bytes, match: re.Match[bytes], what: Weight) -> Iterator[Span]:
    """Yield the value after a name and blanks: `ENV NAME value`, `setx NAME value`, lines of configuration
    files.
    """
    found = _WORD.match(text, match.end())
    if found is None or what is Weight.NOTHING or (what is Weight.KEY and not name.isupper()):
        return
    value = found[0].rstrip(b".:!?*")
    start = match.start("close") - len(name)
    quote = text[found.start() - 1 : found.start()]
    clear = b"_" in name or b"-" in name or not name.islower() or _alone(text, start, found.end())
    within = quote in (b'"', b"'", b"`") and text[found.end() : found.end() + 1] == quote
    if (clear and is_certain(value, 8 if what is Weight.SECRET else 16)) or (
        what is Weight.SECRET and (clear or within) and is_chosen(value)
    ):
        yield from whole("field", value, found.start())


def answer(text: bytes, start: int) -> Iterator[Span]:
    """Yield what is sent to a program that asks for a secret; `start` is where its question ends."""
    found = _ANSWER.match(text, start)
    if found is not None and is_credential(found["value"], 8):
        yield from whole("field", found["value"], found.start("value"))


def _alone(text: bytes, start: int, end: int) -> bool:
    """Return whether nothing else is on the line."""
    return text[max(0, start - 1) : start] in _EDGES and text[end : end + 1].replace(b"\r", b"\n") in _EDGES
