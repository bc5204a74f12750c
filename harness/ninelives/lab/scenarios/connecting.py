"""The bot cannot connect, or not at once."""

from __future__ import annotations

from ninelives.lab.dialogue import HELLO, bye, clouds, hello, scenario, unanswered
from ninelives.lab.scenario import SOCKET, Wait
from ninelives.lab.triggers import EVERY_HANDSHAKE, FIRST_CONNECTION

CHAPTER = "connecting"

SCENARIOS = (
    scenario(
        "away_for_twenty_seconds_at_the_start",
        "I7 I9",
        "Connections are refused for twenty seconds as the bot starts; after that the bot must work.",
        (unanswered(HELLO), Wait(60), bye()),
        faults=(FIRST_CONNECTION.refuse(seconds=20),),
    ),
    scenario(
        "handshake_401_at_the_start",
        "I9",
        "Every connection is answered with 401: a person must act.",
        (unanswered(HELLO),),
        faults=(EVERY_HANDSHAKE.handshake_status(401, code="invalid_api_key"),),
    ),
    scenario(
        "handshake_403_at_the_start",
        "I9",
        "Every connection is answered with 403: a person must act.",
        (unanswered(HELLO),),
        faults=(EVERY_HANDSHAKE.handshake_status(403),),
    ),
    scenario(
        "handshake_426_at_the_start",
        "I9",
        "Every upgrade is answered with 426.",
        (unanswered(HELLO),),
        faults=(EVERY_HANDSHAKE.handshake_status(426),),
        transports=SOCKET,
    ),
    scenario(
        "handshake_429_at_the_start",
        "I5 I7",
        "The first connection is answered with 429 and Retry-After of a second; the next one works.",
        (hello(), Wait(1), clouds()),
        faults=(FIRST_CONNECTION.handshake_status(429, retry_after=1),),
    ),
    scenario(
        "handshake_500_at_the_start",
        "I5 I7",
        "The first connection is answered with 500; the next one works.",
        (hello(), Wait(1), clouds()),
        faults=(FIRST_CONNECTION.handshake_status(500),),
    ),
    scenario(
        "handshake_503_at_the_start",
        "I5 I7",
        "The first connection is answered with 503 and Retry-After of a second; the next one works.",
        (hello(), Wait(1), clouds()),
        faults=(FIRST_CONNECTION.handshake_status(503, retry_after=1),),
    ),
    scenario(
        "handshake_hangs_at_the_start",
        "I4 I5",
        "The first connection is accepted and never answered; the next one works.",
        (hello(), Wait(1), clouds()),
        faults=(FIRST_CONNECTION.handshake_hang(),),
    ),
    scenario(
        "handshake_reset_at_the_start",
        "I5",
        "The first connection is reset instead of answered; the next one works.",
        (hello(), Wait(1), clouds()),
        faults=(FIRST_CONNECTION.handshake_reset(),),
    ),
    scenario(
        "refused_at_the_start",
        "I5",
        "Connections are refused for two seconds as the bot starts.",
        (hello(), Wait(1), clouds()),
        faults=(FIRST_CONNECTION.refuse(seconds=2),),
    ),
    scenario(
        "tls_failure_at_the_start",
        "I9",
        "Every TLS handshake fails.",
        (unanswered(HELLO),),
        faults=(EVERY_HANDSHAKE.tls_failure(),),
        tls=True,
    ),
)
