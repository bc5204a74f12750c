"""Opening a WebSocket: where to connect, with which headers, and what a failed handshake means."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from ssl import SSLError

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, InvalidURI
from websockets.uri import parse_uri

from .close_codes import failure_of_refusal
from .connection import WebSocketConnection
from .errors import Failure, TurnBroken, place_of
from .heartbeat import Heartbeat
from .keys import SentKeys
from .message_socket import MessageSocket
from .sizes import MOST_BYTES
from .tap import Tap

__all__ = ["Endpoint"]

_FROM_A_SERVER = (
    InvalidHandshake,
    EOFError,
    ConnectionResetError,
    ConnectionAbortedError,
    BrokenPipeError,
    SSLError,
)
"""The failures of a handshake that reached a server."""


class _Connect(connect):
    """A handshake that follows no redirect to another server: it would get the keys and the conversation."""

    def process_redirect(self, exc: Exception) -> Exception | str:
        """Return the new address, or what to raise instead of going there."""
        here = self.ws_uri
        try:
            there = super().process_redirect(exc)
        except InvalidURI:  # to http: or nowhere
            return exc
        if not isinstance(there, str):
            return there
        new = parse_uri(there)
        stays = (new.secure, new.host, new.port) == (here.secure, here.host, here.port)
        return there if stays else exc


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where to connect, and as whom."""

    url: str
    headers: Callable[[], Awaitable[Mapping[str, str]]]
    tap: Tap
    keys: SentKeys

    async def dial(
        self,
        *,
        timeout: float,
        heartbeat: Heartbeat,
        lanes: bool | None,
        changed: Callable[["WebSocketConnection"], None],
    ) -> "WebSocketConnection":
        """Open one connection. Raises TurnBroken with what the server said, or what the network did."""
        headers = dict(await self.headers())
        self.keys.note(self.url, headers)
        try:
            return await self._open(headers, timeout, heartbeat, lanes, changed)
        except TurnBroken as broken:
            raise self.keys.broken(broken) from broken.__cause__

    async def _open(
        self,
        headers: dict[str, str],
        timeout: float,
        heartbeat: Heartbeat,
        lanes: bool | None,
        changed: Callable[["WebSocketConnection"], None],
    ) -> "WebSocketConnection":
        agent = headers.pop("User-Agent", None)
        try:
            socket = await _Connect(
                self.url,
                additional_headers=headers,
                user_agent_header=agent,
                open_timeout=timeout,
                close_timeout=heartbeat.close,
                ping_interval=None,  # the connection watches by itself, and sooner
                max_size=MOST_BYTES,
                max_queue=None,
                compression=None,
                create_connection=MessageSocket,
            )
            assert isinstance(socket, MessageSocket)
        except InvalidStatus as refused:
            answer = refused.response
            refusal = b"%d " % answer.status_code + bytes(answer.body or b"")
            self.tap.show("status", 0, refusal)
            failure = failure_of_refusal(
                answer.status_code, dict(answer.headers.raw_items()), bytes(answer.body or b"")
            )
            raise TurnBroken(failure) from refused
        except TimeoutError as error:
            what = f"No connection to {place_of(self.url)} within {timeout:g} s"
            raise TurnBroken(Failure("connection", what, unreached=True)) from error
        except (OSError, InvalidHandshake, EOFError) as error:
            what = f"No connection to {place_of(self.url)}: {str(error) or type(error).__name__}"
            unreached = not isinstance(error, _FROM_A_SERVER)
            raise TurnBroken(Failure("connection", what, unreached=unreached)) from error
        except (InvalidURI, ValueError) as error:  # a port beyond 65535; after OSError: of TLS it may be both
            what = f"{place_of(self.url)} is not a WebSocket URL"
            raise TurnBroken(Failure("handshake", what, param="ws_url", status=400)) from error
        return WebSocketConnection(
            socket, heartbeat=heartbeat, lanes=lanes, changed=changed, tap=self.tap, keys=self.keys
        )
