"""Errors for models, responses, items and files that a request names and that are missing or do not fit."""

from __future__ import annotations

from collections.abc import Sequence

from mock_openai.protocol.errors.base import ApiError


def model_not_found(model: str, *, as_chat: bool = False) -> ApiError:
    """Return the error: a model does not exist; status 400, not 404 (observed). `as_chat` selects the Chat
    API's form.
    """
    if as_chat:
        return ApiError(
            f"The model `{model}` does not exist or you do not have access to it.",
            status=404,
            code="model_not_found",
        )
    return ApiError(
        f"The requested model '{model}' does not exist.",
        param="model",
        code="model_not_found",
    )


def model_of_another_api(model: str) -> ApiError:
    """Return the error: a model exists, but not for this API (reported)."""
    return ApiError(
        f"The requested model '{model}' is not supported with the Responses API.",
        param="model",
        code="model_not_found",
    )


def model_unheard_of(model: str) -> ApiError:
    """Return the error: an embedding model, or one of the oldest models, is not found (message reported)."""
    return ApiError(f"The requested model, '{model}' was not found.", param="model", code="model_not_found")


def previous_response_not_found(response_id: str) -> ApiError:
    """Return the error: the response to continue from is unknown: status 400, not 404 (observed)."""
    return ApiError(
        f"Previous response with id '{response_id}' not found.",
        param="previous_response_id",
        code="previous_response_not_found",
    )


def response_not_found(response_id: str) -> ApiError:
    """Return the error: a response to read, cancel or delete is unknown (observed)."""
    return ApiError(f"Response with id '{response_id}' not found.", status=404)


def response_in_progress(response_id: str) -> ApiError:
    """Return the error: the response to continue from has not ended (inferred)."""
    return ApiError(
        f"Previous response with id '{response_id}' is still in progress.",
        status=409,
        param="previous_response_id",
        code="response_in_progress",
    )


def conversation_too_large(conversation_id: str, most: int) -> ApiError:
    """Return the error for a conversation that outgrows this server's memory (ours; the real limit is not
    known).
    """
    return ApiError(
        f"Conversation with id '{conversation_id}' would hold more than {most // 2**20} MiB; this mock "
        "server keeps no more.",
        status=413,
        param="conversation",
    )


def conversation_not_found(conversation_id: str, status: int = 404) -> ApiError:
    """Return the error: a conversation is unknown (message observed, status inferred)."""
    return ApiError(f"Conversation with id '{conversation_id}' not found.", status=status)


def item_not_found(item_id: str, status: int = 404) -> ApiError:
    """Return the error: an item referred to by id is not stored (reported, with either status)."""
    return ApiError(
        f"Item with id '{item_id}' not found. Items are not persisted when `store` is set to false. Try "
        "again with `store` set to true, or remove this item from your input.",
        status=status,
        param="input",
    )


def listed_item_not_found(item_id: str) -> ApiError:
    """Return the error: a list has no such item to begin at (wording reported for other endpoints)."""
    return ApiError(f"Item with id '{item_id}' not found.", status=404)


def no_tool_output(call_id: str, kind: str = "function_call") -> ApiError:
    """Return the error: a call in the conversation has no output yet; `kind` is the item's type
    (reported).
    """
    return ApiError(f"No tool output found for {kind.replace('_', ' ')} {call_id}.", param="input")


def no_tool_call(call_id: str, kind: str = "function_call_output") -> ApiError:
    """Return the error: an output answers no call of the conversation; `kind` is the item's type
    (reported).
    """
    return ApiError(f"No tool call found for {kind.replace('_', ' ')} with call_id {call_id}.", param="input")


def reasoning_without_follower(item_id: str) -> ApiError:
    """Return the error: a reasoning item stands alone (observed)."""
    return ApiError(
        f"Item '{item_id}' of type 'reasoning' was provided without its required following item.",
        param="input",
    )


def duplicate_item(item_id: str) -> ApiError:
    """Return the error: an item appears twice, or is in the history already (reported)."""
    return ApiError(
        f"Duplicate item found with id {item_id}. Remove duplicate items from your input and try again.",
        param="input",
    )


def approvals_missing(request_ids: Sequence[str]) -> ApiError:
    """Return the error: MCP calls still wait for approval (wording reported, param inferred)."""
    return ApiError(
        f"The following MCP approval requests do not have an approval: {', '.join(request_ids)}",
        param="input",
    )


def approvals_unasked(request_ids: Sequence[str]) -> ApiError:
    """Return the error: an approval answers no request for one (wording reported, param inferred)."""
    return ApiError(
        "The following MCP approval requests have approval responses but weren't passed as input: "
        f"{', '.join(request_ids)}",
        param="input",
    )


def conversation_item_not_found(item_id: str) -> ApiError:
    """Return the error: a conversation has no such item (reported)."""
    return ApiError(f"Item with id '{item_id}' not found in conversation.", status=404)


def cannot_cancel(status: str | None) -> ApiError:
    """Return the error: a response of this status cannot be cancelled; None if it does not run in the
    background (reported, the param inferred).
    """
    words = {None: "a synchronous response", "incomplete": "a response in terminal state"}
    return ApiError(f"Cannot cancel {words.get(status, f'a {status} response')}.", param="response_id")


def context_length_exceeded() -> ApiError:
    """Return the error: the conversation is too long for the model (observed)."""
    return ApiError(
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        param="input",
        code="context_length_exceeded",
    )


def unsupported_file() -> ApiError:
    """Return the error for a kind of file that is not supported (observed)."""
    return ApiError(
        "The file type you uploaded is not supported. Please try again with a pdf",
        param="input",
        code="unsupported_file",
    )


def invalid_image_url(name: str, got: str) -> ApiError:
    """Return the error for an image that is neither an address nor a data URL of an image; `got` describes it
    (reported).
    """
    return ApiError(
        f"Invalid '{name}'. Expected a base64-encoded data URL with an image MIME type "
        f"(e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got {got}.",
        param=name,
        code="invalid_value",
    )


def unsupported_file_data(name: str, kind: str | None) -> ApiError:
    """Return the error for the kind of file in a data URL (observed), or for a value that is not a data URL
    (reported).
    """
    got = (
        "a value without the 'data:' prefix."
        if kind is None
        else f"unsupported MIME type '{kind}'. Please see "
        "https://platform.openai.com/docs/assistants/tools/file-search#supported-files "
        "for supported file types."
    )
    return ApiError(
        f"Invalid file data: '{name}'. Expected a base64-encoded data URL with a valid file MIME type "
        f"(e.g. 'data:text/plain;base64,SGVsbG8sIFdvcmxkIQ=='), but got {got}",
        param=name,
        code="invalid_value",
    )


def invalid_url(method: str, path: str) -> ApiError:
    """Return the error: nothing is at this address (message observed)."""
    return ApiError(f"Invalid URL ({method} {path})", status=404)
