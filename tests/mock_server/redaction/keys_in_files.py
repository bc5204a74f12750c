"""Made-up keys whose section, header, program or beginning says what they are."""

from __future__ import annotations

import random
import uuid

from .made_up import BASE62, DIGITS, HEX, LOWER, Made, by_name


def _uuid(before: str) -> Made:
    def make(rnd: random.Random) -> tuple[str, str]:
        secret = str(uuid.UUID(int=rnd.getrandbits(128), version=4))
        return before + secret, secret

    return make


KEYS_IN_FILES: dict[str, Made] = {
    "sk and a uuid": _uuid("langfuse = Langfuse('pk-lf-9a7b', 'sk-lf-"),
    "pat and a uuid": _uuid("hubspot private app pat-eu1-"),
    "langsmith": by_name("traces go to EU with lsv2_pt_@@_1699a1d8f8", 32, HEX),
    "section yaml": by_name("deepgram:\n  key: @@\n  model: nova-3", 40, HEX),
    "section yaml deep": by_name("services:\n  stt:\n    # ours\n    region: eu\n    key: '@@'\n", 32, HEX),
    "section toml": by_name('[services.cartesia]\nmodel = "sonic"\nkey = "@@"', 40, HEX),
    "section json": by_name('{"assemblyai": {"lang": "en", "key": "@@"}}', 32, HEX),
    "section json lines": by_name('{\n  "assemblyai": {\n    "key": "@@"\n  }\n}', 32, HEX),
    "section js": by_name("const gladia = { key: '@@' };", 36, HEX),
    "own header": by_name("curl -H 'X-JFrog-Art-Api: @@' https://acme.jfrog.io/api", 64),
    "own header http": by_name("> POST /v1 HTTP/1.1\r\n> X-Acme-Gate: @@\r\n> Accept: */*", 32),
    "own header py": by_name("requests.get(url, headers={'X-Rime-App': '@@'})", 32),
    "pairs of k and v": by_name('[{"k": "smtp_pass", "v": "@@"}]', 14),
    "setenv": by_name("setenv AZURE_SPEECH_KEY @@", 32, HEX),
    "class": by_name("lmnt.Speech('@@')", 32, HEX),
    "class 2": by_name('new RimeClient("eu", "@@")', 36),
    "live": by_name("mollie uses live_@@ in the header", 30),
    "redis acl": by_name("ACL SETUSER bot on >@@ ~* +@all", 16),
    "rabbitmq": by_name("rabbitmqctl add_user bot @@", 14),
    "prompt": by_name('expect "assword:"\nsend "@@\\r"', 12),
    "prompt py": by_name('child.expect("Password:")\nchild.sendline("@@")', 12),
    "glued": by_name('{"otpcode": "@@"}', 6, DIGITS),
    "net use": by_name("net use Z: \\\\srv\\share @@ /user:bob", 16, BASE62[:30] + "BCDFGHJKLMNPQRSTVWXZ7"),
    "heading": by_name("# Deepgram API Key\n\n@@\n", 40, HEX),
    "typed": by_name('{"attributes": [{"key": "db.password", "value": {"stringValue": "@@"}}]}', 14),
    "argument": by_name("pusher = Pusher(app_id='1', key='@@')", 20, HEX),
    "parted": by_name("ably.Realtime('RSk0lE.4twDLT:@@')", 43),
    "init": by_name("Rollbar.init('@@', 'prod')", 32, HEX),
    "sdk and a uuid": _uuid("LDClient('sdk-"),
    "secure string": by_name('ConvertTo-SecureString -String "@@" -AsPlainText -Force', 14),
    "community": by_name("snmp-server community @@ RO", 14),
    "logon": by_name(".LOGON tdprod/bot,@@;", 14),
    "id and secret": by_name("Ghost admin key f8394194b7680de33960e418:@@", 64, HEX),
    "collector": by_name("https://endpoint4.example/receiver/v1/http/@@", 64),
    "own header in a query": by_name("/v1/responses?note=x-honeycomb-team%3A%20@@", 22),
    "nuget": by_name("dotnet nuget push bot.nupkg -k oy2@@ -s https://api.nuget.org", 43, LOWER + DIGITS),
    "lftp": by_name("lftp -u deploy,@@ sftp://files.acme.io", 14),
    "samba": by_name("smbclient //nas/calls -U 'acme\\bot%@@'", 12),
    "snmp": by_name("snmpget -v3 -u bot -l authPriv -a SHA -A @@ 10.0.0.1 sysUpTime", 14),
    "svix": by_name("svix: whsec_@@", 32, BASE62 + "+/"),
    "password with signs": by_name('getConnection(url, "bot", "dU1!x~@@7")', 12, BASE62),
}
