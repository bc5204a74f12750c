"""Promise I3: each tool call runs once, with complete arguments, and only if its response finished it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ninelives.lab.attribution import Account
from ninelives.lab.episode import Episode, Finding
from ninelives.lab.promises.verdict import Reasons, turn, verdict
from ninelives.lab.wording import quote

if TYPE_CHECKING:
    from mock_openai.journal.sent_responses import SentResponse


def tools_once_and_whole(name: str, episode: Episode, accounts: list[Account]) -> Finding:
    """I3: a tool runs once per call, with the arguments that were sent, for a response that finished."""
    said = {str(call.get("call_id")): (a, call) for a in episode.said for call in a.calls}
    ran = [(account, call) for account in accounts for call in account.turn.calls]

    def misuse() -> Reasons:
        for call_id, times in Counter(call.call_id for _, call in ran).items():
            if times > 1:
                yield f"the tool of call {call_id} ran {times} times"
        for account, call in ran:
            what = f"{turn(account)} ran {call.name}({json.dumps(dict(call.arguments), default=str)})"
            if call.call_id not in said:
                yield f"{what}, but no response contains that call"
                continue
            response, asked = said[call.call_id]
            if not _finished(response, asked):
                yield f"{what}, but its response never finished ({response.status or 'cut off'})"
            elif _arguments(asked) is None:
                yield f"{what}, but the model sent the arguments {quote(str(asked.get('arguments')))}"
            elif _arguments(asked) != dict(call.arguments):
                yield f"{what}, but the model sent the arguments {asked.get('arguments')}"

        ids = {call.call_id for _, call in ran}
        for account in accounts:
            if account.interrupted or account.turn.errors:
                continue
            for attempt in account.attempts:
                calls = attempt.said.calls if attempt.status == "completed" else ()
                # A fault may have kept a response from the bot, but not one of whose calls some ran.
                if account.hit and not any(str(each.get("call_id")) in ids for each in calls):
                    continue
                for asked in calls:
                    if str(asked.get("call_id")) not in ids and _arguments(asked) is not None:
                        what = f"{asked.get('name')}({asked.get('arguments')})"
                        yield f"{turn(account)} never ran {what}, though the model asked for it"

    return verdict(
        name,
        bool(ran or said),
        misuse(),
        f"{len(ran)} of {len(said)} calls ran, each once",
        "no tool was called",
    )


def _finished(response: SentResponse, call: Mapping[str, Any]) -> bool:
    return response.status == "completed" or (
        response.status == "incomplete" and _arguments(call) is not None
    )


def _arguments(call: Mapping[str, Any]) -> dict[str, Any] | None:
    try:
        value = json.loads(str(call.get("arguments") or ""))
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
