"""`ninelives replay`: serves cassettes as if they were the API."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from mock_openai import MockServer
from mock_openai.interruption import handling_signals

from ninelives.commands.printing import output
from ninelives.player import Player
from ninelives.plural import counted
from ninelives.usage_error import UsageError

Timing = Literal["recorded", "none"] | float


def run(paths: Sequence[Path], host: str, port: int, timing: str, repeat: bool, fresh_ids: bool) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    wanted = _timing(timing)
    player = Player(paths, timing=wanted, repeat=repeat, ids="fresh" if fresh_ids else "recorded")
    name = paths[0].name if len(paths) == 1 else f"{len(paths)} cassettes"
    try:
        asyncio.run(_serve(player, name, len(player.exchanges), host, port))
    except OSError as error:
        raise UsageError(
            f"{host}:{port} cannot be used ({error.strerror or error}); choose another --host or --port"
        ) from None
    return 0


def _timing(text: str) -> Timing:
    if text == "recorded":
        return "recorded"
    if text == "none":
        return "none"
    try:
        factor = float(text)
    except ValueError:
        factor = -1.0
    if not 0 <= factor < float("inf"):
        raise UsageError(f"--timing {text!r} is invalid; expected recorded, none, or a factor such as 0.1")
    return factor


async def _serve(player: Player, name: str, exchanges: int, host: str, port: int) -> None:
    console = output()
    stop = asyncio.Event()
    with handling_signals(lambda _: stop.set()):
        async with MockServer(responders=[player], pace="recorded", host=host, port=port) as server:
            console.print(f"replaying {name}, {counted(exchanges, 'exchange')}; press Ctrl-C to stop")
            console.print(f"  OPENAI_BASE_URL={server.base_url}")
            console.print(f"  OPENAI_WS_URL={server.ws_url}")
            await stop.wait()
            asked = len(server.journal.requests)
    console.print(f"answered {counted(asked, 'request')}")
