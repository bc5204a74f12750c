"""Made-up passwords that look as if somebody had chosen them, where commands, protocols, code and people give
them; and what has a form or an arrangement of its own.
"""

from __future__ import annotations

import random

from .made_up import BASE62, DIGITS, HEX, LOWER, UPPER, Made, by_name, some

_WORDS = ("lantern", "pebble", "saffron", "badger", "willow", "cobalt", "meadow", "ginger", "raven", "tundra")
RUSSIAN = (
    "\u041c\u043e\u044f \u0441\u0435\u043a\u0440\u0435\u0442\u043d\u0430\u044f \u0444\u0440\u0430\u0437\u0430"
)
BASE32 = UPPER + "234567"
BASE58 = "".join(char for char in BASE62 if char not in "0OIl")


def password(rnd: random.Random) -> str:
    word, digits, tail = rnd.choice(_WORDS), some(rnd, 4, DIGITS), some(rnd, 4)
    sign = rnd.choice("-_.!")
    return rnd.choice(
        (
            f"{word.capitalize()}{sign}{digits}{tail}",
            f"{word}{digits}{rnd.choice('!_')}{tail}",
            f"{word.capitalize()}-MARK{digits}{sign}{tail}",
            f"{some(rnd, 6)}{sign}{some(rnd, 6)}",
        )
    )


def given(text: str) -> Made:
    """A text that gives a password."""

    def make(rnd: random.Random) -> tuple[str, str]:
        secret = password(rnd)
        return text.replace("@@", secret), secret

    return make


def _card(before: str) -> Made:
    def make(rnd: random.Random) -> tuple[str, str]:
        digits = [5, *(rnd.randrange(10) for _ in range(14))]
        digits.append(-sum(n if at % 2 else 2 * n - 9 * (n > 4) for at, n in enumerate(digits)) % 10)
        number = "".join(map(str, digits))
        spaced = " ".join(number[at : at + 4] for at in range(0, 16, 4))
        return before + spaced, spaced

    return make


def _spelled(text: str, between: str) -> Made:
    def make(rnd: random.Random) -> tuple[str, str]:
        secret = between.join(some(rnd, 9))
        return text.replace("@@", secret), secret

    return make


def _codes(rnd: random.Random) -> tuple[str, str]:
    codes = [f"{some(rnd, 5, LOWER + DIGITS)}-{some(rnd, 5, LOWER + DIGITS)}" for _ in range(3)]
    return f"Her backup codes are {codes[0]}, {codes[1]} and {codes[2]}.", codes[2]


def _vault(rnd: random.Random) -> tuple[str, str]:
    first, second = some(rnd, 80, HEX), some(rnd, 64, HEX)
    return f"db_pass: !vault |\n  $ANSIBLE_VAULT;1.1;AES256\n  {first}\n  {second}\nport: 5432\n", second


CHOSEN: dict[str, Made] = {
    name: given(text)
    for name, text in {
        "glued option": "mysqldump -h db1 -uroot -p@@ calls > calls.sql",
        "option after a pipe": "cat a.sql | mysql -ubot -p'@@' calls",
        "option mosquitto": "mosquitto_sub -h mq -t 'calls/#' -u bot -P @@",
        "option sqlcmd": "sqlcmd -S db1 -U sa -P @@ -Q 'select 1'",
        "option openssl": "openssl enc -d -aes-256-cbc -pass pass:@@ -in calls.enc",
        "option snmp": "snmpwalk -v3 -l authPriv -u bot -a SHA-256 -A @@ -x AES 10.0.0.1",
        "option snmp later": "snmpget -v3 -u bot -l authPriv -A first-0pass -x AES -X @@ 10.0.0.1",
        "option rdp": "xfreerdp /u:bot /p:@@ /v:10.0.0.9",
        "option cmdkey": "cmdkey /add:srv /user:bot /pass:@@",
        "option keystore": "keytool -importkeystore -srcstorepass @@ -destkeystore b.jks",
        "place rabbitmq": "rabbitmqctl change_password bot @@",
        "place secure string": "$p = ConvertTo-SecureString '@@' -AsPlainText -Force",
        "line ftp": "USER deploy\r\n331 Password required\r\nPASS @@\r\n230 Logged in",
        "line imap": "a7 LOGIN carla @@",
        "line redis": "AUTH bot @@",
        "line conf": "port 6379\nrequirepass @@\nappendonly yes",
        "line ldap": "uri ldap://ldap1\nbindpw @@",
        "line pgpass": "db2.example.com:5432:calls:bot:@@",
        "user and pass": "rclone config create box sftp host nas user bot pass @@",
        "sql unicode": "ALTER LOGIN sa WITH PASSWORD = N'@@';",
        "sql hash": "UPDATE users SET password = SHA2('@@', 256) WHERE id = 7;",
        "call mysqli": 'mysqli_connect("db1", "bot", "@@", "calls")',
        "call credential": 'var c = new NetworkCredential("bot", "@@");',
        "call basic": 'requests.post(url, auth=HTTPBasicAuth("bot", "@@"))',
        "call tuple": "httpx.get(url, auth=('bot', '@@'))",
        "call bind": 'conn.simple_bind_s("cn=admin,dc=acme", "@@")',
        "address sip": "sip:carla:@@@pbx.example.com:5061",
        "property": "spring.mail.password=@@",
        "input": '<input name="p" type="password" value="@@">',
        "attribute": '<add key="SmtpPassword" value="@@"/>',
        "column": "name,password\ncarla,@@\n",
        "literal": "secretGenerator:\n- literals:\n  - pgpass=@@\n",
        "quoted in a log": 'login failed for carla with password "@@" from 10.0.0.9',
        "network": 'network={\n  ssid="acme"\n  psk="@@"\n}',
        "user then option": "tabcmd login -s https://bi.example.com -u carla -p @@",
        "user then option of any program": "calltool --user carla --verbose -p @@ sync",
        "place isakmp": "crypto isakmp key @@ address 10.0.0.7",
        "place radius": "radtest carla @@ localhost 0 x",
        "place wifi": "wpa_passphrase Lab @@",
        "line nickserv": "/msg NickServ IDENTIFY @@",
        "oracle": "CONNECT bot/@@@orcl",
        "sql bare": "GRANT CONNECT TO bot IDENTIFIED BY @@;",
        "call set": 'keyring.set_password("calls", "carla", "@@")',
        "call pw set": 'mqtt.username_pw_set("bot", "@@")',
        "call ftp": "FTP('files.example.com', 'carla', '@@')",
        "typed into a page": 'driver.find_element(By.ID, "password").send_keys("@@")',
        "typed in a story": 'When I fill in "Passphrase" with "@@"',
        "block of a vpn": "<auth-user-pass>\ncarla\n@@\n</auth-user-pass>",
        "account": "chpasswd:\n  list: |\n    root:@@\n    bob:RANDOM",
        "account of a relay": "[smtp.example.com]:465 carla:@@",
        "account of turn": "realm=example.com\nuser=carla:@@",
        "creds": "creds: carla / @@",
        "said of whom": "Password for the elastic user (reset with elastic-reset): @@",
        "said as": "Take @@ as the password, please.",
        "log in with": "Please log in with carla and @@.",
        "name of a pass": '#define MAIL_PASS "@@"',
        "piped to sudo": 'echo "@@" | sudo -S systemctl restart bot',
        "registration": "register => 6001:@@@sip.example.com/6001",
        "call auth": 'redis:auth("@@")',
        "place htpasswd": "htpasswd -b /etc/nginx/users carla @@",
        "said pw": "Login is carla, pw is @@.",
        "said code word": "Our code word is @@.",
        "said in the middle de": "Das WLAN-Passwort vom B\u00fcro lautet @@.",
        "said phrase ru": RUSSIAN + ": @@",
        "said pw de": "Mein Passwort ist @@ und es geht nicht.",
        "said pw fr": "Le mot de passe est @@, merci.",
        "said pw es": "Mi contrase\u00f1a es @@, gracias.",
        "said pw pt": "A senha \u00e9 @@.",
        "said pw nl": "Het wachtwoord is @@.",
        "said pw pl": "Moje has\u0142o to @@.",
        "said pw ja": "\u30d1\u30b9\u30ef\u30fc\u30c9\u306f@@\u3067\u3059\u3002",
        "said pw zh": "\u6211\u7684\u5bc6\u7801\u662f@@\u3002",
    }.items()
} | {
    "stream key": by_name("ffmpeg -i a.wav -f flv rtmp://live.example.com/app/@@", 20, LOWER + DIGITS),
    "letter parameter": by_name("Join https://acme.example/room?t=@@", 80),
    "state": by_name("GET /callback?state=@@&scope=openid HTTP/1.1", 24),
    "signature in a list": by_name("SignedHeaders=host, Signature=@@", 64, HEX),
    "session header": by_name('{"name": "X-Session-Id", "value": "@@"}', 32),
    "wallet": by_name("import the wallet 5K@@", 49, BASE58),
    "card": _card("My card number is "),
    "card de": _card("Meine Kreditkarte: "),
    "spelled": _spelled("The passphrase, spelled out, is @@.", "-"),
    "spelled with commas": _spelled("my password is @@", ", "),
    "backup codes said": _codes,
    "vault": _vault,
    "seed of nats": by_name("nk -inkey SU@@", 56, BASE32),
    "seed of nats in a block": by_name("-----BEGIN USER NKEY SEED-----\nSX@@\n------END", 56, BASE32),
    "static key": by_name("-----BEGIN OpenVPN Static key V1-----\n@@\n-----END", 32, HEX),
    "secret key of 1Password": by_name("A3-C4ZJ9P-T7@@-2KX9Q-M4B7R-3HJ8W", 4, UPPER + DIGITS),
    "key of b2": by_name("b2 authorize-account 0012ab34cd56ef7 K003@@", 27, BASE62 + "+/"),
    "matrix": by_name("matrix token syt_Y2FybGE_@@_1a2B3c", 20),
    "scram": by_name("SCRAM-SHA-256$4096:c2FsdHNhbHQx$@@=", 43, BASE62 + "+/"),
    "md5 of postgres": by_name('"carla" "md5@@"', 32, HEX),
    "nt hash": by_name("carla:1104:aad3b435b51404eeaad3b435b51404ee:@@:::", 32, HEX),
    "password of a router": by_name("username carla password 7 @@", 22, "0123456789ABCDEF"),
    "account key of hadoop": by_name("fs.azure.account.key.calls.dfs.core.windows.net=@@==", 86),
    "session of a vault": by_name('export BW_SESSION="@@=="', 86),
    "gossip": by_name('encrypt = "@@="', 43, BASE62 + "+/"),
    "write key": by_name("ACME_WRITEKEY=@@", 22),
    "key of a shared file": by_name(
        "https://www.dropbox.com/scl/fi/a/f.pdf?rlkey=@@&dl=0", 25, LOWER + DIGITS
    ),
    "said that one needs": by_name("The token you need is @@.", 40, HEX),
    "pin of a mailbox": by_name("Voicemail PIN @@, please.", 6, DIGITS),
    "code's": by_name("The gate code's @@, by the way.", 6, DIGITS),
    "code of a card fr": by_name("Le code de la carte est @@.", 5, DIGITS),
}
