"""What a request refers to and is not there, or not as it should be: models, responses, items, files."""

from __future__ import annotations

from mock_openai.protocol.errors.base import ApiError


def model_not_found(model: str, *, as_chat: bool = False) -> ApiError:
    """Say that a model does not exist: status 400, not 404 (observed); `as_chat` as the Chat API says it."""
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


def previous_response_not_found(response_id: str) -> ApiError:
    """Say that the response to continue from is unknown: status 400, not 404 (observed)."""
    return ApiError(
        f"Previous response with id '{response_id}' not found.",
        param="previous_response_id",
        code="previous_response_not_found",
    )


def response_not_found(response_id: str) -> ApiError:
    """Say that a response to read, cancel or delete is unknown (observed)."""
    return ApiError(f"Response with id '{response_id}' not found.", status=404)


def response_in_progress(response_id: str) -> ApiError:
    """Say that the response to continue from has not ended (inferred)."""
    return ApiError(
        f"Previous response with id '{response_id}' is still in progress.",
        status=409,
        param="previous_response_id",
        code="response_in_progress",
    )


def conversation_not_found(conversation_id: str, status: int = 404) -> ApiError:
    """Say that a conversation is unknown (message observed, status inferred)."""
    return ApiError(f"Conversation with id '{conversation_id}' not found.", status=status)


def item_not_found(item_id: str, status: int = 404) -> ApiError:
    """Say that an item referred to by id is not stored (reported, with either status)."""
    return ApiError(
        f"Item with id '{item_id}' not found. Items are not persisted when `store` is set to false. Try "
        "again with "
        "`store` set to true, or remove this item from your input.",
        status=status,
        param="input",
    )


def no_tool_output(call_id: str, kind: str = "function") -> ApiError:
    """Say that a call in the conversation has no output yet (reported)."""
    return ApiError(f"No tool output found for {kind} call {call_id}.", param="input")


def no_tool_call(call_id: str, kind: str = "function") -> ApiError:
    """Say that an output answers no call of the conversation (reported)."""
    return ApiError(
        f"No tool call found for {kind} call output with call_id {call_id}.",
        param="input",
    )


def reasoning_without_follower(item_id: str) -> ApiError:
    """Say that a reasoning item stands alone (observed)."""
    return ApiError(
        f"Item '{item_id}' of type 'reasoning' was provided without its required following item.",
        param="input",
    )


def cannot_cancel_synchronous() -> ApiError:
    """Say that only background responses can be cancelled (reported)."""
    return ApiError("Cannot cancel a synchronous response.")


def context_length_exceeded() -> ApiError:
    """Say that the conversation is too long for the model (observed)."""
    return ApiError(
        "Your input exceeds the context window of this model. Please adjust your input and try again.",
        param="input",
        code="context_length_exceeded",
    )


def unsupported_file() -> ApiError:
    """Refuse a kind of file (observed)."""
    return ApiError(
        "The file type you uploaded is not supported. Please try again with a pdf",
        param="input",
        code="unsupported_file",
    )


def invalid_image_url(name: str, got: str) -> ApiError:
    """Refuse a picture that is neither an address nor a data URL of a picture; `got` says what was found
    (reported).
    """
    return ApiError(
        f"Invalid '{name}'. Expected a base64-encoded data URL with an image MIME type "
        f"(e.g. 'data:image/png;base64,aW1nIGJ5dGVzIGhlcmU='), but got {got}.",
        param=name,
        code="invalid_value",
    )


def unsupported_file_data(name: str, kind: str | None) -> ApiError:
    """Refuse the kind of file that a data URL says it holds (observed), or what is none (reported)."""
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
    """Say that there is nothing at this address (message observed)."""
    return ApiError(f"Invalid URL ({method} {path})", status=404)
