"""Secrets that are arguments of known programs: after the option that takes one (`mysql -p`, `redis-cli -a`),
beside a user (`curl -u`), in a cookie.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from mock_openai.redaction.forms import Span, any_of
from mock_openai.redaction.judged import is_given, whole
from mock_openai.redaction.values import is_chosen, is_credential, is_dense, is_placeholder

_BEGINNINGS = (b"", b" ", b"\t", b"\n", b"(", b'"', b"'")
_SHORT = re.compile(
    rb"(?:^|(?<=[\s\"'(\[,]))-[pPkKNwWaAXY](?:[\"']?[ \t=,]{1,4}+)?+[\"']?+"
    rb"(?P<value>[^\s\"'=:/,;()\[\]]{8,256}+)"
)
_OPTIONS = re.compile(rb"(?:^| )-[upkwnaxy]")
_CURL = re.compile(
    rb"(?:(?:-u|--user|--proxy-user|-U)[\"']?+[ =,]{1,4}+|-u)[\"']?+(?P<user>[^\s\"':]{1,128}+):(?!//)"
    rb"(?P<value>[^\s\"']{4,256}+)"
)
_USER_AND = re.compile(
    rb"(?:^|(?<=[\s\"'(\[,]))-(?:u[ =]?[\"']?+[\w.@+-]{1,64}+,|U[ =]?[\"']?+[\w.@+\\/-]{1,64}+%)"
    rb"(?P<value>[^\s\"',]{6,256}+)"
)
"""A name and a password in one argument, as lftp and Samba's programs take them."""
_USER_THEN = re.compile(
    rb"(?:^|(?<=\s))(?:-u|-U|--user|--username)[ =][\"']?+[A-Za-z][\w.@\\+-]{0,63}+[\"']?+"
    rb"(?:[ ](?!-[pPwW][ ])[^\s;|&]{1,64}+){0,6}?[ ]-[pPwW][ ][\"']?+(?P<value>[^\s\"';|&]{6,256}+)"
)
"""The password that follows a user among the arguments of any program: `-u bob -p ...`."""
_COOKIE = re.compile(
    rb"(?<![\w-])(?:-b|--cookie)[ =]{1,4}+[\"']?+(?P<value>[^\s\"'=;]{1,64}+=[^\"'\r\n]{1,1024}+)"
)
_CRUMB = re.compile(rb"=(?P<value>[^\s;=]{8,512}+)")
_TAKING = {
    "glued": (r"mysql(?:dump|admin|import|check)?|mariadb(?:-dump)?", r"-p"),
    "loose": (
        r"sshpass|docker login|podman login|helm registry login|az login|mongo(?:sh|dump|restore"
        r"|import|export)?"
        r"|cqlsh|7z|rar|unrar|smbclient|zip|twine upload|influx|psexec|winexe|vncdo|mosquitto_(?:pub"
        r"|sub|rr|passwd)|sqlcmd"
        r"|bcp|isql|ipmitool|rcon|mcrcon|rabbitmqadmin|nats|tabcmd|snowsql|vsql|curlftpfs",
        r"-(?:[pP]|-?pw|-?password)[ \t=]{0,4}",
    ),
    "archive": (r"unzip", r"-P[ \t]{0,4}"),
    "keys": (r"ssh-keygen", r"-[NP][ \t]{1,4}"),
    "openssl": (r"openssl|easyrsa", r"(?:-[kK][ \t]{1,4}|-?-pass(?:in|out)?[ \t=]{1,4}[\"']?pass:)"),
    "redis": (r"redis-cli|valkey-cli|keydb-cli", r"-a[ \t]{0,4}"),
    "directory": (r"ldap[a-z]{3,9}|net ads", r"-[ws][ \t]{0,4}"),
    "http": (r"https?(?=[ \t])", r"(?:-a|--auth)[ \t=]{1,4}[\"']?[^\s\"':]{1,64}+:"),
    "network": (r"snmp[a-z]{2,10}", r"-[cAX][ \t]{1,4}"),
    "desktop": (
        r"[wx]?l?freerdp\d?|rdesktop|mstsc|cmdkey|winrs|schtasks|wmic|net use",
        r"[/-](?:p|pass|password)[:\t ]",
    ),
}
"""Names of programs, and the options of theirs that take a secret."""


@cache
def of_options() -> dict[str, re.Pattern[bytes]]:  # compiled when they are first used, as `names.stems` is
    """Return what finds the options of each kind of program."""
    return {
        kind: re.compile(rf"(?<![^\s\"']){option}[\"']?+(?P<value>[^\s\"']{{6,256}}+)".encode())
        for kind, (_, option) in _TAKING.items()
    }


@cache
def program() -> re.Pattern[bytes]:
    """Return what finds a program and its arguments."""
    return re.compile(
        rb"(?<![\w.-])(?:"
        + "|".join(f"(?P<{kind}>{programs})" for kind, (programs, _) in _TAKING.items()).encode()
        + rb")\b(?!-)(?=(?P<rest>(?:[^\r\n;|&\"]|\"(?!\s?[,:}\]])){6,400}+))"
    )


PROGRAMS = (
    *(b"mysql", b"mariadb", b"sshpass", b"mongo", b"cqlsh", b"unzip", b"smbclient", b"redis-cli", b"ldap"),
    *(b"docker", b"podman", b"helm", b"openssl", b"mosquitto", b"snmp", b"freerdp", b"rdesktop", b"mstsc"),
    *(b"cmdkey", b"sqlcmd", b"ipmitool", b"psexec", b"winexe", b"valkey", b"keydb", b"twine", b"rcon"),
)
"""Words of a text that runs one of them, unless one of its options is a sign too."""
_RUNS_ONE = any_of(*PROGRAMS)


def spans(text: bytes, low: bytes, told: bytes) -> Iterator[Span]:
    """Return the secrets among the arguments of programs; `told` are the stems of secret names in the
    text, `low` is the text in lower case.
    """
    options = _OPTIONS.search(told) is not None
    if options:
        for match in _SHORT.finditer(text):
            if is_dense(match["value"], 10):
                yield from whole("field", match["value"], match.start("value"))
    if b"-u" in told:
        for match in _CURL.finditer(text):
            begins = text[max(0, match.start() - 1) : match.start()] in _BEGINNINGS
            if begins and not match["user"].isdigit() and not is_placeholder(match["value"]):
                yield from whole("user part", match["value"], match.start("value"))
        for match in _USER_THEN.finditer(text):
            if is_chosen(match["value"], 6):
                yield from whole("field", match["value"], match.start("value"))
        for match in _USER_AND.finditer(text):
            if is_credential(match["value"], 8):
                yield from whole("user part", match["value"], match.start("value"))
    if b"-b " in text or b"-b=" in text or b"--cookie" in text:
        for match in _COOKIE.finditer(text):
            for crumb in _CRUMB.finditer(match["value"]):
                if is_credential(crumb["value"], 8):
                    yield from whole("cookie", crumb["value"], match.start("value") + crumb.start("value"))
    if options or _RUNS_ONE.search(told) is not None:
        for match in program().finditer(text):
            kind = next(kind for kind in _TAKING if match[kind])
            for each in of_options()[kind].finditer(match["rest"]):
                if is_given(each["value"]):
                    yield from whole("field", each["value"], match.start("rest") + each.start("value"))
