"""Errors for a request that is wrong in itself, raised by the validator."""

from __future__ import annotations

from collections.abc import Sequence

from mock_openai.protocol.errors.base import ApiError
from mock_openai.protocol.errors.series import series


def invalid_json() -> ApiError:
    """Return the error: the body is not JSON (reported)."""
    return ApiError(
        "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your "
        "HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was not valid "
        "JSON. If you have trouble figuring out how to fix this, please contact us through our help center "
        "at help.openai.com.)"
    )


def too_many_values(most: int) -> ApiError:
    """Return the error for a body that would take too long to read (ours; the real limit is not known)."""
    return ApiError(f"The request has more than {most:,} values; this mock server reads no more.", status=413)


def unparsable_json() -> ApiError:
    """Return the error for a body that is not JSON at the endpoints of conversations, which word it
    differently (reported).
    """
    return ApiError(
        "Invalid body: failed to parse JSON value. Please check the value to ensure it is valid JSON. "
        "(Common errors include trailing commas, missing closing brackets, missing quotation marks, etc.)",
        code="invalid_json",
    )


def missing_parameter(name: str) -> ApiError:
    """Return the error: a required parameter is absent; `name` is its path (reported)."""
    return ApiError(f"Missing required parameter: '{name}'.", param=name, code="missing_required_parameter")


def missing_input() -> ApiError:
    """Return the error: neither an input nor a substitute was given; the mixed quotes are the API's own
    (reported).
    """
    return ApiError(
        "One of \"input\" or \"previous_response_id\" or 'prompt' or 'conversation' must be provided.",
        code="missing_required_parameter",
    )


def unknown_parameter(name: str, similar: Sequence[str] = ()) -> ApiError:
    """Return the error: a parameter does not exist; `name` is its path, `similar` are names that may have
    been meant (reported).
    """
    guess = f" Did you mean {series(similar, last='or')}?" if similar else ""
    return ApiError(f"Unknown parameter: '{name}'.{guess}", param=name, code="unknown_parameter")


def moved_parameter(name: str, now: str) -> ApiError:
    """Return the error: a parameter of Chat Completions has another name here (reported)."""
    return ApiError(
        f"Unsupported parameter: '{name}'. In the Responses API, this parameter has moved to '{now}'. Try "
        "again with the new parameter. See the API documentation for more information: "
        "https://platform.openai.com/docs/api-reference/responses/create.",
        code="unsupported_parameter",
    )


def invalid_type(name: str, expected: str, got: str) -> ApiError:
    """Return the error: a value has the wrong type; `expected` and `got` are phrases such as "a string"
    (reported).
    """
    return ApiError(
        f"Invalid type for '{name}': expected {expected}, but got {got} instead.",
        param=name,
        code="invalid_type",
    )


def invalid_value(name: str, value: object, supported: Sequence[str]) -> ApiError:
    """Return the error: a value is not one of the supported ones (reported)."""
    return ApiError(
        f"Invalid value: '{value}'. Supported values are: {series(supported)}.",
        param=name,
        code="invalid_value",
    )


def _invalid(name: str, problem: str, code: str) -> ApiError:
    return ApiError(f"Invalid '{name}': {problem} instead.", param=name, code=code)


def below_minimum(name: str, minimum: float, got: float, *, integer: bool) -> ApiError:
    """Return the error: a number is too small (observed)."""
    kind = "integer" if integer else "decimal"
    problem = f"{kind} below minimum value. Expected a value >= {minimum:g}, but got {got}"
    return _invalid(name, problem, f"{kind}_below_min_value")


def above_maximum(name: str, maximum: float, got: float, *, integer: bool) -> ApiError:
    """Return the error: a number is too large (inferred from `below_minimum`)."""
    kind = "integer" if integer else "decimal"
    problem = f"{kind} above maximum value. Expected a value <= {maximum:g}, but got {got}"
    return _invalid(name, problem, f"{kind}_above_max_value")


def empty_string(name: str) -> ApiError:
    """Return the error: a string must not be empty (reported)."""
    problem = "empty string. Expected a string with minimum length 1, but got an empty string"
    return _invalid(name, problem, "empty_string")


def string_too_long(name: str, maximum: int, got: int) -> ApiError:
    """Return the error: a string is too long, lengths in characters (reported)."""
    expected = f"a string with maximum length {maximum}, but got a string with length {got}"
    return _invalid(name, f"string too long. Expected {expected}", "string_above_max_length")


def pattern_mismatch(name: str, pattern: str) -> ApiError:
    """Return the error: a string has characters it must not have (reported)."""
    return ApiError(
        f"Invalid '{name}': string does not match pattern. Expected a string that matches the pattern "
        f"'{pattern}'.",
        param=name,
        code="invalid_value",
    )


def wrong_characters(name: str, value: str) -> ApiError:
    """Return the error: an id has characters that no id has (reported)."""
    return ApiError(
        f"Invalid '{name}': '{value}'. Expected an ID that contains letters, numbers, underscores, or "
        "dashes, but this value contained additional characters.",
        param=name,
        code="invalid_value",
    )


def wrong_prefix(name: str, value: str, prefix: str) -> ApiError:
    """Return the error: an id is not of the right kind (reported)."""
    return ApiError(
        f"Invalid '{name}': '{value}'. Expected an ID that begins with '{prefix}'.",
        param=name,
        code="invalid_value",
    )


def array_too_short(name: str, minimum: int) -> ApiError:
    """Return the error: an array must not be empty (reported)."""
    expected = f"an array with minimum length {minimum}, but got an empty array"
    return _invalid(name, f"empty array. Expected {expected}", "empty_array")


def array_too_long(name: str, maximum: int, got: int) -> ApiError:
    """Return the error: an array has too many elements (reported)."""
    expected = f"an array with maximum length {maximum}, but got an array with length {got}"
    return _invalid(name, f"array too long. Expected {expected}", "array_above_max_length")


def too_many_properties(name: str, maximum: int, got: int) -> ApiError:
    """Return the error: an object has too many keys (reported)."""
    expected = f"an object with at most {maximum} properties, but got an object with {got} properties"
    return _invalid(name, f"too many properties. Expected {expected}", "object_above_max_properties")


def property_name_too_long(name: str, key: str, maximum: int) -> ApiError:
    """Return the error: a key of a free-form object is too long; only its ends are shown (reported)."""
    return ApiError(
        f"Invalid property name in '{name}': '{key[:3]}...{key[-3:]}' is too long. Expected a string "
        f"with maximum length {maximum}, but got a string with length {len(key)} instead.",
        param=f"{name}.{key}",
        code="property_name_above_max_length",
    )


def mutually_exclusive(first: str, second: str, *, where: str | None = None) -> ApiError:
    """Return the error: two parameters exclude each other: of the request (the empty quotes are the API's
    own, observed), or of the object at the path `where` (reported).
    """
    return ApiError(
        f"Mutually exclusive parameters: '{where or ''}'. Ensure you are only providing one of: "
        f"{series((first, second), last='or')}.",
        param=where,
        code="mutually_exclusive_parameters",
    )


def missing_exclusive(where: str, names: Sequence[str]) -> ApiError:
    """Return the error: one of these parameters is required, and none was given (reported)."""
    return ApiError(
        f"Missing mutually exclusive parameters: '{where}'. Ensure you are providing exactly one of: "
        f"{series(names, last='or')}.",
        param=where,
        code="missing_mutually_exclusive_parameters",
    )


def invalid_service_tier() -> ApiError:
    """Return the error: the service tier does not exist. Unlike others of its kind it lists no known values
    (reported).
    """
    return ApiError("Invalid service_tier argument", param="service_tier")


def json_word_missing() -> ApiError:
    """Return the error: JSON mode needs the word in the conversation (reported)."""
    return ApiError(
        "Response input messages must contain the word 'json' in some form to use 'text.format' of type "
        "'json_object'.",
        param="input",
    )


def connector_without_authorization(where: str) -> ApiError:
    """Return the error: a connector needs the user's token (words reported, param inferred)."""
    return ApiError("Must specify 'authorization' parameter with 'connector_id'", param=where)


def tool_choice_not_found(kind: str) -> ApiError:
    """Return the error: `tool_choice` names a tool that `tools` does not have; `kind` is a type or a name
    (reported).
    """
    return ApiError(f"Tool choice '{kind}' not found in 'tools' parameter.", param="tool_choice")


def tool_choice_without_tools(choice: str) -> ApiError:
    """Return the error: a tool is demanded although none is given (reported)."""
    return ApiError(
        f"Tool choice '{choice}' must be specified with 'tools' parameter.",
        param="tool_choice",
    )


def invalid_function_schema(name: str, problem: str, param: str) -> ApiError:
    """Return the error: a function's strict schema is not strict (reported)."""
    return ApiError(
        f"Invalid schema for function '{name}': {problem}", param=param, code="invalid_function_parameters"
    )


def invalid_format_schema(name: str, problem: str) -> ApiError:
    """Return the error: a text format's strict schema is not strict (reported)."""
    return ApiError(
        f"Invalid schema for response_format '{name}': {problem}",
        param="text.format.schema",
        code="invalid_json_schema",
    )
