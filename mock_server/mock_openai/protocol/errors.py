"""Errors as the Responses API words them.

One exception carries status, message, type, param and code; one constructor function exists for each error
whose wording is known, with where it is known from: "observed" (recorded traffic), "reported" (public bug
reports), "documented" (OpenAI's guides) or "inferred" (by analogy with the others). The same error has two
dresses: an HTTP body and a WebSocket frame.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

INVALID_REQUEST = "invalid_request_error"


class ApiError(Exception):
    """An answer of the API that is an error, raised before anything streams.

    `status` is the HTTP status, `headers` are extra response headers (HTTP only); `type`, `param` and
    `code` are the fields of the error object, where `param` and `code` may be null but are never absent
    (observed).
    """

    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = INVALID_REQUEST,
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.type = type
        self.param = param
        self.code = code
        self.headers: Mapping[str, str] = dict(headers or {})

    def body(self, *, with_status: bool = False) -> dict[str, Any]:
        """Give the HTTP body, keys in the observed order.

        `with_status` adds the status beside the error, as a refused WebSocket handshake has it (observed).
        """
        body: dict[str, Any] = {
            "error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code},
        }
        return {**body, "status": self.status} if with_status else body

    def frame(self, stream_id: str | None = None) -> dict[str, Any]:
        """Give the WebSocket frame, keys in the documented order; `stream_id` names the lane when one is
        known.
        """
        frame: dict[str, Any] = {"type": "error", "status": self.status}
        if stream_id is not None:
            frame["stream_id"] = stream_id
        frame["error"] = self.nested()
        return frame

    def nested(self) -> dict[str, Any]:
        """Give the error object of a frame or an event. There are no headers to carry the rate limits, so
        they stand in it (reported).
        """
        headers = {"headers": dict(self.headers)} if self.headers else {}
        return {
            "type": self.type,
            "code": self.code,
            **headers,
            "message": self.message,
            "param": self.param,
        }

    def noted(self) -> dict[str, Any]:
        """Give what the journal keeps of it: the status, the code, the error object without secrets."""
        return {"status": self.status, "code": self.code, "error": self.body()["error"]}

    def about(self, model: str) -> ApiError:
        """Give the error as it reads for a model; most read the same for all."""
        return self

    def __repr__(self) -> str:
        return f"ApiError({self.status}, {self.code!r}, {self.message!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        # Keyword-only arguments do not survive the default pickling, and xdist carries exceptions between
        # processes.
        return (_revive, (self.message, self.status, self.type, self.param, self.code, dict(self.headers)))


def _revive(
    message: str, status: int, type: str, param: str | None, code: str | None, headers: dict[str, str]
) -> ApiError:
    return ApiError(message, status=status, type=type, param=param, code=code, headers=headers)


class ConnectionLimitReached(ApiError):
    """The one error frame that has no `param` and puts `status` last (documented)."""

    def frame(self, stream_id: str | None = None) -> dict[str, Any]:
        """Give the WebSocket frame exactly as the guide prints it."""
        frame = super().frame(stream_id)
        status = frame.pop("status")
        del frame["error"]["param"]
        return {**frame, "status": status}


# The shape of a request: what the validator raises.


def invalid_json() -> ApiError:
    """Say that the body is not JSON (reported)."""
    return ApiError(
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your "
        "HTTP "
        "library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON. "
        "If you have "
        "trouble figuring out how to fix this, please contact us through our help center at help.openai.com.)"
    )


def missing_parameter(name: str) -> ApiError:
    """Say that a required parameter is absent; `name` is its path (reported)."""
    return ApiError(f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter")


def missing_input() -> ApiError:
    """Say that there is nothing to answer; the mixed quotes are the API's own (reported)."""
    return ApiError(
        "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation_id' must be provided.",
        param="input",
        code="missing_required_parameter",
    )


def unknown_parameter(name: str) -> ApiError:
    """Say that a parameter does not exist; `name` is its path (reported)."""
    return ApiError(f"Unknown parameter: '{name}'.", param=name, code="unknown_parameter")


def invalid_type(name: str, expected: str, got: str) -> ApiError:
    """Say that a value has the wrong type; `expected` and `got` are phrases such as "a string" (reported)."""
    return ApiError(
        f"Invalid type for '{name}': expected {expected}, but got {got} instead.",
        param=name,
        code="invalid_type",
    )


def invalid_value(name: str, value: object, supported: Sequence[str]) -> ApiError:
    """Say that a value is not one of the supported ones (reported)."""
    return ApiError(
        f"Invalid value: '{value}'. Supported values are: {_series(supported)}.",
        param=name,
        code="invalid_value",
    )


def below_minimum(name: str, minimum: float, got: float, *, integer: bool) -> ApiError:
    """Say that a number is too small (observed)."""
    kind = "integer" if integer else "decimal"
    return ApiError(
        f"Invalid '{name}': {kind} below minimum value. Expected a value >= {minimum:g}, but got {got} "
        "instead.",
        param=name,
        code=f"{kind}_below_min_value",
    )


def above_maximum(name: str, maximum: float, got: float, *, integer: bool) -> ApiError:
    """Say that a number is too large (inferred from `below_minimum`)."""
    kind = "integer" if integer else "decimal"
    return ApiError(
        f"Invalid '{name}': {kind} above maximum value. Expected a value <= {maximum:g}, but got {got} "
        "instead.",
        param=name,
        code=f"{kind}_above_max_value",
    )


def empty_string(name: str) -> ApiError:
    """Say that a string must not be empty (reported)."""
    return ApiError(
        f"Invalid '{name}': empty string. Expected a string with minimum length 1, but got an empty string "
        "instead.",
        param=name,
        code="empty_string",
    )


def string_too_long(name: str, maximum: int, got: int) -> ApiError:
    """Say that a string is too long, lengths in characters (reported)."""
    return ApiError(
        f"Invalid '{name}': string too long. Expected a string with maximum length {maximum}, "
        f"but got a string with length {got} instead.",
        param=name,
        code="string_above_max_length",
    )


def pattern_mismatch(name: str, pattern: str) -> ApiError:
    """Say that a string has characters it must not have (reported)."""
    return ApiError(
        f"Invalid '{name}': string does not match pattern. Expected a string that matches the pattern "
        f"'{pattern}'.",
        param=name,
        code="invalid_value",
    )


def wrong_prefix(name: str, value: str, prefix: str) -> ApiError:
    """Say that an id is not of the right kind (reported)."""
    return ApiError(
        f"Invalid '{name}': '{value}'. Expected an ID that begins with '{prefix}'.",
        param=name,
        code="invalid_value",
    )


def array_too_short(name: str, minimum: int) -> ApiError:
    """Say that an array must not be empty (reported)."""
    return ApiError(
        f"Invalid '{name}': empty array. Expected an array with minimum length {minimum}, "
        "but got an empty array instead.",
        param=name,
        code="empty_array",
    )


def array_too_long(name: str, maximum: int, got: int) -> ApiError:
    """Say that an array has too many elements (reported)."""
    return ApiError(
        f"Invalid '{name}': array too long. Expected an array with maximum length {maximum}, "
        f"but got an array with length {got} instead.",
        param=name,
        code="array_above_max_length",
    )


def too_many_properties(name: str, maximum: int, got: int) -> ApiError:
    """Say that an object has too many keys (reported)."""
    return ApiError(
        f"Invalid '{name}': too many properties. Expected an object with at most {maximum} properties, "
        f"but got an object with {got} properties instead.",
        param=name,
        code="object_above_max_properties",
    )


def property_name_too_long(name: str, key: str, maximum: int) -> ApiError:
    """Say that a key of a free-form object is too long (reported)."""
    return ApiError(
        f"Invalid property name in '{name}': '{key}' is too long. Expected a string with maximum length "
        f"{maximum}, "
        f"but got a string with length {len(key)} instead.",
        param=f"{name}.{key}",
        code="property_name_above_max_length",
    )


def mutually_exclusive(first: str, second: str) -> ApiError:
    """Say that two parameters exclude each other; the empty quotes are the API's own (observed)."""
    return ApiError(
        f"Mutually exclusive parameters: ''. Ensure you are only providing one of: '{first}' or '{second}'.",
        code="mutually_exclusive_parameters",
    )


def unsupported_parameter(name: str, *, code: str | None = None, where: str = "with this model") -> ApiError:
    """Say that a model, or a mode, does not take a parameter (observed for models, with a null code)."""
    return ApiError(f"Unsupported parameter: '{name}' is not supported {where}.", param=name, code=code)


def unsupported_value(name: str, value: object, supported: str) -> ApiError:
    """Say that this model does not take a value; `supported` is a closing sentence (reported)."""
    return ApiError(
        f"Unsupported value: '{name}' does not support {value} with this model. {supported}",
        param=name,
        code="unsupported_value",
    )


def unsupported_choice(name: str, value: object, model: str, supported: Sequence[str]) -> ApiError:
    """Say that this model does not take one of the values that others take (reported)."""
    return ApiError(
        f"Unsupported value: '{value}' is not supported with the '{model}' model. "
        f"Supported values are: {_series(supported)}.",
        param=name,
        code="unsupported_value",
    )


def unsupported_tool(kind: str, model: str) -> ApiError:
    """Say that this model has no such tool (reported)."""
    return ApiError(f"Tool '{kind}' is not supported with {model}.", param="tools")


def encrypted_content_unsupported() -> ApiError:
    """Say that this model does not reason, so that there is no reasoning to encrypt (reported)."""
    return ApiError("Encrypted content is not supported with this model.", param="include")


def invalid_service_tier() -> ApiError:
    """Say that there is no such tier; unlike other words of a list, it is not told the list (reported)."""
    return ApiError("Invalid service_tier argument", param="service_tier")


def json_word_missing() -> ApiError:
    """Say that JSON mode needs the word in the conversation (reported)."""
    return ApiError(
        "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
        "'json_object'.",
        param="input",
    )


def tool_choice_not_found(kind: str) -> ApiError:
    """Say that `tool_choice` names a tool that `tools` does not have; `kind` is a type or a name
    (reported).
    """
    return ApiError(f"Tool choice '{kind}' not found in 'tools' parameter.", param="tool_choice")


def tool_choice_without_tools(choice: str) -> ApiError:
    """Say that a tool is demanded although none is given (reported)."""
    return ApiError(
        f"Tool choice '{choice}' must be specified with 'tools' parameter.",
        param="tool_choice",
    )


def invalid_function_schema(name: str, problem: str, param: str) -> ApiError:
    """Say that a function's strict schema is not strict (reported)."""
    return ApiError(
        f"Invalid schema for function '{name}': {problem}", param=param, code="invalid_function_parameters"
    )


def invalid_format_schema(name: str, problem: str) -> ApiError:
    """Say that a text format's strict schema is not strict (reported)."""
    return ApiError(
        f"Invalid schema for response_format '{name}': {problem}",
        param="text.format.schema",
        code="invalid_json_schema",
    )


# What the request refers to.


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


# Who asks.


def missing_api_key() -> ApiError:
    """Say that no key was sent (reported)."""
    return ApiError(
        "Missing bearer or basic authentication in header",
        status=401,
        headers={"www-authenticate": 'Bearer realm="OpenAI API"'},
    )


_WRONG_KEY = (
    "Incorrect API key provided: {}. You can find your API key at "
    "https://platform.openai.com/account/api-keys."
)


class WrongKey(ApiError):
    """The one error that repeats a secret, or what masking leaves of it."""

    def noted(self) -> dict[str, Any]:
        """Give what the journal keeps of it: nothing of the key."""
        told = super().noted()
        return {**told, "error": {**told["error"], "message": _WRONG_KEY.format("[redacted]")}}


def invalid_api_key(key: str) -> ApiError:
    """Say that the key is wrong, masked as the API masks it: eight characters, stars, four characters
    (observed).
    """
    return WrongKey(
        _WRONG_KEY.format(mask_key(key)),
        status=401,
        code="invalid_api_key",
        headers={"www-authenticate": 'Bearer realm="OpenAI API"'},
    )


def mask_key(key: str) -> str:
    """Hide the middle of a key; keys of at most twelve characters are shown whole, as the API does
    (observed).
    """
    if len(key) <= 12:
        return key
    return key[:8] + "*" * (len(key) - 12) + key[-4:]


# WebSocket mode.


def invalid_stream_id() -> ApiError:
    """Say that a lane's name is malformed (documented)."""
    return ApiError(
        "The 'stream_id' field must be a non-empty string with at most 256 characters and may only contain "
        "letters, "
        "numbers, underscores, hyphens, and periods.",
        param="stream_id",
        code="invalid_stream_id",
    )


def stream_limit_reached(limit: int = 32) -> ApiError:
    """Say that a connection has used up its lane names (documented)."""
    return ApiError(
        f"This WebSocket connection has reached its maximum number of distinct stream IDs ({limit}). "
        "Reuse an existing stream_id or open a new WebSocket connection.",
        param="stream_id",
        code="websocket_stream_limit_reached",
    )


def connection_limit_reached(minutes: int = 60) -> ApiError:
    """Say that a connection has lived its whole life (documented)."""
    return ConnectionLimitReached(
        f"Responses websocket connection limit reached ({minutes} minutes). "
        "Create a new websocket connection to continue.",
        code="websocket_connection_limit_reached",
    )


# Capacity.


class RateLimitReached(ApiError):
    """The one error that names the model; it may be made before anybody has asked for one."""

    def about(self, model: str) -> ApiError:
        """Give the error as it reads for this model."""
        message = self.message.replace(f" for {UNTOLD} in ", f" for {model} in ", 1)
        return RateLimitReached(
            message,
            status=self.status,
            type=self.type,
            param=self.param,
            code=self.code,
            headers=self.headers,
        )


UNTOLD = "gpt-4o"
"""The model that a rate limit names while nobody has said which."""


def rate_limit_reached(
    model: str = UNTOLD,
    unit: Literal["requests", "tokens"] = "tokens",
    *,
    limit: int = 30_000,
    used: int = 29_000,
    requested: int | None = None,
    headers: Mapping[str, str] | None = None,
) -> ApiError:
    """Say that the requests or tokens of this minute are spent (reported).

    When there is room again follows from the numbers, as it does in every reported message: limits fill up
    evenly over the minute. `retry-after` and `retry-after-ms` are inferred from what OpenAI's clients heed.
    """
    asked = requested if requested is not None else 2_000 if unit == "tokens" else 1
    wait = max(0.0, (used + asked - limit) * 60 / limit)
    thousandths = max(1, math.ceil(round(wait * 1000, 3)))
    name = "tokens per min (TPM)" if unit == "tokens" else "requests per min (RPM)"
    return RateLimitReached(
        f"Rate limit reached for {model} in organization org-mock on {name}: Limit {limit}, Used {used}, "
        f"Requested {asked}. Please try again in {duration(thousandths / 1000)}. "
        "Visit https://platform.openai.com/account/rate-limits to learn more.",
        status=429,
        type=unit,
        code="rate_limit_exceeded",
        headers={
            **(headers or {}),
            "retry-after": str(math.ceil(thousandths / 1000)),
            "retry-after-ms": str(thousandths),
        },
    )


def request_too_large(
    model: str, *, limit: int, requested: int, headers: Mapping[str, str] | None = None
) -> ApiError:
    """Say that one request asks for more tokens than a whole minute has; waiting does not help (reported)."""
    return RateLimitReached(
        f"Request too large for {model} in organization org-mock on tokens per min (TPM): Limit {limit}, "
        f"Requested {requested}. The input or output tokens must be reduced in order to run successfully. "
        "Visit https://platform.openai.com/account/rate-limits to learn more.",
        status=429,
        type="tokens",
        code="rate_limit_exceeded",
        headers=headers,
    )


def duration(seconds: float) -> str:
    """Write seconds as the API does, whole milliseconds of them: `12ms`, `6.57s`, `1m0s` (observed)."""
    thousandths = math.floor(round(seconds * 1000, 3))
    if thousandths < 1000:
        return f"{thousandths}ms" if thousandths else "0s"
    minutes, rest = divmod(thousandths, 60_000)
    hours, minutes = divmod(minutes, 60)
    text = f"{rest / 1000:g}s"
    return f"{hours}h{minutes}m{text}" if hours else f"{minutes}m{text}" if minutes else text


def insufficient_quota() -> ApiError:
    """Say that there is no money left (reported)."""
    return ApiError(
        "You exceeded your current quota, please check your plan and billing details. For more information "
        "on this "
        "error, read the docs: https://platform.openai.com/docs/guides/error-codes/api-errors.",
        status=429,
        type="insufficient_quota",
        code="insufficient_quota",
    )


def server_error(request_id: str | None = None) -> ApiError:
    """Say that something broke on the server's side (reported)."""
    reference = f" Please include the request ID {request_id} in your message." if request_id else ""
    return ApiError(
        "An error occurred while processing your request. You can retry your request, or contact us "
        "through our help "
        f"center at help.openai.com if the error persists.{reference}",
        status=500,
        type="server_error",
        code="server_error",
    )


def server_overloaded() -> ApiError:
    """Say that there is no capacity (reported)."""
    return ApiError(
        "Our servers are currently overloaded. Please try again later.",
        status=503,
        type="service_unavailable_error",
        code="server_is_overloaded",
    )


_BY_CODE = {
    "context_length_exceeded": context_length_exceeded,
    "insufficient_quota": insufficient_quota,
    "rate_limit_exceeded": rate_limit_reached,
    "server_error": server_error,
    "server_is_overloaded": server_overloaded,
    "slow_down": server_overloaded,
    "websocket_connection_limit_reached": connection_limit_reached,
}
_TYPE_BY_STATUS = {
    401: INVALID_REQUEST,
    403: INVALID_REQUEST,
    404: INVALID_REQUEST,
    429: "requests",
    500: "server_error",
    503: "service_unavailable_error",
}


def by_code(
    code: str | None,
    *,
    status: int | None = None,
    message: str | None = None,
    type: str | None = None,
    param: str | None = None,
    headers: Mapping[str, str] | None = None,
) -> ApiError:
    """Build an error from as little as its code or status; what is not given takes the known wording of
    that code.
    """
    if code in _BY_CODE:
        known = _BY_CODE[code]()
    else:
        number = status or 400
        known = ApiError(
            server_error().message if number >= 500 else f"The request failed with the code '{code}'.",
            status=number,
            type=_TYPE_BY_STATUS.get(number, INVALID_REQUEST if number < 500 else "server_error"),
        )
    # Wording of the caller's own is left alone; only the known one is told the model.
    make = ApiError if message is not None and isinstance(known, RateLimitReached) else known.__class__
    return make(
        message if message is not None else known.message,
        status=status or known.status,
        type=type or known.type,
        param=param if param is not None else known.param,
        code=code,
        headers=headers or known.headers,
    )


def _series(values: Sequence[str]) -> str:
    quoted = [f"'{value}'" for value in values]
    if len(quoted) < 3:
        return " and ".join(quoted)
    return f"{', '.join(quoted[:-1])}, and {quoted[-1]}"
