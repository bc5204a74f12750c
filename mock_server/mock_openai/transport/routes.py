"""The addresses of the API that this server answers, as one table: method, path, query and body.

The create itself (`POST /v1/responses`, and the WebSocket under the same path) is listed for the description;
`http` handles it before it looks here.
"""

from __future__ import annotations

from dataclasses import dataclass

from mock_openai.protocol.fields import CREATE, METADATA
from mock_openai.protocol.items import ITEM
from mock_openai.protocol.schema import Array, Object, Rule, need

MOST_ITEMS = 20
"""Items of a conversation that may be given in one request (documented)."""

NEW_CONVERSATION = Object({"items": Array(ITEM, maximum=MOST_ITEMS), "metadata": METADATA})
CHANGED_CONVERSATION = Object({"metadata": need(METADATA)})
MORE_ITEMS = Object({"items": need(Array(ITEM, maximum=MOST_ITEMS))})

_AZURE = "/openai"
_PAGE = ("limit", "order", "after", "before", "include")


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One address. `{name}` in its path stands for any segment."""

    method: str
    path: str
    name: str
    summary: str
    query: tuple[str, ...] = ()
    body: Rule | None = None

    def match(self, method: str, steps: list[str]) -> tuple[str, ...] | None:
        """Return the named segments of the path; None if it is another address."""
        own = self.path.strip("/").split("/")
        if method != self.method or len(own) != len(steps):
            return None
        if any(not step or (mine != step and mine[0] != "{") for mine, step in zip(own, steps, strict=True)):
            return None
        return tuple(step for mine, step in zip(own, steps, strict=True) if mine[0] == "{")


_RESUME = ("stream", "starting_after", "include_obfuscation")
_RESPONSE, _CONV = "/v1/responses/{response_id}", "/v1/conversations/{conversation_id}"

CREATE_RESPONSE = Endpoint("POST", "/v1/responses", "create", "Create a response", body=CREATE)

# Fixed words come before names, because the first match is used.
ENDPOINTS = (
    CREATE_RESPONSE,
    Endpoint("POST", "/v1/responses/compact", "compact", "Compact a conversation"),
    Endpoint("POST", "/v1/responses/input_tokens", "input_tokens", "Count input tokens"),
    Endpoint("GET", _RESPONSE, "retrieve", "Read a response", _RESUME),
    Endpoint("DELETE", _RESPONSE, "delete", "Delete a response"),
    Endpoint("GET", f"{_RESPONSE}/input_items", "input_items", "List a response's input", _PAGE),
    Endpoint("POST", f"{_RESPONSE}/cancel", "cancel", "Cancel a background response"),
    Endpoint("GET", "/v1/models", "models", "List models"),
    Endpoint("GET", "/v1/models/{model}", "model", "Read a model"),
    Endpoint("DELETE", "/v1/models/{model}", "model_delete", "Delete a fine-tuned model"),
    Endpoint(
        "POST", "/v1/conversations", "conversation_create", "Create a conversation", body=NEW_CONVERSATION
    ),
    Endpoint("GET", _CONV, "conversation_retrieve", "Read a conversation"),
    Endpoint(
        "POST",
        _CONV,
        "conversation_update",
        "Change a conversation's metadata",
        body=CHANGED_CONVERSATION,
    ),
    Endpoint("DELETE", _CONV, "conversation_delete", "Delete a conversation"),
    Endpoint("GET", f"{_CONV}/items", "conversation_items", "List a conversation's items", _PAGE),
    Endpoint("POST", f"{_CONV}/items", "conversation_add", "Add items to a conversation", body=MORE_ITEMS),
    Endpoint("GET", f"{_CONV}/items/{{item_id}}", "conversation_item", "Read an item of a conversation"),
    Endpoint(
        "DELETE",
        f"{_CONV}/items/{{item_id}}",
        "conversation_remove",
        "Take an item out of a conversation",
    ),
)


def find(method: str, path: str) -> tuple[Endpoint, tuple[str, ...]] | None:
    """Return the endpoint at a path, and the named segments. An address with an extra slash is a different
    one (reported: "Invalid URL").
    """
    steps = path.removeprefix("/").split("/")
    for endpoint in ENDPOINTS:
        if (named := endpoint.match(method, steps)) is not None:
            return endpoint, named
    return None


def methods_of(path: str) -> list[str]:
    """Return the methods that an address accepts; none if nothing is there."""
    return [method for method in ("GET", "POST", "DELETE") if find(method, path)]


def own_path(path: str) -> str:
    """Return a path without Azure's prefix `/openai`, below which it has the same API (documented)."""
    return path.removeprefix(_AZURE) if path.startswith(f"{_AZURE}/v1/") else path
