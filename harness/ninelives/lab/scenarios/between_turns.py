"""The connection is lost while nobody says anything."""

from __future__ import annotations

from ninelives.lab.dialogue import bye, hello, scenario, silence
from ninelives.lab.scenario import SOCKET
from ninelives.lab.triggers import HANDSHAKE, idle

CHAPTER = "between turns"

SCENARIOS = (
    scenario(
        "half_open_between_turns",
        "I7 I8",
        "The connection becomes half-open while nobody speaks; two minutes later the user goes on.",
        (hello(), silence(120, idle(2).half_open()), bye()),
        transports=SOCKET,
    ),
    scenario(
        "handshake_429_between_turns",
        "I7 I8",
        "The idle connection is reset, and the next handshake is answered with 429 and Retry-After.",
        (hello(), silence(60, idle(10).reset(), HANDSHAKE.handshake_status(429, retry_after=2)), bye()),
        transports=SOCKET,
    ),
    scenario(
        "handshake_hangs_between_turns",
        "I7 I8",
        "The idle connection is reset, and the next handshake is never answered.",
        (hello(), silence(60, idle(10).reset(), HANDSHAKE.handshake_hang()), bye()),
        transports=SOCKET,
    ),
    scenario(
        "handshake_refused_once",
        "I7 I8",
        "The idle connection is reset, and the next handshake is answered with 503.",
        (hello(), silence(30, idle(10).reset(), HANDSHAKE.handshake_status(503)), bye()),
        transports=SOCKET,
    ),
    scenario(
        "handshake_reset_between_turns",
        "I7 I8",
        "The idle connection is reset, and so is the next one before its handshake is answered.",
        (hello(), silence(60, idle(10).reset(), HANDSHAKE.handshake_reset()), bye()),
        transports=SOCKET,
    ),
    scenario(
        "idle_close",
        "I7 I8",
        "The server closes the idle socket with 1001; half a minute later the user goes on.",
        (hello(), silence(60, idle(30).close(1001, "going away")), bye()),
        transports=SOCKET,
    ),
    scenario(
        "idle_close_1011",
        "I7 I8",
        "The server closes the idle socket with 1011; half a minute later the user goes on.",
        (hello(), silence(60, idle(30).close(1011, "internal error")), bye()),
        transports=SOCKET,
    ),
    scenario(
        "idle_close_as_the_user_speaks",
        "I5",
        "The server closes the idle socket at the moment at which the user speaks.",
        (hello(), silence(10, idle(10).close(1001, "going away")), bye()),
        transports=SOCKET,
    ),
    scenario(
        "idle_reset",
        "I7 I8",
        "The idle connection is reset; half a minute later the user goes on.",
        (hello(), silence(60, idle(30).reset()), bye()),
        transports=SOCKET,
    ),
)
